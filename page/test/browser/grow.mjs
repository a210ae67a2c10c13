// A newcomer on a development chain: predicts by keyboard, adds data as carol, asks back too early, lets time pass,
// asks back, withdraws. node grow.mjs URL MODEL SHOTS
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { browse, news, quality } from "./browser.mjs";

const [url, model, shots] = process.argv.slice(2);
const told = {};
const wrong = [];
const faults = await browse(url, async page => {
  await page.goto(`${url}#/models/${model}`);
  await page.waitForSelector("h2#model");
  await page.focus("#sample");
  await page.keyboard.type("river forest mountain");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#said strong");
  told.predicted = await page.textContent("#said strong");
  told.addedWithoutWallet = await page.isDisabled("text=/Add it/");

  await page.selectOption("#wallet", "development:carol");
  await page.waitForSelector("text=Let 8 days pass");
  await page.fill("#sample", "street tram tower");
  await page.selectOption("#label", { label: "city" });
  await page.fill("#most", "0.000000001");
  await page.click("text=/Add it/");
  told.aboveMaximum = await news(page, "Adding: The");
  await page.fill("#most", "");
  await page.click("text=/Add it/");
  told.added = await news(page, "Adding: (?!trying|confirm|sent)");
  await page.waitForSelector("text=/This can be done from/");
  wrong.push(...(await quality(page, "model with a wallet")));
  await page.screenshot({ path: join(shots, "model-light.png"), fullPage: true });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot({ path: join(shots, "model-dark.png"), fullPage: true });
  await page.emulateMedia({ colorScheme: "light" });

  await page.click("text=/Add it/");
  told.addedAgain = await news(page, "Adding: This");
  for (const sample of ["street tram", "tram tower"]) {
    await page.fill("#sample", sample);
    do await page.click("text=/Add it/");
    while (/Press again/.test(await news(page, "Adding: (?!trying|confirm|sent)")));
    await news(page, "Adding: done");
  }
  told.right = await page.textContent("p:has-text('On its published test set')");
  await page.waitForFunction(() => document.querySelectorAll("figure tbody tr").length === 4, null, { timeout: 60_000 }); // the model's and three samples' blocks
  await page.click("summary:has-text('The numbers')");
  const [numbers] = await Promise.all([page.waitForEvent("download"), page.click("text=Save as CSV")]);
  told.csv = readFileSync(await numbers.path(), "utf8");
  told.table = await page.$$eval("figure tbody tr", all => all.length);
  await page.click("text=Let 8 days pass");
  await page.click("button:has-text('Ask back 1')");
  told.askedBack = await news(page, "Ask back .*: (?!trying|confirm|sent)");
  await page.click("text=Claim all 2 that are due");
  told.allDue = await news(page, "Ask back 2: (?!trying|confirm|sent)");
  await page.waitForSelector("button:has-text('Withdraw'):not(:disabled)", { timeout: 20_000 });
  await page.click("button:has-text('Withdraw')");
  told.withdrawn = await news(page, "Withdrawing: (?!trying|confirm|sent)");

  await page.fill("#sample", "meadow deer river");
  await page.selectOption("#label", { label: "nature" });
  await page.click("summary:has-text('Hide a sample')");
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Store and save its secret")]);
  told.secret = download.suggestedFilename();
  await page.click("button:has-text('Commit to')");
  told.committed = await news(page, "Committing: (?!trying|confirm|sent)");
  await page.click("text=Let 1 h pass");
  await page.reload();
  await page.waitForSelector("button:has-text('Reveal')", { timeout: 20_000 });
  await page.click("button:has-text('Reveal')");
  told.revealed = await news(page, "Revealing: (?!trying|confirm|sent)");
});
console.log(JSON.stringify({ told, wrong: [...wrong, ...faults] }));
