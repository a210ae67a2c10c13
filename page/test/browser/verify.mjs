// Each case's files are chosen on the page, and folders dropped, too: node verify.mjs URL CASES. Prints the checks by case,
// and faults.
import { readFileSync, statSync } from "node:fs";
import { browse, checks } from "./browser.mjs";

const [url, file] = process.argv.slice(2);
const cases = JSON.parse(readFileSync(file, "utf8"));
const found = {};
const faults = await browse(url, async page => {
  for (const [name, { files }] of Object.entries(cases)) {
    await page.goto("about:blank");
    await page.goto(url);
    await page.waitForSelector("h2#verify");
    const isFolder = statSync(files[0]).isDirectory();
    if (isFolder) await page.setInputFiles("input[webkitdirectory]", files[0]);
    else await page.setInputFiles("input[type=file]", files);
    await page.waitForSelector("article", { timeout: 30_000 });
    const proven = (await page.$$eval("article h4 + ul li", all => all.length)) > 0;
    found[name] = { checks: await checks(page), saysWhatIsNotProven: proven, said: await page.textContent("article") };
    if (isFolder) found[name].dropped = await dropped(page, files);
  }
});
/** The checks of files and folders that are dropped together, as from the desktop. */
async function dropped(page, files) {
  await page.reload();
  const box = await (await page.waitForSelector(".drop")).boundingBox();
  const client = await page.context().newCDPSession(page);
  const at = { x: box.x + box.width / 2, y: box.y + 10, data: { items: [], files, dragOperationsMask: 1 } };
  for (const type of ["dragEnter", "dragOver", "drop"]) await client.send("Input.dispatchDragEvent", { type, ...at });
  await page.waitForSelector("article", { timeout: 30_000 });
  return checks(page);
}

console.log(JSON.stringify({ found, faults }));
