// Tournaments: stake on sealed predictions, have the contract score them once the targets are public, withdraw.
import { useSignal } from "@preact/signals";
import type { Address, Hex } from "viem";
import { formatUnits } from "viem/utils";
import { head, now } from "../../chain/site";
import { abi, commitmentOf, entries, listed, open, phaseOf, ranksOf, requireTables, tableOf, type Entry, type Round, type Tournament } from "../../chain/tournament";
import { sentence } from "../../chain/sentence";
import { coins, parsed } from "../../chain/token";
import { count, moment, shown } from "../../chain/words";
import { Balance, balanceOf } from "../../parts/balance";
import { Calendar } from "../../parts/calendar";
import { Offers, type Offer } from "../../parts/offers";
import { Drop, Ends, Hash, Hint, Loaded, save } from "../../parts/parts";
import { forget, Secrets, type Secret } from "../../parts/secrets";
import { Token } from "../../parts/token";
import { account } from "../../wallet/connection";
import { mined, news, paying } from "../../wallet/transactions";

/** #/tournaments, #/tournaments/<address>, #/tournaments/<address>/<round> */
export default function Tournaments({ rest: [address, number] }: { rest: string[] }) {
  return address ? <Open key={address} address={address as Address} number={number} /> : <List />;
}

function List() {
  return (
    <section aria-labelledby="tournaments">
      <h2 id="tournaments">Tournaments</h2>
      <Loaded what="the tournaments" read={listed} again={[mined.value]}>
        {found => found.length ? (
          <table>
            <caption class="sr">Tournaments, the newest first</caption>
            <thead><tr><th>Name</th><th>Pot of a round</th><th>Organizer</th></tr></thead>
            <tbody>{found.toReversed().map(({ address, terms, currency, name }) => (
              <tr key={address}>
                <td data-label="Name"><a href={`#/tournaments/${address}`}>{shown(name, 80) || address}</a></td>
                <td data-label="Pot of a round">{coins(terms.pot, currency)}</td>
                <td data-label="Organizer"><Hash value={terms.organizer} /></td>
              </tr>
            ))}</tbody>
          </table>
        ) : <p>There is none yet: <code>diln tournament create</code> makes one.</p>}
      </Loaded>
    </section>
  );
}

const share = (part: bigint): string => `${(Number(part) / 1e7).toFixed(2)} %`;

async function opened(address: Address, number?: string) {
  const tournament = await open(address, now());
  const live = tournament.rounds.filter(each => each.state !== "closed" && each.state !== "void");
  const round = tournament.rounds.find(each => String(each.number) === number) ?? live.at(-1) ?? tournament.rounds[0];
  return { tournament, round, all: round ? await entries(tournament, round.number) : [] };
}

function Open({ address, number }: { address: Address; number: string | undefined }) {
  return (
    <Loaded what="the tournament" read={() => opened(address, number)} again={[address, number, head.value.block, mined.value]}>
      {({ tournament, round, all }) => {
        const { terms, currency, descriptor, rounds } = tournament;
        return (
          <section aria-labelledby="tournament">
            <h2 id="tournament">{shown(descriptor.name, 80)}</h2>
            <p>
              A pot of {coins(terms.pot, currency)} in each round, organized by <Hash value={terms.organizer} />. A bad score loses up to {share(terms.clip * (10n ** 9n + terms.drag) / 10n ** 9n)} of
              a stake; if you do not score in time, you lose as much, and {coins(terms.tip, currency)} more.
            </p>
            {round && <Current tournament={tournament} round={round} all={all} />}
            <Token currency={currency} spender={tournament.address} />
            <Balance address={tournament.address} abi={abi} currency={currency} />
            <Rounds tournament={tournament} rounds={rounds} />
          </section>
        );
      }}
    </Loaded>
  );
}

function Current({ tournament, round, all }: { tournament: Tournament; round: Round; all: Entry[] }) {
  const phase = phaseOf(round, now());
  const ends = { opened: round.begins, entering: round.closes, "waiting for its targets": round.resolves, scoring: round.ends }[phase];
  const title = `Round ${round.number} of ${tournament.descriptor.name}`;
  return (
    <section aria-labelledby="round">
      <h3 id="round">Round {round.number}: {phase}{ends && <>, <Ends at={ends} what={phase === "opened" ? "entries begin" : "ends"} /></>}</h3>
      <Calendar id={`${tournament.address}-${round.number}`} title={title} now={now()} all={[
        { at: round.begins, what: "entries begin" }, { at: round.closes, what: "entries end" },
        { at: round.resolves, what: "targets are due; score your entry as soon as they are public" }, { at: round.ends, what: "scoring ends" },
      ]} />
      <Data tournament={tournament} round={round} />
      <Enter key={round.number} tournament={tournament} round={round} all={all} phase={phase} />
      <Standings tournament={tournament} all={all} />
      <Cranks tournament={tournament} round={round} all={all} />
    </section>
  );
}

/** What predictions are made from, saved as files. */
function Data({ tournament: { descriptor: { target, train, live } }, round }: { tournament: Tournament; round: Round }) {
  const take = async (cid: string, file: string): Promise<void> => {
    try {
      save(file, await tableOf(cid), "text/csv");
      news.value = `${file} is saved.`;
    } catch (error) {
      news.value = sentence(error);
    }
  };
  const rows = live[round.number];
  return (
    <div class="row">
      <span>Predict <b>{shown(target, 40)}</b>:</span>
      <button onClick={() => take(train, "train.csv")}>Save the rows to train on</button>
      {rows && <button onClick={() => take(rows, `live-${round.number}.csv`)}>Save the rows of round {round.number}</button>}
    </div>
  );
}

function Enter({ tournament, round, all, phase }: { tournament: Tournament; round: Round; all: Entry[]; phase: string }) {
  const ranks = useSignal<Hex | null>(null), said = useSignal(""), stake = useSignal(formatUnits(tournament.terms.leastStake, tournament.currency.decimals));
  async function take([file]: File[]): Promise<void> {
    ranks.value = null;
    if (!file) return;
    try {
      said.value = "Comparing it with the round's rows, and the contract's tables with what they should be…";
      await requireTables(tournament.terms);
      ranks.value = await ranksOf(tournament, round.number, await file.text());
      said.value = `${count(Number(tournament.terms.rows), "prediction")} of ${file.name} became ranks. Store their secret, then commit to it.`;
    } catch (error) {
      said.value = sentence(error);
    }
  }
  const mine = all.find(each => each.who.toLowerCase() === account.value?.toLowerCase());
  return (
    <>
      {phase === "entering" && (
        <>
          <Drop label={`A table with the columns ${shown(tournament.descriptor.id, 40)} and prediction, a row for each of the round's (CSV).`} button="Choose the predictions" onFiles={take} />
          <p role="status" aria-live="polite" id="ranks">{said.value}</p>
          <div class="row">
            <label for="stake">Stake in {tournament.currency.symbol}</label>
            <input id="stake" type="number" min="0" step="any" value={stake} onInput={event => { stake.value = event.currentTarget.value; }} />
          </div>
          <Hint what="Entering" />
        </>
      )}
      <Secrets contract={tournament.address} summary="Your entry" hint="Commit to your predictions with a stake while entries are taken; once the targets are public, have them scored."
        seal={() => {
          if (!ranks.value) throw new Error("Choose your predictions first.");
          return { content: ranks.value, number: round.number };
        }}
        told={each => `predictions for round ${each.number}`}
        offers={(each, name) => (each.number === round.number ? offers(tournament, each, name, stake.value, mine) : [])} />
    </>
  );
}

function offers({ address, currency }: Tournament, secret: Secret, name: string, stake: string, mine: Entry | undefined): Offer[] {
  const call = { to: address, abi }, who = account.value!, round = BigInt(secret.number);
  const hidden = commitmentOf(address, who, secret.number, secret.content, secret.salt);
  if (mine?.commitment === hidden) {
    return [{ ...call, label: `Score ${name}`, purpose: "Scoring", functionName: "score", args: [round, who, secret.content, secret.salt], done: () => forget(secret) }];
  }
  const amount = parsed(stake, currency), balance = (): Promise<bigint> => balanceOf(abi, address);
  return [{ ...call, label: `Commit to ${name} with ${coins(amount, currency)}`, purpose: "Entering", functionName: "enter", args: [round, hidden, amount], ...paying(currency, amount, balance) }];
}

function Standings({ tournament: { currency }, all }: { tournament: Tournament; all: Entry[] }) {
  if (!all.length) return <p>Nobody has entered this round yet.</p>;
  const number = (value: number | null): string => value?.toFixed(4) ?? "–";
  return (
    <table>
      <caption>Entries, the best first</caption>
      <thead><tr><th>Who</th><th>Stake</th><th>Correlation</th><th>Contribution</th><th>Payout</th></tr></thead>
      <tbody>{all.map(each => (
        <tr key={each.who}>
          <td data-label="Who"><Hash value={each.who} /></td>
          <td data-label="Stake">{coins(each.stake, currency)}</td>
          <td data-label="Correlation">{number(each.correlation)}</td>
          <td data-label="Contribution">{number(each.contribution)}</td>
          <td data-label="Payout">{each.payout === null ? (each.settled ? "settled" : "–") : coins(each.payout, currency)}</td>
        </tr>
      ))}</tbody>
    </table>
  );
}

/** What anybody may do so that everybody gets what is theirs. */
function Cranks({ tournament: { address, terms, currency }, round, all }: { tournament: Tournament; round: Round; all: Entry[] }) {
  const call = { to: address, abi }, number = BigInt(round.number), waiting = all.filter(each => each.stake && !each.settled);
  return (
    <Offers all={[
      { ...call, label: "End the round: its targets were not revealed", purpose: "Ending", functionName: "void", args: [number] },
      { ...call, label: "Return the rest of the pot", purpose: "Closing", functionName: "close", args: [number] },
      ...waiting.flatMap(({ who }, at) => [
        { ...call, label: `Return stake ${at + 1}`, purpose: "Returning", functionName: "refund", args: [number, who] },
        { ...call, label: `Expire entry ${at + 1}, for ${coins(terms.tip, currency)}`, purpose: "Expiring", functionName: "expire", args: [number, who] },
      ]),
    ]} />
  );
}

function Rounds({ tournament, rounds }: { tournament: Tournament; rounds: Round[] }) {
  return (
    <table>
      <caption>Rounds, the newest first</caption>
      <thead><tr><th>Round</th><th>Entries</th><th>Targets due</th><th>At stake</th><th>State</th></tr></thead>
      <tbody>{rounds.map(each => (
        <tr key={each.number}>
          <td data-label="Round"><a href={`#/tournaments/${tournament.address}/${each.number}`}>round {each.number}</a></td>
          <td data-label="Entries">{moment(each.begins)} to {moment(each.closes)}</td>
          <td data-label="Targets due">{moment(each.resolves)}</td>
          <td data-label="At stake">{coins(each.atRisk, tournament.currency)}</td>
          <td data-label="State">{phaseOf(each, now())}</td>
        </tr>
      ))}</tbody>
    </table>
  );
}
