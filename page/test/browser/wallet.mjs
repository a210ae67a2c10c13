// A wallet's whole behaviour on Anvil, beside one that pretends to be another:
// wrong chain, rejection, reload while pending, sped up, cancelled, failed, other accounts. node wallet.mjs URL NODE MODEL
import { encodeFunctionData, parseAbi } from "viem";
import { browse, quality } from "./browser.mjs";
import { inject, node } from "./injected.mjs";

const [url, endpoint, model] = process.argv.slice(2);
const BOB = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", CAROL = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
const ABI = parseAbi(["function fund(address,uint256) payable", "function withdraw(address,uint256)"]);
const told = {}, wrong = [], asked = new Set();
let chain = "0x1", added = false, reject = false;

const ask = node(endpoint);

/** What the wallet answers; the other one, which says that it is alice, declines everything. */
async function wallet(number, method, params) {
  if (number) return { error: { code: 4001, message: "No." } };
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

const faults = await browse(url, async (page, context) => {
  await inject(context, [{ name: "Test wallet", rdns: "test.wallet" }, { name: "alice", rdns: "development:alice" }], wallet);
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
  await page.waitForSelector("option[value='development:judy']", { state: "attached" });
  told.offered = await page.$$eval("#wallet optgroup", all => all.map(each => [...each.children].map(option => option.value)));
  await page.selectOption("#wallet", "wallet:developmentalice");
  told.unconnected = [await news("Connecting: "), await page.inputValue("#wallet")];
  await page.selectOption("#wallet", "wallet:test.wallet");
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
