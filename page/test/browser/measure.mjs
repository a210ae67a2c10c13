// How fast the page is: node measure.mjs URL CASES. Each case is a file to verify, or a route and what is there when it
// is read. Prints seconds by case, and of a file its CID and by how many bytes the renderers have grown at most.
import { readdirSync, readFileSync } from "node:fs";
import { browse } from "./browser.mjs";

const [url, file] = process.argv.slice(2);
const told = {};

/** The memory of all renderers of this browser, in bytes, as Linux counts it. */
function memory(parent) {
  const all = readdirSync("/proc").filter(each => /^\d+$/.test(each)).flatMap(id => {
    try {
      const text = readFileSync(`/proc/${id}/cmdline`, "utf8");
      return text.includes("--type=renderer") && text.includes(parent) ? [Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))[1]) * 1024] : [];
    } catch {
      return []; // it has ended
    }
  });
  return Math.max(0, ...all);
}

for (const [name, { drop, hash, ready, count = 1 }] of Object.entries(JSON.parse(readFileSync(file, "utf8")))) {
  await browse(url, async (page, context, profile) => {
    await page.goto(url);
    await page.waitForSelector("h2#verify");
    await page.waitForTimeout(500);
    const before = memory(profile);
    let most = before;
    const watch = setInterval(() => { most = Math.max(most, memory(profile)); }, 200);
    const started = performance.now();
    if (drop) {
      await page.setInputFiles("input[type=file]", drop);
      await page.waitForSelector("article", { timeout: 600_000 });
    } else {
      await page.evaluate(route => { location.hash = route; }, hash);
      await page.waitForFunction(([selector, wanted]) => document.querySelectorAll(selector).length >= wanted, [ready, count], { timeout: 120_000 });
    }
    clearInterval(watch);
    told[name] = { seconds: (performance.now() - started) / 1000, growth: most - before };
    if (drop) told[name].cid = (await page.$$eval("article dl code", all => all.map(each => each.textContent))).at(-1);
  });
}
console.log(JSON.stringify(told));
