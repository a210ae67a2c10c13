// What a wallet does in every other system, step by step, while an organizer acts between the steps:
// node systems.mjs URL STEP FOLDER WORLD. Secrets are saved in FOLDER by the first step, and taken from there later.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { browse, news, opened, pressed, quality } from "./browser.mjs";

const [url, step, folder, file] = process.argv.slice(2);
const world = JSON.parse(readFileSync(file, "utf8"));
const told = {}, wrong = [];

/** Store a secret; its file is kept under a name that tells what it is of. */
async function stored(page, name) {
  await page.click("summary");
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Store and save its secret")]);
  await download.saveAs(join(folder, `${name}.json`));
  return pressed(page, "Commit to", "Committing|Entering");
}

/** Take a secret from its file, as in another browser. */
async function restored(page, name) {
  await page.click("summary");
  await page.setInputFiles("details input[type=file]", join(folder, `${name}.json`));
  await news(page, "The secret is here again");
}

async function ask(method, params = []) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  return (await (await fetch(`${url}rpc`, { method: "POST", headers: { "content-type": "application/json" }, body })).json()).result;
}

/** The chain's time. */
const pending = async () => Number((await ask("eth_getBlockByNumber", ["pending", false])).timestamp);

const STEPS = {
  async enter(page) {
    await opened(page, url, `federations/${world.federation}`, "carol", ".timeline");
    told.joined = await pressed(page, "Join, with a deposit of", "Joining");
    told.begun = await pressed(page, "Begin", "Beginning");
    await page.waitForSelector("text=/Round 1|Round 0/");
    wrong.push(...(await quality(page, "federation, in it")));

    await opened(page, url, `markets/${world.market}`, "carol", "#samples");
    await page.fill("#samples", "street tram\ntower market");
    await page.selectOption("#label", { label: "city" });
    told.contributed = await pressed(page, "Contribute, with a stake of", "Contributing");
    await page.waitForSelector("td[data-label=State]:has-text('open')");
    await page.fill("#samples", "river forest");
    await page.selectOption("#label", { label: "nature" });
    told.sealed = await stored(page, "market");
    await page.waitForSelector("td[data-label=State]:has-text('sealed')");
    wrong.push(...(await quality(page, "market, in it")));

    await opened(page, url, `tournaments/${world.tournament}`, "carol", "#stake");
    await page.setInputFiles(".drop input[type=file]", world.predictions);
    await page.waitForSelector("#ranks:has-text('became ranks')", { timeout: 60_000 }).catch(async () => { throw new Error(await page.textContent("#ranks")); });
    told.entered = await stored(page, "tournament");
    wrong.push(...(await quality(page, "tournament, in it")));

    await opened(page, url, `competitions/${world.competition}`, "carol", ".drop");
    await page.setInputFiles(".drop input[type=file]", world.encoded);
    await page.waitForSelector("#score:has-text('training samples')", { timeout: 60_000 }).catch(async () => { throw new Error(await page.textContent("#score")); });
    told.score = await page.textContent("#score");
    told.submitted = await stored(page, "competition");
    const [calendar] = await Promise.all([page.waitForEvent("download"), page.click("text=Save the deadlines")]);
    await calendar.saveAs(join(folder, "deadlines.ics"));
    wrong.push(...(await quality(page, "competition, in it")));
  },
  async score(page) {
    await opened(page, url, `tournaments/${world.tournament}/0`, "carol", "#round");
    await restored(page, "tournament");
    told.scored = await pressed(page, "Score", "Scoring");
    told.withdrawn = await pressed(page, "Withdraw", "Withdrawing");
  },
  async reveal(page) {
    await opened(page, url, `competitions/${world.competition}`, "carol", "#enter");
    await restored(page, "competition");
    told.revealed = await pressed(page, "Reveal", "Revealing");
    await opened(page, url, `markets/${world.market}`, "carol", "#samples");
    await restored(page, "market");
    told.opened = await pressed(page, "Open ", "Opening");
    await opened(page, url, `competitions/${world.competition}`, "carol", "[aria-current=step] time");
    const ends = Date.parse(await page.getAttribute("[aria-current=step] time", "datetime")) / 1000;
    await ask("evm_increaseTime", [ends - 50 - (await pending())]);
    await page.reload();
    await page.waitForSelector("[aria-current=step] time");
    const [shown, chain] = await Promise.all([page.textContent("[aria-current=step] time"), pending()]);
    told.countdown = [Number(/in (\d+) s/.exec(shown)?.[1]), ends - chain];
  },
  async refute(page) {
    await opened(page, url, `competitions/${world.optimistic}`, "carol", "#judge");
    told.claimed = await pressed(page, "Claim the score of submission 1", "Claiming");
    await opened(page, url, `competitions/${world.optimistic}`, "erin", "#judge");
    await page.click("text=Check the claim of submission 1");
    await page.waitForSelector("text=The claim holds.", { timeout: 60_000 });
    await page.click("text=Check the claim of submission 0");
    told.refuted = await pressed(page, "Refute it", "Refuting");
    told.rewarded = await pressed(page, "Take your reward", "Taking");
    wrong.push(...(await quality(page, "competition, a claim refuted")));
  },
  async judge(page) {
    await opened(page, url, `competitions/${world.competition}`, "dave", "#judge");
    for (let left = world.evaluations; left; left--) told.evaluated = await pressed(page, "Evaluate submission 1", "Evaluating");
    await opened(page, url, `markets/${world.market}`, "dave", "#samples");
    told.measured = await pressed(page, "Measure on", "Measuring");
    while (!(await page.$("button:has-text('Credit everybody')"))) {
      await page.click("button:has-text('Measure on')", { timeout: 1000 }).catch(() => undefined); // it was the last time
    }
    told.credited = await pressed(page, "Credit everybody", "Paying");
    await page.waitForSelector("p:has-text('It is settled')").catch(async () => { throw new Error(await page.innerText("#app")); });
    wrong.push(...(await quality(page, "market, settled")));
    await opened(page, url, `markets/${world.market}`, "carol", "#samples");
    told.paid = await pressed(page, "Withdraw", "Withdrawing");
  },
  async finish(page) {
    await opened(page, url, `competitions/${world.competition}`, "dave", "#judge");
    told.finalized = await pressed(page, "Finalize it", "Finalizing");
    told.kept = await pressed(page, "Keep the model", "Keeping");
    await page.waitForSelector("button:has-text('Keep the model')", { state: "detached" }); // it is kept
    await opened(page, url, `competitions/${world.competition}`, "carol", "table");
    told.won = await pressed(page, "Withdraw", "Withdrawing submission \\d+");
  },
};

const faults = await browse(url, page => STEPS[step](page));
console.log(JSON.stringify({ told, wrong: [...wrong, ...faults] }));

