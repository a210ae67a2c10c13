// The numbers by which a manifest says how good its model is.

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
