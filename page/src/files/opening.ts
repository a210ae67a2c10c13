// The opening of a private model: salts and values of fields that its manifest holds salted commitments to, as
// `diln disclose` writes them.
import type { Hex } from "viem";
import { UNTOLD } from "../generated/fields";
import { bytes, hex, sha256 } from "./bytes";
import * as canonical from "./canonical";

export const OPENING = "opening.json";
const LARGEST = 2 << 20;
const DIGEST = "digest"; // the field that holds the SHA-256 of the model's file

/** The fields that are told, each with its value and the salt (hex) with which it was committed to. */
export type Opening = Map<string, { salt: string; value: unknown }>;
export type Manifest = { subject: any; predicate: any };

/** The opening in a file. Rejects for anything else. */
export async function openingIn(file: Blob): Promise<Opening> {
  try {
    if (file.size > LARGEST) throw new Error("it is too large");
    const content = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await file.arrayBuffer()));
    canonical.encode(content); // throws for what cannot be committed to
    const told = Object.entries<any>(content?.fields ?? {});
    if (Object.keys(content ?? {}).join() !== "fields" || !told.length || told.some(([field]) => field !== DIGEST && !Object.hasOwn(UNTOLD, field))) {
      throw new Error("it tells no field, or one that is not known");
    }
    const odd = told.find(([, each]) => Object.keys(each ?? {}).sort().join() !== "salt,value" || !/^[0-9a-f]{64}$/.test(each.salt));
    if (odd) throw new Error(`${odd[0]}: not a value and a salt of 64 hexadecimal digits`);
    return new Map(told);
  } catch (error) {
    throw new Error(`This is not an opening of a private model: ${(error as Error).message}. Ask the model's owner for it again: \`diln disclose\`.`);
  }
}

async function commitment(field: string, salt: string, value: unknown): Promise<string> {
  const text = new TextEncoder().encode(canonical.encode([field, value]));
  return hex(await sha256(Uint8Array.from([...bytes(salt), ...text])));
}

/** By what the registry knows a file with this SHA-256 (hex), if the opening is its own. */
export async function anchorOf(opening: Opening, digest: string): Promise<Hex> {
  const told = opening.get(DIGEST);
  if (!told) throw new Error("The opening does not tell the field `digest`, by which a file is found. Have it disclosed as well: `diln disclose RUN digest …`.");
  return `0x${await commitment(DIGEST, told.salt, digest)}`;
}

/** What a manifest says that the registry knows its model by (hex). */
export const artifactIn = ({ subject }: Manifest): unknown => subject.digest?.sha256 ?? subject.digest?.unixfs ?? subject.digest?.salted;

/** Whether a manifest withholds what it could tell. */
export const isPrivate = ({ predicate }: Manifest): boolean => !!predicate.withheld;

/** Throws unless a manifest withholds all or nothing: what is not committed to could be told later as one likes. */
export function checkWithheld(manifest: Manifest): void {
  const told = Object.keys(manifest.predicate.withheld ?? {}).sort().join(), each = Object.keys(UNTOLD).sort().join();
  if (told !== (isPrivate(manifest) ? each : "")) throw new Error("a private model commits to each field, and to no other");
  const names = Object.keys(manifest.subject.digest ?? {});
  if (names.length !== 1 || names.includes("salted") !== isPrivate(manifest)) throw new Error("a private model's digest, and no other's, is salted");
}

/** Whether a gate was passed, and tells of conditions which all hold by their own figures: without any it proves nothing. */
export function gateHolds(gate: any): boolean {
  const holds = ({ passed, relation, value, threshold }: any): boolean => passed === true && typeof value === "number" && typeof threshold === "number"
    && (relation === ">=" ? value >= threshold : relation === "<=" ? value <= threshold : relation === ">" ? value > threshold : relation === "<" && value < threshold);
  return gate?.passed === true && Array.isArray(gate.conditions) && gate.conditions.length > 0 && gate.conditions.every((each: any) => !!each && holds(each));
}

/** The fields whose value is not what the manifest commits to; none if all is as it should be. */
export async function wrongIn(opening: Opening, manifest: Manifest): Promise<string[]> {
  const known = new Map<string, unknown>([...Object.entries(manifest.predicate.withheld ?? {}), [DIGEST, artifactIn(manifest)]]);
  const made = await Promise.all([...opening].map(async ([field, { salt, value }]) => ({ field, hash: await commitment(field, salt, value) })));
  return made.filter(({ field, hash }) => hash !== known.get(field)).map(each => each.field);
}

/** The object of a manifest that holds a field, and under which key. */
function placeOf({ subject, predicate }: Manifest, field: string): [any, string] {
  const [section, name] = field.split(".") as [string, string?];
  return field === "name" ? [subject, field] : name ? [predicate[section], name] : [predicate, field];
}

/** The manifest with what is disclosed put in. Throws for one without the place. */
export function fill(manifest: Manifest, opening: Opening): Manifest {
  const filled = structuredClone(manifest);
  for (const [field, { value }] of opening) {
    const [section, name] = placeOf(filled, field);
    if (field === DIGEST) filled.subject.digest = { sha256: value };
    else section[name] = value;
  }
  return filled;
}

/** What a manifest tells of a field in the clear, as canonical JSON. */
function clear(manifest: Manifest, field: string): string {
  const [section, name] = placeOf(manifest, field);
  return canonical.encode(section?.[name] ?? null);
}

/** The fields of which neither a private manifest nor the opening tells anything. */
export const untold = (manifest: Manifest, opening: Opening): string[] => Object.keys(UNTOLD).filter(field =>
  !opening.has(field) && clear(manifest, field) === canonical.encode(UNTOLD[field]));

/** What --publish-metrics tells of a field's value: of figures nothing that tells of the data. */
function figures(field: string, value: any): unknown {
  if (field === "evaluation.gate" && value) {
    return { ...value, conditions: value.conditions.filter(({ relation }: any) => relation === ">=" || relation === "<=") };
  }
  if (field !== "evaluation.metrics") return UNTOLD[field];
  const told = Object.entries(value).filter(([name]) => ["task", "score", "values"].includes(name));
  return Object.prototype.toString.call(value.values) === "[object Object]" ? Object.fromEntries(told) : value;
}

/** The first field of which the manifest tells something else in the clear than it commits to. Throws for odd values. */
export function contradicted(manifest: Manifest, opening: Opening): string | undefined {
  for (const [field, { value }] of opening) {
    if (field === DIGEST) continue;
    const may = [value, UNTOLD[field], figures(field, value)].map(canonical.encode);
    if (!may.includes(clear(manifest, field))) return field;
  }
}

/** A private manifest with all that it withholds. Rejects unless the opening tells all, and what was committed to. */
export async function whole(manifest: Manifest, opening: Opening): Promise<Manifest> {
  checkWithheld(manifest);
  const wrong = await wrongIn(opening, manifest), other = contradicted(manifest, opening);
  const missing = [DIGEST, ...Object.keys(UNTOLD)].filter(field => !opening.has(field));
  if (wrong.length) throw new Error(`The opening is not what the manifest commits to: ${wrong.join(", ")}. It may be of another model.`);
  if (missing.length) throw new Error(`The opening does not tell ${missing.join(", ")}: nobody can sign what they are not told.`);
  if (other) throw new Error(`The manifest tells another ${other} in the clear than it commits to.`);
  return fill(manifest, opening);
}
