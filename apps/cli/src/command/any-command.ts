import type { Command } from "@commander-js/extra-typings";

/** A command as commander runs it; what each one's options are is its own business. */
// biome-ignore lint/suspicious/noExplicitAny: the types of arguments and options differ with every command.
export type AnyCommand = Command<any, any, any>;
