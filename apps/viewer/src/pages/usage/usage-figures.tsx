import { groupDigits } from "@thulp-sessions/core/text";
import {
  costText,
  type ModelUse,
  type PriceList,
  type SessionSummary,
  type ToolUse,
} from "@thulp-sessions/core/view";
import { useState } from "preact/hooks";
import { Clock } from "../../parts/clock.tsx";
import { SCROLLABLE } from "../../parts/scrollable.ts";
import { oneLine } from "../../parts/session-title.ts";
import { counted, duration } from "../../parts/time.ts";

/** So many rows stand there at first, and so many more come when somebody asks for them. */
const SHOWN = 10;
const MORE = 200;

/** What entries add up to, as `thulp-sessions show --summary` has it. */
export function UsageFigures({
  summary,
  prices,
}: {
  readonly summary: SessionSummary;
  readonly prices: PriceList;
}) {
  const { turns, firstAt, lastAt, copied } = summary;
  return (
    <>
      <dl class="facts">
        <dt>Turns of its own</dt>
        <dd>{groupDigits(turns)}</dd>
        {firstAt !== null && lastAt !== null && (
          <>
            <dt>From first to last entry</dt>
            <dd>
              {duration(lastAt - firstAt)}, from <Clock time={firstAt} withDay />
            </dd>
          </>
        )}
        {copied.entries + copied.requests > 0 && (
          <>
            <dt>Copied</dt>
            <dd>{copiedText(copied)} of another session: not counted here</dd>
          </>
        )}
      </dl>
      <Tokens summary={summary} prices={prices} />
      <Tools tools={summary.tools} />
      <Files files={summary.files} />
    </>
  );
}

function copiedText({ entries, requests }: SessionSummary["copied"]): string {
  const texts = [
    ...(entries > 0 ? [counted(entries, "entry", "entries")] : []),
    ...(requests > 0 ? [counted(requests, "request")] : []),
  ];
  return texts.join(" and ");
}

function Tokens({
  summary: { models, tokens, cost },
  prices,
}: {
  readonly summary: SessionSummary;
  readonly prices: PriceList;
}) {
  const { shown, more } = useMore(models);
  if (models.length === 0) return <p class="quiet">No record says which tokens it cost.</p>;
  const all: ModelUse = { model: null, requests: cost.knownRequests + cost.unknownRequests, tokens, cost };
  return (
    <section>
      <h3>Tokens and cost</h3>
      <div class="table" {...SCROLLABLE}>
        <table class="numbers">
          <thead>
            <tr>
              {["model", "requests", "input", "cache read", "cache write", "output", "cost"].map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((use, i) => (
              <ModelRow
                key={i}
                title={use.model === null ? "(not said)" : oneLine(use.model, 80)}
                use={use}
              />
            ))}
          </tbody>
          {models.length > 1 && (
            <tfoot>
              <ModelRow title="all" use={all} />
            </tfoot>
          )}
        </table>
      </div>
      {more}
      {tokens.reasoning > 0 && (
        <p class="quiet">Of the output the models thought {groupDigits(tokens.reasoning)} tokens.</p>
      )}
      {cost.unknownRequests > 0 && cost.knownRequests > 0 && (
        <p class="quiet">Without {counted(cost.unknownRequests, "request")} whose price is unknown.</p>
      )}
      <p class="quiet">
        Prices: {prices.source}, {prices.asOf}; where the agent says what it cost, that.
      </p>
    </section>
  );
}

function ModelRow({
  title,
  use: { requests, tokens, cost },
}: {
  readonly title: string;
  readonly use: ModelUse;
}) {
  return (
    <tr>
      <th scope="row">{title}</th>
      {[requests, tokens.input, tokens.cacheRead, tokens.cacheWrite, tokens.output].map((number, i) => (
        <td key={i}>{groupDigits(number)}</td>
      ))}
      <td>{costText(cost)}</td>
    </tr>
  );
}

function Tools({ tools }: { readonly tools: readonly ToolUse[] }) {
  const { shown, more } = useMore(tools);
  if (tools.length === 0) return null;
  return (
    <section>
      <h3>Tools</h3>
      <div class="table" {...SCROLLABLE}>
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">tool</th>
              <th scope="col">calls</th>
              <th scope="col">failed</th>
              <th scope="col">unsaid</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ name, calls, failed, unstated }) => (
              <tr key={name}>
                <th scope="row">{oneLine(name, 80) || "(empty)"}</th>
                <td>{groupDigits(calls)}</td>
                <td class={failed > 0 ? "failed-text" : undefined}>{groupDigits(failed)}</td>
                <td>{groupDigits(unstated)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more}
      {tools.some(({ unstated }) => unstated > 0) && (
        <p class="quiet">Unsaid: no record says whether the call succeeded.</p>
      )}
    </section>
  );
}

function Files({ files }: { readonly files: readonly string[] }) {
  const { shown, more } = useMore(files);
  if (files.length === 0) return null;
  return (
    <section>
      <h3>{counted(files.length, "file")} changed</h3>
      <ul class="files">
        {shown.map((file) => (
          <li key={file}>
            <code>{oneLine(file, 500) || "(empty)"}</code>
          </li>
        ))}
      </ul>
      {more}
    </section>
  );
}

/** The first of some rows, and a button for more of them. */
function useMore<T>(rows: readonly T[]) {
  const [most, setMost] = useState(SHOWN);
  const left = rows.length - most;
  const more = left > 0 && (
    <button type="button" onClick={() => setMost(most + MORE)}>
      Show {groupDigits(Math.min(left, MORE))} more{left > MORE ? ` of ${groupDigits(left)}` : ""}
    </button>
  );
  return { shown: rows.slice(0, most), more };
}
