import fs from "node:fs";

/** Off the main thread, as a program that serves others does it. */
export function sync(descriptor: number, how: "fsync" | "fdatasync"): Promise<void> {
  return new Promise((resolve, reject) => {
    fs[how](descriptor, (error) => (error ? reject(error) : resolve()));
  });
}

export async function syncFolder(path: string): Promise<void> {
  const folder = fs.openSync(path, "r");
  await sync(folder, "fsync").finally(() => fs.closeSync(folder));
}
