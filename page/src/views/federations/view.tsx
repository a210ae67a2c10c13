// Federations: take a seat with a deposit, see how each round goes, push it on, take out what is yours. Training needs
// data, so commitments, updates and claims are made by `diln`.
import { useSignal } from "@preact/signals";
import type { Address, Hex } from "viem";
import { abi, hasCommittee, isMasked, listed, open, PHASES, POLICIES, RULES, type Federation, type Seat } from "../../chain/federation";
import { head, now } from "../../chain/site";
import { coins } from "../../chain/token";
import { count, shown } from "../../chain/words";
import { Balance, balanceOf } from "../../parts/balance";
import { Calendar } from "../../parts/calendar";
import { Offers, type Offer } from "../../parts/offers";
import { Ends, Hash, Hint, Loaded } from "../../parts/parts";
import { Token } from "../../parts/token";
import { account, ready } from "../../wallet/connection";
import { mined, paying } from "../../wallet/transactions";

/** #/federations, #/federations/<address> */
export default function Federations({ rest: [address] }: { rest: string[] }) {
  return address ? <Open key={address} address={address as Address} /> : <List />;
}

function List() {
  return (
    <section aria-labelledby="federations">
      <h2 id="federations">Federations</h2>
      <Loaded what="the federations" read={listed} again={[mined.value, head.value.block]}>
        {found => found.length ? (
          <table>
            <caption class="sr">Federations, the newest first</caption>
            <thead><tr><th>Name</th><th>Phase</th><th>Organizer</th></tr></thead>
            <tbody>{found.toReversed().map(({ address, terms, name, phase }) => (
              <tr key={address}>
                <td data-label="Name"><a href={`#/federations/${address}`}>{shown(name, 80) || address}</a></td>
                <td data-label="Phase">{phase}</td>
                <td data-label="Organizer"><Hash value={terms.organizer} /></td>
              </tr>
            ))}</tbody>
          </table>
        ) : <p>There is none yet: <code>diln federation create</code> makes one.</p>}
      </Loaded>
    </section>
  );
}

const money = ({ terms, currency }: Federation, units: bigint): string => coins(units * terms.unit, currency);

function Open({ address }: { address: Address }) {
  return (
    <Loaded what="the federation" read={() => open(address)} again={[address, head.value.block, mined.value]}>
      {federation => {
        const { terms, name, target, phase, ends, state } = federation;
        return (
          <section aria-labelledby="federation">
            <h2 id="federation">{shown(name, 80) || "A federation"}</h2>
            <p>
              {count(terms.seats, "seat")} train one model{target && <> that tells <b>{shown(target, 80)}</b></>} over {count(terms.rounds, "round")}, {money(federation, terms.reward)} each, organized by{" "}
              <Hash value={terms.organizer} />. It {POLICIES[terms.policy]} and takes their {RULES[terms.rule]}. A seat takes a deposit of {money(federation, terms.deposit)}; what is owed
              and not done costs {money(federation, terms.fine)}.
            </p>
            <Rounds federation={federation} />
            {phase !== "closed" && <Calendar id={`${address}-${state.round}`} title={name || "Federation"} now={now()} all={[{ at: ends, what: `${phase} ends in round ${state.round}` }]} />}
            {phase !== "closed" && <p class="hint">A seat owes updates, which come from your own data: <code>diln federation join</code> and <code>diln keep</code> train, commit, reveal, claim and refute.</p>}
            <Act federation={federation} />
            <Token currency={federation.currency} spender={federation.address} />
            <Balance address={federation.address} abi={abi} currency={federation.currency} />
            <Seats federation={federation} />
            <Past federation={federation} />
          </section>
        );
      }}
    </Loaded>
  );
}

function Rounds({ federation: { phase, ends, state } }: { federation: Federation }) {
  if (phase === "closed") return <p>It is closed after {count(state.done, "round")}.</p>;
  return (
    <>
      <p>{phase === "joining" ? "It has not begun." : `Round ${state.round}; ${state.done} are done, ${state.voids} were void since.`}</p>
      <ol class="timeline">{PHASES.slice(0, -1).map(each => (
        <li key={each} aria-current={each === phase ? "step" : undefined}><b>{each}</b>{each === phase && <>: <Ends at={ends} /></>}</li>
      ))}</ol>
    </>
  );
}

/** What the account may do: as a party, and as anybody. */
function Act({ federation }: { federation: Federation }) {
  const admission = useSignal("");
  const { address, terms, currency, seats, claim, phase } = federation, call = { to: address, abi };
  const mine = seats.find(each => each.party.toLowerCase() === account.value?.toLowerCase());
  const invited = BigInt(terms.inviter) !== 0n;
  const offers: Offer[] = [
    { ...call, label: "Begin", purpose: "Beginning", functionName: "begin", args: [] },
    { ...call, label: "Close it: too few joined", purpose: "Closing", functionName: "close", args: [] },
    { ...call, label: "End the round: it cannot go on", purpose: "Ending", functionName: "skip", args: [] },
    ...(hasCommittee(terms) ? [{ ...call, label: "Draw the committee", purpose: "Drawing", functionName: "draw", args: [] }] : []),
    ...(claim ? [{ ...call, label: "Finalize the round, for a tip", purpose: "Finalizing", functionName: "finalize", args: [claim] }] : []),
    ...seats.filter(each => !each.active).map(each => ({ ...call, label: `Free seat ${each.seat}`, purpose: "Freeing", functionName: "evict", args: [each.party] })),
  ];
  if (mine) offers.unshift({ ...call, label: "Give up your seat", purpose: "Leaving", functionName: "leave", args: [] });
  const hex = /^0x([0-9a-f]{2})*$/i.test(admission.value) ? (admission.value as Hex) : "0x";
  const deposit = terms.deposit * terms.unit;
  const join: Offer = {
    ...call, label: `Join, with a deposit of ${coins(deposit, currency)}`, purpose: "Joining", functionName: "join", args: [hex], told: true,
    ...paying(currency, deposit, () => balanceOf(abi, address)),
  };
  return (
    <>
      {!mine && phase === "joining" && isMasked(terms) && (
        <p class="hint">Nobody will see an update: <code>diln federation join</code> makes the key for it.</p>
      )}
      {!mine && phase !== "closed" && !isMasked(terms) && (
        <>
          {ready.value && invited && (
            <div class="row">
              <label for="admission">The inviter's signature</label>
              <input id="admission" value={admission} onInput={event => { admission.value = event.currentTarget.value.trim(); }} />
            </div>
          )}
          <Offers all={[join]} />
          <Hint what="Joining" />
        </>
      )}
      <Offers all={offers} />
    </>
  );
}

const doing = (each: Seat): string => (!each.active ? "out" : each.revealed ? "revealed" : each.committed ? "committed" : "in");

function Seats({ federation }: { federation: Federation }) {
  if (!federation.seats.length) return <p>Nobody has joined yet.</p>;
  return (
    <table>
      <caption>{federation.seats.length} of {String(federation.terms.seats)} seats are taken, {String(federation.terms.quorum)} are needed</caption>
      <thead><tr><th>Seat</th><th>Party</th><th>Deposit</th><th>Free</th><th>This round</th></tr></thead>
      <tbody>{federation.seats.map(each => (
        <tr key={each.seat}>
          <td data-label="Seat">{each.seat}</td>
          <td data-label="Party"><Hash value={each.party} /></td>
          <td data-label="Deposit">{coins(each.deposit, federation.currency)}</td>
          <td data-label="Free">{coins(each.earned, federation.currency)}</td>
          <td data-label="This round">{doing(each)}</td>
        </tr>
      ))}</tbody>
    </table>
  );
}

function Past({ federation }: { federation: Federation }) {
  if (!federation.past.length) return null;
  return (
    <table>
      <caption>What happened, the latest first</caption>
      <thead><tr><th>Round</th><th>What</th></tr></thead>
      <tbody>{federation.past.toReversed().map(each => (
        <tr key={`${each.block} ${each.index}`}><td data-label="Round">{each.round}</td><td data-label="What">{each.said}{each.amount && `, ${coins(each.amount, federation.currency)} in all`}</td></tr>
      ))}</tbody>
    </table>
  );
}
