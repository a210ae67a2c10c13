// Competitions: phases with their deadlines in the chain's time, standings after each block, and the winners' payouts.
import type { Address } from "viem";
import {
  abi, criterionOf, listed, METRICS, open, OUTCOMES, PHASES, type Competition, type Row,
} from "../../chain/competition";
import { head, now } from "../../chain/site";
import { coins } from "../../chain/token";
import { count, moment } from "../../chain/words";
import { Calendar } from "../../parts/calendar";
import { Ends, Hash, Hint, Loaded } from "../../parts/parts";
import { Token } from "../../parts/token";
import { account, ready } from "../../wallet/connection";
import { mined, send } from "../../wallet/transactions";
import { Enter } from "./enter";
import { Judge } from "./judge";
import { Training } from "./train";

const STAGES = ["training", "reveal", "opening", "evaluation", "final decision"];

/** #/competitions, #/competitions/<address> */
export default function Competitions({ rest: [address] }: { rest: string[] }) {
  return address ? <Follow key={address} address={address as Address} /> : <List />;
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
                <td data-label="Prize">{coins(each.terms.prize, each.currency)}</td>
                <td data-label="Phase">{PHASES[each.phase]}</td>
              </tr>
            ))}</tbody>
          </table>
        ) : <p>There is none yet: <code>diln competition create</code> makes one.</p>}
      </Loaded>
    </section>
  );
}

function Follow({ address }: { address: Address }) {
  return (
    <Loaded what="the competition" read={() => open(address)} again={[address, head.value.block, mined.value]}>
      {competition => {
        const { terms, currency, phase, outcome, ends } = competition;
        return (
          <section aria-labelledby="competition">
            <h2 id="competition">A prize of {coins(terms.prize, currency)}</h2>
            <p>
              Organized by <Hash value={terms.organizer} />. Models are ranked by {METRICS[terms.metric]}; the prize needs{" "}
              {criterionOf(terms)}. {outcome ? `It is ${OUTCOMES[outcome]}.` : `Now: ${PHASES[phase]}.`}
            </p>
            <Timeline phase={phase} outcome={outcome} ends={ends} />
            {!outcome && <Calendar id={address} title="Competition" now={now()} all={ends.map((at, each) => ({ at, what: each === 0 ? "training ends; reveal your model from now on" : `${STAGES[each]} ends` }))} />}
            <Token currency={currency} spender={address} />
            {!outcome && <Enter competition={competition} />}
            <Training competition={competition} />
            <Standings competition={competition} />
            <Judge competition={competition} />
            <Hint what="Entering" />
          </section>
        );
      }}
    </Loaded>
  );
}

function Timeline({ phase, outcome, ends }: { phase: number; outcome: number; ends: number[] }) {
  if (!ends.length) return <p>Its split is drawn from a later block; the deadlines begin then.</p>;
  return (
    <ol class="timeline">{STAGES.map((name, at) => {
      const current = !outcome && at === phase - 1;
      return (
        <li key={name} aria-current={current ? "step" : undefined}>
          <b>{name}</b> until {moment(ends[at]!)}{current && <>: <Ends at={ends[at]!} /></>}
        </li>
      );
    })}</ol>
  );
}

function Standings({ competition: { address, rows, currency } }: { competition: Competition }) {
  if (!rows.length) return <p>Nobody has entered yet.</p>;
  const withdraw = (number: number): Promise<boolean> =>
    send({ purpose: `Withdrawing submission ${number}`, to: address, abi, functionName: "withdraw", args: [BigInt(number), account.value] });
  const paid = (each: Row): string => (each.payout ? `${coins(each.payout, currency)}${each.withdrawn ? ", withdrawn" : ""}` : "–");
  return (
    <table>
      <caption>{count(rows.length, "submission")}</caption>
      <thead><tr><th>Rank</th><th>No.</th><th>By</th><th>State</th><th>Score</th><th>Payout</th></tr></thead>
      <tbody>{rows.map(each => {
        const mine = ready.value && each.submitter.toLowerCase() === account.value?.toLowerCase();
        return (
          <tr key={each.number}>
            <td data-label="Rank">{each.rank || "–"}</td>
            <td data-label="No.">{each.number}</td>
            <td data-label="By"><Hash value={each.submitter} /></td>
            <td data-label="State">{each.status}</td>
            <td data-label="Score">{each.score?.toFixed(4) ?? "–"}</td>
            <td data-label="Payout">{mine && each.payout && !each.withdrawn ? <button onClick={() => withdraw(each.number)}>Withdraw {paid(each)}</button> : paid(each)}</td>
          </tr>
        );
      })}</tbody>
    </table>
  );
}
