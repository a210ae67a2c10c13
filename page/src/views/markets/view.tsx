// Prediction markets: data are paid by how much better they make a model on a test set that nobody has seen.
import { useSignal } from "@preact/signals";
import type { Address, Hex } from "viem";
import { abi, batchOf, commitmentOf, open, phaseOf, priceOf, type Given, type Market, type Phase } from "../../chain/market";
import { listed, MARKET, sampleOf } from "../../chain/online";
import { read } from "../../chain/read";
import { sentence } from "../../chain/sentence";
import { ask, head, now } from "../../chain/site";
import { coins } from "../../chain/token";
import { count, moment, shown } from "../../chain/words";
import { takesText } from "../../encode/encoders";
import { Balance, balanceOf } from "../../parts/balance";
import { Calendar } from "../../parts/calendar";
import { Chart } from "../../parts/chart";
import { Offers } from "../../parts/offers";
import { Ends, Hash, Hint, Loaded } from "../../parts/parts";
import { forget, Secrets, type Secret } from "../../parts/secrets";
import { Token } from "../../parts/token";
import { account, ready } from "../../wallet/connection";
import { mined, news, paying, send } from "../../wallet/transactions";

const STEPS = 64n, PAID_AT_ONCE = 100n; // of a crank and of a payment, so that each takes a few million gas
const LOSSES = ["share that is wrong", "1 − F1", "mean hinge loss"];
const WAITS: Record<Phase, string> = {
  created: "Its provider has not escrowed the bounty yet.",
  trial: "The trial portion of the test set is drawn and revealed.",
  participation: "It takes data now.",
  opening: "Sealed contributions are opened.",
  revealing: "Its provider reveals the test set.",
  rewarding: "The contributions are measured.",
  paying: "Everybody is credited.",
  closed: "It is over.",
};

/** #/markets, #/markets/<address> */
export default function Markets({ rest: [address] }: { rest: string[] }) {
  return address ? <Open key={address} address={address as Address} /> : <List />;
}

const balanceIn = ({ address }: Market) => (): Promise<bigint> => balanceOf(abi, address);

const withPhases = async () => Promise.all((await listed(MARKET, abi)).map(async each => ({ ...each, phase: await phaseOf(each.address) })));

function List() {
  return (
    <section aria-labelledby="markets">
      <h2 id="markets">Markets for data</h2>
      <Loaded what="the markets" read={withPhases} again={[mined.value, head.value.block]}>
        {found => found.length ? (
          <table>
            <caption class="sr">Markets, the newest first</caption>
            <thead><tr><th>Name</th><th>Phase</th><th>Provider</th></tr></thead>
            <tbody>{found.toReversed().map(each => (
              <tr key={each.address}>
                <td data-label="Name"><a href={`#/markets/${each.address}`}>{shown(each.name, 80) || each.address}</a></td>
                <td data-label="Phase">{each.phase}</td>
                <td data-label="Provider"><Hash value={each.creator} /></td>
              </tr>
            ))}</tbody>
          </table>
        ) : <p>There is none yet: <code>diln market create</code> makes one.</p>}
      </Loaded>
    </section>
  );
}

function Open({ address }: { address: Address }) {
  return (
    <Loaded what="the market" read={() => open(address)} again={[address, mined.value, head.value.block]}>
      {market => (
        <section aria-labelledby="market">
          <h2 id="market">{shown(market.name, 80)}</h2>
          <p>
            Up to {coins(market.bounty, market.currency)} for data that make this model better on a hidden test set ({LOSSES[market.rules.loss]}). Provider: <Hash value={market.creator} />.{" "}
            {market.phase === "closed" ? `It is ${market.outcome}.` : WAITS[market.phase]}
            {market.deadline > 0 && <> This step: <Ends at={market.deadline} />.</>}
          </p>
          {market.deadline > 0 && <Calendar id={address} title={market.name} now={now()} all={[{ at: market.deadline, what: `${market.phase} ends` }]} />}
          <Samples market={market} />
          <Token currency={market.currency} spender={address} />
          <Cranks market={market} />
          <Balance address={address} abi={abi} currency={market.currency} />
          <Chart title="Loss on the test set" xs={market.losses.map((_, at) => at)} ys={market.losses} x="judged" />
          <Contributions market={market} />
          <Leaderboard market={market} />
        </section>
      )}
    </Loaded>
  );
}

/** A line is a sample; all of a contribution have one label. */
function Samples({ market }: { market: Market }) {
  const text = useSignal(""), label = useSignal(0), said = useSignal("");
  const lines = text.value.split("\n").filter(each => each.trim());
  const samples = () => {
    if (!lines.length) throw new Error("Write a sample first.");
    return lines.map(each => ({ x: sampleOf(market, each), label: label.value }));
  };
  async function predict(): Promise<void> {
    try {
      const found = await read<bigint>(ask, abi, market.address, "predict", [samples()[0]!.x]);
      said.value = market.labels[Number(found)] ?? `label ${found}`;
      news.value = "";
    } catch (error) {
      said.value = "";
      news.value = sentence(error);
    }
  }
  async function contribute(): Promise<void> {
    try {
      const all = samples(), value = priceOf(market, all.length);
      await send({ purpose: "Contributing", to: market.address, abi, functionName: "contribute", args: [batchOf(all), value], ...paying(market.currency, value, balanceIn(market)) });
    } catch (error) {
      news.value = `Contributing: ${sentence(error)}`;
    }
  }
  const takes = market.phase === "participation";
  const what = takesText(market.encoder) ? "Texts, one a line" : `Rows, one a line: ${market.encoder.names.map(each => shown(each, 40)).join(", ")}`;
  return (
    <>
      <label for="samples">{what}</label>
      <textarea id="samples" rows={3} value={text} onInput={event => { text.value = event.currentTarget.value; said.value = ""; }} />
      <div class="row">
        <button onClick={predict}>Predict the first, for free</button>
        <span role="status" aria-live="polite" id="said">{said.value && <>The model says <strong>{shown(said.value, 40)}</strong>.</>}</span>
      </div>
      {takes && (
        <div class="row">
          <label for="label">They are</label>
          <select id="label" value={label} onChange={event => { label.value = Number(event.currentTarget.value); }}>
            {market.labels.map((each, at) => <option key={each} value={at}>{shown(each, 40)}</option>)}
          </select>
          <button disabled={!ready.value} onClick={contribute}>Contribute, with a stake of {coins(priceOf(market, Math.max(1, lines.length)), market.currency)}</button>
        </div>
      )}
      {takes && <Hint what="Contributing" />}
      {market.rules.openWait > 0 && <Sealed market={market} seal={() => ({ content: batchOf(samples()), number: lines.length })} />}
    </>
  );
}

const hiding = (market: Market, { content, salt }: Secret): Hex => commitmentOf(market.address, account.value!, content, salt);
const isCommitted = (market: Market, secret: Secret): boolean => market.given.some(each => each.commitment === hiding(market, secret));

function Sealed({ market, seal }: { market: Market; seal(): { content: Hex; number: number } }) {
  const call = { to: market.address, abi };
  return (
    <Secrets contract={market.address} summary="Seal the samples first" seal={seal}
      hint="Commit to the samples above while it takes data, and open them afterwards: until then nobody sees them. What is not opened in time loses its stake."
      told={each => (isCommitted(market, each) && market.phase === "participation"
        ? `${count(each.number, "sample")}, committed to, to be opened after ${moment(market.deadline)}` : count(each.number, "sample"))}
      offers={(each, name) => {
        const hidden = hiding(market, each), value = priceOf(market, each.number);
        const found = market.given.find(one => one.commitment === hidden);
        if (found && market.phase === "participation") return []; // the contract would, but others could still copy it
        return found ? [{
          ...call, label: `Open ${name}`, purpose: "Opening", functionName: "open", args: [BigInt(found.index), each.content, each.salt], done: () => forget(each),
        }] : [{ ...call, label: `Commit to ${name}`, purpose: "Committing", functionName: "commit", args: [hidden, BigInt(each.number), value], ...paying(market.currency, value, balanceIn(market)) }];
      }} />
  );
}

/** What anybody may do so that it goes on. */
function Cranks({ market }: { market: Market }) {
  const call = { to: market.address, abi };
  return (
    <Offers all={[
      { ...call, label: "Draw the trial portion", purpose: "Drawing", functionName: "choose", args: [] },
      { ...call, label: "End it: somebody did not act in time", purpose: "Ending", functionName: "expire", args: [] },
      ...(market.turns.length ? [{ ...call, label: "Measure on, for a tip", purpose: "Measuring", functionName: "crank", args: [market.turns, STEPS] }] : []),
      ...(market.phase === "paying" ? [{ ...call, label: "Credit everybody", purpose: "Paying", functionName: "pay", args: [PAID_AT_ONCE] }] : []),
    ]} />
  );
}

const state = (each: Given): string => (each.data ? (each.commitment ? "opened" : "open") : "sealed");

function Contributions({ market }: { market: Market }) {
  return (
    <section aria-labelledby="contributions">
      <h3 id="contributions">{count(market.given.length, "contribution")} of at most {market.rules.capacity}</h3>
      {market.given.length > 0 && (
        <table>
          <caption class="sr">Contributions, the newest first</caption>
          <thead><tr><th>No.</th><th>By</th><th>Samples</th><th>State</th></tr></thead>
          <tbody>{market.given.toReversed().map(each => (
            <tr key={each.index}>
              <td data-label="No.">{each.index}</td>
              <td data-label="By"><Hash value={each.by} /></td>
              <td data-label="Samples">{each.samples}</td>
              <td data-label="State">{state(each)}</td>
            </tr>
          ))}</tbody>
        </table>
      )}
    </section>
  );
}

function Leaderboard({ market }: { market: Market }) {
  if (!market.people.length) return null;
  const rows = market.people.toSorted((one, other) => other.score - one.score);
  return (
    <table>
      <caption>Participants, by the share of the first loss that their data removed</caption>
      <thead><tr><th>Who</th><th>Contributions</th><th>Score</th></tr></thead>
      <tbody>{rows.map(each => (
        <tr key={each.who}>
          <td data-label="Who"><Hash value={each.who} /></td>
          <td data-label="Contributions">{each.given}</td>
          <td data-label="Score">{market.losses.length ? `${(100 * each.score).toFixed(2)} %` : "–"}{each.dropped && ", dropped out"}</td>
        </tr>
      ))}</tbody>
    </table>
  );
}
