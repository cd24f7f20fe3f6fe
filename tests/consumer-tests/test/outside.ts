import { spawn } from "node:child_process";

/** What pnpm, turbo and vitest tell the processes they start; a person's shell has none of it. */
const OURS =
  /^(npm_(package|lifecycle|command|execpath|node_execpath|config_(user_agent|node_gyp|npm_version))|pnpm_|TURBO|VITEST|NODE_ENV$|NODE_PATH$|NODE_OPTIONS$|INIT_CWD$|PNPM_SCRIPT|TEST$|PROD$|DEV$|MODE$|SSR$|BASE_URL$)/;

/** Compiles SQLite in a third of the time of -O1. For what goes with the test: pnpm's store would keep it. */
export const UNOPTIMIZED = { CFLAGS: "-O0", CXXFLAGS: "-O0" } as const;

/** The environment of a shell, with the compiler told to be quick. */
export function shellEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { CFLAGS: "-O1", CXXFLAGS: "-O1" };
  for (const [name, value] of Object.entries(process.env)) if (!OURS.test(name)) env[name] = value;
  return { ...env, ...extra };
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, as a terminal shows them. */
  readonly output: string;
}

/** Runs a program to its end, as from a shell in that folder. */
export function run(
  file: string,
  args: readonly string[],
  { cwd, env = shellEnvironment() }: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // npm is a .cmd file on Windows, which only a shell can start.
    const shell = process.platform === "win32" && file === "npm";
    const child = spawn(file, args, { cwd, env, shell, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    let output = "";
    child.stdout.on("data", (data) => {
      stdout += data;
      output += data;
    });
    child.stderr.on("data", (data) => {
      stderr += data;
      output += data;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr, output }));
  });
}

/** The same, and what it wrote to stdout; it has to succeed. */
export async function succeed(...call: Parameters<typeof run>): Promise<string> {
  const { code, stdout, output } = await run(...call);
  if (code !== 0) throw new Error(`${call[0]} ${call[1].join(" ")} ended with ${code}:\n${output}`);
  return stdout;
}
