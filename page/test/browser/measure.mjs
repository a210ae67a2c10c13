// How fast the page is: node measure.mjs URL CASES. Each case is a file to verify, or a route and what is there when it
// is read. Prints seconds by case, and of a file its CID and by how many bytes the renderers have grown at most.
import { readdirSync, readFileSync } from "node:fs";
import { browse } from "./browser.mjs";

const [url, file] = process.argv.slice(2);
const told = {};

/** The largest renderer of the browser with this profile, in bytes, and the seconds of CPU that all of it has used. */
function used(profile) {
  const found = { memory: 0, cpu: 0 };
  for (const id of readdirSync("/proc").filter(each => /^\d+$/.test(each))) {
    try {
      const command = readFileSync(`/proc/${id}/cmdline`, "utf8");
      if (!command.includes(profile)) continue;
      const [, times] = readFileSync(`/proc/${id}/stat`, "utf8").split(") "), [user, system] = times.split(" ").slice(11, 13).map(Number);
      found.cpu += (user + system) / 100;
      if (command.includes("--type=renderer")) found.memory = Math.max(found.memory, Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))[1]) * 1024);
    } catch {
      // it has ended
    }
  }
  return found;
}

for (const [name, { drop, hash, ready, count = 1 }] of Object.entries(JSON.parse(readFileSync(file, "utf8")))) {
  await browse(url, async (page, context, profile) => {
    await page.goto(url);
    await page.waitForSelector("h2#verify");
    await page.waitForTimeout(500);
    const before = used(profile);
    let most = before.memory;
    const watch = setInterval(() => { most = Math.max(most, used(profile).memory); }, 200);
    const started = performance.now();
    if (drop) {
      await page.setInputFiles("input[type=file]", drop);
      await page.waitForSelector("article", { timeout: 600_000 });
    } else {
      await page.evaluate(route => { location.hash = route; }, hash);
      await page.waitForFunction(([selector, wanted]) => document.querySelectorAll(selector).length >= wanted, [ready, count], { timeout: 120_000 });
    }
    clearInterval(watch);
    told[name] = { seconds: (performance.now() - started) / 1000, growth: most - before.memory, cpu: used(profile).cpu - before.cpu };
    if (drop) told[name].cid = (await page.$$eval("article dl code", all => all.map(each => each.textContent))).at(-1);
  });
}
console.log(JSON.stringify(told));
