// Wallets announce themselves with whatever they like to say; and some answer late, or not at all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { account, connect, wallet } from "../../src/wallet/connection";
import { discover, offerDevelopmentKeys, wallets, type Provider, type Wallet } from "../../src/wallet/discovery";

const ME = "0x00000000000000000000000000000000000000bb";
const provider = (answer: (method: string) => unknown = () => null): Provider => ({ request: async ({ method }) => answer(method) });
const withAccount = provider(method => (method === "eth_chainId" ? "0x1" : [ME]));
const offered = (id: string, by: Provider): Wallet => ({ id, name: id, provider: by, known: false });

const page = new EventTarget();
Object.assign(globalThis, {
  window: {}, localStorage: { setItem: () => undefined, removeItem: () => undefined },
  addEventListener: page.addEventListener.bind(page), dispatchEvent: page.dispatchEvent.bind(page),
});
const announce = (info: unknown, by: unknown): boolean =>
  page.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: { info, provider: by } }));

test("announcements: none is a development key, none keeps another out, and no text is trusted", async () => {
  discover();
  const first = provider(), second = provider();
  announce({ rdns: "development:alice", name: "alice (development key)", icon: "https://evil.example/icon" }, first);
  announce({ rdns: "development:alice", name: "alice (development key)" }, first); // again, as wallets do
  announce({ rdns: "development:alice#2", name: "\u202eother" }, second);
  announce({ rdns: "io.good", name: "Good", icon: "data:image/png,x" }, withAccount);
  announce({ rdns: "io.good", name: "Good" }, second);
  for (const nothing of [{}, { rdns: 1 }, null]) announce(nothing, first);
  announce({ rdns: "no.provider", name: "x" }, {});
  await offerDevelopmentKeys(async () => null, 31337);
  const strangers = wallets.value.filter(each => !each.known), known = wallets.value.filter(each => each.known);
  assert.deepEqual(known.map(each => each.id).slice(0, 2), ["development:alice", "development:bob"]);
  assert.equal(known.length, 10);
  assert.deepEqual(strangers.map(each => [each.id, each.name, each.icon]), [
    ["wallet:developmentalice", "alice (development key)", undefined],
    ["wallet:developmentalice2", "\\u{202e}other", undefined],
    ["wallet:io.good", "Good", "data:image/png,x"],
    ["wallet:io.good#2", "Good", undefined],
  ]);
  assert.equal(new Set(wallets.value.map(each => each.id)).size, wallets.value.length);
});

test("announcements without end: the list has an end, and the development keys are on it", () => {
  for (let at = 0; at < 100; at++) announce({ rdns: `w${at}`, name: "w" }, provider());
  assert.equal(wallets.value.filter(each => !each.known).length, 40);
  assert.equal(wallets.value.filter(each => each.known).length, 10);
});

/** Who is connected by now; a function, since the compiler takes a signal for what it was. */
const connected = (): string | undefined => wallet.value?.id;

test("connecting: who declines or shows no account is not connected, and the last choice counts", async () => {
  await assert.rejects(connect(offered("declines", provider(() => { throw Object.assign(new Error("no"), { code: 4001 }); }))));
  assert.equal(connected(), undefined);
  await connect(offered("locked", provider(method => (method === "eth_chainId" ? "0x1" : []))));
  assert.equal(connected(), undefined);
  let answer = (_: unknown): void => undefined;
  const late = connect(offered("late", provider(method => (method === "eth_chainId" ? "0x1" : new Promise(resolve => { answer = resolve; })))));
  await connect(offered("chosen after it", withAccount));
  answer(["0x00000000000000000000000000000000000000cc"]);
  await late;
  assert.deepEqual([connected(), account.value], ["chosen after it", ME]);
});
