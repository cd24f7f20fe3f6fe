import type { CountedField, Facets } from "@thulp-sessions/core";
import { groupDigits } from "@thulp-sessions/core/text";
import { useState } from "preact/hooks";
import { oneLine } from "../../parts/session-title.ts";

import { hrefOf } from "../../url/href.ts";
import type { ListField, ListState } from "../../url/list-state.ts";
import { ViewPanel } from "./view-panel.tsx";

const SHOWN = [
  ["status", "status", "Status"],
  ["type", "type", "Type"],
  ["tag", "tag", "Tag"],
  ["skillName", "skill", "Skill"],
  ["agentName", "agent", "Agent"],
  ["model", "model", "Model"],
] as const satisfies readonly (readonly [CountedField, ListField, string])[];

/** The values of each field with how many sessions each would give; a value is a link. */
export function FacetPanel({ list, facets }: { readonly list: ListState; readonly facets: Facets | null }) {
  const [open, setOpen] = useState(false);
  return (
    <nav class={`facets${open ? " open" : ""}`} aria-label="Filters">
      <button type="button" class="facets-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
        Filters
      </button>
      <div class="facets-body">
        <p class="sorts">
          Sort:{" "}
          {(["updated", "created"] as const).map((sort) => (
            <a
              key={sort}
              href={hrefOf({ page: "list", list: { ...list, sort } })}
              aria-current={list.sort === sort ? "true" : undefined}
            >
              {sort}
            </a>
          ))}
        </p>
        <p class="sorts">
          As:{" "}
          {(["compact", "table"] as const).map((view) => (
            <a
              key={view}
              href={hrefOf({ page: "list", list: { ...list, view } })}
              aria-current={list.view === view ? "true" : undefined}
            >
              {view === "table" ? "table" : "list"}
            </a>
          ))}
        </p>
        <p class="sorts">
          <a href={hrefOf({ page: "stats", list })}>Statistics</a>
        </p>
        <ViewPanel list={list} />
        {SHOWN.map(([by, field, title]) => {
          const facet = facets?.facets.find((each) => each.by === by);
          if (!facet || facet.items.length === 0) return null;
          const most = Math.max(...facet.items.map((item) => item.count));
          return (
            <section key={by}>
              <h2>{title}</h2>
              <ul>
                {facet.items.map((item) => {
                  const isChosen = list[field] === item.value;
                  const next = { ...list, [field]: isChosen ? "" : item.value };
                  return (
                    <li key={item.value}>
                      <a
                        href={hrefOf({ page: "list", list: next })}
                        aria-current={isChosen ? "true" : undefined}
                      >
                        <span class="facet-value">{oneLine(item.value, 60) || "(empty)"}</span>
                        <meter min={0} max={most} value={item.count} aria-hidden="true" />
                        <span class="facet-count">{groupDigits(item.count)}</span>
                      </a>
                    </li>
                  );
                })}
              </ul>
              {facet.more && <p class="quiet">and more</p>}
            </section>
          );
        })}
      </div>
    </nav>
  );
}
