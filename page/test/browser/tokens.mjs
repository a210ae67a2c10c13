// What carol does where money is in tokens: node tokens.mjs URL STEP WORLD.
import { readFileSync } from "node:fs";
import { browse, news, opened, pressed, quality } from "./browser.mjs";

const [url, step, file] = process.argv.slice(2);
const world = JSON.parse(readFileSync(file, "utf8"));
const told = {}, wrong = [];

async function secret(page) {
  await page.click("summary:has-text('Commit to it'), summary:has-text('Your entry')");
  await Promise.all([page.waitForEvent("download"), page.click("text=Store and save its secret")]);
  return pressed(page, "Commit to", "Committing|Entering");
}

const details = page => page.waitForSelector("#token b", { timeout: 60_000 }).then(() => page.textContent("#token"));

/** Press a button whose first transaction is mined while the second one finds nobody to take it. */
async function interrupted(page, button) {
  let sent = 0;
  const cut = route => ((route.request().postData() ?? "").includes("eth_sendRawTransaction") && ++sent === 2 ? route.abort() : route.continue());
  await page.route("**/rpc", cut);
  const said = await pressed(page, button, "Adding");
  await page.unroute("**/rpc", cut);
  await page.goto("about:blank");
  return said;
}

async function sample(page, name) {
  await opened(page, url, `models/${world[name]}`, "carol", "#sample");
  await page.fill("#sample", "street tram tower");
  await page.selectOption("#label", { label: "city" });
  return page.waitForSelector("text=/Add it, with a deposit of (\\d{2,}|[1-9]|0\\.)/").catch(async () => { throw new Error(await page.innerText("#app")); });
}

async function add(page, expected) {
  await page.click("button:has-text('Add it, with a deposit of')");
  return news(page, `Adding: ${expected}`);
}

const STEPS = {
  async pay(page) {
    await sample(page, "model");
    told.token = await details(page);
    wrong.push(...(await quality(page, "a model in a token")));
    told.interrupted = await interrupted(page, "Add it, with a deposit of");
    await sample(page, "model");
    await page.waitForSelector("button:has-text('Take the approval back')");
    told.added = await add(page, "done");

    await opened(page, url, `markets/${world.market}`, "carol", "#samples");
    await page.fill("#samples", "street tram\ntower market");
    await page.selectOption("#label", { label: "city" });
    told.contributed = await pressed(page, "Contribute, with a stake of", "Contributing");
    wrong.push(...(await quality(page, "a market in a token")));

    await opened(page, url, `federations/${world.federation}`, "carol", ".timeline");
    told.joined = await pressed(page, "Join, with a deposit of", "Joining");

    await opened(page, url, `tournaments/${world.tournament}`, "carol", "#stake");
    await page.setInputFiles(".drop input[type=file]", world.predictions);
    await page.waitForSelector("#ranks:has-text('became ranks')", { timeout: 60_000 });
    told.entered = await secret(page);

    await opened(page, url, `competitions/${world.competition}`, "carol", ".drop");
    await page.setInputFiles(".drop input[type=file]", world.encoded);
    await page.waitForSelector("#score:has-text('training samples')", { timeout: 60_000 });
    told.submitted = await secret(page);
    wrong.push(...(await quality(page, "a competition in a token")));
  },
  async suffer(page) {
    await sample(page, "hostile");
    told.hostile = await details(page);
    wrong.push(...(await quality(page, "a hostile token")));
    told.lied = await add(page, "You");
    await sample(page, "keeper");
    told.kept = await add(page, "The token");
    told.again = await add(page, "done");
    await page.goto(`${url}#/models/${world.game}`);
    await page.waitForSelector("td[data-label=Points]");
    told.points = [await page.textContent("td[data-label=Points]"), await page.textContent("td[data-label=Level]")];
    wrong.push(...(await quality(page, "a model with points")));
  },
  async challenge(page) {
    await withheld(page, "carol");
    told.challenged = [await pressed(page, "Challenge group", "Challenging")];
    await page.waitForSelector("td[data-label=Group]");
    told.challenged.push(await pressed(page, "Challenge group", "Challenging"));
    await page.waitForFunction(() => document.querySelectorAll("td[data-label=Group]").length === 2);
    wrong.push(...(await quality(page, "training data withheld")));
  },
  async answer(page) {
    await withheld(page, "erin");
    told.answered = await pressed(page, "on the chain", "Answering");
  },
  async end(page) {
    await withheld(page, "erin");
    told.ended = await pressed(page, "was withheld", "Ending");
    await opened(page, url, `competitions/${world.withheld}`, "carol", "#judge");
    told.credited = await pressed(page, "Withdraw ", "Withdrawing");
  },
};

async function withheld(page, who) {
  await page.goto("about:blank");
  await opened(page, url, `competitions/${world.withheld}`, who, "summary:has-text('Training data')");
  await page.click("summary:has-text('Training data')");
}

const faults = await browse(url, page => STEPS[step](page));
const expected = fault => step === "pay" && /ERR_FAILED/.test(fault);
console.log(JSON.stringify({ told, wrong: [...wrong, ...faults.filter(each => !expected(each))] }));
