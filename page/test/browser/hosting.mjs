// The page from other hosts and over a slow line: node hosting.mjs URL FOLDER_URL... Prints times and what was said.
import { browse } from "./browser.mjs";

const [url, ...others] = process.argv.slice(2);
const told = { hosts: {} };
const SLOW_4G = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 };

function watch() {
  window.blocked = 0;
  window.shifted = 0;
  window.reports = [];
  new PerformanceObserver(list => list.getEntries().forEach(each => { window.blocked += Math.max(0, each.duration - 50); })).observe({ type: "longtask", buffered: true });
  new PerformanceObserver(list => list.getEntries().forEach(each => { window.shifted += each.value; })).observe({ type: "layout-shift", buffered: true });
  addEventListener("securitypolicyviolation", event => window.reports.push(`${event.violatedDirective} ${event.blockedURI}`));
}

told.faults = await browse(url, async (page, context) => {
  await page.addInitScript(watch);
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", SLOW_4G);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await page.goto(url);
  await page.waitForSelector("h2#verify");
  told.usable = await page.evaluate(() => performance.now());
  await devtools.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 1 });
  await page.waitForTimeout(500);
  Object.assign(told, await page.evaluate(() => ({ blocked: window.blocked, shifted: window.shifted, reports: [...window.reports] })));
  told.inline = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
    return !!window.ran;
  });
  told.foreign = await page.evaluate(() => fetch("https://example.com").then(() => "went", () => "blocked"));
});

for (const other of others) {
  await browse(other, async page => {
    await page.goto(other);
    await page.waitForSelector("[role=alert]");
    told.hosts[other] = { alert: await page.textContent("[role=alert]"), form: await page.isVisible("#node") };
  });
}
console.log(JSON.stringify(told));
