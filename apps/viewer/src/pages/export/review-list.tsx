import type { SessionId } from "@thulp-sessions/core";
import { FINDING_KINDS, type FindingKind } from "@thulp-sessions/core/redaction";
import { groupDigits } from "@thulp-sessions/core/text";
import { oneLine } from "../../parts/session-title.ts";
import { counted } from "../../parts/time.ts";
import { hrefOf } from "../../url/href.ts";
import { sessionState } from "../../url/session-state.ts";
import { exceptionKey, isMasked, type MaskChoice } from "./masker.ts";
import type { Finding, Review } from "./review.ts";

const SHOWN = 50;
/** Of a secret so much is shown that one knows which it is. */
const SECRET_SHOWN = 6;

const TITLES: Readonly<Record<FindingKind, string>> = {
  secret: "Secrets",
  email: "E-mail addresses",
  home: "Home folders, which name people",
  host: "Machines and sites",
};

/** What was found, by kind and place, with what shall be masked. */
export function ReviewList({
  review,
  sideOf,
  choice,
  onChoice,
}: {
  readonly review: Review;
  /** What stands before the place of an entry, to tell sessions apart. */
  readonly sideOf: (id: SessionId) => string;
  readonly choice: MaskChoice;
  readonly onChoice: (choice: MaskChoice) => void;
}) {
  return (
    <>
      <p class="quiet">
        {review.isEmpty
          ? "Nothing was found that looks like a secret, an address or a person. "
          : "What is checked is masked: a sign stands for it, the same one everywhere. "}
        This is best effort: read what you give away.
      </p>
      {FINDING_KINDS.filter((kind) => review.placesOf(kind) > 0).map((kind) => (
        <Kind key={kind} kind={kind} review={review} sideOf={sideOf} choice={choice} onChoice={onChoice} />
      ))}
    </>
  );
}

function Kind({
  kind,
  review,
  sideOf,
  choice,
  onChoice,
}: {
  readonly kind: FindingKind;
  readonly review: Review;
  readonly sideOf: (id: SessionId) => string;
  readonly choice: MaskChoice;
  readonly onChoice: (choice: MaskChoice) => void;
}) {
  const values = review.valuesOf(kind);
  const chooseKind = (isChosen: boolean) => {
    const kinds = new Set(choice.kinds);
    if (isChosen) kinds.add(kind);
    else kinds.delete(kind);
    // The box of a kind is about all of its values.
    const exceptions = new Set([...choice.exceptions].filter((key) => !key.startsWith(`${kind} `)));
    onChoice({ kinds, exceptions });
  };
  const toggle = (finding: Finding) => {
    const exceptions = new Set(choice.exceptions);
    const key = exceptionKey(finding);
    if (!exceptions.delete(key)) exceptions.add(key);
    onChoice({ ...choice, exceptions });
  };
  return (
    <fieldset class="findings">
      <legend>
        <label>
          <input
            type="checkbox"
            checked={choice.kinds.has(kind)}
            onChange={(event) => chooseKind(event.currentTarget.checked)}
          />{" "}
          {TITLES[kind]}: {groupDigits(values.length)}
          {review.untoldOf(kind) > 0 ? " and more" : ""}, in {counted(review.placesOf(kind), "place")}
        </label>
      </legend>
      <ul>
        {values.slice(0, SHOWN).map((finding) => (
          <li key={finding.value}>
            <label>
              <input type="checkbox" checked={isMasked(choice, finding)} onChange={() => toggle(finding)} />{" "}
              <code>{shownValue(finding)}</code> <span class="quiet">{finding.name}</span>
            </label>{" "}
            <Places finding={finding} sideOf={sideOf} />
          </li>
        ))}
      </ul>
      {values.length > SHOWN && (
        <p class="quiet">
          And {counted(values.length - SHOWN, "more value")}, masked or not as the box above says.
        </p>
      )}
    </fieldset>
  );
}

function Places({
  finding: { places, count: number },
  sideOf,
}: {
  readonly finding: Finding;
  readonly sideOf: (id: SessionId) => string;
}) {
  return (
    <span class="quiet">
      {number > 1 ? `${groupDigits(number)} times: ` : ""}
      {places.map(({ id, seq }, i) =>
        seq === null ? (
          <span key={i}>{sideOf(id)}name, tags or context </span>
        ) : (
          <a key={i} href={hrefOf({ page: "session", session: sessionState(id, { first: seq, last: seq }) })}>
            {sideOf(id)}#{seq}{" "}
          </a>
        ),
      )}
    </span>
  );
}

function shownValue({ kind, value }: Finding): string {
  if (kind !== "secret") return oneLine(value, 80);
  return `${oneLine(value.slice(0, SECRET_SHOWN))}… (${counted(value.length, "character")})`;
}
