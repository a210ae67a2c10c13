import { effect, useSignal } from "@preact/signals";
import { render, type ComponentType } from "preact";
import { useEffect, useErrorBoundary } from "preact/hooks";
import "./style.css";
import { ask, base, config, development, fault, head, look, poll, reach, start } from "./chain/site";
import { overHttp } from "./chain/request";
import { sentence } from "./chain/sentence";
import { lasting, short } from "./chain/words";
import { hexOf } from "./chain/read";
import { Hash } from "./parts/parts";
import { route } from "./parts/router";
import { VIEWS } from "./views";
import { account, connect, reconnect, switchChain, wallet, wrongChain } from "./wallet/connection";
import { discover, offerDevelopmentKeys, wallets } from "./wallet/discovery";
import { news, pending, resume } from "./wallet/transactions";

const LOCAL = /^(127\.0\.0\.1|localhost|\[::1\])$/;

function Wallets() {
  const choose = async (select: HTMLSelectElement): Promise<void> => {
    const chosen = wallets.value.find(each => each.id === select.value) ?? null;
    try {
      await connect(chosen);
      if (chosen && !wallet.value) news.value = `${chosen.name} shows no account: unlock it, then choose it again.`;
      else if (!pending.value.length) news.value = "";
    } catch (error) {
      news.value = `Connecting: ${sentence(error)}`;
    }
    select.value = wallet.value?.id ?? ""; // not the one that was declined: it can be chosen again
  };
  const listed = (known: boolean, label: string) => {
    const found = wallets.value.filter(each => each.known === known);
    return found.length > 0 && <optgroup label={label}>{found.map(each => <option key={each.id} value={each.id}>{each.name}</option>)}</optgroup>;
  };
  return (
    <div class="wallet">
      <label for="wallet">Wallet</label>
      {wallet.value?.icon && <img src={wallet.value.icon} alt="" width="24" height="24" />}
      <select id="wallet" value={wallet.value?.id ?? ""} onChange={event => choose(event.currentTarget)}>
        <option value="">none, look only</option>
        {listed(false, "Wallets, by what they call themselves")}
        {listed(true, "Development keys, which everybody knows")}
      </select>
      {account.value && <Hash value={account.value} own={short(account.value)} />}
      {wrongChain.value && <button onClick={() => switchChain().catch(error => { news.value = sentence(error); })}>Switch to {config.value!.network}</button>}
    </div>
  );
}

/** A node by its URL, where the page was not served by one. */
function Reach() {
  const url = useSignal("");
  const go = (event: Event): void => {
    event.preventDefault();
    reach(overHttp(url.value), new URL(url.value).host, url.value).catch(error => { fault.value = sentence(error); });
  };
  const byWallet = (): void => {
    const provider = wallet.value!.provider;
    reach((method, params = []) => provider.request({ method, params }), wallet.value!.name).catch(error => { fault.value = sentence(error); });
  };
  return (
    <form class="row" onSubmit={go}>
      <label for="node">A node's URL</label>
      <input id="node" type="url" required value={url} onInput={event => { url.value = event.currentTarget.value; }} />
      <button>Look there</button>
      {wallet.value && <button type="button" onClick={byWallet}>Look at my wallet's chain</button>}
    </form>
  );
}

/** What only development chains allow. */
function Development() {
  const pass = async (hours: number): Promise<void> => {
    try {
      await ask("evm_increaseTime", [hexOf(hours * 3600)]);
      await ask("evm_mine");
      await look();
      news.value = `${lasting(hours * 3600)} passed on this chain.`;
    } catch (error) {
      news.value = sentence(error);
    }
  };
  return (
    <aside class="banner" aria-label="Development chain">
      <p>This is a development chain: everybody knows the keys of alice to judy, and its money is worth nothing.</p>
      <div class="row">{[1, 25, 24 * 8].map(hours => <button key={hours} onClick={() => pass(hours)}>Let {lasting(hours * 3600)} pass</button>)}</div>
    </aside>
  );
}

/** A view's code is loaded when it is opened. */
function View({ name, rest }: { name: string; rest: string[] }) {
  const loaded = useSignal<ComponentType<{ rest: string[] }> | null>(null), problem = useSignal("");
  const [broken] = useErrorBoundary(); // by what a stranger wrote
  useEffect(() => {
    loaded.value = null;
    VIEWS.find(each => each.name === name)!.load().then(
      module => { loaded.value = module.default; },
      error => { problem.value = `This part of the page cannot be loaded: ${sentence(error)}`; });
  }, [name]);
  if (broken) return <p role="alert" class="bad">What stands here cannot be shown: {sentence(broken)}</p>;
  if (problem.value) return <p role="alert" class="bad">{problem.value}</p>;
  const Shown = loaded.value;
  return Shown ? <Shown rest={rest} /> : <p role="status">Loading…</p>;
}

function App() {
  const [first = VIEWS[0]!.name, ...rest] = route.value;
  const view = VIEWS.find(each => each.name === first) ?? VIEWS[0]!;
  return (
    <>
      <a class="skip" href="#main" onClick={event => { event.preventDefault(); document.querySelector<HTMLElement>("main")!.focus(); }}>Skip to content</a>
      <header>
        <h1><a href="#/">DILN</a></h1>
        <nav aria-label="Main">
          {VIEWS.map(({ name, title }) => <a key={name} href={`#/${name}`} aria-current={view.name === name ? "page" : undefined}>{title}</a>)}
        </nav>
        <Wallets />
      </header>
      {fault.value && <p role="alert" class="bad">{fault.value}</p>}
      {!config.value && fault.value && <Reach />}
      {development.value && LOCAL.test(location.hostname) && wallet.value?.known && <Development />}
      <p id="news" role="status" aria-live="polite">{news.value}</p>
      <main id="main" tabIndex={-1}>
        {config.value ? <View key={route.value.join("/")} name={view.name} rest={rest} /> : !fault.value && <p role="status">Reaching the chain…</p>}
      </main>
      <footer>
        {config.value && <p>Chain <b>{config.value.network}</b> ({config.value.chainId}), block <b id="block">{head.value.block}</b>.</p>}
        <Release />
        <p>No request leaves this page but to its own host{elsewhere() && ", the node that you gave"} and your wallet.</p>
      </footer>
    </>
  );
}

/** Whether the chain is reached by a URL that was given. */
const elsewhere = (): boolean => !!config.value?.rpc && new URL(config.value.rpc).origin !== location.origin;

/** Which page this is, so that it can be checked: its CID by the address that it came from, or by whoever serves it. */
function Release() {
  const version = useSignal("");
  useEffect(() => {
    fetch(new URL("page.json", base())).then(found => found.json()).then(found => { version.value = String(found.version); }, () => undefined);
  }, []);
  const cid = /\/ipfs\/(\w+)\//.exec(location.pathname)?.[1] ?? /^(\w+)\.ipfs\./.exec(location.host)?.[1] ?? config.value?.page;
  if (!version.value) return null;
  return <p>Page of diln {version}. {cid ? <><code>diln page --check {cid}</code> compares</> : <>Anyone who has its CID compares</>} it with what was published.</p>;
}

discover();
render(<App />, document.getElementById("app")!);
await start();
if (development.value && LOCAL.test(location.hostname)) void offerDevelopmentKeys(ask, config.value!.chainId);
const begun = effect(() => {
  if (!config.value) return; // until a node is given
  queueMicrotask(() => {
    begun();
    resume();
    poll();
  });
});
reconnect();
