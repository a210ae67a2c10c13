// Commit to a sample now, reveal it later: nobody can copy it, and a hidden one earns more reputation.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { sampleOf } from "../../chain/online";
import { read } from "../../chain/read";
import { abi, balanceOf, commitmentOf, type Model } from "../../chain/shared";
import { ask, head } from "../../chain/site";
import { shown } from "../../chain/words";
import { forget, Secrets } from "../../parts/secrets";
import { account } from "../../wallet/connection";
import { paying } from "../../wallet/transactions";

export function Hidden({ model }: { model: Model }) {
  const price = useSignal(0n);
  useEffect(() => {
    read<bigint>(ask, abi, model.address, "price", [1n]).then(value => { price.value = value; }, () => undefined);
  }, [model.address, head.value.block]);
  const call = { to: model.address, abi }, balance = (): Promise<bigint> => balanceOf(model.address, account.value!);
  return (
    <Secrets contract={model.address} summary="Hide a sample first"
      hint="Commit to the sample above now, and reveal it at least one block later: until then nobody sees it."
      seal={() => ({
        content: sampleOf(model, document.querySelector<HTMLTextAreaElement>("#sample")!.value),
        number: Number(document.querySelector<HTMLSelectElement>("#label")!.value),
      })}
      told={each => shown(model.labels[each.number] ?? String(each.number), 40)}
      offers={(each, name) => [
        {
          ...call, label: `Commit to ${name}`, purpose: "Committing", functionName: "commit", ...paying(model.currency, price.value, balance),
          args: [commitmentOf(model.address, account.value!, each.content, each.number, each.salt), price.value],
        },
        {
          ...call, label: `Reveal ${name}`, purpose: "Revealing", functionName: "reveal", done: () => forget(each),
          args: [each.content, BigInt(each.number), each.salt, price.value * 2n],
        },
      ]} />
  );
}
