@rem The script `start` of package.json begins with `exec`, so that npm has no shell between itself and the server:
@rem many keep back a SIGINT that is sent to npm alone. Windows has no `exec`: this file is one.
@%*
