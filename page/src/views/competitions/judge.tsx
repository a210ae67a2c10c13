// What anybody may do so that the best model wins: draw, evaluate, settle, finalize; and void claims that are wrong.
import { useSignal } from "@preact/signals";
import type { Address, Hex } from "viem";
import { hexToBytes, slice } from "viem/utils";
import {
  abi, canSettle, claimOf, isJudging, isOptimistic, labelSize, modelOf, openedTests, posted, predictions, sampleLeaves, samplesOf,
  wordsOf, type Competition, type Group, type Row, type Terms,
} from "../../chain/competition";
import { read } from "../../chain/read";
import { sentence } from "../../chain/sentence";
import { ask, now } from "../../chain/site";
import { coins } from "../../chain/token";
import { proofOf } from "../../files/merkle";
import { Offers, type Offer } from "../../parts/offers";
import { Loaded } from "../../parts/parts";
import { account, ready } from "../../wallet/connection";
import { mined, news, paying } from "../../wallet/transactions";

const SAMPLES = 64n; // of one evaluation, so that a transaction takes it

export function Judge({ competition }: { competition: Competition }) {
  if (!ready.value) return null;
  const { address, terms, rows, phase } = competition;
  return (
    <section class="acts" aria-labelledby="judge">
      <h3 id="judge">What anybody may do now</h3>
      <Loaded what="the models" read={() => work(competition)} again={[address, phase, mined.value, rows.map(each => `${each.status}${each.done}`).join()]}>
        {offers => <Offers all={offers} />}
      </Loaded>
      <Offers all={rows.filter(each => each.status === "refuted").map(each => ({
        to: address, abi, label: `Take your reward for submission ${each.number}`, purpose: "Taking", functionName: "withdrawReward", args: [BigInt(each.number), account.value],
      }))} />
      <Credit competition={competition} />
      {isOptimistic(terms) && rows.filter(each => each.done && each.status === "revealed").map(each => <Check key={each.number} competition={competition} row={each} />)}
    </section>
  );
}

async function work(competition: Competition): Promise<Offer[]> {
  const { address, terms, currency, rows, outcome } = competition, call = { to: address, abi };
  const winners = rows.filter(each => each.rank);
  if (outcome) return (await Promise.all(winners.filter(each => !each.withdrawn).map(each => keeping(competition, each)))).flat();
  const offers: Offer[] = [
    { ...call, label: "Draw the split", purpose: "Drawing", functionName: "drawSplit", args: [] },
    ...["slashUndrawn", "slashUnopened"].map(functionName => ({ ...call, label: "End it: its organizer did not act", purpose: "Ending", functionName, args: [] })),
    { ...call, label: "Finalize it", purpose: "Finalizing", functionName: "finalize", args: [winners[0] ? await modelOf(competition, winners[0].number) : "0x"] },
  ];
  for (const each of rows) {
    if (canSettle(competition, each, now())) offers.push({ ...call, label: `Rank submission ${each.number}`, purpose: "Ranking", functionName: "settle", args: [BigInt(each.number)] });
    if (isJudging(competition) && !isOptimistic(terms) && each.status === "revealed" && !each.evaluated) {
      const args = [BigInt(each.number), SAMPLES, await modelOf(competition, each.number)];
      offers.push({ ...call, label: `Evaluate submission ${each.number}${terms.tip ? `, for up to ${coins(terms.tip, currency)}` : ""}`, purpose: "Evaluating", functionName: "evaluate", args });
    }
  }
  if (isJudging(competition) && isOptimistic(terms)) offers.push(...(await claims(competition)));
  return offers;
}

/** A prize waits until its model is kept as code; keeping it twice would be for nothing. */
async function keeping(competition: Competition, { number }: Row): Promise<Offer[]> {
  const { address } = competition;
  const [model] = await read<readonly [Address, bigint, bigint]>(ask, abi, address, "resultOf", [BigInt(number)]);
  if ((await ask("eth_getCode", [model, "latest"])) !== "0x") return [];
  const args = [BigInt(number), await modelOf(competition, number)];
  return [{ to: address, abi, label: `Keep the model of submission ${number} as code`, purpose: "Keeping", functionName: "keep", args }];
}

/** The claims of one's own submissions, which the contract's runner computes. */
async function claims(competition: Competition): Promise<Offer[]> {
  const { address, terms, currency, rows } = competition;
  const mine = rows.filter(each => each.status === "revealed" && !each.done && each.submitter.toLowerCase() === account.value?.toLowerCase());
  return Promise.all(mine.map(async each => ({
    to: address, abi, label: `Claim the score of submission ${each.number}, with a bond of ${coins(terms.claimBond, currency)}`, purpose: "Claiming", functionName: "claim",
    args: [BigInt(each.number), posted(terms, await said(competition, each.number))], ...paying(currency, terms.claimBond),
  })));
}

async function said(competition: Competition, number: number): Promise<number[]> {
  const tests = await openedTests(competition);
  return predictions(competition, await modelOf(competition, number), samplesOf(competition.terms, tests.map(({ group }) => group.data)).features);
}

/** What cranks, stakes and fees left to an account. */
function Credit({ competition: { address, currency } }: { competition: Competition }) {
  return (
    <Loaded what="what is yours" read={() => read<bigint>(ask, abi, address, "credit", [account.value])} again={[address, account.value, news.value]}>
      {owed => owed ? <Offers all={[{ to: address, abi, label: `Withdraw ${coins(owed, currency)}`, purpose: "Withdrawing", functionName: "withdrawCredit", args: [account.value, account.value] }]} /> : null}
    </Loaded>
  );
}

/** Compare a claim with what the model says; a wrong one can be refuted. */
function Check({ competition, row }: { competition: Competition; row: Row }) {
  const found = useSignal<Offer | null>(null), told = useSignal("");
  async function check(): Promise<void> {
    try {
      told.value = "Asking the contract what the model predicts…";
      found.value = await refutation(competition, row);
      told.value = found.value ? "The claim is wrong." : "The claim holds.";
    } catch (error) {
      told.value = sentence(error);
    }
  }
  return (
    <div class="row">
      <button onClick={check}>Check the claim of submission {row.number}</button>
      <span role="status">{told.value}</span>
      {found.value && <Offers all={[found.value]} />}
    </div>
  );
}

async function refutation(competition: Competition, { number }: Row): Promise<Offer | null> {
  const { address, terms } = competition, tests = await openedTests(competition);
  const claimed = await claimOf(competition, number);
  if (!claimed) throw new Error("The node does not show this claim. Ask another node.");
  const right = hexToBytes(posted(terms, await said(competition, number))), wrong = hexToBytes(claimed);
  const at = wrong.findIndex((byte, place) => byte !== right[place]);
  if (at < 0) return null;
  const evidence = evidenceAt(terms, tests, number, claimed, Math.floor(at / labelSize(terms)));
  return { to: address, abi, label: `Refute it, for half of its bond`, purpose: "Refuting", functionName: "refute", args: [evidence] };
}

function evidenceAt(terms: Terms, tests: { number: number; group: Group }[], submission: number, claimed: Hex, index: number) {
  const { number, group } = tests[Math.floor(index / terms.groupSize)]!, position = index % terms.groupSize;
  const leaves = sampleLeaves(terms, number, group), { words, leaves: wordLeaves } = wordsOf(claimed);
  const word = Math.floor((index * labelSize(terms)) / 32), stride = terms.features + labelSize(terms);
  return {
    submission: BigInt(submission), index: BigInt(index), word: words[word]!, wordProof: proofOf(wordLeaves, word), salt: group.salt,
    sample: slice(group.data, position * stride, (position + 1) * stride), sampleProof: proofOf(leaves, position), groupProof: group.proof,
  };
}
