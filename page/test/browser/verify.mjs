// Each case's files are dropped on the page: node verify.mjs URL CASES. Prints the checks by case, and faults.
import { readFileSync } from "node:fs";
import { browse, checks } from "./browser.mjs";

const [url, file] = process.argv.slice(2);
const cases = JSON.parse(readFileSync(file, "utf8"));
const found = {};
const faults = await browse(url, async page => {
  for (const [name, { files }] of Object.entries(cases)) {
    await page.goto("about:blank");
    await page.goto(url);
    await page.waitForSelector("h2#verify");
    await page.setInputFiles("input[type=file]", files);
    await page.waitForSelector("article", { timeout: 30_000 });
    const proven = (await page.$$eval("article h4 + ul li", all => all.length)) > 0;
    found[name] = { checks: await checks(page), saysWhatIsNotProven: proven, said: await page.textContent("article") };
  }
});
console.log(JSON.stringify({ found, faults }));
