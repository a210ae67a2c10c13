// Wallets of a test's own (EIP-1193, announced by EIP-6963), whose requests leave the page as an extension's do.

/** Asks the node at `url`; `{ result }` or `{ error }`. */
export const node = url => async (method, params = []) => {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const answer = await (await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body })).json();
  return answer.error ? { error: answer.error } : { result: answer.result };
};

/** Has every page of the browser announce `wallets` ({ name, rdns }); `answer(number, method, params)` is what they say.
 * In the page `emit(event, value)` tells it an event of the first. */
export async function inject(context, wallets, answer) {
  await context.exposeFunction("askWallet", answer);
  await context.addInitScript(announced, wallets);
}

function announced(wallets) {
  wallets.forEach(({ name, rdns }, number) => {
    const handlers = {};
    const provider = {
      async request({ method, params }) {
        const { error, result } = await window.askWallet(number, method, params ?? []);
        if (error) throw Object.assign(new Error(error.message), { code: error.code, data: error.data });
        return result;
      },
      on(event, handler) { (handlers[event] ??= new Set()).add(handler); },
      removeListener(event, handler) { handlers[event]?.delete(handler); },
    };
    window.emit ??= (event, value) => handlers[event]?.forEach(handler => handler(value));
    const info = { uuid: `350670db-19fa-4704-a166-e52e178b59d${number}`, name, icon: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>", rdns };
    const announce = () => dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }));
    addEventListener("eip6963:requestProvider", announce);
    announce();
  });
}
