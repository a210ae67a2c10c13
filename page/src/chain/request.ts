// JSON-RPC over HTTP: the requests of one tick go out together, since HTTP costs most of a small call.
export type Ask = (method: string, params?: unknown[]) => Promise<any>;

const LARGEST_BATCH = 100;

/** What a node, or a wallet, answered instead of a result; `data` is what a contract said. */
export class RpcError extends Error {
  constructor(message: string, readonly code: number, readonly data?: `0x${string}`) {
    super(message);
  }
}

type Waiting = { method: string; params: unknown[]; resolve(value: any): void; reject(error: Error): void };

/** Asks the node at `url`. Rejects with RpcError, whose code is 0 where nobody answers. */
export function overHttp(url: string): Ask {
  let waiting: Waiting[] = [];

  function flush(): void {
    const all = waiting;
    waiting = [];
    for (let first = 0; first < all.length; first += LARGEST_BATCH) void post(url, all.slice(first, first + LARGEST_BATCH));
  }

  return (method, params = []) =>
    new Promise((resolve, reject) => {
      if (!waiting.length) queueMicrotask(flush);
      waiting.push({ method, params, resolve, reject });
    });
}

async function post(url: string, batch: Waiting[]): Promise<void> {
  try {
    for (const answer of await answers(url, batch)) settle(batch[answer.id]!, answer);
    throw new Error("it left a question open"); // rejects those without an answer only
  } catch (error) {
    for (const each of batch) each.reject(new RpcError(`${url} does not answer: ${(error as Error).message}`, 0));
  }
}

async function answers(url: string, batch: Waiting[]): Promise<any[]> {
  const body = JSON.stringify(batch.map(({ method, params }, id) => ({ jsonrpc: "2.0", id, method, params })));
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  const found = await response.json();
  if (!Array.isArray(found)) throw new Error(found?.error?.message ?? "it speaks no JSON-RPC");
  return found;
}

function settle({ resolve, reject }: Waiting, { error, result }: any): void {
  if (error) reject(new RpcError(String(error.message), Number(error.code), error.data));
  else resolve(result);
}
