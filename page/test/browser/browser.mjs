// Debian's Chromium, driven by playwright-core; every run has a new, empty profile.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/** Runs `steps(page, context, profile)` on a page that notes what should not be: foreign requests, errors, policy reports. */
export async function browse(url, steps, options = {}) {
  const profile = mkdtempSync(join(tmpdir(), "diln-page-"));
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const viewport = { width: 1100, height: 900 };
  const context = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args: FLAGS, viewport, ...options });
  const faults = [];
  try {
    const page = await context.newPage();
    const own = new URL(url).origin;
    page.on("request", request => {
      if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== own) faults.push(`foreign request: ${request.url()}`);
    });
    page.on("console", message => { if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`); });
    page.on("pageerror", error => faults.push(`error: ${error.message}`));
    await steps(page, context, profile);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
  return faults;
}

/** What axe finds, in both colour schemes, and by how many pixels the page is too wide for a phone. */
export async function quality(page, name) {
  const found = [];
  for (const colorScheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    for (const each of violations) found.push(`${name}, ${colorScheme}: ${each.id}: ${each.nodes[0].html.slice(0, 120)} ${each.nodes[0].failureSummary}`);
  }
  const size = page.viewportSize();
  await page.setViewportSize({ width: 375, height: 740 });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (overflow > 0) {
    const widest = await page.$$eval("#app *", all => all.filter(each => each.getBoundingClientRect().right > innerWidth).at(-1)?.outerHTML.slice(0, 200));
    found.push(`${name}: ${overflow} pixels too wide at 375: ${widest}`);
  }
  await page.setViewportSize(size);
  return found;
}

/** The checks of the verdict that is shown, by name. */
export const checks = page =>
  page.$$eval("[data-check]", all => all.map(each => [each.dataset.check, each.dataset.outcome]));

/** What the page says of the last action, once it fits a pattern. */
export async function news(page, pattern, timeout = 60_000) {
  const told = () => page.textContent("#news");
  const fits = text => new RegExp(text).test(document.querySelector("#news").textContent);
  await page.waitForFunction(fits, pattern, { timeout }).catch(async () => { throw new Error(`no ${pattern}: ${await told()}`); });
  return told();
}

/** Press a button that the page offers, and wait until its transaction is mined. */
export async function pressed(page, button, purpose) {
  await page.waitForSelector(`button:has-text("${button}"):not(:disabled)`, { timeout: 60_000 })
    .catch(async () => { throw new Error(`no button ${button}: ${await page.innerText("#app")}`); });
  await page.click(`button:has-text("${button}")`);
  return news(page, `(?:${purpose}): (?!trying|confirm|sent)`);
}

/** Look at a part of the page as somebody whose key everybody knows. */
export async function opened(page, url, hash, who, ready) {
  await page.goto(`${url}#/${hash}`);
  await page.waitForSelector(`option[value="development:${who}"]`, { state: "attached" });
  await page.selectOption("#wallet", `development:${who}`);
  await page.waitForSelector(".wallet code");
  await page.waitForSelector(ready, { timeout: 60_000 }).catch(async () => { throw new Error(`no ${ready}: ${await page.innerText("#app")}`); });
}
