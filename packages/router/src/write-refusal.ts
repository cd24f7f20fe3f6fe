import { TRPCError } from "@trpc/server";
import type { ApiContext } from "./context.ts";

/** The refusal of a call that writes, for a caller who may only read; `undefined` for any other. */
export function writeRefusal({ writesRefused }: ApiContext, type: string): TRPCError | undefined {
  if (writesRefused === undefined || type !== "mutation") return undefined;
  return new TRPCError({ code: "FORBIDDEN", message: writesRefused });
}
