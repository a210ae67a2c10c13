// What a manifest says of its model in short: its name, whether it withholds the rest, and the numbers that tell how good it is.
import * as canonical from "./canonical";

const MOST = 100; // of a version

/** `first` is that by which the model is judged, where the manifest says it; of none it is the first by name. */
export type Metrics = { all: Record<string, number>; first: string | undefined };

/** Of what `diln train` measured: those on rows held out. Of what others describe: all that are numbers. */
export function metricsOf(manifest: any): Metrics {
  const metrics = manifest?.predicate?.evaluation?.metrics ?? {};
  const numbers = Object.entries(metrics.values ?? metrics).filter((each): each is [string, number] => typeof each[1] === "number").slice(0, MOST);
  const all: Record<string, number> = Object.assign(Object.create(null), Object.fromEntries(numbers)); // a stranger's names
  const first = typeof metrics.score === "string" && Object.hasOwn(all, metrics.score) ? metrics.score : Object.keys(all).sort()[0];
  return { all, first };
}

export type Told = { name: string; withheld: boolean; metrics: Metrics };

/** Of a private model the name is what all are called by. Of what is not a manifest nothing is told. */
export function toldIn(content: Uint8Array | null): Told {
  try {
    const manifest = canonical.decode(content!);
    return { name: String(manifest.subject[0].name), withheld: !!manifest.predicate.withheld, metrics: metricsOf(manifest) };
  } catch {
    return { name: "", withheld: false, metrics: metricsOf(null) };
  }
}
