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
from orchestrator.chain.delivery import Delivery
from orchestrator.chain.external import Erc20
from orchestrator.errors import (
    AccountError,
    ChainError,
    ContractReverted,
    InsufficientFunds,
    SentBefore,
    UsageError,
)
from orchestrator.kernel.money import held
from orchestrator.systems.tournament import duties, rounds
from orchestrator.systems.tournament.balances import fund, money_of, withdraw
from orchestrator.systems.tournament.entering import score
from orchestrator.systems.tournament.finding import factory_of, find, secret_folder
from orchestrator.systems.tournament.index import FARTHEST, index_of
from orchestrator.systems.tournament.leaderboard import draw, history, leaderboard, performances
from orchestrator.systems.tournament.sealing import ENTRY, commitment_of
from orchestrator.systems.tournament.verifying import verify
from orchestrator.types import Digest
from tests.unit.systems.tournament.conftest import ETHER, Stage

ENTRANTS = ("anna", "ben", "cara")


def test_round__kept_by_keepers__pays_and_closes_and_is_recomputed(stage: Stage) -> None:
    found = stage.create()
    rounds.prepare(stage.session, found, 0, stage.targets(), stage.account("organizer"))
    assert stage.keep(found, "organizer") == ["opened round 0"]
    stage.at(found, "begins")
    for role in ENTRANTS:
        stage.enter(found, role)
    assert stage.keep(found, *ENTRANTS, "organizer") == []
    due = [(each.duty, each.at) for each in stage.keeper(found, "organizer").due()]
    assert due == [("reveal the targets", found.times_of(0).closes)]
    [first, *_] = stage.keeper(found, "anna").due()
    assert (first.duty, first.at) == ("score own entries", found.times_of(0).closes)
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
    burnt = found.balance_of("0x000000000000000000000000000000000000dEaD")  # type: ignore[arg-type]
    for role in (*ENTRANTS, "organizer"):
        assert withdraw(stage.session, found, stage.account(role)) > 0
    assert stage.session.chain.balance(found.address) == burnt > 0
    assert [type(each).__name__ for each in history(found)][:3] == ["Opened", "Entered", "Entered"]
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

    monkeypatch.setattr(Chain, "send", die)
    found = until(lambda: stage.create(token=token))
    until(lambda: stage.open(found))
    stage.at(found, "begins")
    until(lambda: stage.enter(found, "anna"))
    until(lambda: stage.enter(found, "ben", 2 * ETHER))
    until(lambda: stage.enter(found, "ben", 3 * ETHER))
    stage.at(found, "closes")
    until(lambda: rounds.reveal(stage.session, found, 0, stage.account("organizer")))
    until(lambda: score(stage.session, found, 0, stage.account("anna")))
    stage.at(found, "ends")
    ben, stranger = stage.account("ben").address, stage.account("stranger")
    until(lambda: rounds.act(stage.session, found.expire(0, ben), stranger, "expire", 0, ben))
    until(lambda: rounds.act(stage.session, found.close(0), stranger, "close", 0))
    assert len(sent) == transactions
    assert rounds.stakes_of(found, 0) == {
        stage.account("anna").address: ETHER,
        stage.account("ben").address: 3 * ETHER,
    }
    assert held(stage.session.chain, money_of(found), found.address) == (2 + 1 + 4) * ETHER
    assert verify(found, 0).difference == ""


def until(act: Callable[[], Any]) -> Any:
    """Run a command again as often as it is killed."""
    while True:
        try:
            return act()
        except KeyboardInterrupt:
            continue


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
        rounds.act(stage.session, found.close(0), stage.account("organizer"), "close", 0)


def test_expire__for_the_tip__unless_that_costs_more(stage: Stage) -> None:
    found = stage.entered("cara", "ben")
    garbage = found.enter(0, b"\xff" * 32, ETHER)
    stage.session.send(garbage, stage.account("stranger"), value=ETHER)
    stage.at(found, "closes")
    stage.keep(found, "organizer")
    assert stage.keep(found, "stranger")[0].startswith("could not score own entries: the predictions of erin")
    stage.at(found, "ends")
    assert stage.keep(found, "stranger") == ["expired the entry of erin to round 0 for 0.0001 ether"]
    [left, *_] = stage.keep(found, "stranger", others=True, least=ETHER)
    assert left.startswith("left the entry of dave to round 0: it brings 0.0001 ether and costs")
    assert len(stage.keep(found, "ben", least=ETHER)) == 1  # its own: the tip stays, whatever it costs
    assert stage.keep(found, "stranger", others=True) == [
        "expired the entry of dave to round 0 for 0.0001 ether"
    ]
    assert stage.free(found, "stranger") > stage.free(found, "ben")
    assert stage.free(found, "ben") > stage.free(found, "cara")
    assert verify(found, 0).difference == ""
    with pytest.raises(ChainError, match="no entry to round 0 that is scored"):
        score(stage.session, found, 0, stage.account("cara"))


def test_enter__again__replaces_and_raises_and_never_shrinks(stage: Stage) -> None:
    found = stage.entered("anna")
    first = found.entry_of(0, stage.account("anna").address).commitment
    second = stage.enter(found, "anna", None, file=stage.predictions(0.5))
    assert (second.entry.stake, second.entry.commitment != first) == (ETHER, True)
    assert stage.enter(found, "anna", None, file=stage.predictions(0.5)).gas_used == 0
    back = stage.enter(found, "anna", 2 * ETHER)
    assert (back.entry.stake, back.entry.commitment) == (2 * ETHER, first)
    with pytest.raises(UsageError, match="1 ether is too small"):
        stage.enter(found, "anna", ETHER)
    with pytest.raises(UsageError, match="too small"):
        stage.enter(found, "ben", 1)
    with pytest.raises(InsufficientFunds):
        stage.enter(found, "ben", 10**9 * ETHER)


def test_enter__outside_its_time_or_declined__nothing_is_sent(stage: Stage) -> None:
    found = stage.create()
    with pytest.raises(ChainError, match="round 0 is unopened"):
        stage.enter(found, "anna")
    stage.open(found)
    with pytest.raises(ChainError, match="round 0 is upcoming"):
        stage.enter(found, "anna")
    stage.at(found, "begins")
    said: list[str] = []

    def decline(amount: int, sentences: Any) -> None:
        said.extend([str(amount), *sentences])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stage.enter(found, "anna", consent=decline)
    assert said[0] == str(ETHER)
    assert "A bad score loses up to 5.05% of it" in said[2]
    assert rounds.stakes_of(found, 0) == {}
    stage.at(found, "closes")
    with pytest.raises(ChainError, match="round 0 is waiting"):
        stage.enter(found, "anna")


def test_open__late_or_otherwise_or_by_another__refused(stage: Stage) -> None:
    found, organizer = stage.create(), stage.account("organizer")
    with pytest.raises(AccountError, match="no targets are prepared"):
        rounds.open_round(stage.session, found, 0, organizer)
    with pytest.raises(UsageError, match="does not organize"):
        rounds.prepare(stage.session, found, 0, stage.targets(), stage.account("ben"))
    stage.open(found)
    assert rounds.open_round(stage.session, found, 0, organizer) is None
    other = stage.folder / "other.csv"
    lines = stage.targets().read_text().splitlines()
    other.write_text("\n".join([lines[0], *(line.replace(",0.25,", ",0.5,") for line in lines[1:])]))
    rounds.prepare(stage.session, found, 0, other, organizer)
    with pytest.raises(ChainError, match="open with other targets"):
        rounds.open_round(stage.session, found, 0, organizer)
    stage.at(found, "begins", 1)
    rounds.prepare(stage.session, found, 1, stage.targets(1), organizer)
    with pytest.raises(ChainError, match="round 1 began at"):
        rounds.open_round(stage.session, found, 1, organizer)


def test_open__declined__nothing_is_sealed_for_a_keeper_to_open(stage: Stage) -> None:
    found, organizer = stage.create(), stage.account("organizer")

    def decline(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rounds.open_round(stage.session, found, 0, organizer, decline, stage.targets())
    assert rounds.prepared(stage.session, found, 0) is None
    assert stage.keep(found, "organizer") == []
    assert rounds.open_round(stage.session, found, 0, organizer, lambda *_: None, stage.targets())
    assert found.round_of(0).state is State.OPEN


def test_reveal__another_file_than_what_is_sealed__refused(stage: Stage) -> None:
    found, organizer = stage.entered("anna"), stage.account("organizer")
    other = stage.folder / "other.csv"
    lines = stage.targets().read_text().splitlines()
    other.write_text("\n".join([lines[0], *(line.replace(",0.25,", ",0.5,") for line in lines[1:])]))
    stage.at(found, "closes")
    with pytest.raises(AccountError, match=r"other\.csv has other targets than round 0 was opened with"):
        rounds.reveal(stage.session, found, 0, organizer, other)
    assert rounds.reveal(stage.session, found, 0, organizer, stage.targets())


def test_fund__again__has_that_much_and_no_more(stage: Stage) -> None:
    found, anna = stage.create(), stage.account("anna")
    assert [fund(stage.session, found, anna, 2 * ETHER) for _ in range(2)] == [2 * ETHER, 0]
    assert fund(stage.session, found, anna, 3 * ETHER) == ETHER
    assert stage.free(found, "anna") == 3 * ETHER


def test_fund__more_is_wanted_while_less_is_on_its_way__told_and_never_both(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, anna = stage.create(), stage.account("anna")

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(Delivery, "hand_over", die)
        with pytest.raises(KeyboardInterrupt):
            fund(stage.session, found, anna, 2 * ETHER)
    with pytest.raises(SentBefore):
        fund(stage.session, found, anna, 3 * ETHER)
    assert stage.free(found, "anna") == 2 * ETHER
    assert fund(stage.session, found, anna, 3 * ETHER) == ETHER
    assert stage.free(found, "anna") == 3 * ETHER


def test_enter__other_stake_while_the_first_is_on_its_way__told_and_the_stake_is_as_wanted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, anna = stage.entered(), stage.account("anna")

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(Delivery, "hand_over", die)
        with pytest.raises(KeyboardInterrupt):
            stage.enter(found, "anna", 2 * ETHER)
    with pytest.raises(SentBefore):
        stage.enter(found, "anna", 3 * ETHER)
    assert stage.enter(found, "anna", 3 * ETHER).entry.stake == 3 * ETHER
    assert rounds.stakes_of(found, 0) == {anna.address: 3 * ETHER}


def test_late__thousands_of_entries_of_others__a_look_is_about_a_few_after_ones_own(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = stage.entered("anna", "cara")
    stage.at(found, "closes")
    stage.keep(found, "organizer")
    stage.at(found, "ends")
    monkeypatch.setattr(duties, "MOST_ENTRIES", 1)
    assert len(stage.keep(found, "anna", others=True)) == 2
    assert rounds.unsettled(found) == []
    assert index_of(found).waiting([0], stage.account("stranger").address, 99) == []


def test_keepers__round_that_no_clock_reaches__stops_nobody(stage: Stage) -> None:
    """A round of a number that no database holds, which its organizer may open."""
    found, organizer = stage.entered("anna"), stage.account("organizer")
    call = found.open(FARTHEST, Digest(b"\1" * 32))
    stage.session.chain.send(call, organizer, value=3 * ETHER)
    call = found.open(1 << 200, Digest(b"\1" * 32))
    stage.session.chain.send(call, organizer, value=3 * ETHER)
    assert [each.number for each in rounds.opened_rounds(found)] == [0]
    stage.at(found, "closes")
    assert stage.keep(found, "organizer") == ["revealed the targets of round 0"]
    assert "scored" in stage.keep(found, "anna")[0]


def test_keepers__many_rounds_open__tell_of_the_next_and_of_what_is_due(stage: Stage) -> None:
    found, organizer = stage.entered("anna"), stage.account("organizer")
    for number in range(2, 12):
        stage.session.chain.send(found.open(number, Digest(b"\1" * 32)), organizer, value=3 * ETHER)
    [due] = [each for each in stage.keeper(found, "organizer").due() if each.duty == "reveal the targets"]
    assert due.at == found.times_of(0).closes
    stage.at(found, "resolves", 11)
    assert stage.keep(found, "anna") == [
        "ended round 0, whose targets were not revealed",
        "got the stake of round 0 back",
    ]
    others = stage.keeper(found, "stranger", others=True)
    [due] = [each for each in others.due() if each.duty == "end rounds without targets"]
    assert due.at == found.times_of(11 - duties.MOST_ROUNDS + 1).resolves


def test_secrets__lost__restored_from_the_wallet_and_the_file(stage: Stage) -> None:
    found, organizer, anna = stage.entered("anna"), stage.account("organizer"), stage.account("anna")
    entry = found.entry_of(0, anna.address)
    folder = secret_folder(stage.session, found.address).folder
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    stage.at(found, "closes")
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(AccountError, match="not those that are here"):
        rounds.reveal(stage.session, found, 0, organizer)
    rounds.reveal(stage.session, found, 0, organizer, stage.targets())
    with pytest.raises(AccountError, match="not those that are here"):
        score(stage.session, found, 0, anna, stage.predictions(0.3))
    with pytest.raises(AccountError, match="not those that are here"):
        score(stage.session, found, 0, anna)
    done = score(stage.session, found, 0, anna, stage.predictions(1.0))
    assert (done.who, done.correlation > 9 * 10**8) == (anna.address, True)
    assert score(stage.session, found, 0, anna) == done
    content, salt = b"ranks", bytes(32)
    hashed = stage.session.chain.web3.keccak(content)
    assert commitment_of(found, ENTRY, anna.address, 0, content, salt) == found.entry_commitment(
        0, anna.address, hashed, salt
    )
    assert entry.settled is False
    assert rounds.times_of(found, 1) == found.times_of(1)


def test_token__funds_everything__all_of_it_comes_back(stage: Stage) -> None:
    chain = stage.session.chain
    address = stage.token()
    found = stage.entered("anna", token=address)
    with pytest.raises(InsufficientFunds):
        stage.enter(found, "cara")
    assert Erc20(chain, address).balance_of(found.address) == 4 * ETHER
    assert Erc20(chain, address).allowance(stage.account("anna").address, found.address) == 0
    stage.at(found, "resolves")
    rounds.act(stage.session, found.void(0), stage.account("stranger"), "void", 0)
    assert found.round_of(0).state is State.VOID
    stage.keep(found, "anna")
    assert withdraw(stage.session, found, stage.account("anna")) == ETHER + ETHER // 2
    assert withdraw(stage.session, found, stage.account("organizer")) == 2 * ETHER
    with pytest.raises(InsufficientFunds, match="has 0 TOK free"):
        withdraw(stage.session, found, stage.account("anna"), 1)


def test_verify__forged_events__names_the_first_difference(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = stage.revealed("anna", "ben")
    for role in ("anna", "ben"):
        score(stage.session, found, 0, stage.account(role))
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
    entered, revealed = next(found.events(Entered)), next(found.events(Revealed))
    assert "scored nothing" in forge(Scored, tx_hash=revealed.tx_hash)
    assert "scored nothing" in forge(Scored, tx_hash=entered.tx_hash)
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
    with pytest.raises(ChainError, match="no tournament was created"):
        find(stage.session)
    first, second = stage.create(), stage.create(pot="3")
    assert find(stage.session).address == find(stage.session, second.address).address == second.address
    with pytest.raises(ChainError, match="several tournaments are called"):
        find(stage.session, "stations")
    with pytest.raises(ChainError, match="no tournament is called"):
        find(stage.session, "\x1b[31m")
    assert first.block < second.block
    with pytest.raises(ChainError, match="is not a tournament"):
        find(stage.session, stage.account("anna").address)
