// The page from hosts that know no chain: node elsewhere.mjs NODE MODEL URL... A node is given by its URL; then a model is
// opened, whose descriptor the host has, and what is sent is followed to its block.
import { browse, news } from "./browser.mjs";
import { inject, node } from "./injected.mjs";

const [endpoint, model, ...urls] = process.argv.slice(2);
const BOB = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const WORDS = ["street tram tower", "river forest deer"];
const ask = node(endpoint), told = {};

for (const [at, url] of urls.entries()) {
  await browse(url, async (page, context) => {
    await inject(context, [{ name: "Test wallet", rdns: "test.wallet" }], (_, method, params) => (/Accounts|accounts/.test(method) ? { result: [BOB] } : ask(method, params)));
    await page.goto(url);
    await page.fill("#node", endpoint);
    await page.click("text=Look there");
    await page.waitForSelector("h2#verify");
    await page.evaluate(hash => { location.hash = hash; }, `#/models/${model}`);
    await page.waitForSelector("h2#model", { timeout: 90_000 }).catch(async () => { throw new Error(`no model: ${await page.innerText("#app")}`); });
    await page.selectOption("#wallet", "wallet:test.wallet");
    await page.fill("#sample", WORDS[at]);
    await page.waitForSelector("text=/Add it, with a deposit of 0\\.0/");
    await page.click("text=/Add it/");
    told[url] = await news(page, "Adding: (?!trying|confirm|sent)");
    await page.waitForFunction(count => document.querySelector("#contributions").textContent.startsWith(count), String(at + 1));
  });
}
console.log(JSON.stringify(told));
