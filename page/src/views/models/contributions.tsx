// What was added, and what can be claimed of it now: only buttons that the contract would not refuse.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { sentence } from "../../chain/sentence";
import { head } from "../../chain/site";
import { coins } from "../../chain/token";
import { count, shown } from "../../chain/words";
import { usePassing } from "../../parts/offers";
import { Countdown, Hash } from "../../parts/parts";
import { account, ready } from "../../wallet/connection";
import { mined, send, trial } from "../../wallet/transactions";
import { abi, type Contribution, type Model } from "../../chain/shared";

type Verb = "refund" | "report" | "take" | "sweep";
type Claim = { verb: Verb | null; why: string };
const WORDS: Record<Verb, string> = { refund: "Ask back", report: "Report", take: "Take", sweep: "Sweep" };
const FIRST_SHOWN = 12;

const isMine = (each: Contribution): boolean => each.contributor.toLowerCase() === account.value?.toLowerCase();
/** An id's low 32 bits are a slot that is used again. */
const numberOf = (each: Contribution): string => String(each.id >> 32n);

async function claimOf(model: Model, each: Contribution): Promise<Claim> {
  const args = [each.id, each.facts, each.x];
  const verbs: Verb[] = isMine(each) ? ["refund", "sweep"] : ["take", "report", "sweep"];
  let why = "";
  for (const functionName of verbs) {
    try {
      await trial({ to: model.address, abi, functionName, args });
      return { verb: functionName, why: "" };
    } catch (error) {
      why ||= sentence(error);
    }
  }
  return { verb: null, why };
}

export function Contributions({ model, all }: { model: Model; all: Contribution[] }) {
  const claims = useSignal<Map<bigint, Claim>>(new Map()), every = useSignal(false), passed = usePassing();
  const rows = every.value ? all.toReversed() : all.slice(-FIRST_SHOWN).toReversed();
  useEffect(() => { claims.value = new Map(); }, [account.value, ready.value]); // not what another may do
  useEffect(() => {
    let current = true;
    const open = ready.value ? rows.filter(each => !each.outcome) : [];
    Promise.all(open.map(async each => [each.id, await claimOf(model, each)] as const))
      .then(found => { if (current) claims.value = new Map(found); }, () => undefined);
    return () => { current = false; };
  }, [model.address, all.length, account.value, ready.value, head.value.block, mined.value, every.value, passed]);

  const claim = (each: Contribution, verb: Verb): Promise<boolean> =>
    send({ purpose: `${WORDS[verb]} ${numberOf(each)}`, to: model.address, abi, functionName: verb, args: [each.id, each.facts, each.x] });
  const due = rows.flatMap(each => {
    const verb = claims.value.get(each.id)?.verb;
    return verb ? [{ each, verb }] : [];
  });
  async function claimAll(): Promise<void> {
    for (const { each, verb } of due) if (!(await claim(each, verb))) return;
  }
  return (
    <section aria-labelledby="contributions">
      <h3 id="contributions">{count(all.length, "contribution")}</h3>
      {due.length > 1 && <button onClick={claimAll}>Claim all {due.length} that are due</button>}
      {rows.length > 0 && (
        <table>
          <caption class="sr">Contributions, the newest first</caption>
          <thead><tr><th>No.</th><th>Label</th><th>Deposit</th><th>Due</th><th>By</th><th>State</th></tr></thead>
          <tbody>{rows.map(each => {
            const found = claims.value.get(each.id);
            return (
              <tr key={String(each.id)}>
                <td data-label="No.">{numberOf(each)}</td>
                <td data-label="Label">{shown(model.labels[each.label] ?? String(each.label), 40)}</td>
                <td data-label="Deposit">{coins(each.deposit, model.currency)}</td>
                <td data-label="Due">{each.outcome ? "–" : <Countdown to={each.due} />}</td>
                <td data-label="By"><Hash value={each.contributor} /></td>
                <td data-label="State">{
                  each.outcome || (found?.verb
                    ? <button onClick={() => claim(each, found.verb!)}>{WORDS[found.verb]} {numberOf(each)}</button>
                    : <span>open{found?.why && isMine(each) && <>: {found.why}</>}</span>)
                }</td>
              </tr>
            );
          })}</tbody>
        </table>
      )}
      {all.length > FIRST_SHOWN && !every.value && <button onClick={() => { every.value = true; }}>Show all</button>}
    </section>
  );
}
