// How values are put in words.

const LAST_MOMENT = 253_402_300_800; // the year 10000: contracts keep whatever they are told

/** Unix seconds, as `2026-01-31 12:00:00 UTC`. */
export const moment = (seconds: number): string =>
  (Math.abs(seconds) < LAST_MOMENT ? `${new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC` : `second ${seconds}`);

/** How long something lasts: `5 min`, `3 h`, `4 days`. */
export function lasting(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}

/** How long until then: `now`, `in 5 min`, `in 3 h`, `in 4 days`. */
export const until = (seconds: number): string => (seconds <= 0 ? "now" : `in ${lasting(seconds)}`);

export const count = (number: number | bigint, noun: string): string => `${number} ${noun}${Number(number) === 1 ? "" : "s"}`;

export const short = (hex: string): string => `${hex.slice(0, 8)}…${hex.slice(-4)}`;

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A stranger's text: no control or direction characters, cut after `longest`. */
export function shown(text: string, longest = 200): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replace(INVISIBLE, character => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
