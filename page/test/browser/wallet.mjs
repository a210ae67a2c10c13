// A wallet of its own (EIP-1193, announced by EIP-6963), whose requests leave the page as an extension's do, on Anvil:
// wrong chain, rejection, reload while pending, sped up, cancelled, failed, other accounts. node wallet.mjs URL NODE MODEL
import { encodeFunctionData, parseAbi } from "viem";
import { browse, quality } from "./browser.mjs";

const [url, node, model] = process.argv.slice(2);
const BOB = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", CAROL = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
const ABI = parseAbi(["function fund(address,uint256) payable", "function withdraw(address,uint256)"]);
const told = {}, wrong = [], asked = new Set();
let chain = "0x1", added = false, reject = false;

async function ask(method, params = []) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const answer = await (await fetch(node, { method: "POST", headers: { "content-type": "application/json" }, body })).json();
  return answer.error ? { error: answer.error } : { result: answer.result };
}

/** What the wallet answers. */
async function wallet(method, params) {
  asked.add(method);
  switch (method) {
    case "eth_requestAccounts":
    case "eth_accounts":
      return { result: [BOB] };
    case "eth_chainId":
      return { result: chain };
    case "wallet_switchEthereumChain":
      if (!added) return { error: { code: 4902, message: "Unrecognized chain ID" } };
      chain = params[0].chainId;
      return { result: null };
    case "wallet_addEthereumChain":
      told.addedChain = params[0];
      added = true;
      chain = params[0].chainId;
      return { result: null };
    case "eth_sendTransaction":
      if (reject) return { error: { code: 4001, message: "User rejected the request." } };
      return ask(method, params);
    default:
      return ask(method, params);
  }
}

function inject() {
  const handlers = {};
  const provider = {
    async request({ method, params }) {
      const { error, result } = await window.askWallet(method, params ?? []);
      if (error) throw Object.assign(new Error(error.message), { code: error.code, data: error.data });
      return result;
    },
    on(event, handler) { (handlers[event] ??= new Set()).add(handler); },
    removeListener(event, handler) { handlers[event]?.delete(handler); },
  };
  window.emit = (event, value) => handlers[event]?.forEach(handler => handler(value));
  const info = { uuid: "350670db-19fa-4704-a166-e52e178b59d2", name: "Test wallet", icon: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>", rdns: "test.wallet" };
  const announce = () => dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }));
  addEventListener("eip6963:requestProvider", announce);
  announce();
}

const faults = await browse(url, async (page, context) => {
  await context.exposeFunction("askWallet", wallet);
  await context.addInitScript(inject);
  const news = async pattern => {
    const fits = text => new RegExp(text).test(document.querySelector("#news").textContent);
    await page.waitForFunction(fits, pattern, { timeout: 40_000 }).catch(async () => { throw new Error(`no ${pattern}: ${await page.textContent("#news")}`); });
    return page.textContent("#news");
  };
  const fill = async words => {
    await page.fill("#sample", words);
    await page.waitForSelector("text=/Add it, with a deposit of 0\\.0/");
  };
  const go = async () => {
    await page.goto(`${url}#/models/${model}`);
    await opened();
  };
  const opened = () => page.waitForSelector("h2#model", { timeout: 20_000 })
    .catch(async () => { throw new Error(`no model: ${await page.textContent("#app")}`); });
  await go();
  await page.selectOption("#wallet", "test.wallet");
  await page.waitForSelector(".wallet button");
  told.wrongChain = await page.textContent(".hint");
  told.disabledThere = await page.isDisabled("text=/Add it/");
  wrong.push(...(await quality(page, "wrong chain")));
  await page.click(".wallet button");
  await page.waitForSelector(".wallet button", { state: "detached" });

  reject = true;
  await fill("street tram tower");
  await page.click("text=/Add it/");
  told.rejected = await news("Adding: (?!trying|confirm|sent)");
  reject = false;

  await ask("evm_setAutomine", [false]);
  await page.click("text=/Add it/");
  await news("Adding: sent as");
  const [first] = await unmined();
  await page.reload();
  await opened();
  told.reloaded = await news("Adding: sent before");
  await ask("eth_sendTransaction", [dearer(first)]);
  await ask("anvil_mine", ["0x1"]);
  told.spedUp = await news("Adding: (?!trying|confirm|sent)");

  await page.waitForSelector(".wallet code");
  await fill("river forest deer");
  await page.click("text=/Add it/");
  await news("Adding: sent as");
  const [second] = await unmined();
  await ask("eth_sendTransaction", [{ ...dearer(second), to: BOB, data: "0x", value: "0x0" }]);
  await ask("anvil_mine", ["0x1"]);
  told.cancelled = await news("Adding: (?!trying|confirm|sent)");

  const fund = encodeFunctionData({ abi: ABI, functionName: "fund", args: [BOB, 2n ** 52n] });
  await ask("eth_sendTransaction", [{ from: CAROL, to: model, data: fund, value: "0x10000000000000" }]);
  await ask("anvil_mine", ["0x1"]);
  await page.waitForSelector("button:has-text('Withdraw'):not(:disabled)", { timeout: 20_000 }).catch(() => page.reload());
  await page.waitForSelector("button:has-text('Withdraw'):not(:disabled)", { timeout: 20_000 });
  const withdraw = encodeFunctionData({ abi: ABI, functionName: "withdraw", args: [BOB, 2n ** 256n - 1n] });
  await ask("eth_sendTransaction", [{ from: BOB, to: model, data: withdraw, gas: "0x30000" }]);
  await page.click("button:has-text('Withdraw')");
  await news("Withdrawing: sent as");
  await ask("anvil_mine", ["0x1"]);
  told.failed = await news("Withdrawing: (?!trying|confirm|sent)");
  await ask("evm_setAutomine", [true]);

  await page.evaluate(other => window.emit("accountsChanged", [other]), CAROL);
  told.otherAccount = await page.waitForSelector(`.wallet code[title="${CAROL}"]`).then(() => true);
  await page.evaluate(() => window.emit("chainChanged", "0x1"));
  told.chainChanged = await page.waitForSelector(".wallet button").then(() => true);
  await page.evaluate(() => window.emit("disconnect", {}));
  told.disconnected = await page.waitForSelector(".wallet code", { state: "detached" }).then(() => true);
});
console.log(JSON.stringify({ told, asked: [...asked].sort(), wrong: [...wrong, ...faults] }));

/** The transactions that no block holds yet. */
async function unmined() {
  const { result } = await ask("txpool_content");
  return Object.values(result.pending).flatMap(each => Object.values(each));
}

/** The same transaction at twice the price, as a wallet's "speed up" sends it. */
function dearer({ from, to, input, value, nonce, gas, maxFeePerGas, maxPriorityFeePerGas }) {
  const twice = amount => `0x${(BigInt(amount ?? "0x3b9aca00") * 2n).toString(16)}`;
  return { from, to, data: input, value, nonce, gas, maxFeePerGas: twice(maxFeePerGas), maxPriorityFeePerGas: twice(maxPriorityFeePerGas) };
}
