import {
  SessionError,
  type SessionFilter,
  type SessionHead,
  type SessionManager,
  type SessionMetadata,
} from "@thulp-sessions/core";

/** The sessions that a server shows: all of a manager, or those with one tag. */
export class VisibleSessions {
  readonly manager: SessionManager;
  /** The tag without which a session does not exist here. */
  readonly tag: string | undefined;

  constructor(manager: SessionManager, tag: string | undefined) {
    this.manager = manager;
    this.tag = tag;
  }

  /** A filter that matches nothing but what is visible. */
  filter(filter: SessionFilter): SessionFilter {
    return this.tag === undefined ? filter : { and: [{ tag: this.tag }, filter] };
  }

  /**
   * A session that is visible; to be asked before anything else is done with one.
   *
   * @throws {SessionError} not_found, also for one that is not visible: nobody learns of it.
   */
  async head(id: string): Promise<SessionHead> {
    const head = await this.manager.store.head(id);
    if (!this.#isVisible(head.metadata))
      throw new SessionError("not_found", `There is no session ${head.metadata.id}.`, {
        details: { sessionId: head.metadata.id },
      });
    return head;
  }

  /** Tags for a session that has to stay visible. */
  tags(tags: readonly string[]): readonly string[] {
    return this.tag === undefined || tags.includes(this.tag) ? tags : [...tags, this.tag];
  }

  #isVisible({ tags }: SessionMetadata): boolean {
    return this.tag === undefined || tags.includes(this.tag);
  }
}
