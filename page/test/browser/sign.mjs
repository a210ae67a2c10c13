// Two of three sign a manifest and publish it, then the project's owner marks, revokes, pauses and changes who signs:
// node sign.mjs URL FOLDER WORLD. signatures.json is saved in FOLDER, as `diln sign` reads it.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { browse, opened, pressed, quality } from "./browser.mjs";

const [url, folder, file] = process.argv.slice(2);
const { model, manifest, project, version, private: hidden } = JSON.parse(readFileSync(file, "utf8"));
const told = {}, wrong = [];
const ERIN = "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"; // who owns the project in the end
const beside = join(folder, "signatures.json");

async function dropped(page, who, files) {
  await page.goto("about:blank");
  await opened(page, url, "sign", who, ".drop");
  await page.setInputFiles("input[type=file]", files);
  await page.waitForSelector("article h3", { timeout: 60_000 }).catch(async () => { throw new Error(await page.innerText("#app")); });
  return page.textContent("article h3");
}

async function signed(page, who, files) {
  const before = await dropped(page, who, files);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Sign it")]);
  await download.saveAs(beside);
  return before;
}

/** What is said of files that are not to be signed. */
async function refused(page, files) {
  await page.goto("about:blank");
  await opened(page, url, "sign", "alice", ".drop");
  await page.setInputFiles("input[type=file]", files);
  await page.waitForFunction(() => /\.$/.test(document.querySelector(".drop ~ [role=status]").textContent), null, { timeout: 30_000 });
  return page.textContent(".drop ~ [role=status]");
}

/** A private model is known by its commitment, from drop to the project's page. */
async function signPrivate(page) {
  const kept = {}, { opening, sealed, another } = hidden, both = [hidden.model, hidden.manifest], all = [...both, opening, sealed];
  kept.unopened = await refused(page, both);
  kept.anothers = await refused(page, [...both, another]);
  const part = JSON.parse(readFileSync(opening, "utf8")), few = join(mkdtempSync(join(folder, "part-")), "opening.json");
  delete part.fields.parents;
  writeFileSync(few, JSON.stringify(part));
  kept.inPart = await refused(page, [...both, few]);
  const changed = join(mkdtempSync(join(folder, "changed-")), "model.age");
  writeFileSync(changed, "another");
  kept.unsealed = await refused(page, [...both, opening, changed]);
  kept.atFirst = await signed(page, "alice", all);
  kept.review = await page.textContent("article");
  kept.then = await signed(page, "bob", [...all, beside]);
  await dropped(page, "dave", [...all, beside]);
  await pressed(page, "Publish it", "Publishing");
  await page.waitForSelector("text=See the version");
  kept.published = await page.textContent("article");
  await opened(page, url, `registry/${project}/0x${hidden.commitment}`, "dave", "dt:has-text('Salted')");
  kept.version = await page.textContent("section");
  wrong.push(...(await quality(page, "version, private")));
  await opened(page, url, `registry/${project}`, "dave", "td:has-text('(private)')");
  kept.project = await page.textContent("tr:has-text('(private)')");
  return kept;
}

const faults = await browse(url, async page => {
  told.private = await signPrivate(page);
  told.atFirst = await signed(page, "alice", [model, manifest]);
  told.publishableByOne = await page.isEnabled("text=Publish it");
  wrong.push(...(await quality(page, "sign, signed by one")));
  told.then = await signed(page, "bob", [model, manifest, beside]);
  told.digests = await page.$$eval("article dt", all => all.map(each => each.textContent));
  told.inTheEnd = await dropped(page, "dave", [model, manifest, beside]); // the owner, who publishes
  told.published = await pressed(page, "Publish it", "Publishing");

  await opened(page, url, `registry/${project}/${version}`, "dave", "#govern");
  told.deprecated = await pressed(page, "Mark it deprecated", "Marking version \\d+ deprecated");
  await page.waitForSelector("b:has-text('deprecated')");
  await page.fill("#reason", "its labels were wrong");
  told.revokedUntyped = await page.isEnabled("text=/^Revoke it$/");
  await page.fill("#typed", (await page.textContent("label[for=typed]")).match(/“(.*)”/)[1]);
  wrong.push(...(await quality(page, "version, its owner's")));
  told.revoked = await pressed(page, "Revoke it", "Revoking version \\d+");
  await page.waitForSelector("text=A revoked version stays so for good");

  await opened(page, url, `registry/${project}`, "dave", "#govern");
  told.paused = await pressed(page, "Pause it", "Pausing");
  told.goesOn = await pressed(page, "Resume it", "Going on");
  await page.fill("#member", ERIN);
  await page.fill("#threshold", "3");
  told.added = await pressed(page, "Let them sign", "Changing who signs for \\w+");
  await page.fill("#member", ERIN);
  told.publisher = await pressed(page, "Let them publish", "Changing who publishes \\w+");
  await page.click("summary:has-text('Who may sign')");
  const twice = who => [...document.querySelectorAll("details dd code")].filter(each => each.textContent.includes(who)).length === 2;
  await page.waitForFunction(twice, ERIN); // she may sign, and publish
  told.members = await page.$$eval("details dd code", all => all.length);
  await page.fill("#owner", ERIN);
  told.handedUntyped = await page.isEnabled("text=Offer it to them");
  await page.fill("#handover", (await page.textContent("label[for=handover]")).match(/“(.*)”/)[1]);
  wrong.push(...(await quality(page, "project, its owner's")));
  await opened(page, url, `registry/${project}`, "erin", "td a");
  told.strangerGoverns = await page.isVisible("#govern");
  await opened(page, url, `registry/${project}`, "dave", "#owner");
  await page.fill("#owner", ERIN);
  await page.fill("#handover", (await page.textContent("label[for=handover]")).match(/“(.*)”/)[1]);
  told.offered = await pressed(page, "Offer it to them", "Offering \\w+");
  await page.waitForSelector("text=Take the offer back");
  await opened(page, url, `registry/${project}`, "erin", "#govern");
  wrong.push(...(await quality(page, "project, offered")));
  told.accepted = await pressed(page, "Accept it", "Accepting \\w+");
  await page.waitForSelector("h3:has-text('You own this project')");
});
console.log(JSON.stringify({ told, wrong: [...wrong, ...faults] }));
