// Models in contracts that learn from anyone: predict for free, add data with a deposit, ask it back.
import { useSignal } from "@preact/signals";
import type { Address } from "viem";
import { useEffect } from "preact/hooks";
import { listed, MODEL, sampleOf } from "../../chain/online";
import { read } from "../../chain/read";
import { sentence } from "../../chain/sentence";
import { ask, head } from "../../chain/site";
import { coins, parsed } from "../../chain/token";
import { lasting, shown } from "../../chain/words";
import { takesText } from "../../encode/encoders";
import { Balance } from "../../parts/balance";
import { Chart } from "../../parts/chart";
import { Hash, Hint, Loaded } from "../../parts/parts";
import { Token } from "../../parts/token";
import { account, ready } from "../../wallet/connection";
import { mined, news, paying, send } from "../../wallet/transactions";
import { Contributions } from "./contributions";
import { Hidden } from "./hidden";
import { abi, accuracy, balanceOf, contributions, isGame, levelOf, open, people, type Contribution, type Model } from "../../chain/shared";

/** #/models, #/models/<address> */
export default function Models({ rest: [address] }: { rest: string[] }) {
  return address ? <Open key={address} address={address as Address} /> : <List />;
}

function List() {
  return (
    <section aria-labelledby="models">
      <h2 id="models">Models that learn from anyone</h2>
      <Loaded what="the models" read={() => listed(MODEL, abi)} again={[mined.value]}>
        {found => found.length ? (
          <table>
            <caption class="sr">Shared models</caption>
            <thead><tr><th>Name</th><th>Kind</th><th>Created by</th></tr></thead>
            <tbody>{found.toReversed().map(each => (
              <tr key={each.address}>
                <td data-label="Name"><a href={`#/models/${each.address}`}>{shown(each.name, 80) || each.address}</a></td>
                <td data-label="Kind">{each.implementation}</td>
                <td data-label="Created by"><Hash value={each.creator} /></td>
              </tr>
            ))}</tbody>
          </table>
        ) : <p>There is none yet: <code>diln sum create</code> makes one.</p>}
      </Loaded>
    </section>
  );
}

async function opened(address: Address): Promise<{ model: Model; all: Contribution[] }> {
  const model = await open(address);
  return { model, all: await contributions(model) };
}

function Open({ address }: { address: Address }) {
  return (
    <Loaded what="the model" read={() => opened(address)} again={[address, mined.value, head.value.block]}>
      {({ model, all }) => (
        <section aria-labelledby="model">
          <h2 id="model">{shown(model.name, 80)}</h2>
          <p>It tells <b>{model.labels.map(each => shown(each, 40)).join(" from ")}</b>. Created by <Hash value={model.creator} />.</p>
          <Sample model={model} />
          <Token currency={model.currency} spender={address} />
          <Hidden model={model} />
          <Contributions model={model} all={all} />
          <Balance address={address} abi={abi} currency={model.currency} look={(_, at) => balanceOf(at, account.value!)} />
          <Leaderboard model={model} all={all} />
          <Accuracy model={model} all={all} />
        </section>
      )}
    </Loaded>
  );
}

const priceOf = ({ address }: Model): Promise<bigint> => read<bigint>(ask, abi, address, "price", [1n]);

/** The price of one more sample; it falls by the second. */
function usePrice(model: Model) {
  const price = useSignal(0n);
  useEffect(() => {
    const look = (): void => { priceOf(model).then(value => { price.value = value; }, () => undefined); };
    look();
    const timer = setInterval(() => document.hidden || look(), 1000);
    return () => clearInterval(timer);
  }, [model.address, mined.value]);
  return price;
}

function Sample({ model }: { model: Model }) {
  const text = useSignal(""), label = useSignal(0), said = useSignal(""), most = useSignal("");
  const price = usePrice(model);
  async function predict(): Promise<void> {
    try {
      const found = await read<bigint>(ask, abi, model.address, "predict", [sampleOf(model, text.value)]);
      said.value = model.labels[Number(found)] ?? `label ${found}`;
      news.value = "";
    } catch (error) {
      said.value = "";
      news.value = sentence(error);
    }
  }
  async function add(): Promise<void> {
    news.value = "Adding: trying it…";
    try {
      const x = sampleOf(model, text.value), told = price.value;
      const value = price.value = await priceOf(model);
      if (!most.value && value > told) throw new Error("Somebody has added before you, so the price rose. Press again if you will pay what the button says now.");
      const maximum = most.value ? parsed(most.value, model.currency) : value;
      const again = (await contributions(model)).some(each => !each.outcome && each.x === x);
      if (again) throw new Error("This sample is open already: adding it again would teach the model nothing new.");
      await send({ purpose: "Adding", to: model.address, abi, functionName: "add", args: [x, BigInt(label.value), maximum], ...paying(model.currency, value, () => balanceOf(model.address, account.value!)) });
    } catch (error) {
      news.value = `Adding: ${sentence(error)}`;
    }
  }
  const what = takesText(model.encoder) ? "A text" : `Numbers, with commas between them: ${model.encoder.names.map(each => shown(each, 40)).join(", ")}`;
  return (
    <>
      <label for="sample">{what}</label>
      <textarea id="sample" rows={2} value={text} onInput={event => { text.value = event.currentTarget.value; said.value = ""; }} />
      <div class="row">
        <button onClick={predict}>Predict, for free</button>
        <span role="status" aria-live="polite" id="said">{said.value && <>The model says <strong>{shown(said.value, 40)}</strong>.</>}</span>
      </div>
      <div class="row">
        <label for="label">It is</label>
        <select id="label" value={label} onChange={event => { label.value = Number(event.currentTarget.value); }}>
          {model.labels.map((each, at) => <option key={each} value={at}>{shown(each, 40)}</option>)}
        </select>
        <label for="most">At most, in {model.currency.symbol}</label>
        <input id="most" type="number" min="0" step="any" placeholder="the price now" value={most} onInput={event => { most.value = event.currentTarget.value; }} />
        <button disabled={!ready.value} onClick={add}>Add it, with a deposit of {coins(price.value, model.currency)}</button>
      </div>
      <p>A deposit comes back where the model agrees with the label in the end: from {lasting(model.refundWait)} on, later the less sure it was at first. If it disagrees then, others may take it.</p>
      <Hint what="Adding data" />
    </>
  );
}

function Leaderboard({ model, all }: { model: Model; all: Contribution[] }) {
  return (
    <Loaded what="who helped" read={() => people(model, all)} again={[model.address, all.length, mined.value]}>
      {found => found.length > 0 && (
        <table>
          <caption>Who helped: {isGame(model) ? "most points first, given for what the model had not known" : "most refunded samples first"}</caption>
          <thead><tr><th>Who</th>{isGame(model) && <><th>Points</th><th>Level, a badge each</th></>}<th>Added</th><th>Refunded</th><th>Deposited</th><th>Got back</th><th>Took from others</th></tr></thead>
          <tbody>{found.map(each => (
            <tr key={each.who}>
              <td data-label="Who"><Hash value={each.who} /></td>
              {isGame(model) && <><td data-label="Points">{each.points}</td><td data-label="Level">{levelOf(each.points)}</td></>}
              <td data-label="Added">{each.added}</td>
              <td data-label="Refunded">{each.good}</td>
              <td data-label="Deposited">{coins(each.deposited, model.currency)}</td>
              <td data-label="Got back">{coins(each.refunded, model.currency)}</td>
              <td data-label="Took from others">{coins(each.taken, model.currency)}</td>
            </tr>
          ))}</tbody>
        </table>
      )}
    </Loaded>
  );
}

function Accuracy({ model, all }: { model: Model; all: Contribution[] }) {
  return (
    <Loaded what="the accuracy" read={() => accuracy(model, all)} again={[model.address, all.length]}>
      {({ points, problem }) => (
        <>
          {points.length > 0 && <p>On its published test set it is right in <b>{(100 * points.at(-1)!.accuracy).toFixed(1)} %</b>.</p>}
          <Chart title="Accuracy on the test set" xs={points.map(each => each.block)} ys={points.map(each => each.accuracy)} x="block" />
          {problem && <p class="hint">{problem}</p>}
        </>
      )}
    </Loaded>
  );
}
