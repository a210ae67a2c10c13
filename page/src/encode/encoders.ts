// From a text, or a row of numbers, to the bytes of a contribution: bit for bit what Python's encoders give.
import { murmur3 } from "./murmur3";
import { words } from "./words";

type Text = { lowercase: boolean; ngrams: [number, number]; unicode?: number };
export type Encoder =
  | ({ kind: "vocabulary"; vocabulary: string[] } & Text)
  | ({ kind: "hashing"; buckets: number; signed: boolean } & Text)
  | { kind: "scaled"; names: string[]; offsets: number[]; steps: number[] }
  | { kind: "binned"; names: string[]; edges: number[][] };

const UNICODE = 14;
const LONGEST = 5; // words of an n-gram
const MOST_FEATURES = 65_535;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
export const takesText = (encoder: Encoder): encoder is Extract<Encoder, Text> => "lowercase" in encoder;

const fits = (features: number): boolean => features >= 1 && features <= MOST_FEATURES;
const areTexts = (all: any): boolean => Array.isArray(all) && all.every(each => typeof each === "string");
const areNumbers = (all: any): boolean => Array.isArray(all) && all.every(Number.isFinite);

/** Whether what a stranger's descriptor says is an encoder, as Python's reader has it. */
export function isEncoder(found: any): found is Encoder {
  const [low, high] = Array.isArray(found?.ngrams) ? found.ngrams : [];
  const isText = typeof found?.lowercase === "boolean" && Number.isInteger(low) && Number.isInteger(high) && low >= 1 && low <= high && high <= LONGEST;
  const columns = areTexts(found?.names) ? found.names.length : NaN;
  switch (found?.kind) {
    case "vocabulary": return isText && areTexts(found.vocabulary) && fits(found.vocabulary.length);
    case "hashing": return isText && typeof found.signed === "boolean" && Number.isInteger(found.buckets) && fits(found.buckets * (found.signed ? 2 : 1));
    case "scaled": return [found.offsets, found.steps].every(each => areNumbers(each) && each.length === columns) && fits(columns);
    case "binned": return Array.isArray(found.edges) && found.edges.length === columns && found.edges.every(areNumbers)
      && fits(found.edges.reduce((sum: number, each: number[]) => sum + each.length + 1, 0));
    default: return false;
  }
}

/** The bytes of a sample. Throws where the encoder is another's, or the sample does not fit. */
export function encode(encoder: Encoder, sample: string | number[]): Uint8Array {
  if (takesText(encoder)) {
    if ((encoder.unicode ?? UNICODE) !== UNICODE) throw new Error("This model cuts texts by another version of Unicode.");
    const found = sparse(features(encoder, String(sample)));
    if (!found.length) throw new Error("The model knows no word of this text. Give a longer one.");
    return found;
  }
  const row = sample as number[];
  if (row.length !== encoder.names.length) throw new Error(`This model takes ${encoder.names.length} numbers.`);
  if (encoder.kind === "scaled") {
    return Uint8Array.from(row, (value, at) => Math.min(255, Math.max(0, rounded((value - encoder.offsets[at]!) / encoder.steps[at]!))));
  }
  let first = 1;
  return sparse(row.map((value, at) => {
    const edges = encoder.edges[at]!, feature = first + edges.filter(edge => edge <= value).length;
    first += edges.length + 1;
    return feature;
  }));
}

/** The numbers in a line. Throws for what is none. */
export function numbers(text: string): number[] {
  return text.split(",").map(part => {
    const word = part.trim();
    if (!NUMBER.test(word) || !Number.isFinite(Number(word))) throw new Error(`“${word}” is not a number.`);
    return Number(word);
  });
}

function features(encoder: Extract<Encoder, Text>, text: string): number[] {
  const found = words(text, encoder.lowercase, encoder.ngrams);
  if (encoder.kind === "vocabulary") {
    const places = new Map(encoder.vocabulary.map((word, index) => [word, index + 1]));
    return found.flatMap(word => places.get(word) ?? []);
  }
  const utf8 = new TextEncoder();
  return found.map(word => {
    const hash = murmur3(utf8.encode(word)), bucket = Math.abs(hash) % encoder.buckets;
    return encoder.signed ? bucket * 2 + (hash >= 0 ? 1 : 2) : bucket + 1;
  });
}

/** Each feature once, ascending, in two bytes. */
function sparse(indices: number[]): Uint8Array {
  return Uint8Array.from([...new Set(indices)].sort((one, other) => one - other).flatMap(index => [index >> 8, index & 255]));
}

/** Halves go to the even neighbour, as IEEE 754 has it. */
function rounded(value: number): number {
  const floor = Math.floor(value), rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 ? floor + 1 : floor;
}
