// The data to train on: which groups are open, and what to do about those that are not. A challenge is a stake that the
// organizer opens a group on the chain; an organizer that does not answer in time loses the bond.
import { useSignal } from "@preact/signals";
import { abi, takesModels, trainingGroups, type Challenge, type Competition, type Group } from "../../chain/competition";
import type { Openings } from "../../chain/competitionData";
import { now } from "../../chain/site";
import { coins } from "../../chain/token";
import { count } from "../../chain/words";
import { Offers, type Offer } from "../../parts/offers";
import { Countdown, Hash, Loaded } from "../../parts/parts";
import { account } from "../../wallet/connection";
import { mined, paying } from "../../wallet/transactions";

const known = async (competition: Competition): Promise<Openings> => (await import("../../chain/competitionData")).openings(competition);

export function Training({ competition }: { competition: Competition }) {
  const shown = useSignal(false);
  if (!competition.tests) return null;
  return (
    <details onToggle={event => { shown.value = event.currentTarget.open; }}>
      <summary>Training data, and what was withheld</summary>
      {shown.value && (
        <Loaded what="the training data" read={() => known(competition)} again={[competition.address, competition.phase, mined.value]}>
          {found => <Groups competition={competition} {...found} />}
        </Loaded>
      )}
    </details>
  );
}

function Groups({ competition, all, groups, problem }: Openings & { competition: Competition }) {
  const numbers = trainingGroups(competition), closed = numbers.filter(each => !groups.has(each));
  const waiting = all.filter(each => !each.answered);
  return (
    <>
      <p>{closed.length ? `${numbers.length - closed.length} of ${count(numbers.length, "training group")} are open here.` : `All ${numbers.length} training groups are open.`} {problem}</p>
      {waiting.length > 0 && (
        <table>
          <caption>Challenges without an answer</caption>
          <thead><tr><th>Group</th><th>By</th><th>Answer due</th></tr></thead>
          <tbody>{waiting.map(each => (
            <tr key={each.group}>
              <td data-label="Group">{each.group}</td>
              <td data-label="By"><Hash value={each.challenger} /></td>
              <td data-label="Answer due">{each.deadline > now() ? <Countdown to={each.deadline} /> : "overdue"}</td>
            </tr>
          ))}</tbody>
        </table>
      )}
      <Offers all={waiting.flatMap(each => settling(competition, each, groups.get(each.group)))} />
      {takesModels(competition) && <Challenges competition={competition} closed={closed.filter(each => all.every(({ group }) => group !== each))} />}
    </>
  );
}

/** What can be done about a challenge: answer it where the group is open here, end the competition where nobody did. */
function settling({ address, outcome }: Competition, { group, challenger }: Challenge, opened: Group | undefined): Offer[] {
  const call = { to: address, abi }, number = BigInt(group);
  if (outcome) return [{ ...call, label: `Take the stake of group ${group} back`, purpose: "Taking", functionName: "withdrawStake", args: [number, challenger] }];
  return [
    ...(opened ? [{ ...call, label: `Open group ${group} on the chain`, purpose: "Answering", functionName: "answer", args: [number, opened] }] : []),
    { ...call, label: `End it: group ${group} was withheld`, purpose: "Ending", functionName: "slashWithheld", args: [number] },
  ];
}

function Challenges({ competition: { address, terms, currency }, closed }: { competition: Competition; closed: number[] }) {
  const chosen = useSignal(-1), group = closed.includes(chosen.value) ? chosen.value : closed[0];
  if (group === undefined || !account.value) return null;
  return (
    <>
      <p class="hint">A challenge takes a stake: the organizer gets it if it opens the group in time; else you get it back, with half of the bond.</p>
      <div class="row">
        <label for="group">Group</label>
        <select id="group" value={group} onChange={event => { chosen.value = Number(event.currentTarget.value); }}>
          {closed.map(each => <option key={each} value={each}>{each}</option>)}
        </select>
      </div>
      <Offers all={[{
        to: address, abi, label: `Challenge group ${group}, with a stake of ${coins(terms.stake, currency)}`, purpose: "Challenging",
        functionName: "challenge", args: [BigInt(group)], told: true, ...paying(currency, terms.stake),
      }]} />
    </>
  );
}
