// Looks at every view: node views.mjs URL VIEWS SHOTS. Axe in both colour schemes, 375 pixels, the keyboard, and a
// screenshot of each. Prints what is wrong.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { browse, quality } from "./browser.mjs";

const [url, file, shots] = process.argv.slice(2);
const wrong = [];

const faults = await browse(url, async page => {
  await page.goto(url);
  for (const [name, { hash, ready, files }] of Object.entries(JSON.parse(readFileSync(file, "utf8")))) {
    await page.goto(`${url}#/${hash}`);
    await page.waitForSelector("h2");
    if (files) await page.setInputFiles("input[type=file]", files);
    await page.waitForSelector(ready, { timeout: 30_000 });
    wrong.push(...(await quality(page, name)), ...(await keyboard(page, name)));
    await page.evaluate(() => document.activeElement?.blur());
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(shots, `${name}-${colorScheme}.png`) });
    }
    await page.emulateMedia({ colorScheme: "light" });
  }
});
console.log(JSON.stringify([...wrong, ...faults]));

/** Everything that can be pressed is reached by Tab, and shows that it is. */
async function keyboard(page, name) {
  const pressable = "a[href], button:not(:disabled), select, textarea, input:not([hidden]), summary";
  const expected = await page.$$eval(pressable, all => all.filter(each => each.checkVisibility()).length);
  await page.evaluate(() => document.activeElement?.blur());
  const seen = new Set();
  const invisible = [];
  for (let step = 0; step < expected + 5; step++) {
    await page.keyboard.press("Tab");
    const { place, outlined } = await page.evaluate(selector => {
      const element = document.activeElement;
      const place = [...document.querySelectorAll(selector)].filter(each => each.checkVisibility()).indexOf(element);
      return { place, outlined: getComputedStyle(element).outlineStyle !== "none" };
    }, pressable);
    if (place >= 0) seen.add(place);
    if (place >= 0 && !outlined) invisible.push(place);
  }
  const missed = seen.size < expected ? [`${name}: ${expected - seen.size} of ${expected} controls are not reached by Tab`] : [];
  return invisible.length ? [...missed, `${name}: the focus is not visible on ${invisible.length}`] : missed;
}
