import type { FromHub, HubPort } from "./messages.ts";
import workerUrl from "./shared-worker.ts?sharedworker&url";

/** What Trusted Types have in the browsers that know them. */
interface PolicyFactory {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): {
    createScriptURL(url: string): unknown;
  };
}

/** The stream of all tabs in a shared worker; `null` where the browser has none. */
export function openWorkerPort(receive: (message: FromHub) => void): HubPort | null {
  if (typeof SharedWorker === "undefined") return null;
  const worker = new SharedWorker(trusted(workerUrl), { type: "module", name: "thulp-sessions" });
  worker.port.onmessage = ({ data }: MessageEvent<FromHub>) => receive(data);
  worker.port.start();
  return { send: (message) => worker.port.postMessage(message) };
}

/** The URL of a worker counts as script: the policy lets this one through and no other. */
function trusted(url: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: PolicyFactory };
  const policy = trustedTypes?.createPolicy("worker", {
    createScriptURL(given) {
      if (given !== workerUrl) throw new TypeError(`${given} is not the worker of this page.`);
      return given;
    },
  });
  return (policy?.createScriptURL(url) ?? url) as string;
}
