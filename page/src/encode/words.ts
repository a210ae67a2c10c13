// Texts cut into words, by the letters and the lower case of Unicode 14, whatever the browser knows.
import { ASSIGNED } from "../generated/alphabet";

const WORD = /[\p{L}\p{N}_]{2,}/gu;

const others = outside(); // built once: it has 698 ranges

/** A space for every character that Unicode 14 does not assign. */
export const known = (text: string): string => text.replace(others, " ");

/** The words of a text, and with n-grams their joins by a space. */
export function words(text: string, lowercase: boolean, [low, high]: readonly [number, number]): string[] {
  const settled = known(text);
  const found: string[] = (lowercase ? settled.toLowerCase() : settled).match(WORD) ?? [];
  if (low === 1 && high === 1) return found;
  const joined = [];
  for (let n = low; n <= high; n++) {
    for (let first = 0; first + n <= found.length; first++) joined.push(found.slice(first, first + n).join(" "));
  }
  return joined;
}

/** Matches what is in none of the ranges, which take turns with their gaps. */
function outside(): RegExp {
  let at = 0;
  const ends = ASSIGNED.split(" ").map(step => (at += parseInt(step, 36)));
  const ranges = [];
  for (let index = 0; index < ends.length; index += 2) ranges.push(`${escaped(ends[index]!)}-${escaped(ends[index + 1]! - 1)}`);
  return new RegExp(`[^${ranges.join("")}]`, "gu");
}

function escaped(point: number): string {
  return `\\u{${point.toString(16)}}`;
}
