// Commit to a sample now, reveal it later: nobody can copy it, and a hidden one earns more reputation.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { read } from "../../chain/read";
import { sentence } from "../../chain/sentence";
import { ask } from "../../chain/site";
import { shown } from "../../chain/words";
import { account, ready } from "../../wallet/connection";
import { mined, news, send } from "../../wallet/transactions";
import { forget, hide, restore, secrets, type Secret } from "./secrets";
import { abi, commitmentOf, sampleOf, type Model } from "../../chain/shared";

export function Hidden({ model }: { model: Model }) {
  const changed = useSignal(0), input = useRef<HTMLInputElement>(null);
  void changed.value, mined.value;
  if (!ready.value) return null;
  const kept = secrets(model.address, account.value);
  const price = (): Promise<bigint> => read<bigint>(ask, abi, model.address, "price", [1n]);
  const commitment = ({ x, label, salt }: Secret) => commitmentOf(model.address, account.value!, x, label, salt);

  function prepare(): void {
    try {
      const sample = document.querySelector<HTMLTextAreaElement>("#sample")!.value;
      const label = Number(document.querySelector<HTMLSelectElement>("#label")!.value);
      hide(model.address, account.value!, sampleOf(model, sample), label);
      news.value = "The secret is stored in this browser, and was saved as a file. Keep it: now you can commit.";
    } catch (error) {
      news.value = sentence(error);
    }
    changed.value++;
  }
  async function commit(secret: Secret): Promise<void> {
    const value = await price();
    await send({ purpose: "Committing", to: model.address, abi, functionName: "commit", args: [commitment(secret), value], value });
  }
  async function reveal(secret: Secret): Promise<void> {
    const { x, label, salt } = secret, value = await price();
    const args = [x, BigInt(label), salt, value * 2n];
    if (await send({ purpose: "Revealing", to: model.address, abi, functionName: "reveal", args, value: 0n })) forget(salt);
    changed.value++;
  }
  async function take(file: File | undefined): Promise<void> {
    try {
      if (file) await restore(file);
      news.value = "The secret is here again.";
    } catch (error) {
      news.value = sentence(error);
    }
    changed.value++;
  }
  return (
    <details open={kept.length > 0}>
      <summary>Hide a sample first</summary>
      <p>Commit to the sample above now, and reveal it at least one block later: until then nobody sees it.</p>
      <div class="row">
        <button onClick={prepare}>Store and save its secret</button>
        <button onClick={() => input.current!.click()}>Take a secret from its file</button>
        <input ref={input} type="file" hidden aria-hidden="true" tabIndex={-1} onChange={event => take(event.currentTarget.files?.[0])} />
      </div>
      <ul>{kept.map(each => (
        <li key={each.salt}>
          <span class="row">
            {shown(model.labels[each.label] ?? String(each.label), 40)}, secret {each.salt.slice(2, 10)}
            <button onClick={() => commit(each)}>Commit to {each.salt.slice(2, 10)}</button>
            <button onClick={() => reveal(each)}>Reveal {each.salt.slice(2, 10)}</button>
          </span>
        </li>
      ))}</ul>
    </details>
  );
}
