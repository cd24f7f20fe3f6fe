import type { Command } from "@commander-js/extra-typings";

/** A command as commander runs it; what each one's options are is its own business. */
// biome-ignore lint/suspicious/noExplicitAny: with `unknown` no command could be assigned.
export type AnyCommand = Command<any, any, any>;
