"""Runs a command on a pseudo-terminal: terminal.py COLUMNS STEPS COMMAND...

STEPS is a JSON list of [wait_for, send]: when the output since the last step holds wait_for, send is typed.
Prints what the terminal saw; exits as the command did (128 + signal when it was killed).
"""
import fcntl
import json
import os
import pty
import signal
import struct
import sys
import termios

columns, steps, command = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
signal.alarm(50)
ready_read, ready_write = os.pipe()
pid, terminal = pty.fork()
if pid == 0:
    # The size has to be there before the command asks for it.
    os.close(ready_write)
    os.read(ready_read, 1)
    os.execvp(command[0], command)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
os.close(ready_read)
os.write(ready_write, b"x")
os.close(ready_write)
seen = 0
output = b""
while True:
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        break
    if not chunk:
        break
    output += chunk
    while steps and steps[0][0].encode() in output[seen:]:
        wait_for, send = steps.pop(0)
        seen += output[seen:].index(wait_for.encode()) + len(wait_for.encode())
        os.write(terminal, send.encode())
sys.stdout.buffer.write(output.replace(b"\r\n", b"\n"))
sys.stdout.flush()
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(128 - code if code < 0 else code)
