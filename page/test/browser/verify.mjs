// Each case's files are chosen on the page, and folders dropped, too: node verify.mjs URL CASES OPENING…. Prints the checks
// by case, what is said of openings that are of no use, and faults.
import { readFileSync, statSync } from "node:fs";
import { browse, checks } from "./browser.mjs";

const [url, file, withoutDigest, empty] = process.argv.slice(2);
const cases = JSON.parse(readFileSync(file, "utf8"));
const found = {}, refused = {};
const faults = await browse(url, async page => {
  for (const [name, { files, project }] of Object.entries(cases)) {
    await page.goto("about:blank");
    await page.goto(url);
    await page.waitForSelector("h2#verify");
    if (project) {
      await page.click("summary:has-text('Only of a project')");
      await page.fill("#project", project);
    }
    const isFolder = statSync(files[0]).isDirectory();
    if (isFolder) await page.setInputFiles("input[webkitdirectory]", files[0]);
    else await page.setInputFiles("input[type=file]", files);
    await page.waitForSelector("article", { timeout: 30_000 });
    const proven = (await page.$$eval("article h4 + ul li", all => all.length)) > 0;
    found[name] = { checks: await checks(page), saysWhatIsNotProven: proven, said: await page.textContent("article") };
    if (isFolder) found[name].dropped = await dropped(page, files);
  }
  const { proof, unknown, folder } = Object.fromEntries(Object.entries(cases).map(([name, { files }]) => [name, files[0]]));
  refused.together = await refusal(page, [unknown, proof]);
  refused.besides = await refusal(page, [folder, unknown]);
  refused.unfound = await refusal(page, [unknown, withoutDigest]);
  refused.noOpening = await refusal(page, [unknown, empty]);
  await page.goto("about:blank");
  await page.goto(`${url}#/registry/%E0%A4%A`); // no text
  await page.waitForSelector("h2#verify");
});
/** What is said of files that are not one thing. */
async function refusal(page, files) {
  await drop(page, files);
  await page.waitForFunction(() => /drop|disclose/i.test(document.querySelector(".drop ~ [role=status]").textContent), null, { timeout: 30_000 });
  return page.textContent(".drop ~ [role=status]");
}

/** The checks of files and folders that are dropped together, as from the desktop. */
async function dropped(page, files) {
  await drop(page, files);
  await page.waitForSelector("article", { timeout: 30_000 });
  return checks(page);
}

async function drop(page, files) {
  await page.reload();
  const box = await (await page.waitForSelector(".drop")).boundingBox();
  const client = await page.context().newCDPSession(page);
  const at = { x: box.x + box.width / 2, y: box.y + 10, data: { items: [], files, dragOperationsMask: 1 } };
  for (const type of ["dragEnter", "dragOver", "drop"]) await client.send("Input.dispatchDragEvent", { type, ...at });
}

console.log(JSON.stringify({ found, refused, faults }));
