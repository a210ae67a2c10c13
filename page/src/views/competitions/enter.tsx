// Enter a competition with an integer model: its score on the training groups by the contract's own runner first, then
// the commitment with its deposit, then the reveal.
import { useSignal } from "@preact/signals";
import type { Hex } from "viem";
import { bytesToHex, keccak256, size } from "viem/utils";
import { abi, METRICS, passes, predictions, scoreOf, takesModels, type Competition } from "../../chain/competition";
import { commitment } from "../../chain/commitment";
import { sentence } from "../../chain/sentence";
import { coins } from "../../chain/token";
import { count, moment, shown } from "../../chain/words";
import { Drop } from "../../parts/parts";
import type { Offer } from "../../parts/offers";
import { forget, Secrets, type Secret } from "../../parts/secrets";
import { account } from "../../wallet/connection";
import { paying } from "../../wallet/transactions";

export function Enter({ competition }: { competition: Competition }) {
  const model = useSignal<Hex | null>(null), said = useSignal("");
  const { terms, currency, ends } = competition;
  async function take([file]: File[]): Promise<void> {
    model.value = null;
    if (!file) return;
    try {
      said.value = `Asking the contract what ${shown(file.name, 80)} predicts…`;
      if (file.size > terms.maxModelBytes) throw new Error(`The model has ${count(file.size, "byte")}; this competition takes ${terms.maxModelBytes}.`);
      const encoded = bytesToHex(new Uint8Array(await file.arrayBuffer()));
      if (!/^0x0[12]/.test(encoded)) throw new Error("This is not an encoded integer model: `diln competition submit --dry-run --write FILE` makes one of yours.");
      const { trainingData } = await import("../../chain/competitionData");
      const samples = await trainingData(competition);
      const score = scoreOf(terms, await predictions(competition, encoded, samples.features), samples.labels);
      said.value = `On ${count(samples.labels.length, "training sample")} its ${METRICS[terms.metric]} is ${score.toFixed(4)}${passes(terms, score) ? "" : ", which misses the criterion: such a model cannot win"}.`;
      model.value = encoded;
    } catch (error) {
      said.value = sentence(error);
    }
  }
  const entering = takesModels(competition);
  return (
    <section aria-labelledby="enter">
      <h3 id="enter">{entering ? "Enter it" : "Your model"}</h3>
      {entering && <Drop label="An encoded integer model. The contract's own runner says what it predicts; only the node sees it." button="Choose the model" onFiles={take} />}
      <p role="status" aria-live="polite" id="score">{said.value}</p>
      <Secrets contract={competition.address} summary="Commit to it, and reveal it after training"
        hint={`A commitment takes a deposit of ${coins(terms.deposit, currency)}. Reveal your model ${between(ends)}, or you lose it.`}
        seal={() => {
          if (!model.value) throw new Error("Choose a model first.");
          return { content: model.value, number: 0 };
        }}
        told={each => `a model of ${count(size(each.content), "byte")}`}
        offers={(each, name) => offers(competition, each, name)} />
    </section>
  );
}

const between = ([opens, closes]: number[]): string => (opens && closes ? `from ${moment(opens)} to ${moment(closes)}` : "after training");

function offers({ address, rows, terms, currency }: Competition, secret: Secret, name: string): Offer[] {
  const call = { to: address, abi };
  const hidden = commitment("DILN competition commitment", address, account.value!, keccak256(secret.content), secret.salt);
  const mine = rows.find(each => each.commitment === hidden);
  if (mine) {
    const args = [BigInt(mine.number), secret.content, secret.salt];
    return [{ ...call, label: `Reveal ${name}`, purpose: "Revealing", functionName: "reveal", args, done: () => forget(secret) }];
  }
  return [{ ...call, label: `Commit to ${name}`, purpose: "Committing", functionName: "commit", args: [hidden], ...paying(currency, terms.deposit) }];
}
