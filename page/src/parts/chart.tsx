// A line over numbers, drawn as SVG at the width it has; the same numbers stand in a table that can be saved.
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { save } from "./parts";

const HEIGHT = 200, LEFT = 56, RIGHT = 12, TOP = 12, BOTTOM = 28, LEAST_WIDTH = 260;

type Line = { xs: number[]; ys: number[]; title: string; x?: string };

/** About `many` round numbers from `low` to `high`. */
export function ticks(low: number, high: number, many: number): number[] {
  const raw = (high - low) / many || 1, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find(each => each * power >= raw)! * power;
  const from = Math.ceil(low / step), found = [];
  for (let at = 0; at <= 2 * many && (from + at) * step <= high + step * 1e-9; at++) found.push(Number(((from + at) * step).toPrecision(12)));
  return [...new Set(found)]; // of numbers that differ in their last digits
}

export function Chart(line: Line) {
  const width = useSignal(640), place = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const measure = (): void => { width.value = Math.max(LEAST_WIDTH, Math.min(900, place.current?.clientWidth ?? 640)); };
    measure();
    addEventListener("resize", measure);
    return () => removeEventListener("resize", measure);
  }, [line.xs.length > 1]);
  if (line.xs.length < 2) return null;
  return (
    <figure ref={place}>
      <figcaption>{line.title}</figcaption>
      <Drawing {...line} width={width.value} />
      <details>
        <summary>The numbers</summary>
        <button onClick={() => save("numbers.csv", csv(line), "text/csv")}>Save as CSV</button>
        <table>
          <thead><tr><th>{line.x ?? "number"}</th><th>{line.title}</th></tr></thead>
          <tbody>{line.xs.map((x, at) => <tr key={x}><td data-label={line.x ?? "number"}>{x}</td><td data-label={line.title}>{line.ys[at]}</td></tr>)}</tbody>
        </table>
      </details>
    </figure>
  );
}

const csv = ({ xs, ys, title, x = "number" }: Line): string =>
  [[x, `"${title.replaceAll('"', '""')}"`], ...xs.map((each, at) => [each, ys[at]])].map(row => row.join(",")).join("\n") + "\n";

function Drawing({ xs, ys, title, width }: Line & { width: number }) {
  const first = xs[0]!, last = xs.at(-1)!;
  const low = Math.min(...ys), high = Math.max(...ys), spread = high - low || Math.abs(high) || 1;
  const bottom = low - spread * 0.1, top = high + spread * 0.1;
  const across = (value: number): number => LEFT + ((value - first) / (last - first || 1)) * (width - LEFT - RIGHT);
  const up = (value: number): number => HEIGHT - BOTTOM - ((value - bottom) / (top - bottom)) * (HEIGHT - TOP - BOTTOM);
  const path = xs.map((x, at) => `${across(x).toFixed(1)} ${up(ys[at]!).toFixed(1)}`).join("L");
  return (
    <svg viewBox={`0 0 ${width} ${HEIGHT}`} width={width} height={HEIGHT} role="img" aria-label={`${title}: ${ys.length} points, the last ${ys.at(-1)}`}>
      {ticks(bottom, top, 4).map(each => (
        <g key={each}>
          <line x1={LEFT} x2={width - RIGHT} y1={up(each)} y2={up(each)} class="grid" />
          <text x={LEFT - 6} y={up(each) + 4} text-anchor="end">{each}</text>
        </g>
      ))}
      {ticks(first, last, Math.min(8, last - first)).filter(Number.isInteger).map(each => <text key={each} x={across(each)} y={HEIGHT - 8} text-anchor="middle">{each}</text>)}
      <path d={`M${path}`} class="line" />
      {xs.map((x, at) => <circle key={x} cx={across(x)} cy={up(ys[at]!)} r="3"><title>{`${x}: ${ys[at]}`}</title></circle>)}
    </svg>
  );
}
