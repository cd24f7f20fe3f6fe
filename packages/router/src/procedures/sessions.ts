import type { RowPage, Session, SessionHead, SessionManager, StoredSession } from "@thulp-sessions/core";
import { countEntries, headOf, invalidInput } from "@thulp-sessions/core/store";
import { MAX_ANSWER_LENGTH } from "../answer-length.ts";
import { toTrpcError } from "../errors.ts";
import { procedure, router } from "../trpc.ts";
import * as inputs from "./inputs.ts";
import { watchSessions } from "./watch.ts";

/** Every change of a session answers its head after it, without its entries. */
export const sessionsRouter = router({
  create: procedure.input(inputs.createInput).mutation(async ({ ctx, input }) => {
    const { name, sessionType, ...options } = input;
    return headOfSession(await ctx.manager.createSession(name, sessionType, options));
  }),

  /** Refuses what is longer than an answer may be: it is to be read by `head` and pages of entries. */
  get: procedure
    .input(inputs.idInput)
    .query(({ ctx, input }) => ctx.manager.loadSession(input.id, { maxLength: MAX_ANSWER_LENGTH })),

  head: procedure.input(inputs.idInput).query(({ ctx, input }) => ctx.manager.store.head(input.id)),

  list: procedure.input(inputs.rowsInput).query(({ ctx, input = {} }): Promise<RowPage> => {
    const { include, ...query } = input;
    return include === undefined
      ? ctx.manager.pageSessions(query)
      : ctx.manager.views.rows({ ...query, include });
  }),

  /** The same list with the head of each session. */
  heads: procedure
    .input(inputs.listInput)
    .query(({ ctx, input }) => ctx.manager.pageSessions({ ...input, heads: true })),

  count: procedure
    .input(inputs.countInput)
    .query(({ ctx, input }) => ctx.manager.sessionCount(input?.filter)),

  /** How many sessions have each value of a field. */
  countBy: procedure.input(inputs.countByInput).query(({ ctx, input }) => ctx.manager.countSessions(input)),

  /** The same for several fields, each without its own part of the filter. */
  facets: procedure.input(inputs.facetsInput).query(({ ctx, input }) => ctx.manager.views.facets(input)),

  tree: procedure.input(inputs.treeInput).query(({ ctx, input }) => {
    const { id, ...query } = input;
    return ctx.manager.views.tree(id, query);
  }),

  scores: procedure.input(inputs.scoresInput).query(({ ctx, input }) => ctx.manager.views.scores(input)),

  /** The sessions whose id begins so. */
  resolve: procedure.input(inputs.resolveInput).query(({ ctx, input }) => {
    const { prefix, ...options } = input;
    return ctx.manager.views.resolve(prefix, options);
  }),

  exists: procedure.input(inputs.idInput).query(({ ctx, input }) => ctx.manager.sessionExists(input.id)),

  save: procedure.input(inputs.saveInput).mutation(({ ctx, input }) => save(ctx.manager, input)),

  update: procedure.input(inputs.updateInput).mutation(({ ctx, input }) => {
    const { id, at, expectedVersion, ...change } = input;
    return ctx.manager.updateSession(id, change, { at, expectedVersion });
  }),

  delete: procedure.input(inputs.deleteInput).mutation(async ({ ctx, input }) => {
    const { id, ...options } = input;
    return { deleted: await ctx.manager.deleteSession(id, options) };
  }),

  complete: procedure.input(inputs.statusInput).mutation(({ ctx, input }) => {
    const { id, ...options } = input;
    return ctx.manager.completeSession(id, options);
  }),

  fail: procedure.input(inputs.statusInput).mutation(({ ctx, input }) => {
    const { id, ...options } = input;
    return ctx.manager.failSession(id, options);
  }),

  cancel: procedure.input(inputs.statusInput).mutation(({ ctx, input }) => {
    const { id, ...options } = input;
    return ctx.manager.cancelSession(id, options);
  }),

  pause: procedure.input(inputs.statusInput).mutation(({ ctx, input }) => {
    const { id, ...options } = input;
    return ctx.manager.pauseSession(id, options);
  }),

  resume: procedure.input(inputs.statusInput).mutation(({ ctx, input }) => {
    const { id, ...options } = input;
    return ctx.manager.resumeSession(id, options);
  }),

  fork: procedure.input(inputs.forkInput).mutation(async ({ ctx, input }) => {
    const { id, newId, ...options } = input;
    return headOfSession(await ctx.manager.forkSession(id, { ...options, id: newId }));
  }),

  rewind: procedure.input(inputs.rewindInput).mutation(({ ctx, input }) => {
    const { id, entryCount, ...options } = input;
    return ctx.manager.rewindSession(id, entryCount, options);
  }),

  /** The first limit that is met or exceeded, or `null`. */
  checkLimits: procedure.input(inputs.checkLimitsInput).query(({ ctx, input }) => {
    const { id, limits, ...options } = input;
    return ctx.manager.checkLimits(id, limits, options);
  }),

  search: procedure.input(inputs.searchInput).query(({ ctx, input }) => ctx.manager.searchSessions(input)),

  watch: procedure.input(inputs.watchInput).subscription(async function* ({ ctx, input, signal }) {
    try {
      yield* watchSessions(ctx.manager.store, { ...input, signal });
    } catch (error) {
      throw toTrpcError(error);
    }
  }),
});

interface SaveInput {
  readonly session: Session | StoredSession;
  readonly expectedVersion?: string | undefined;
  readonly overwrite?: boolean | "existing" | undefined;
  readonly stored?: boolean | undefined;
}

/** `expectedVersion` beside the session is the same as the `version` in it. */
async function save(
  manager: SessionManager,
  { session: given, expectedVersion, overwrite, stored }: SaveInput,
): Promise<SessionHead> {
  const own = "version" in given ? given.version : undefined;
  // A store takes what has a version for a session that came from one, and makes nothing else of it.
  const session = stored && own === undefined ? { ...given, version: "" } : given;
  if (overwrite === "existing") return manager.store.replace(session);
  if (own !== undefined && expectedVersion !== undefined && own !== expectedVersion) {
    throw invalidInput("expectedVersion: is another one than the session's own version. Give one of them.", {
      field: "expectedVersion",
    });
  }
  const version = expectedVersion ?? own;
  if (version === undefined && !overwrite) return manager.store.create(session);
  return manager.saveSession(version === undefined ? session : ({ ...session, version } as StoredSession), {
    overwrite,
  });
}

function headOfSession(session: StoredSession): SessionHead {
  return headOf(session.metadata, session.context, countEntries(session.entries), session);
}
