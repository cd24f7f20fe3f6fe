import type { ViewedEntryPage } from "@thulp-sessions/core";
import { tracked } from "@trpc/server";
import { toTrpcError } from "../errors.ts";
import { procedure, router } from "../trpc.ts";
import * as inputs from "./inputs.ts";

export const entriesRouter = router({
  append: procedure.input(inputs.appendInput).mutation(({ ctx, input }) => {
    const { id, entries, ...options } = input;
    return ctx.manager.addEntries(id, entries, options);
  }),

  list: procedure.input(inputs.entriesInput).query(({ ctx, input }): Promise<ViewedEntryPage> => {
    const { id, contentBytes, pageBytes, ...query } = input;
    // The page of the store where nothing is cut, so that a copy of it costs nothing.
    if ((contentBytes ?? pageBytes) === undefined) return ctx.manager.readEntries(id, query);
    return ctx.manager.views.entryPage(id, { ...query, contentBytes, pageBytes });
  }),

  /** One entry, whatever its length. */
  get: procedure
    .input(inputs.entryInput)
    .query(({ ctx, input }) => ctx.manager.views.entry(input.id, input.seq)),

  /** A part of one content, however long it is. */
  part: procedure.input(inputs.partInput).query(({ ctx, input }) => {
    const { id, ...query } = input;
    return ctx.manager.views.part(id, query);
  }),

  outline: procedure.input(inputs.outlineInput).query(({ ctx, input }) => {
    const { id, ...options } = input;
    return ctx.manager.views.outline(id, options);
  }),

  turns: procedure.input(inputs.turnsInput).query(({ ctx, input }) => {
    const { id, ...query } = input;
    return ctx.manager.views.turns(id, query);
  }),

  search: procedure.input(inputs.findInput).query(({ ctx, input }) => {
    const { id, ...query } = input;
    return ctx.manager.views.findEntries(id, query);
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
