/** A place for sessions that the test has made: a server over an empty store. */
export interface Place {
  readonly url: string;
  readonly token: string;
}

/** What the test gives the page to call. */
export interface Bindings {
  makePlace(): Promise<Place>;
  removePlace(url: string): Promise<void>;
}

/** What became of something that the page was told to run. */
export interface Outcome {
  readonly name: string;
  /** Where it ran. */
  readonly origin: string;
  readonly browser: string;
  /** How many requests it has sent to its places. */
  readonly requests: number;
  readonly error: string | null;
}

/** What the page gives the test to call. */
export interface Page {
  runCase(id: string): Promise<Outcome>;
  follow(): Promise<Outcome>;
}
