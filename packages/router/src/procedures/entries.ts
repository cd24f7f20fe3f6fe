import { tracked } from "@trpc/server";
import { toTrpcError } from "../errors.ts";
import { procedure, router } from "../trpc.ts";
import * as inputs from "./inputs.ts";

export const entriesRouter = router({
  append: procedure.input(inputs.appendInput).mutation(({ ctx, input }) => {
    const { id, entries, ...options } = input;
    return ctx.manager.addEntries(id, entries, options);
  }),

  list: procedure.input(inputs.entriesInput).query(({ ctx, input }) => {
    const { id, ...query } = input;
    return ctx.manager.readEntries(id, query);
  }),

  /**
   * Every event is tracked by its token, so that a broken connection resumes after the last one that arrived.
   */
  subscribe: procedure.input(inputs.subscribeInput).subscription(async function* ({ ctx, input, signal }) {
    const after = input.lastEventId ?? input.after;
    try {
      for await (const { token, ...event } of ctx.manager.subscribe(input.id, { after, signal })) {
        yield tracked(token, event);
      }
    } catch (error) {
      throw toTrpcError(error);
    }
  }),
});
