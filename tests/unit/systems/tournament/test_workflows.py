"""Rounds from the offer to the last wei.

a round
├── kept by keepers alone: scored, paid, closed, and recomputed by anybody
├── killed after every send and run again: nothing is sent twice
├── without a reveal: void, stakes and half of the bond return
└── not scored in time, or garbage: expired for the tip, unless that costs more
an entry
├── replaced, raised, replaced again; never shrunk
├── late, another's, of a round that nobody opened: refused
└── consent declined: nothing is sent
lost secrets
└── restored from the wallet and the same file; not from another
a token
└── funds pot, bond and stakes; all of it comes back
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.bindings.tournament import Entered, Opened, Revealed, Scored, State, Tournament
from orchestrator.chain.connection import Chain
from orchestrator.chain.external import Erc20
from orchestrator.errors import (
    AccountError,
    ChainError,
    ContractReverted,
    InsufficientFunds,
    SentBefore,
    UsageError,
)
from orchestrator.kernel.finding import history
from orchestrator.kernel.money import held
from orchestrator.systems.tournament import duties, rounds
from orchestrator.systems.tournament.finding import factory_of, find, money_of, secret_folder
from orchestrator.systems.tournament.index import FARTHEST, index_of
from orchestrator.systems.tournament.leaderboard import KINDS, draw, leaderboard, performances
from orchestrator.systems.tournament.sealing import ENTRY, commitment_of
from orchestrator.systems.tournament.verifying import verify
from orchestrator.types import Address, Digest
from tests.unit.systems.tournament.conftest import ETHER, Stage
from tests.world import decline, killed

ENTRANTS = ("anna", "ben", "cara")
BURNT = Address("0x000000000000000000000000000000000000dEaD")


def test_round__kept_by_keepers__pays_and_closes_and_is_recomputed(stage: Stage) -> None:
    found = stage.create()
    stage.prepare(found)
    assert stage.keep(found, "organizer") == ["opened round 0"]
    stage.at(found, "begins")
    for role in ENTRANTS:
        stage.enter(found, role)
    assert stage.keep(found, *ENTRANTS, "organizer") == []
    closes = found.times_of(0).closes
    due = [(each.duty, each.at) for each in stage.keeper(found, "organizer").due()]
    assert due == [("reveal the targets", closes)]
    [first, *_] = stage.keeper(found, "anna").due()
    assert (first.duty, first.at) == ("score own entries", closes)
    stage.at(found, "closes")
    assert stage.keep(found, "organizer") == ["revealed the targets of round 0"]
    said = stage.keep(found, *ENTRANTS)
    assert [each[:6] for each in said] == ["scored"] * 3
    assert ("+" in said[0], "-" in said[2]) == (True, True)
    stage.at(found, "ends")
    assert stage.keep(found, *ENTRANTS, "organizer") == ["closed round 0"]
    best, *_, worst = leaderboard(found)
    assert (best.who, worst.who) == (stage.account("anna").address, stage.account("cara").address)
    assert best.payout > 0 > worst.payout
    assert (verify(found, 0).entries, verify(found, 0).difference) == (3, "")
    for role in (*ENTRANTS, "organizer"):
        assert stage.withdraw(found, role) > 0
    assert stage.session.chain.balance(found.address) == found.balance_of(BURNT) > 0
    assert [type(each).__name__ for each in history(found, KINDS)][:3] == ["Opened", "Entered", "Entered"]
    picture = stage.folder / "scores.png"
    draw(performances(found), stage.session.names, "stations", picture)
    assert picture.read_bytes().startswith(b"\x89PNG")


# Two tables, the tournament; open; three entries; reveal; score, expire, close: of a token, four times an
# approval and a payment besides.
@pytest.mark.parametrize(("in_tokens", "transactions"), [(False, 11), (True, 19)])
def test_round__killed_after_every_send__nothing_is_sent_twice(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, in_tokens: bool, transactions: int
) -> None:
    token = stage.token() if in_tokens else ""
    sent: set[str] = set()
    real = Chain.send

    def die(chain: Chain, *args: Any, **options: Any) -> Any:
        receipt = real(chain, *args, **options)
        if receipt.tx_hash not in sent and not options.get("dry_run"):
            sent.add(receipt.tx_hash)
            raise KeyboardInterrupt
        return receipt

    def until(act: Callable[[], Any]) -> Any:
        """Run a command again as often as it is killed."""
        while True:
            try:
                return act()
            except KeyboardInterrupt:
                continue

    monkeypatch.setattr(Chain, "send", die)
    found = until(lambda: stage.create(token=token))
    until(lambda: stage.open(found))
    stage.at(found, "begins")
    for role, stake in (("anna", 1), ("ben", 2), ("ben", 3)):
        until(lambda role=role, stake=stake: stage.enter(found, role, stake * ETHER))  # type: ignore[misc]
    stage.at(found, "closes")
    until(lambda: stage.reveal(found))
    until(lambda: stage.score(found, "anna"))
    stage.at(found, "ends")
    anna, ben = (stage.account(role).address for role in ("anna", "ben"))
    until(lambda: stage.act(found, "expire", ben))
    until(lambda: stage.act(found, "close"))
    assert len(sent) == transactions
    assert rounds.stakes_of(found, 0) == {anna: ETHER, ben: 3 * ETHER}
    assert held(stage.session.chain, money_of(found), found.address) == (2 + 1 + 4) * ETHER
    assert verify(found, 0).difference == ""


def test_round__no_reveal__everybody_is_refunded_with_a_share_of_the_bond(stage: Stage) -> None:
    found = stage.entered("anna", "ben")
    stage.at(found, "resolves")
    assert stage.keep(found, "organizer") == []
    said = stage.keep(found, "anna", "ben")
    assert said[0] == "ended round 0, whose targets were not revealed"
    assert said[1:] == ["got the stake of round 0 back"] * 2
    assert stage.free(found, "anna") == stage.free(found, "ben") == ETHER + ETHER // 4
    assert stage.free(found, "organizer") == 2 * ETHER
    assert (verify(found, 0).entries, verify(found, 0).difference) == (2, "")
    with pytest.raises(ContractReverted):
        stage.act(found, "close")


def test_expire__for_the_tip__unless_that_costs_more(stage: Stage) -> None:
    found = stage.entered("cara", "ben")
    stage.session.send(found.enter(0, b"\xff" * 32, ETHER), stage.account("stranger"), value=ETHER)
    stage.at(found, "closes")
    stage.keep(found, "organizer")
    assert stage.keep(found, "stranger")[0].startswith("could not score own entries: the predictions of erin")
    stage.at(found, "ends")
    assert stage.keep(found, "stranger") == ["expired the entry of erin to round 0 for 0.0001 ether"]
    [left, *_] = stage.keep(found, "stranger", others=True, least=ETHER)
    assert left.startswith("left the entry of dave to round 0: it brings 0.0001 ether and costs")
    assert len(stage.keep(found, "ben", least=ETHER)) == 1  # its own: the tip stays, whatever it costs
    expired = stage.keep(found, "stranger", others=True)
    assert expired == ["expired the entry of dave to round 0 for 0.0001 ether"]
    assert stage.free(found, "stranger") > stage.free(found, "ben") > stage.free(found, "cara")
    assert verify(found, 0).difference == ""
    with pytest.raises(ChainError, match="no scored entry to round 0"):
        stage.score(found, "cara")


def test_enter__again__replaces_and_raises_and_never_shrinks(stage: Stage) -> None:
    found, other = stage.entered("anna"), stage.predictions(0.5)
    first = found.entry_of(0, stage.account("anna").address).commitment
    second = stage.enter(found, "anna", None, file=other)
    assert (second.entry.stake, second.entry.commitment != first) == (ETHER, True)
    assert stage.enter(found, "anna", None, file=other).gas_used == 0
    back = stage.enter(found, "anna", 2 * ETHER)
    assert (back.entry.stake, back.entry.commitment) == (2 * ETHER, first)
    with pytest.raises(UsageError, match="1 ether is too small"):
        stage.enter(found, "anna", ETHER)
    with pytest.raises(UsageError, match="too small"):
        stage.enter(found, "ben", 1)
    with pytest.raises(InsufficientFunds):
        stage.enter(found, "ben", 10**9 * ETHER)


def test_enter__outside_its_time_or_declined__nothing_is_sent(stage: Stage) -> None:
    found, said = stage.create(), list[str]()

    def declined(amount: int, sentences: Any) -> None:
        said.extend([str(amount), *sentences])
        decline()

    def refuses(phase: str) -> None:
        with pytest.raises(ChainError, match=f"round 0 is {phase}"):
            stage.enter(found, "anna")

    refuses("unopened")
    stage.open(found)
    refuses("upcoming")
    stage.at(found, "begins")
    with pytest.raises(KeyboardInterrupt):
        stage.enter(found, "anna", consent=declined)
    assert said[0] == str(ETHER)
    assert "A bad score loses up to 5.05% of it" in said[2]
    assert rounds.stakes_of(found, 0) == {}
    stage.at(found, "closes")
    refuses("waiting")


def test_open__late_or_otherwise_or_by_another__refused(stage: Stage) -> None:
    found = stage.create()
    with pytest.raises(AccountError, match="no targets are prepared"):
        stage.open(found, source=None)
    with pytest.raises(UsageError, match="does not organize"):
        rounds.prepare(stage.session, found, 0, stage.targets(), stage.account("ben"))
    stage.prepare(found)
    assert stage.open(found, source=None)
    assert stage.open(found, source=None) is None
    stage.prepare(found, stage.other_targets())
    with pytest.raises(ChainError, match="open with other targets"):
        stage.open(found, source=None)
    stage.at(found, "begins", 1)
    with pytest.raises(ChainError, match="round 1 began at"):
        stage.open(found, 1)


def test_open__declined__nothing_is_sealed_for_a_keeper_to_open(stage: Stage) -> None:
    found = stage.create()
    with pytest.raises(KeyboardInterrupt):
        stage.open(found, consent=decline)
    assert rounds.prepared(stage.session, found, 0) is None
    assert stage.keep(found, "organizer") == []
    assert stage.open(found, consent=lambda *_: None)
    assert found.round_of(0).state is State.OPEN


def test_reveal__another_file_than_what_is_sealed__refused(stage: Stage) -> None:
    found = stage.entered("anna")
    stage.at(found, "closes")
    with pytest.raises(AccountError, match=r"other\.csv has other targets than round 0 was opened with"):
        stage.reveal(found, stage.other_targets())
    assert stage.reveal(found, stage.targets())


def test_fund__again_or_more_while_less_is_on_its_way__has_what_is_wanted_and_no_more(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = stage.create()
    assert [stage.fund(found, "ben", 2 * ETHER) for _ in range(2)] == [2 * ETHER, 0]
    with killed(monkeypatch):
        stage.fund(found, "anna", 2 * ETHER)
    with pytest.raises(SentBefore):
        stage.fund(found, "anna", 3 * ETHER)
    assert stage.free(found, "anna") == 2 * ETHER
    for role in ("anna", "ben"):
        assert stage.fund(found, role, 3 * ETHER) == ETHER
        assert stage.free(found, role) == 3 * ETHER


def test_enter__other_stake_while_the_first_is_on_its_way__told_and_the_stake_is_as_wanted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = stage.entered()
    with killed(monkeypatch):
        stage.enter(found, "anna", 2 * ETHER)
    with pytest.raises(SentBefore):
        stage.enter(found, "anna", 3 * ETHER)
    assert stage.enter(found, "anna", 3 * ETHER).entry.stake == 3 * ETHER
    assert rounds.stakes_of(found, 0) == {stage.account("anna").address: 3 * ETHER}


def test_late__thousands_of_entries_of_others__a_look_is_about_a_few_after_ones_own(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = stage.revealed("anna", "cara")
    stage.at(found, "ends")
    monkeypatch.setattr(duties, "MOST_ENTRIES", 1)
    assert len(stage.keep(found, "anna", others=True)) == 2
    assert index_of(found).unsettled() == []
    assert index_of(found).waiting([0], stage.account("stranger").address, 99) == []


def open_blindly(stage: Stage, found: Tournament, *numbers: int) -> None:
    for number in numbers:
        call = found.open(number, Digest(b"\1" * 32))
        stage.session.chain.send(call, stage.account("organizer"), value=3 * ETHER)


def test_keepers__round_that_no_clock_reaches__stops_nobody(stage: Stage) -> None:
    """A round of a number that no database holds, which its organizer may open."""
    found = stage.entered("anna")
    open_blindly(stage, found, FARTHEST, 1 << 200)
    assert [each.number for each in rounds.opened_rounds(found)] == [0]
    stage.at(found, "closes")
    assert stage.keep(found, "organizer") == ["revealed the targets of round 0"]
    assert "scored" in stage.keep(found, "anna")[0]


def test_keepers__many_rounds_open__tell_of_the_next_and_of_what_is_due(stage: Stage) -> None:
    found = stage.entered("anna")
    open_blindly(stage, found, *range(2, 12))
    [due] = [each for each in stage.keeper(found, "organizer").due() if each.duty == "reveal the targets"]
    assert due.at == found.times_of(0).closes
    stage.at(found, "resolves", 11)
    ended, refunded = stage.keep(found, "anna")
    assert ended == "ended round 0, whose targets were not revealed"
    assert refunded == "got the stake of round 0 back"
    others = stage.keeper(found, "stranger", others=True)
    [due] = [each for each in others.due() if each.duty == "end rounds without targets"]
    assert due.at == found.times_of(11 - duties.MOST_ROUNDS + 1).resolves


def test_secrets__lost__restored_from_the_wallet_and_the_file(stage: Stage) -> None:
    found, anna = stage.entered("anna"), stage.account("anna").address
    folder = secret_folder(stage.session, found.address).folder
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    stage.at(found, "closes")
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(AccountError, match="not those that are here"):
        stage.reveal(found)
    stage.reveal(found, stage.targets())
    for file in (stage.predictions(0.3), None):
        with pytest.raises(AccountError, match="not those that are here"):
            stage.score(found, "anna", file)
    assert found.entry_of(0, anna).settled is False
    done = stage.score(found, "anna", stage.predictions(1.0))
    assert (done.who, done.correlation > 9 * 10**8) == (anna, True)
    assert stage.score(found, "anna") == done


def test_reference__commitments_and_times__are_the_contracts(stage: Stage) -> None:
    found, anna, content, salt = stage.create(), stage.account("anna").address, b"ranks", bytes(32)
    hashed = stage.session.chain.web3.keccak(content)
    expected = found.entry_commitment(0, anna, hashed, salt)
    assert commitment_of(found, ENTRY, anna, 0, content, salt) == expected
    assert rounds.times_of(found, 1) == found.times_of(1)


def test_token__funds_everything__all_of_it_comes_back(stage: Stage) -> None:
    address, anna = stage.token(), stage.account("anna").address
    token, found = Erc20(stage.session.chain, address), stage.entered("anna", token=address)
    with pytest.raises(InsufficientFunds):
        stage.enter(found, "cara")
    assert (token.balance_of(found.address), token.allowance(anna, found.address)) == (4 * ETHER, 0)
    stage.at(found, "resolves")
    stage.act(found, "void")
    assert found.round_of(0).state is State.VOID
    stage.keep(found, "anna")
    assert stage.withdraw(found, "anna") == ETHER + ETHER // 2
    assert stage.withdraw(found, "organizer") == 2 * ETHER
    with pytest.raises(InsufficientFunds, match="has 0 TOK free"):
        stage.withdraw(found, "anna", 1)


def test_verify__forged_events__names_the_first_difference(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = stage.revealed("anna", "ben")
    for role in ("anna", "ben"):
        stage.score(found, role)
    assert verify(found, 0).difference == ""
    real = Tournament.events

    def forge(kind: type, **changes: Any) -> str:
        def events(self: Tournament, asked: type, *args: Any, **filters: Any) -> Any:
            told: Any = real(self, asked, *args, **filters)
            return (replace(each, **changes) if asked is kind else each for each in told)

        with monkeypatch.context() as patched:
            patched.setattr(Tournament, "events", events)
            return verify(found, 0).difference

    anna = stage.account("anna").address
    assert forge(Scored, payout=ETHER).startswith(f"the entry of {anna}: ")
    assert "are not those that" in forge(Scored, who=stage.account("cara").address)
    assert "targets are not those" in forge(Revealed, salt=bytes(32))
    assert "targets are not those" in forge(Opened, commitment=bytes(32))
    assert "the entry of" in forge(Entered, stake=10**6 * ETHER)
    for kind in (Entered, Revealed):
        assert "scored nothing" in forge(Scored, tx_hash=next(found.events(kind)).tx_hash)
    elsewhere = stage.session.send(factory_of(stage.session).keep_table(b"none"), stage.account("anna"))
    assert forge(Scored, tx_hash=elsewhere.tx_hash, payout=1).startswith(f"the entry of {anna}: ")
    with monkeypatch.context() as patched:
        shown = stage.session.chain.transaction(elsewhere.tx_hash)
        patched.setattr(Chain, "transaction", lambda *_: shown)
        seen = verify(found, 0)
    assert (seen.difference, seen.entries) == ("", 2)
    assert set(seen.unseen) == {anna, stage.account("ben").address}
    assert verify(found, 1).difference == "round 1 was never opened"


def test_find__by_name_address_and_latest(stage: Stage) -> None:
    def refuses(told: str, *reference: str) -> None:
        with pytest.raises(ChainError, match=told):
            find(stage.session, *reference)

    refuses("no tournament was created")
    first, second = stage.create(), stage.create(pot="3")
    assert find(stage.session).address == find(stage.session, second.address).address == second.address
    assert first.block < second.block
    refuses("several tournaments are called", "stations")
    refuses("no tournament is called", "\x1b[31m")
    refuses("is not a tournament", stage.account("anna").address)
