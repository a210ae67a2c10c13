"""What a federation costs, step by step, beside the least that each step can cost.

Bounds: 21,000 a transaction, its calldata, 5,000 a changed slot, 22,100 a fresh one, 2,100 one that is read,
2,600 for each code that the clone hands the call to, 3,000 a signature, and the log; for refutations the
floor of calldata. Rounds are steady: every slot is in use.
"""

import os
from types import SimpleNamespace

import pytest
from eth_tester import EthereumTester
from eth_tester.backends.pyevm import main as pyevm

from tests.contracts.federation.masked import TERMS as MASKED
from tests.contracts.federation.masked import MaskedScenario
from tests.contracts.federation.scenario import COMMONS, NAMES, PARTIES, Scenario, deploy_factory
from tests.evm import Backend, Evm, artifact

TRANSACTION, FRESH, CHANGED, READ, CODE, SIGNATURE = 21_000, 22_100, 5_000, 2_100, 2_600, 3_000
WORD, TOPIC = 256, 375
SIXTEEN = [*PARTIES, "karl", "lena", "mats", "nora", "otto", "paul"]
LIMIT = 16_700_000


def calldata(receipt, evm) -> int:
    data = evm.web3.eth.get_transaction(receipt["transactionHash"])["input"]
    return sum(16 if byte else 4 for byte in data)


def floor(receipt, evm) -> int:
    data = evm.web3.eth.get_transaction(receipt["transactionHash"])["input"]
    return TRANSACTION + sum(40 if byte else 10 for byte in data)


@pytest.fixture(scope="module")
def beginning():
    """A chain with a factory; its blocks have the same hashes in every run: they draw the committees."""
    parameters = Backend.generate_genesis_params({"timestamp": 2_000_000_000})
    state = Backend.generate_genesis_state(num_accounts=24)
    fixed = SimpleNamespace(**{**vars(os), "urandom": bytes})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pyevm, "os", fixed)
        made = Evm(EthereumTester(Backend(genesis_parameters=parameters, genesis_state=state)))
        yield made, deploy_factory(made)


@pytest.fixture
def evm(beginning):
    """That chain at its beginning: addresses and committees are the same whichever tests ran before."""
    made, _ = beginning
    before, roles = made.snapshot(), dict(made.roles)
    yield made
    made.revert(before)
    made.roles = roles


@pytest.fixture
def factory(beginning):
    return beginning[1]


def ready(evm, factory, parties, **changes) -> Scenario:
    """A federation insteady state: every slot is in use."""
    s = Scenario.create(evm, factory, *parties, rounds=40, **changes)
    s.begin()
    if s.terms["policy"] == 0:
        for _ in range(2):
            s.play(*parties)
    if s.terms["policy"] > 1:
        for _ in range(2):
            policy_round(s, parties)
    while s.terms["policy"] == 1 and not all(any(s.call("scoresOf", s.seat(who))) for who in parties):
        quality_round(s, parties)
    return s


def quality_round(s: Scenario, parties, each: bool = False) -> dict[str, list]:
    """Receipts by step of a whole round with a committee, `each` act by itself or in batches.

    The first scores draw it: there is nothing that a round needs besides.
    """
    found: dict[str, list] = {}
    groups = [[who] for who in parties] if each else [parties]
    if each:
        found["commit"] = [s.commit(who) for who in parties]
    else:
        found["commit"] = [s.commit_signed(*parties)]
    found["reveal"] = [s.reveal(*group) for group in groups]
    members = s.awaited()
    scores = {who: s.scores(**{each_: 100 + 7 * k for k, each_ in enumerate(parties)}) for who in members}
    groups = [[who] for who in members] if each else [members]
    if each:
        commitments = {who: s.scores_commitment(who, scores[who]) for who in members}
        found["score"] = [s.send("commitScore", commitments[who], sender=who) for who in members]
    else:
        found["score"] = [s.speak(scores, *members)]
    found["score reveal"] = [s.judge(scores, *group) for group in groups]
    posted, extra = s.prepare(parties[0])
    value = s.terms["bond"] * s.terms["unit"]
    found["claim"] = [
        s.send(
            "claim",
            s.state["round"],
            *[posted.claim[k] for k in (4, 2, 3)],
            extra,
            sender=parties[0],
            value=value,
        )
    ]
    found["finalize"] = [s.finalize(posted, sender=parties[0])]
    return found


def quality(evm, factory, parties, committee=5) -> Scenario:
    return ready(evm, factory, parties, policy=1, judging=3600, committee=committee, quorum=3, pay=1)


def test_gas__federation__round_of_ten_with_a_committee(gas_snapshot, evm, factory):
    ten = PARTIES[:10]
    s = quality(evm, factory, ten)
    batched, each = quality_round(s, ten), quality_round(s, ten, each=True)
    costs = {
        name: [sum(step["gasUsed"] for step in steps) for steps in (batched[name], each[name])]
        for name in each
    }
    total = [sum(cost[k] for cost in costs.values()) for k in (0, 1)]
    commit, reveal = batched["commit"][0], batched["reveal"][0]
    log = 3 * TOPIC + WORD
    committing = TRANSACTION + calldata(commit, evm) + 2 * CODE + CHANGED + 10 * (CHANGED + SIGNATURE + log)
    revealing = TRANSACTION + calldata(reveal, evm) + 2 * CODE + 2 * CHANGED + 10 * (CHANGED + log + 4 * WORD)
    claim, end = batched["claim"][0], batched["finalize"][0]
    claiming = TRANSACTION + calldata(claim, evm) + 2 * CODE + 2 * CHANGED + 6 * READ + 2 * TOPIC + 10 * WORD
    ending = TRANSACTION + calldata(end, evm) + 2 * CODE + 7 * CHANGED + 2 * READ + 4 * TOPIC + 8 * WORD
    gas_snapshot("federation: round of 10, committee of 5, batched", total[0], at_most=650_000)
    gas_snapshot("federation: round of 10, committee of 5, each by itself", total[1], at_most=1_400_000)
    gas_snapshot(
        "federation: commit, a party in a batch",
        commit["gasUsed"] // 10,
        at_most=16_500,
        bound=committing // 10,
    )
    gas_snapshot(
        "federation: reveal, a party in a batch",
        reveal["gasUsed"] // 10,
        at_most=15_000,
        bound=revealing // 10,
    )
    gas_snapshot("federation: claim", claim["gasUsed"], at_most=75_000, bound=claiming)
    gas_snapshot("federation: finalize", end["gasUsed"], at_most=70_000, bound=ending)
    for name, key, limit, alone in (
        ("commit", "commit, a party", None, 40_000),
        ("reveal", "reveal, a party", None, 44_000),
        ("score", "commit to scores, a scorer", 22_000, 45_000),  # the draw is shared in the batch
        ("score reveal", "reveal scores, a scorer", 16_000, 43_000),
    ):
        # The last reveal also fixes from which block the committee is drawn.
        gas = sorted(step["gasUsed"] for step in each[name])[-2]
        gas_snapshot(f"federation: {key} by itself", gas, at_most=alone)
        if limit:
            gas = batched[name][0]["gasUsed"] // 5
            gas_snapshot(f"federation: {key} in a batch", gas, at_most=limit)


def test_gas__federation__join(gas_snapshot, evm, factory):
    s = Scenario.create(evm, factory, "anna")
    receipt = s.join("ben")
    bound = TRANSACTION + calldata(receipt, evm) + 3 * CODE + FRESH + CHANGED + 2 * TOPIC + WORD
    gas_snapshot("federation: join", receipt["gasUsed"], at_most=60_000, bound=bound)


def test_gas__federation__create(gas_snapshot, evm, factory):
    s = Scenario.create(evm, factory)
    terms = s.terms | {"descriptor": b"\x05" * 32}
    budget = terms["rounds"] * terms["reward"] * terms["unit"]
    receipt = evm.send(factory.functions.create(terms, b"\x05" * 32), "organizer", budget)
    gas_snapshot("federation: create", receipt["gasUsed"], at_most=160_000)


@pytest.mark.parametrize(("count", "size", "limit"), [(9, 650, 240_000), (9, 8192, None), (16, 650, LIMIT)])
def test_gas__federation__refute_mean(gas_snapshot, evm, factory, count, size, limit):
    parties = SIXTEEN[:count]
    s = ready(evm, factory, parties, size=size, stake=1000)
    s.revealed(*parties)

    def lie(draft):
        draft.model[40] += 1

    receipt = s.refute("refuteChunk", *s.evidence(s.claim(parties[0], lie), 1), announced=False)
    name = f"federation: refute mean, {count} x 32 int32" + (f" of {size:,}" if size != 650 else "")
    gas_snapshot(name, receipt["gasUsed"], at_most=limit, bound=floor(receipt, evm))


@pytest.mark.parametrize(("rule", "more"), [(2, {}), (3, {"trim": 1, "quorum": 3})])
def test_gas__federation__refute_by_order(gas_snapshot, evm, factory, rule, more):
    parties = SIXTEEN[:9]
    s = ready(evm, factory, parties, size=650, stake=1000, rule=rule, **more)
    s.revealed(*parties)

    def lie(draft):
        draft.model[40] += 1

    receipt = s.refute("refuteChunk", *s.evidence(s.claim(parties[0], lie), 1), announced=False)
    name = {2: "median", 3: "trimmed mean"}[rule]
    gas_snapshot(
        f"federation: refute {name}, 9 x 32 int32",
        receipt["gasUsed"],
        at_most=260_000,
        bound=floor(receipt, evm),
    )


@pytest.mark.parametrize(("count", "limit", "select"), [(10, 340_000, 150_000), (16, 560_000, 270_000)])
def test_gas__federation__trace(gas_snapshot, evm, factory, count, limit, select):
    parties = SIXTEEN[:count]
    changes = {"rule": 4, "faulty": 1, "keep": 4, "quorum": 5, "width": 2, "size": 650, "stake": 1000}
    s = ready(evm, factory, parties, **changes)
    s.revealed(*parties)

    def lie(draft):
        for products in draft.products[1:]:
            products[0][0] += 1

    posted = s.claim(parties[0], lie)
    receipt = s.refute("refuteStep", *s.step(posted, 1), announced=False)
    gas_snapshot(
        f"federation: refute a step of the trace, {count} x 32 int16",
        receipt["gasUsed"],
        at_most=limit,
        bound=floor(receipt, evm),
    )

    def choose(draft):
        draft.selected ^= 3 if draft.selected & 3 in (1, 2) else (1 << draft.selected.bit_length() - 1)

    posted = s.claim(parties[1], choose)
    receipt = s.refute("refuteSelection", *s.selection(posted), announced=False)
    gas_snapshot(
        f"federation: refute a multi-Krum of {count}",
        receipt["gasUsed"],
        at_most=select,
        bound=floor(receipt, evm),
    )


VOTING = {"judging": 3600, "quorum": 3}


def test_gas__federation__votes(gas_snapshot, evm, factory):
    ten = PARTIES[:10]
    s = ready(evm, factory, ten, policy=2, difficulty=0, **VOTING)
    for _ in range(2):
        s.revealed(*ten)
        receipt = s.vote_signed(1023, *ten)
        posted, extra = s.prepare("anna")
        value = s.terms["bond"] * s.terms["unit"]
        about = s.state["round"], posted.claim[4], *posted.claim[2:4], extra, s.mined("anna", posted)
        mined = s.send("mine", *about, sender="anna", value=value)
        s.finalize(posted)
    s.revealed(*ten)
    each = s.vote(*ten)[-2]
    log = 2 * TOPIC + WORD
    bound = (
        TRANSACTION + calldata(receipt, evm) + 2 * CODE + 2 * CHANGED + READ + 10 * (READ + SIGNATURE + log)
    )
    gas_snapshot(
        "federation: vote, a party in a batch", receipt["gasUsed"] // 10, at_most=13_000, bound=bound // 10
    )
    gas_snapshot("federation: vote, by itself", each["gasUsed"], at_most=45_000)
    gas_snapshot("federation: mine", mined["gasUsed"], at_most=64_000)


@pytest.mark.parametrize("policy", ["trusted", "quality", "work", "stake", "delegates"])
def test_gas__federation__round_of_ten_by_policy(gas_snapshot, evm, factory, policy):
    """What a batched round of ten costs under each policy, with a committee or delegates of five."""
    ten, number = PARTIES[:10], ["trusted", "quality", "work", "stake", "delegates"].index(policy)
    terms = {"policy": number} | (VOTING if number else {})
    if policy in ("quality", "delegates"):
        terms["committee"] = 5
    s = ready(evm, factory, ten, **terms)
    total = 0
    for _ in range(3):
        total = (
            policy_round(s, ten)
            if policy != "quality"
            else sum(step["gasUsed"] for steps in quality_round(s, ten).values() for step in steps)
        )
    gas_snapshot(f"federation: round of 10, policy {policy}, batched", total, at_most=720_000)


def policy_round(s: Scenario, parties) -> int:
    steps = [s.commit_signed(*parties)]
    if s.terms["policy"] > 2:
        s.until()
    steps.append(s.reveal(*parties))
    if s.terms["policy"]:
        voters = parties[: s.terms["committee"] or len(parties)]
        steps.append(s.vote_signed(2 ** len(parties) - 1, *voters))
    leader = s.leader(s.call("judgement")[1])
    who = next((each for each in parties if s.seat(each) == leader), parties[0])
    posted, extra = s.prepare(who)
    value = s.terms["bond"] * s.terms["unit"]
    about: list = [s.state["round"], posted.claim[4], *posted.claim[2:4], extra]
    mines = s.terms["policy"] == 2
    about += [s.mined(who, posted)] if mines else []
    steps.append(s.send("mine" if mines else "claim", *about, sender=who, value=value))
    steps.append(s.finalize(posted, sender=who))
    return sum(step["gasUsed"] for step in steps)


def task_round(s: Scenario, trainers) -> list:
    """Receipts of a batched round under the policy Learning, in which the first of `trainers` wins."""
    steps = [s.commit_signed(*trainers)]
    s.until()
    steps.append(s.reveal(*trainers))
    members = s.awaited()
    scores = dict.fromkeys(members, s.scores(**{who: 100 + 7 * k for k, who in enumerate(trainers)}))
    steps += [s.speak(scores, *members), s.judge(scores, *members)]
    posted, extra = s.prepare(trainers[0])
    value = s.terms["bond"] * s.terms["unit"]
    about = s.state["round"], posted.claim[4], *posted.claim[2:4], extra
    return [
        *steps,
        s.send("claim", *about, sender=trainers[0], value=value),
        s.finalize(posted, sender=trainers[0]),
    ]


def test_gas__federation__task(gas_snapshot, evm, factory):
    ten = PARTIES[:10]
    terms = {"policy": 5, "judging": 3600, "committee": 5, "quorum": 3, "seats": 10, "maxWeight": 1}
    s = Scenario.create(evm, factory, *ten, rounds=40, **terms)
    s.begin()
    for _ in range(3):
        steps = task_round(s, ten[:5])
    total = sum(step["gasUsed"] for step in steps)
    gas_snapshot("federation: task, 5 models, committee of 5, batched", total, at_most=600_000)


def test_gas__federation__task_of_sixteen__each_step_below_the_limit(evm, factory):
    terms = {"policy": 5, "judging": 3600, "committee": 7, "quorum": 3, "seats": 16, "maxWeight": 1}
    s = Scenario.create(evm, factory, *SIXTEEN, **terms)
    s.begin()
    assert max(step["gasUsed"] for step in task_round(s, SIXTEEN[:9])) < LIMIT


@pytest.mark.parametrize(("count", "size", "limit"), [(10, 650, 292_000), (16, 2**14, LIMIT)])
def test_gas__federation__direct_sum(gas_snapshot, evm, factory, count, size, limit):
    parties = SIXTEEN[:count]
    terms = {"mode": 1, "width": 1, "maxWeight": 1, "shift": 3, "size": size, "stake": 1000}
    s = Scenario.create(evm, factory, *parties, rounds=40, **terms)
    s.begin()
    for _ in range(2):
        s.revealed(*parties)
        receipt = s.sum("anna", *parties)
    name = f"federation: direct sum, {count} x {size} int8"
    gas_snapshot(name, receipt["gasUsed"], at_most=limit, bound=floor(receipt, evm))


def masked_ready(evm, factory, parties, **changes) -> MaskedScenario:
    s = MaskedScenario.create(evm, factory, *parties, rounds=40, **(MASKED | changes))
    s.begin()
    for _ in range(2):
        s.play(*parties)
    return s


def test_gas__federation__masked_round_of_ten(gas_snapshot, evm, factory):
    """What masks add: keys, seeds that are told; a sum that nobody refutes."""
    ten = PARTIES[:10]
    s = MaskedScenario.create(evm, factory, *ten[:-1], rounds=40, **MASKED)
    receipt = s.join(ten[-1])
    gas_snapshot("federation: join, with a key for masks", receipt["gasUsed"], at_most=65_000)
    s.begin()
    for _ in range(3):
        steps = [s.commit_signed(*ten), s.reveal(*ten)]
        length = len(s.told(ten[0]))
        steps.append(s.unmask(*ten))
        posted, extra = s.prepare(ten[0])
        about = [s.state["round"], posted.claim[4], *posted.claim[2:4], extra]
        value = s.terms["bond"] * s.terms["unit"]
        steps += [s.send("claim", *about, sender=ten[0], value=value), s.finalize(posted, sender=ten[0])]
    told = steps[2]
    log = 3 * TOPIC + 5 * WORD + 8 * length
    bound = TRANSACTION + calldata(told, evm) + 2 * CODE + CHANGED + 10 * (READ + log)
    gas_snapshot(
        "federation: unmask, a party in a batch of 10",
        told["gasUsed"] // 10,
        at_most=27_000,
        bound=bound // 10,
    )
    total = sum(step["gasUsed"] for step in steps)
    gas_snapshot("federation: round of 10, masked, batched", total, at_most=720_000)


def test_gas__federation__masked_round_of_ten_that_one_voids(gas_snapshot, evm, factory):
    """What the nine others and a relay spend where one keeps silent and its shares restore nothing."""
    ten = PARTIES[:10]
    s = masked_ready(evm, factory, ten)
    steps = [s.commit_signed(*ten), s.reveal(*ten), s.unmask(*ten[1:])]
    shown = bytes([0, 0]) + b"\1" * 32  # of its own seed, which alone is due
    steps += [s.send("share", shown, sender=who) for who in ten[1:]]
    s.until()
    steps.append(s.send("skip", sender=ten[1]))
    total = sum(step["gasUsed"] for step in steps)
    gas_snapshot("federation: round of 10, masked, void by one", total, at_most=1_000_000)


@pytest.mark.parametrize(("count", "gone", "size"), [(9, 1, 650), (16, 0, 650), (16, 6, 8192), (16, 8, 650)])
def test_gas__federation__refute_masked(gas_snapshot, evm, factory, count, gone, size):
    parties = SIXTEEN[:count]
    s = masked_ready(evm, factory, parties, size=size, stake=1000)
    there = parties[gone:]
    s.unmasked(*there, gone=tuple(parties[:gone]))

    def lie(draft):
        draft.model[40] += 1

    receipt = s.refute("refuteMasked", *s.shown(s.claim(there[0], lie), 1), announced=False)
    assert receipt["gasUsed"] < LIMIT
    name = f"federation: refute masked, {count} seats, {gone} gone" + (
        f", of {size:,}" if size != 650 else ""
    )
    gas_snapshot(name, receipt["gasUsed"], at_most=1_100_000, bound=floor(receipt, evm))


@pytest.mark.parametrize("name", [*NAMES.values(), "MaskedFederation", *COMMONS, "FederationFactory"])
def test_size__federation__fits_a_contract(name):
    assert len(bytes.fromhex(artifact(name)["deployedBytecode"][2:])) < 24_576


def test_gas__federation__draw_of_a_committee(gas_snapshot, evm, factory):
    """What a draw costs that does not come with the first scores, and those then."""
    ten = PARTIES[:10]
    s = quality(evm, factory, ten)
    s.commit_signed(*ten)
    s.reveal(*ten)
    gas_snapshot("federation: draw the committee", s.send("draw")["gasUsed"], at_most=42_000)
    members = s.members()
    gas = s.speak(dict.fromkeys(members, s.scores(anna=100)), *members)["gasUsed"] // len(members)
    key = "federation: commit to scores, a scorer in a batch, of a drawn committee"
    gas_snapshot(key, gas, at_most=20_000)


@pytest.mark.parametrize(("count", "limit"), [(5, 520_000), (16, 850_000)])
def test_gas__federation__round_of_another_size(gas_snapshot, evm, factory, count, limit):
    parties = SIXTEEN[:count]
    steps = quality_round(quality(evm, factory, parties), parties)
    total = sum(step["gasUsed"] for receipts in steps.values() for step in receipts)
    gas_snapshot(f"federation: round of {count}, committee of 5, batched", total, at_most=limit)


def test_gas__federation__withdraw(gas_snapshot, evm, factory):
    s = ready(evm, factory, PARTIES[:3])
    receipt = s.send("withdraw", evm.role("anna"), s.balance("anna") * s.terms["unit"], sender="anna")
    gas_snapshot("federation: withdraw", receipt["gasUsed"], at_most=72_000)


@pytest.mark.parametrize("name", [*NAMES.values(), "MaskedFederation"])
def test_gas__federation__deploy(gas_snapshot, evm, name):
    before = evm.web3.eth.block_number
    evm.deploy(name, *[evm.role("anna")] * 2)
    used = [
        evm.web3.eth.get_transaction_receipt(each)["gasUsed"]
        for number in range(before + 1, evm.web3.eth.block_number + 1)
        for each in evm.web3.eth.get_block(number)["transactions"]
    ]
    gas_snapshot(f"federation: deploy {name}", max(used), at_most=4_500_000)


def test_gas__federation__direct_sum_of_a_larger_model(gas_snapshot, evm, factory):
    test_gas__federation__direct_sum(gas_snapshot, evm, factory, 10, 2_410, 1_010_000)
