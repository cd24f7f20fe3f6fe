import { spawn } from "node:child_process";

/** What takes longer has found a browser, and runs as long as it. */
const STARTED_MS = 1500;

/**
 * The program that opens an address in the browser that the person has chosen: never a shell, which would
 * have ideas of its own about what stands in an address.
 */
function opener(platform: NodeJS.Platform): readonly [string, ...string[]] {
  if (platform === "darwin") return ["open"];
  if (platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"];
  return ["xdg-open"];
}

/** @returns why it could not be opened; `null` when it was, as far as can be told. */
export async function openInBrowser(address: string, platform: NodeJS.Platform): Promise<string | null> {
  const [program, ...args] = opener(platform);
  const child = spawn(program, [...args, address], { detached: true, stdio: "ignore", shell: false });
  child.unref();
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), STARTED_MS);
    const end = (problem: string | null) => {
      clearTimeout(timer);
      resolve(problem);
    };
    child.once("error", (error: NodeJS.ErrnoException) =>
      end(error.code === "ENOENT" ? `there is no ${program}` : error.message),
    );
    child.once("exit", (code) => end(code === 0 ? null : `${program} ended with ${code}`));
  });
}
