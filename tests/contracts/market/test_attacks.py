"""Whoever attacks a prediction market gains nothing and blocks nobody.

provider
├── never reveals the trial portion, or lets the choice go by → bond burnt, bounty back
├── has time left to reveal it → nobody expires the market
├── never reveals the rest → the bond is burnt, bounty and tips go to the participants
├── reveals other data, another place, another salt, another size, bad samples → refused
├── re-rolls: offers or chooses again, with another sender or in another block → refused
└── cancels late → there is nothing to call
participant
├── re-submits its data → earns nothing more
├── copies what another has opened, or its commitment → earns nothing, or cannot open
├── fills all places with what it never opens → its stakes are burnt
├── makes the loss worse so that an accomplice can repair it → neither gains
├── has a wallet that reverts → blocks itself alone
└── contributes nothing but noise → loses its stake at most
cranker
├── out of order, twice, with other data → refused or without effect
└── in any steps → the same result
"""

from copy import deepcopy

import pytest

from orchestrator.merkle import PositionTree
from orchestrator.systems.market.reference.market import BURNT, Outcome, Phase
from orchestrator.systems.market.reference.measuring import ONE
from orchestrator.systems.market.reference.samples import portion_leaf
from tests.evm import EVERYTHING, Reverted
from tests.market_system import ANY, BOND, BOUNTY, DEAD, MarketSystem, create, perceptron, poison, run_of

GOOD, OTHER = run_of(100, 10), run_of(101, 10)


def refused(error: str):
    return pytest.raises(Reverted, match=f"^\\('?{error}\\b|^{error}\\b")


# -- the provider -------------------------------------------------------------------------------------------


def test_expire__trial_never_revealed__bond_burnt_bounty_back() -> None:
    s = create()
    s.offer(tips=10**15)
    s.choose()
    with refused("TooEarly"):
        s.expire()
    s.evm.advance(s.reference.rules.reveal_wait + 1)
    with refused("TooLate"):
        s.reveal_trial()
    s.expire()
    s.check()
    assert s.balance("provider") == BOUNTY + 10**15
    before = s.evm.web3.eth.get_balance(DEAD)
    s.empty()
    assert s.evm.web3.eth.get_balance(DEAD) == before + BOND


def test_expire__trial_running__refused_chosen_or_not() -> None:
    """Nobody burns a provider's bond while it has time left, also where the choosing hash is gone."""
    s = create()
    s.offer()
    with refused("TooEarly"):
        s.expire()
    s.choose()
    s.evm.tester.mine_blocks(259)
    with refused("TooEarly"):
        s.expire()
    s.reveal_trial()
    with refused("WrongPhase"):
        s.expire()


def test_expire__choice_gone_by__void_and_not_rolled_again() -> None:
    s = create()
    s.offer()
    s.evm.tester.mine_blocks(259)
    with refused("SeedLost"):
        s.evm.send(s.do.choose(), "provider")
    for index in range(4):
        with refused("SeedLost"):
            s.evm.send(s.do.revealTrial(s.portions[index], s.salts[index], s.proof(index)), "provider")
    s.expire(choice_lost=True)
    assert s.reference.outcome == Outcome.VOIDED
    s.check()
    s.empty()


def test_choose__any_sender_at_any_time__the_same_portion() -> None:
    s = create()
    s.offer()
    s.evm.tester.mine_blocks(3)
    chosen = set()
    for sender, wait in (("provider", 0), ("anyone", 40), ("attacker", 200)):
        before = s.evm.snapshot()
        s.evm.tester.mine_blocks(wait + 1)
        chosen.add(s.choose(sender))
        s.evm.revert(before)
    assert len(chosen) == 1


@pytest.mark.parametrize("sealed", [False, True])
def test_expire__rest_never_revealed__bond_burnt_participants_get_bounty_and_tips(sealed: bool) -> None:
    s = create(stake=3).begin(bounty=1_000_003, bond=101, tips=7)
    s.contribute("contributor", GOOD, 10)
    s.contribute("latecomer", run_of(5, 3), 3)
    if sealed:
        s.commit("sleeper", OTHER, 10)
    s.close()
    s.reveal((s.trial + 1) % 4)
    with refused("TooEarly"):
        s.expire()
    s.evm.advance(s.reference.rules.reveal_wait + 1)
    with refused("TooLate"):
        s.reveal((s.trial + 2) % 4)
    s.expire()
    s.pay(1)
    s.check()
    s.pay()
    s.check()
    spoils = 1_000_003 + 7
    assert s.balance(BURNT) == 101 + (10 * s.stake if sealed else 0)
    assert s.balance("contributor") == 10 * s.stake + spoils * 10 // 13
    assert s.balance("latecomer") == 3 * s.stake + spoils - spoils * 10 // 13
    assert s.balance("provider") == 0
    if sealed:
        assert s.balance("sleeper") == 0  # its data are not known
    s.empty()


def test_reveal__not_what_was_committed__refused() -> None:
    s = create().begin()
    s.contribute("contributor", GOOD, 10)
    s.close()
    i, j = (s.trial + 1) % 4, (s.trial + 2) % 4
    data, salt, proof = s.portions[i], s.salts[i], s.proof(i)
    for index, run, with_salt, path in (
        (i, run_of(77, 12), salt, proof),
        (i, s.portions[j], salt, proof),
        (j, data, salt, proof),
        (i, data, s.salts[j], proof),
        (i, data, salt, proof[::-1]),
        (i, data, salt, proof[:1]),
        (i, data, salt, [*proof, bytes(32)]),
        (i, data, salt, []),
        (4, data, salt, proof),
    ):
        with refused("NotCommittedPortion"):
            s.evm.send(s.do.reveal(index, run, with_salt, path), "provider")
    s.reveal(i)
    for index in (i, s.trial):
        with refused("RevealedAlready"):
            s.evm.send(s.do.reveal(index, s.portions[index], s.salts[index], s.proof(index)), "provider")


def test_revealTrial__two_versions_of_a_portion_committed__only_the_one_in_its_place() -> None:
    """Each even portion's neighbour in the tree is another version of it: no proof puts that in its place."""
    other = run_of(77, 12)
    for seed in range(40):
        s = create(seed=seed)
        place, provider = s.domain, s.evm.role("provider")
        leaves = list(s.tree.levels[0])
        for i in (0, 2):
            leaves[i + 1] = portion_leaf(place, provider, i, other, s.salts[i])
        tree = PositionTree(leaves)
        s.evm.send(s.do.offer(tree.root, BOUNTY, BOND, 0), "provider", BOUNTY + BOND)
        i = s.choose()
        if i % 2 == 0:
            break
    with refused("NotCommittedPortion"):
        s.evm.send(s.do.revealTrial(other, s.salts[i], tree.proof(i + 1)), "provider")
    s.evm.send(s.do.revealTrial(s.portions[i], s.salts[i], tree.proof(i)), "provider")


@pytest.mark.parametrize(
    ("run", "error"),
    [
        (run_of(1, 11), "WrongCount"),
        (run_of(1, 13), "WrongCount"),
        (run_of(1, 12) + b"\x01", "Truncated"),
        (run_of(1, 11) + b"\x02\x00\x02\x00\x01", "UnknownLabel"),
        (run_of(1, 11) + b"\x01\x00\x04\x00\x02\x00\x01", "BadFeatures"),
    ],
)
def test_reveal__bad_portion_committed__cannot_be_revealed(run: bytes, error: str) -> None:
    s = create(test_set=[run] * 4)
    s.offer()
    s.choose()
    with refused(error):
        s.evm.send(s.do.revealTrial(run, s.salts[s.trial], s.proof(s.trial)), "provider")


def test_interface__provider__has_nothing_to_call_off_with() -> None:
    s = create().begin()
    s.contribute("contributor", GOOD, 10)
    for call in (
        s.do.offer(bytes(32), 1, 1, 0),
        s.do.choose(),
        s.do.revealTrial(s.portions[0], s.salts[0], s.proof(0)),
        s.do.expire(),
        s.do.crank([], 1),
        s.do.pay(1),
    ):
        with refused("WrongPhase"):
            s.evm.send(call, "provider", 0)
    with refused("NothingOwed"):
        s.evm.send(s.do.withdraw(s.evm.role("provider"), EVERYTHING), "provider")


# -- participants -------------------------------------------------------------------------------------------


def test_settle__data_submitted_again_or_copied__earn_nothing() -> None:
    """Samples that the model has learned change nothing: a rate so high that one pass learns each of them."""
    run = run_of(500, 1)
    s = create(model=perceptron(rate=4_000)).begin()
    s.contribute("contributor", run, 1)
    s.contribute("contributor", run, 1)
    s.contribute("copycat", run, 1)
    s.settle()
    s.check()
    assert s.reference.participants[1].score == 0
    assert s.balance("copycat") == s.stake
    s.empty()


def test_commit__all_places_filled_and_never_opened__costs_their_stakes() -> None:
    """Whoever keeps everybody out of a market, and its bounty locked, does not have it for nothing."""
    s = create(capacity=4).begin()
    for who in ("attacker", "sybil") * 2:
        s.commit(who, GOOD, 1)
    with refused("WrongPhase"):
        s.contribute("contributor", GOOD, 10)
    s.close()
    s.expire()
    s.pay()
    s.check()
    assert s.balance("attacker") == s.balance("sybil") == 0
    assert s.balance(BURNT) == 4 * s.stake
    assert s.balance("provider") == BOUNTY + BOND
    s.empty()


def test_open__commitment_copied_from_the_mempool__worth_nothing() -> None:
    s = create().begin()
    index = s.commit("contributor", GOOD, 10)
    run, salt = s.secrets[index]
    commitment = s.do.commitmentOf(s.evm.role("contributor"), run, salt).call()
    s.evm.send(s.do.commit(commitment, 10, ANY), "copycat", 10 * s.stake)
    s.open(index)
    with refused("OtherData"):
        s.evm.send(s.do.open(index + 1, run, salt), "copycat")


def test_open__relayed_by_a_front_runner__still_the_contributors() -> None:
    s = create().begin()
    index = s.commit("contributor", GOOD, 10)
    s.open(index, sender="attacker")
    s.settle()
    s.check()
    assert s.reference.participants[0].who == "contributor"
    assert s.reference.participants[0].score > 0


def test_settle__harm_and_repair_by_accomplices__neither_gains() -> None:
    """The harm is taken back at once, so there is nothing to repair. (Payouts then stay within the pot.)"""
    s = create(passes=1, stake=1).begin()
    s.contribute("contributor", run_of(600, 40), 40)
    s.contribute("saboteur", *poison())
    s.contribute("accomplice", run_of(600, 40), 40)
    s.settle()
    s.check()
    saboteur = s.reference.participants[1]
    assert saboteur.dropped
    assert 0 <= s.share() - sum(p.score for p in s.reference.participants) <= 3  # rounded down, each
    assert s.balance("saboteur") == 0
    s.empty()


def test_settle__two_strikes_and_no_stake_to_lose__dropped_all_the_same() -> None:
    s = create(strikes=9, stake=1).begin()
    s.contribute("contributor", run_of(600, 40), 40)
    s.contribute("saboteur", *poison())
    s.settle()
    s.check()
    assert s.reference.participants[1].dropped
    s.empty()


def wallet_calls(s: MarketSystem, wallet, call, value: int = 0) -> None:
    data = s.market.encode_abi(call.fn_name, args=call.args)
    s.evm.send(wallet.functions.run(s.market.address, value, data), "attacker", value)


def test_pay__wallet_that_reverts__blocks_nobody_and_can_still_withdraw_elsewhere() -> None:
    s = create().begin()
    wallet = s.evm.deploy("MarketWallet")
    wallet_calls(s, wallet, s.do.contribute(OTHER, ANY), 10 * s.stake)
    s.batches.append(OTHER)
    s.reference.contribute("wallet", OTHER, s.evm.now, 10 * s.stake)
    s.evm.roles["wallet"] = wallet.address
    s.contribute("contributor", GOOD, 10)
    s.settle()
    s.check()
    owed = s.balance("wallet")
    with pytest.raises(Reverted):
        s.evm.send(s.do.withdrawFor(wallet.address), "anyone")
    for who in ("contributor", "provider", "cranker"):
        if s.balance(who):
            s.evm.send(s.do.withdraw(s.evm.role(who), EVERYTHING), who)
    if s.balance(BURNT):
        s.evm.send(s.do.withdrawFor(DEAD), "anyone")
    assert s.holdings() == owed
    wallet_calls(s, wallet, s.do.withdraw(s.evm.role("attacker"), EVERYTHING))
    assert s.holdings() == 0
    del s.evm.roles["wallet"]


# -- crankers -----------------------------------------------------------------------------------------------


def rewarding(**rules: int) -> MarketSystem:
    s = create(**rules).begin(tips=10**12)
    for i in range(5):
        s.contribute(f"contributor {i % 2}", run_of(700 + i, 4, wrong=0.5 * (i % 2)), 4)
    s.close()
    s.reveal_all()
    return s


def test_crank__other_data_or_not_in_turn__refused() -> None:
    s = rewarding()
    for data in ([run_of(8, 12)], [s.portions[1]], [s.batches[0]]):  # in the place of the trial portion
        with refused("OtherData"):
            s.evm.send(s.do.crank(data, 100), "attacker")
    s.crank(work=36 + 36)  # the trial portion, three times, and the initial model
    for data in ([run_of(9, 4)], [s.batches[1]], [b""], s.batches[1:]):
        with refused("OtherData"):
            s.evm.send(s.do.crank(data, 100), "attacker")
    s.check()


def test_crank__the_same_again__no_effect_and_no_second_tip() -> None:
    s = rewarding(tip=1)
    s.crank(work=36 + 36, most=1)
    s.crank(work=1, most=1)
    data = [s.batches[0]]
    with refused("OtherData"):
        for _ in range(2):
            s.evm.send(s.do.crank(data, 36), "cranker")
            s.reference.crank("cranker", data, 36, s.evm.now)
    s.check()


def test_crank__no_work_or_no_data__no_effect() -> None:
    s = rewarding()
    s.crank(work=0)
    s.check()
    s.crank(most=0)
    s.check()
    s.crank(most=0)
    assert s.reference.measuring.next == 0


def test_crank__in_any_steps__the_same_result() -> None:
    results = []
    s = rewarding(strikes=2)
    for work in (1_000_000, 5):
        before, reference = s.evm.snapshot(), deepcopy(s.reference)
        s.measure(work)
        results.append([(p.score, p.dropped, p.forfeit) for p in s.reference.participants])
        s.evm.revert(before)
        s.reference = reference
    assert results[0] == results[1]


def test_crank__tips__paid_by_the_step_from_fees_then_tips() -> None:
    """The fees pay for five looks at the test set, the provider's tips for the trial portion and another."""
    s = rewarding(tip=10)
    fee = 37 * 10 * 10**9
    assert s.reference.rules.fee * s.reference.unit == fee
    s.crank(work=36 + 36)  # three times the trial portion, then the test set
    assert s.balance("cranker") == 72 * 10 * 10**9
    s.measure()
    assert s.reference.fees + s.reference.tips == 5 * fee + 10**12 - s.balance("cranker")
    before = s.balance("cranker")
    s.pay()
    assert s.balance("cranker") == before
    s.check()
    s.empty()


def test_crank__tips_and_fees_run_out__who_goes_on_gets_what_is_left() -> None:
    s = create(tip=10).begin(tips=10**11)
    s.contribute("contributor", GOOD, 10)
    s.close()
    s.reveal_all()
    all_of_it = s.reference.fees + s.reference.tips
    s.measure()
    assert s.balance("cranker") == all_of_it < 110 * 10 * 10**9  # as many steps
    s.pay()
    s.check()
    s.empty()


def test_crank__before_and_after_measuring__refused() -> None:
    s = create().begin()
    with refused("WrongPhase"):
        s.evm.send(s.do.crank([], 1), "cranker")
    s.contribute("contributor", GOOD, 10)
    s.settle()
    for call in (s.do.crank([], 1), s.do.pay(1), s.do.expire()):
        with refused("WrongPhase"):
            s.evm.send(call, "attacker")
    assert s.do.phase().call() == Phase.CLOSED


def test_settle__scores__telescope_and_never_exceed_the_bounty() -> None:
    s = rewarding(passes=1, strikes=3, stake=10**9)
    s.measure()
    assert sum(max(0, p.score) for p in s.reference.participants) <= s.share() + 5 <= ONE
    s.pay()
    s.check()
    s.empty()
