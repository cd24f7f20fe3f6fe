import { Failure } from "../terminal/exit.ts";

/** How long a server may take, in milliseconds: it has nothing to look up. */
const TIMEOUT_MS = 10_000;

/**
 * Asks a server for a code that lets a page in.
 *
 * @returns `null` where it wants no token, and so no code.
 * @throws {Failure} when there is no server, or none with a page, in words that say what to do.
 */
export async function askForCode(server: string, token: string | undefined): Promise<string | null> {
  let answer: Response;
  try {
    answer = await fetch(`${server}/viewer/code`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
      body: "{}",
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const { cause, message } = error as Error & { cause?: Error & { code?: string } };
    throw new Failure(
      `No server answers at ${server} (${cause?.code ?? message}). Start one with npm start or thulp-sessions serve, or say where it is: --port, --host, or --store http://HOST:PORT.`,
    );
  }
  const body = (await answer.json().catch(() => null)) as Partial<Answer> | null;
  switch (answer.status) {
    case 200:
      break;
    case 401:
      throw new Failure(
        token === undefined
          ? `The server at ${server} wants a token: give it by --token-file.`
          : `The token is not that of the server at ${server}: give its own by --token-file.`,
      );
    case 404:
      throw new Failure(`The server at ${server} has no page: it was started with --no-viewer, or is older.`);
    default:
      throw new Failure(`${server} has refused: ${body?.error?.message ?? `HTTP ${answer.status}`}`);
  }
  if (body?.code === undefined) throw new Failure(`${server} is no thulp-sessions server.`);
  if (body.built === false)
    throw new Failure(
      `The server at ${server} has no page: it is not built there. Run npm run build, and start it again.`,
    );
  return body.code;
}

interface Answer {
  readonly code: string | null;
  readonly built: boolean;
  readonly error: { readonly message: string };
}
