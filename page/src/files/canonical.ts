// Canonical JSON (RFC 8785): one value, one sequence of bytes, one hash. JavaScript's numbers are its own.
const DEEPEST = 64;

/** Throws for what canonical JSON cannot be. */
export function encode(value: unknown, depth = 0): string {
  if (depth > DEEPEST) throw new Error("nested too deeply");
  if (Array.isArray(value)) return `[${value.map(each => encode(each, depth + 1)).join(",")}]`;
  if (value && typeof value === "object") {
    const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
    return `{${entries.map(([key, each]) => `${encode(key)}:${encode(each, depth + 1)}`).join(",")}}`;
  }
  if (typeof value === "string" && /\p{Cs}/u.test(value)) throw new Error("text that is not Unicode");
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error("not a number of JSON");
  return JSON.stringify(value);
}

/** The value in `bytes`; throws unless these are the canonical ones. */
export function decode(bytes: Uint8Array): any {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  const value = JSON.parse(text);
  if (encode(value) !== text) throw new Error("the bytes are not in canonical form (RFC 8785)");
  return value;
}
