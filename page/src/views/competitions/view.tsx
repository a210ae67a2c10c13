// Competitions: phases with their deadlines in the chain's time, standings after each block, and the winners' payouts.
import type { Address } from "viem";
import { events, read } from "../../chain/read";
import { ask, contract, head } from "../../chain/site";
import { count, ether, moment } from "../../chain/words";
import { competition as abi, competitionFactory } from "../../generated/abi";
import { Countdown, Hash, Hint, Loaded } from "../../parts/parts";
import { account, ready } from "../../wallet/connection";
import { mined, send } from "../../wallet/transactions";

const PHASES = ["waiting for its seed", "training", "reveal", "opening the test data", "evaluation", "closed"] as const;
const STATUS = ["none", "committed", "revealed", "refuted"] as const;
const OUTCOMES = ["open", "decided", "ended: its test data were not opened", "ended: training data were withheld", "ended: its split was never drawn"] as const;
const METRICS = ["accuracy", "macro F1", "mean absolute error"] as const;
const MEAN_ABSOLUTE_ERROR = 2, DIRECT = 0, REVEALED = 2;
const ONE = 10n ** 9n, MILLION = 1e6, HIGHEST = 2n ** 64n - 1n;

type Terms = { organizer: Address; token: Address; metric: number; mode: number; prize: bigint; criterion: bigint; testGroups: number; groupSize: number };
type Row = { number: number; submitter: Address; status: string; withdrawn: boolean; rank: number; score: number | null; payout: bigint };
type Competition = { address: Address; terms: Terms; phase: number; outcome: number; ends: number[]; rows: Row[] };

const call = <T,>(address: Address, name: string, args: unknown[] = []): Promise<T> => read<T>(ask, abi, address, name, args);

/** #/competitions, #/competitions/<address> */
export default function Competitions({ rest: [address] }: { rest: string[] }) {
  return address ? <Follow address={address as Address} /> : <List />;
}

async function listed() {
  const created = await events(ask, competitionFactory, contract("CompetitionFactory"), "Created");
  return Promise.all(created.map(async ({ args: { instance: address, creator: organizer } }) => {
    const [terms, phase] = await Promise.all([call<Terms>(address, "terms"), call<number>(address, "phase")]);
    return { address: address as Address, organizer: organizer as Address, terms, phase };
  }));
}

function List() {
  return (
    <section aria-labelledby="competitions">
      <h2 id="competitions">Competitions</h2>
      <Loaded what="the competitions" read={listed} again={[mined.value, head.value.block]}>
        {found => found.length ? (
          <table>
            <caption class="sr">Competitions, the newest first</caption>
            <thead><tr><th>Contract</th><th>Organizer</th><th>Prize</th><th>Phase</th></tr></thead>
            <tbody>{found.toReversed().map(each => (
              <tr key={each.address}>
                <td data-label="Contract"><a href={`#/competitions/${each.address}`}><Hash value={each.address} /></a></td>
                <td data-label="Organizer"><Hash value={each.organizer} /></td>
                <td data-label="Prize">{prize(each.terms)}</td>
                <td data-label="Phase">{PHASES[each.phase]}</td>
              </tr>
            ))}</tbody>
          </table>
        ) : <p>There is none yet: <code>diln competition create</code> makes one.</p>}
      </Loaded>
    </section>
  );
}

const prize = ({ prize: amount, token }: Terms): string => (BigInt(token) ? `${amount} of token ${token}` : ether(amount));

/** A score as people read it: a share of 1, or a mean error. */
const readable = (metric: number, score: bigint): number =>
  metric === MEAN_ABSOLUTE_ERROR ? Number(HIGHEST - score) / MILLION : Number(score) / Number(ONE);

async function opened(address: Address): Promise<Competition> {
  const [terms, phase, progress, ranking] = await Promise.all([
    call<Terms>(address, "terms"), call<number>(address, "phase"),
    call<{ drawnAt: number; committed: number; outcome: number }>(address, "progress"), call<readonly bigint[]>(address, "ranking"),
  ]);
  const ends = progress.drawnAt ? (await call<readonly bigint[]>(address, "deadlines")).map(Number) : [];
  const numbers = Array.from({ length: progress.committed }, (_, number) => number);
  const rows = await Promise.all(numbers.map(number => row(address, terms, progress.outcome, ranking, number)));
  rows.sort((one, other) => (one.rank || Infinity) - (other.rank || Infinity) || one.number - other.number);
  return { address, terms, phase, outcome: progress.outcome, ends, rows };
}

async function row(address: Address, terms: Terms, outcome: number, ranking: readonly bigint[], number: number): Promise<Row> {
  const [{ submitter, status, withdrawn }, payout] = await Promise.all([
    call<{ submitter: Address; status: number; withdrawn: boolean }>(address, "submission", [number]),
    outcome ? call<bigint>(address, "payoutOf", [number]) : 0n,
  ]);
  const hidden = status < REVEALED; // the contract has no result of it yet, and says so by a refusal
  const [, score, done] = hidden ? ["0x", 0n, 0n] as const : await call<readonly [Address, bigint, bigint]>(address, "resultOf", [number]);
  const known = terms.mode === DIRECT ? Number(done) === terms.testGroups * terms.groupSize : done > 0n;
  return {
    number, submitter, status: STATUS[status]!, withdrawn, payout,
    rank: ranking.indexOf(BigInt(number)) + 1, score: known && !hidden ? readable(terms.metric, score) : null,
  };
}

function Follow({ address }: { address: Address }) {
  return (
    <Loaded what="the competition" read={() => opened(address)} again={[address, head.value.block, mined.value]}>
      {({ terms, phase, outcome, ends, rows }) => (
        <section aria-labelledby="competition">
          <h2 id="competition">A prize of {prize(terms)}</h2>
          <p>
            Organized by <Hash value={terms.organizer} />. Models are ranked by {METRICS[terms.metric]}; the prize needs{" "}
            {readable(terms.metric, terms.criterion)}. {outcome ? `It is ${OUTCOMES[outcome]}.` : `Now: ${PHASES[phase]}.`}
          </p>
          <Timeline phase={phase} outcome={outcome} ends={ends} />
          <Standings address={address} rows={rows} />
          <p class="hint">Enter it with <code>diln competition submit</code>, which turns your model into integers and shows its score first.</p>
          <Hint what="Withdrawing" />
        </section>
      )}
    </Loaded>
  );
}

function Timeline({ phase, outcome, ends }: { phase: number; outcome: number; ends: number[] }) {
  const names = ["training", "reveal", "opening", "evaluation", "final decision"];
  if (!ends.length) return <p>Its split is drawn from a later block; the deadlines begin then.</p>;
  return (
    <ol class="timeline">{names.map((name, at) => {
      const now = !outcome && at === phase - 1;
      return (
        <li key={name} aria-current={now ? "step" : undefined}>
          <b>{name}</b> until {moment(ends[at]!)}{now && <>: ends <Countdown to={ends[at]!} /></>}
        </li>
      );
    })}</ol>
  );
}

function Standings({ address, rows }: { address: Address; rows: Row[] }) {
  if (!rows.length) return <p>Nobody has entered yet.</p>;
  const withdraw = (number: number): Promise<boolean> =>
    send({ purpose: `Withdrawing submission ${number}`, to: address, abi, functionName: "withdraw", args: [BigInt(number), account.value] });
  return (
    <table>
      <caption>{count(rows.length, "submission")}</caption>
      <thead><tr><th>Rank</th><th>By</th><th>State</th><th>Score</th><th>Payout</th></tr></thead>
      <tbody>{rows.map(each => {
        const mine = ready.value && each.submitter.toLowerCase() === account.value?.toLowerCase();
        return (
          <tr key={each.number}>
            <td data-label="Rank">{each.rank || "–"}</td>
            <td data-label="By"><Hash value={each.submitter} /></td>
            <td data-label="State">{each.status}</td>
            <td data-label="Score">{each.score?.toFixed(4) ?? "–"}</td>
            <td data-label="Payout">{
              mine && each.payout && !each.withdrawn
                ? <button onClick={() => withdraw(each.number)}>Withdraw {ether(each.payout)}</button>
                : each.payout ? `${ether(each.payout)}${each.withdrawn ? ", withdrawn" : ""}` : "–"
            }</td>
          </tr>
        );
      })}</tbody>
    </table>
  );
}
