// Deadlines as a calendar's file (RFC 5545): whoever has to reveal is reminded a day and an hour ahead.
import { shown } from "../chain/words";
import { save } from "./parts";

export type Deadline = { at: number; what: string };

const WIDTH = 73; // bytes of a line, of which a continued one begins with a space
const stamp = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(/[-:]|\.000/g, "");
const escaped = (text: string): string => text.replace(/[\\;,]/g, found => `\\${found}`);

/** The file; `id` tells these deadlines from others, `now` is when it is made (Unix seconds). */
export function calendar(id: string, title: string, all: Deadline[], now: number): string {
  const lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//DILN//page//EN"];
  for (const { at, what } of all) {
    lines.push("BEGIN:VEVENT", `UID:${id}-${at}@diln`, `DTSTAMP:${stamp(Math.floor(now))}`, `DTSTART:${stamp(at)}`, `SUMMARY:${escaped(`${title}: ${what}`)}`);
    for (const ahead of ["-P1D", "-PT1H"]) lines.push("BEGIN:VALARM", "ACTION:DISPLAY", `DESCRIPTION:${escaped(what)}`, `TRIGGER:${ahead}`, "END:VALARM");
    lines.push("END:VEVENT");
  }
  return [...lines, "END:VCALENDAR"].flatMap(folded).join("\r\n") + "\r\n";
}

function folded(line: string): string[] {
  const out = [];
  let part = "", size = 0;
  for (const character of line) {
    const bytes = new TextEncoder().encode(character).length;
    if (size + bytes > WIDTH) {
      out.push(part);
      part = " ";
      size = 1;
    }
    part += character;
    size += bytes;
  }
  return [...out, part];
}

/** A button that saves those that are still to come, by the chain's time. */
export function Calendar({ id, title, all, now }: { id: string; title: string; all: Deadline[]; now: number }) {
  const ahead = all.filter(each => each.at > now);
  if (!ahead.length) return null;
  const text = (): string => calendar(id, shown(title, 80), ahead, Date.now() / 1000);
  return <p><button onClick={() => save("diln-deadlines.ics", text(), "text/calendar")}>Save the deadlines (.ics)</button></p>;
}
