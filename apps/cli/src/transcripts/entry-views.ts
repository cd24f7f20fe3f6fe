import { type EntryView, EntryViews } from "@thulp-sessions/core/view";

let views: Promise<EntryViews> | undefined;

/** What entries of imported sessions say; each agent's view is loaded when it is asked for. */
export function agentViews(): Promise<EntryViews> {
  views ??= import("@thulp-sessions/transcripts/views").then(
    ({ AGENT_VIEWS }) => new EntryViews(AGENT_VIEWS),
  );
  return views;
}

/** What the entries of a session with these tags say to a person. */
export async function viewFor({ tags }: { readonly tags: readonly string[] }): Promise<EntryView> {
  return (await agentViews()).of(tags);
}
