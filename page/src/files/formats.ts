// What kind of model a file holds, told by its bytes, and whether loading it runs code: orchestrator/provenance/formats.py.
import { filesIn, type Folder } from "./folders";

const RUN_CODE = new Set(["keras", "keras-h5", "pytorch", "pickle", "joblib", "folder", "unknown"]);
const KNOWN = new Set([
  ...RUN_CODE, "skops", "onnx", "safetensors", "xgboost-json", "xgboost-ubj", "lightgbm", "gguf", "tflite", "npz", "hugging-face",
]);
const HEAD = 4096, MOST_NAMES = 16 << 20, LONGEST_HEADER = 100_000_000;
const MAGIC: [number, string, string][] = [[0, "GGUF", "gguf"], [4, "TFL3", "tflite"], [0, "\x89HDF\r\n\x1a\n", "keras-h5"], [0, "tree\nversion=", "lightgbm"]];
const END = 0x06054b50, END_64 = 0x06064b50, LOCATOR_64 = 0x07064b50, ENTRY = 0x02014b50, LARGE = 0xffffffff;

export const runsCode = (format: string): boolean => RUN_CODE.has(format);

/** The format that a manifest names (a private model's without `+age`). */
export function formatNamed(name: string): string {
  const bare = name.replace(/\+age$/, "");
  return KNOWN.has(bare) ? bare : "unknown";
}

/** Whether bytes in the format `found` are not what was `told`; between formats that run code nothing is decided. */
export const contradicts = (found: string, told: string): boolean =>
  runsCode(told) ? told !== "unknown" && !runsCode(found) : found !== told;

const CODE = /\.(py|bin|pt|pth|ckpt|pkl|pickle|joblib|so|dll)$/i;

/** The format of a folder. */
export async function recognizedFolder(folder: Folder): Promise<string> {
  const all = [...filesIn(folder)], names = all.map(([path]) => path);
  if (!names.includes("config.json") || !names.some(each => each.endsWith(".safetensors"))) return "folder";
  for (const [, file] of all) if (CODE.test(file.name) || (await isCode(file))) return "folder";
  return "hugging-face";
}

const isCode = async (file: File): Promise<boolean> => {
  const found = await recognized(file);
  return runsCode(found) && found !== "unknown";
};

/** The format of a file; "unknown" where it is none that is known. */
export async function recognized(file: File): Promise<string> {
  const head = await latin(file, 0, HEAD);
  const magic = MAGIC.find(([at, text]) => head.startsWith(text, at));
  if (magic) return magic[2];
  if (head.startsWith("PK\x03\x04")) return archive(await names(file).catch(() => null));
  if (isSafetensors(head)) return "safetensors";
  if (/^[\t-\r ]*\{/.test(head) && head.includes("learner")) return head.includes('"learner"') ? "xgboost-json" : "xgboost-ubj";
  return pickled(head, file.name) ?? (isOnnx(head) ? "onnx" : "unknown");
}

/** Bytes as text, a character each. */
async function latin(file: Blob, from: number, to: number): Promise<string> {
  return Array.from(new Uint8Array(await file.slice(from, to).arrayBuffer()), byte => String.fromCharCode(byte)).join("");
}

/** The first field is the version of the format, a small number, and a string or message follows. */
const isOnnx = (head: string): boolean => /^\x08[\x00-\x7f][\x12\x1a\x3aB]/.test(head);

function pickled(head: string, name: string): string | null {
  const dumped = name.endsWith(".joblib");
  if (/^\x80[\x00-\x05]/.test(head)) return dumped || head.includes("joblib") ? "joblib" : "pickle";
  return dumped && head.startsWith("x") ? "joblib" : null;
}

/** Eight bytes of a length, then a JSON object that is so long. */
function isSafetensors(head: string): boolean {
  const length = Array.from(head.slice(0, 8)).reduce((sum, character, at) => sum + character.charCodeAt(0) * 2 ** (8 * at), 0);
  if (!(length >= 2 && length <= LONGEST_HEADER) || head[8] !== "{") return false;
  if (head.length < 8 + length) return true; // the header goes on beyond what was read
  try {
    return !Array.isArray(JSON.parse(head.slice(8, 8 + length)));
  } catch {
    return false;
  }
}

function archive(all: string[] | null): string {
  if (!all) return "unknown";
  const last = new Set(all.map(name => name.split("/").at(-1)!));
  if (all.includes("schema.json")) return "skops";
  if (last.has("data.pkl")) return "pytorch";
  if (all.includes("config.json") && all.includes("metadata.json")) return "keras";
  return all.length && all.every(name => name.endsWith(".npy")) ? "npz" : "unknown";
}

/** The names in a ZIP archive's directory. Throws for what has none. */
async function names(file: File): Promise<string[]> {
  const from = Math.max(0, file.size - 65_557), tail = new DataView(await file.slice(from).arrayBuffer());
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  let start = tail.getUint32(end + 16, true), size = tail.getUint32(end + 12, true);
  if (start === LARGE || size === LARGE) {
    if (tail.getUint32(end - 20, true) !== LOCATOR_64) throw new Error("no ZIP archive");
    const at = Number(tail.getBigUint64(end - 12, true)), record = new DataView(await file.slice(at, at + 56).arrayBuffer());
    if (record.getUint32(0, true) !== END_64) throw new Error("no ZIP archive");
    [size, start] = [Number(record.getBigUint64(40, true)), Number(record.getBigUint64(48, true))];
  }
  if (size > MOST_NAMES) throw new Error("too many names");
  const directory = new DataView(await file.slice(start, start + size).arrayBuffer()), found = [];
  for (let at = 0; at < size;) {
    if (directory.getUint32(at, true) !== ENTRY) throw new Error("no ZIP archive");
    const length = directory.getUint16(at + 28, true);
    found.push(new TextDecoder().decode(new Uint8Array(directory.buffer, at + 46, length)));
    at += 46 + length + directory.getUint16(at + 30, true) + directory.getUint16(at + 32, true);
  }
  return found;
}
