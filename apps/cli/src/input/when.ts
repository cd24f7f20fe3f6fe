import { InvalidArgumentError } from "commander";

const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** `90d`, `2h`, `1.5d`: in milliseconds. */
export function parseSpan(text: string): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text.trim()) ?? [];
  const factor = UNITS[unit];
  if (number === undefined || factor === undefined)
    throw new InvalidArgumentError("expected a number and a unit such as 30m, 12h, 2d or 3w.");
  return Math.round(Number(number) * factor);
}

/** A time span back from now (`2d`), or a date: in milliseconds since the epoch. */
export function parseWhen(text: string): number {
  if (/^\d+(?:\.\d+)?[smhdw]$/.test(text.trim())) return Date.now() - parseSpan(text);
  // A date alone is the midnight of this machine's time zone, not of UTC.
  const time = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text);
  if (!/^\d{4}-/.test(text) || Number.isNaN(time))
    throw new InvalidArgumentError("expected e.g. 2d (two days ago), 2026-11-24 or 2026-11-24T09:30Z.");
  return time;
}

/** A whole number from `least`, no larger than `most`. */
export function parseCount(least: number, most: number = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(
      most === Number.MAX_SAFE_INTEGER
        ? `expected a whole number from ${least}.`
        : `expected a whole number from ${least} to ${most}.`,
    );
  };
}

/** Collects an option that may be given again and again. */
export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}
