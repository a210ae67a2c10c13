"""What looking costs among few and among many: CPU-seconds, and requests to the node.

python -m tests.growth [--few 10] [--many 1000] [--most 10000] [WHAT …]

Versions of a project, competitions and submissions to one, contributions to a market, models, tournaments,
their rounds and entries, federations and their rounds (`many` of them), and contributions to a shared model
and pins (`most`), on the embedded chain. Each look is taken three times; the quickest counts. Of a list with
a row for each, the cost of a row counts. Exits with 1 where a look costs more than one and a half times as
much, in CPU or requests, among many as among few.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from eth_account import Account
from eth_account.signers.local import LocalAccount

from orchestrator.bindings.federation import Federation
from orchestrator.bindings.tournament import Tournament
from orchestrator.chain import migrate
from orchestrator.chain.bound import Call
from orchestrator.chain.development import private_key
from orchestrator.cli.competition.reading import NEWEST
from orchestrator.cli.market.printing import market_shown
from orchestrator.config import load_settings
from orchestrator.kernel.keeper import Keeper
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation.direct import Vector
from orchestrator.models.online import finding
from orchestrator.models.online.factory import arguments_of, factory_of, recognize
from orchestrator.models.online.planning import plan
from orchestrator.models.online.training import train
from orchestrator.provenance import Status, publication_of, verify
from orchestrator.systems.competition import finding as competition_finding
from orchestrator.systems.competition import overview
from orchestrator.systems.competition.duties import Role
from orchestrator.systems.federation import finding as federation_finding
from orchestrator.systems.federation.duties import SYSTEM as FEDERATION
from orchestrator.systems.federation.overview import history as federation_history
from orchestrator.systems.federation.overview import view
from orchestrator.systems.federation.rounds import current_model
from orchestrator.systems.federation.verifying import verify as verify_federation
from orchestrator.systems.market.duties import SYSTEM as MARKET
from orchestrator.systems.market.leaderboard import leaderboard as market_board
from orchestrator.systems.market.opening import PredictionMarket, open_market
from orchestrator.systems.market.participating import plan as plan_to_give
from orchestrator.systems.market.secrets import folder_of
from orchestrator.systems.sum.adding import given_before
from orchestrator.systems.sum.claiming import claims, next_early
from orchestrator.systems.sum.creating import create
from orchestrator.systems.sum.duties import roles_of
from orchestrator.systems.sum.leaderboard import leaderboard
from orchestrator.systems.sum.opening import SharedModel, open_model
from orchestrator.systems.sum.records import DAY, Terms
from orchestrator.systems.sum.sealing import sealed_samples
from orchestrator.systems.tournament import finding as tournament_finding
from orchestrator.systems.tournament import leaderboard as tournament_board
from orchestrator.systems.tournament import rounds as tournament_rounds_of
from orchestrator.systems.tournament.verifying import verify as verify_tournament
from orchestrator.types import Address, Digest
from tests.unit.chain.wire import Wire, over
from tests.unit.competition.stage import Stage
from tests.unit.competition.test_growth import commit
from tests.unit.market.stage import OFFER as MARKET_OFFER
from tests.unit.market.stage import RULES, open_fair
from tests.unit.provenance.samples import sample_manifest
from tests.unit.sum.conftest import CITY, NATURE, TERMS, Village, table
from tests.unit.sum.giving import sample
from tests.unit.systems.federation.stage import begin as begin_federation
from tests.unit.systems.tournament.conftest import Stage as TournamentStage
from tests.unit.systems.tournament.conftest import write_files

Looks = dict[str, Callable[[], object]]
Growing = tuple[Looks, Callable[[int], object]]
AT_ONCE = 20
A_ROW = ", a row"
ALLOWED = 1.5
SLACK = 0.002
"""Seconds of CPU that no clock here tells apart."""


def registry(session: Session) -> Growing:
    """A project whose first version is looked for among the others."""
    alice, reading = session.account("alice"), session.registry
    session.send(reading.contract.create_project("tumours", [], [], 0), alice)
    project = reading.project_id(alice.address, "tumours")
    model, numbers = session.settings.home / "model.skops", iter(range(1, 1 << 30))
    model.write_bytes(b"a model")
    from orchestrator.storage import digest_bytes

    known = digest_bytes(b"a model")

    def publish(sha256: str | None, **more: object) -> None:
        manifest = sample_manifest(sha256=sha256, parents=[], **more)
        session.chain.send(reading.publish(publication_of(manifest, project)), alice, gas=400_000)

    publish(known.sha256, cid=known.cid)
    looks: Looks = {
        "log (the last 10)": lambda: reading.versions(project, 10),
        "verify": lambda: verify(model, reading, project=project),
        "predict: the newest": lambda: reading.newest(project, (Status.PUBLISHED, Status.DEPLOYABLE)),
        "predict: by number": lambda: reading.numbered(project, 1),
    }

    def grow(count: int) -> None:
        for _ in range(count):
            publish(f"{next(numbers):064x}")

    return looks, grow


def competition(session: Session) -> Growing:
    stage = Stage(session, session.settings.home)
    found = stage.create()
    stage.keep(found, "organizer", roles={Role.ORGANIZER})
    looks: Looks = {
        "competition list": lambda: overview.overview(found, leaderboard=False),
        "competition show": lambda: overview.overview(found, last=NEWEST, own=stage.account("anna").address),
        f"competition show --all{A_ROW}": lambda: overview.overview(found).leaderboard,
        "competition watch": lambda: stage.keep(found, "anna", roles={Role.SUBMITTER}),
    }

    def grow(count: int) -> None:
        for first in range(0, count, 255):
            commit(stage, found, min(255, count - first))

    return looks, grow


def competitions(session: Session) -> Growing:
    """Competitions of strangers, of which the first is looked for."""
    first = Stage(session, session.settings.home).create()
    factory, terms, salts = competition_finding.factory_of(session), first.terms, iter(range(1, 1 << 30))

    def grow(count: int) -> None:
        for root, _ in zip(salts, range(count), strict=False):
            unlike = replace(terms, root=Digest(root.to_bytes(32, "big")))
            _quickly(session, _signer("erin"), factory.create(unlike), int(terms.prize + terms.bond))

    looks: Looks = {
        "competition show: by address": lambda: competition_finding.find(session, first.address),
        "competition show: the latest": lambda: competition_finding.find(session, "latest"),
        f"competition list, among many{A_ROW}": lambda: [
            overview.overview(each, leaderboard=False) for each in competition_finding.competitions(session)
        ],
    }
    return looks, grow


def market(session: Session) -> Growing:
    """All given by one participant; its provider's secret is elsewhere. Each look is a new command's."""
    return _market(session, 0)


def market_participants(session: Session) -> Growing:
    """Ten each by many; a leaderboard has a row for each of them."""
    return _market(session, 10)


def _market(session: Session, each: int) -> Growing:
    rules = replace(RULES, capacity=2000, duration=1 << 20, open_wait=1 << 17)
    made = open_fair(
        session, plan(train(table(), "perceptron")).converted, replace(MARKET_OFFER, rules=rules)
    )
    folder, numbers = folder_of(session, made.market.address), iter(range(1, 1 << 30))
    secret = folder.read("provider") or {}
    folder.remove("provider")
    [batch] = made.plan(made.lessons()[:1]).batches
    bob, erin, contract = _signer("bob"), _signer("erin"), made.market.contract

    def grow(count: int) -> None:
        for number, _ in zip(numbers, range(0, count, 10), strict=False):
            who, price = bob, made.market.price_of([batch] * 10)
            if each:
                who = Account.from_key(number.to_bytes(32, "big"))
                _quickly(session, erin, None, price + 10**17, to=who.address)
            _quickly(session, who, contract.contribute_batch([batch] * 10, price), price)

    def again() -> PredictionMarket:
        for index in session.chain._indexes:
            index.close()
        return open_market(session, made.market.address)

    def of_the_provider() -> range:
        folder.write("provider", secret)
        try:
            market_board(session, opened := again())
        finally:
            folder.remove("provider")
        return range(opened.shared.count())

    if each:
        return {f"market leaderboard, of many{A_ROW}": lambda: market_board(session, again()).rows}, grow
    new, contributor, stranger = made.lessons()[5:6], made.account("contributor"), made.account("stranger")
    looks: Looks = {
        "market contribute": lambda: plan_to_give(session, again(), new, contributor),
        "market keep": lambda: list(Keeper(session, [(MARKET, again())], [stranger]).turn()),
        "market show": lambda: market_shown(session, again()),
        "market leaderboard": lambda: market_board(session, again()),
        f"market leaderboard, of the provider{A_ROW}": of_the_provider,
    }
    return looks, grow


def shared_model(session: Session) -> Growing:
    return _shared_model(session, Terms(refund_wait=90 * DAY))


def due_contributions(session: Session) -> Growing:
    """The same where all but the newest are due: to be claimed, or to be looked at."""
    return _shared_model(session, TERMS, due=True)


def _shared_model(session: Session, terms: Terms, due: bool = False) -> Growing:
    """Each look is a new command's: nothing is in memory."""
    made = create(session, "walks", plan(train(table(), "perceptron")), session.account("alice"), terms)
    village = Village(session, open_model(session, made.address))
    contract, bob = village.opened.shared, village.account("contributor")
    turns = [sample(village, words, step) for step in range(10) for words in (CITY, NATURE)]

    def grow(count: int) -> None:
        for _ in range(0, count, AT_ONCE):
            session.chain.advance(3_600)
            price = contract.price(AT_ONCE)
            call = contract.contract.add_batch([x for x, _ in turns], bytes(y for _, y in turns), price)
            session.chain.send(call, bob, value=price * AT_ONCE, gas=16_000_000)
        if due:
            session.chain.advance(3 * terms.refund_wait)

    def again() -> SharedModel:
        for index in session.chain._indexes:
            index.close()
        return open_model(session, made.address)

    if due:
        return {f"sum keep: what is due{A_ROW}": lambda: claims(again(), bob.address)}, grow
    who = bob.address
    looks: Looks = {
        "sum add: what was given before": lambda: given_before(again(), who, turns[:1]),
        "sum seal: what is sealed": lambda: sealed_samples(session, again(), who),
        "sum keep: nothing is due": lambda: (claims(model := again(), who), next_early(model)),
        "sum keep: roles": lambda: roles_of(session, again(), who),
        f"sum leaderboard{A_ROW}": lambda: leaderboard(model := again()) and range(model.shared.count()),
    }
    return looks, grow


def pins(session: Session) -> Growing:
    numbers = iter(range(1 << 30))

    def put(count: int = 1) -> None:
        for _ in range(count):
            session.storage.put(b"%d" % next(numbers), pin=True)

    return {"put": put}, put


def tournaments(session: Session) -> Growing:
    """Tournaments of the same terms, of which the first is looked for."""
    write_files(session.settings.home)
    first = TournamentStage(session, session.settings.home).create()
    factory, terms = tournament_finding.factory_of(session), first.terms
    looks: Looks = {
        "tournament show: by address": lambda: tournament_finding.find(session, first.address),
        "tournament show: the latest": lambda: tournament_finding.find(session),
        "tournament show: by name": lambda: tournament_finding.find(
            session, tournament_finding.name_of(session, first)
        ),
        f"tournament list{A_ROW}": lambda: [
            (each.terms, tournament_finding.name_of(session, each))
            for each in tournament_finding.tournaments(session)
        ],
    }
    return looks, _again(session, lambda salt: factory.create(terms, salt))


def federations(session: Session) -> Growing:
    """Federations of the same terms, of which the first is looked for."""
    first = begin_federation(session, session.settings.home)
    factory, terms = federation_finding.factory_of(session), first.terms
    looks: Looks = {
        "federation status: by address": lambda: federation_finding.find(session, first.address),
        "federation status: the latest": lambda: view(session, federation_finding.find(session)),
        "federation status: by name": lambda: federation_finding.find(
            session, federation_finding.name_of(session, first)
        ),
        f"federation list{A_ROW}": lambda: [
            (each.terms, federation_finding.name_of(session, each))
            for each in federation_finding.federations(session)
        ],
    }
    budget = terms.rounds * terms.reward * terms.unit
    return looks, _again(session, lambda salt: factory.create(terms, salt), budget)


def tournament_rounds(session: Session) -> Growing:
    """Rounds of one tournament that its organizer has opened ahead."""
    write_files(session.settings.home)
    stage = TournamentStage(session, session.settings.home)
    found, alice = stage.create(pot="1000wei", bond="1000wei", start="300h"), _signer("alice")
    numbers = iter(range(1 << 30))
    _quickly(session, alice, found.fund(alice.address, 10**7), 10**7)

    def again() -> Tournament:
        return Tournament(session.chain, found.address, found.block)

    looks: Looks = {
        f"tournament show, of many rounds{A_ROW}": lambda: tournament_rounds_of.opened_rounds(again()),
        f"tournament history{A_ROW}": lambda: tournament_board.history(again()),
        "tournament keep: the organizer": lambda: stage.keep(again(), "organizer"),
        "tournament keep: who did not enter": lambda: stage.keep(again(), "anna"),
        "tournament keep --others": lambda: stage.keep(again(), "anna", others=True),
    }

    def grow(count: int) -> None:
        for number, _ in zip(numbers, range(count), strict=False):
            _quickly(session, alice, found.open(number, Digest(number.to_bytes(32, "big"))))

    return looks, grow


def tournament_entries(session: Session) -> Growing:
    """Entries to one round, that wait for its targets."""
    write_files(session.settings.home)
    stage = TournamentStage(session, session.settings.home)
    found = stage.entered("anna", **LONG)
    numbers = iter(range(1, 1 << 30))

    def again() -> Tournament:
        return Tournament(session.chain, found.address, found.block)

    looks: Looks = {
        f"tournament keep: whose entries wait{A_ROW}": lambda: list(tournament_rounds_of.unsettled(again())),
        "tournament keep: who entered": lambda: stage.keep(again(), "anna"),
        "tournament keep: the organizer of many entries": lambda: stage.keep(again(), "organizer"),
        "tournament keep --others, of many entries": lambda: stage.keep(again(), "stranger", others=True),
    }

    def grow(count: int) -> None:
        for number, _ in zip(numbers, range(count), strict=False):
            _enter(session, found, number)

    return looks, grow


def late_entries(session: Session) -> Growing:
    """Entries to one round, all of which were settled late; among many it is another tournament's."""
    write_files(session.settings.home)
    stage = TournamentStage(session, session.settings.home)
    erin, made = _signer("erin"), list[Tournament]()
    total = 0

    def again() -> Tournament:
        return Tournament(session.chain, made[-1].address, made[-1].block)

    looks: Looks = {
        f"tournament leaderboard{A_ROW}": lambda: tournament_board.leaderboard(again()),
        f"tournament history, of many entries{A_ROW}": lambda: tournament_board.history(again()),
        f"tournament verify{A_ROW}": lambda: range(verify_tournament(again(), 0).entries),
        "tournament keep: who is settled": lambda: stage.keep(again(), "anna"),
        "tournament keep --others: all are settled": lambda: stage.keep(again(), "anna", others=True),
    }

    def grow(count: int) -> None:
        nonlocal total
        total += count
        made.append(stage.entered("anna", name=f"of {total}", **LONG))
        entrants = [stage.account("anna").address] + [
            _enter(session, made[-1], number) for number in range(1, total)
        ]
        stage.at(made[-1], "closes")
        stage.keep(made[-1], "organizer")
        stage.at(made[-1], "ends")
        for each in entrants:
            _quickly(session, erin, made[-1].expire(0, each))

    return looks, grow


LONG = {"least_stake": "0.0001", "tip": "1000wei", "period": "2000h", "entering": "1000h"}


def _enter(session: Session, found: Tournament, number: int) -> Address:
    """A stranger enters, with ether that erin gives it."""
    who = Account.from_key(number.to_bytes(32, "big"))
    _quickly(session, _signer("erin"), None, 10**17, to=who.address)
    _quickly(session, who, found.enter(0, Digest(number.to_bytes(32, "big")), 10**14), 10**14)
    return Address(who.address)


def federation_rounds(session: Session) -> Growing:
    """Finalized rounds of one federation, whose contract adds updates up."""
    direct = {
        "mode": "direct",
        "rule": "mean",
        "shift": 8,
        "rounds": 1024,
        "reward": "0.001",
        "quorum": 2,
        "seats": 2,
    }
    plain = {"policy": "trusted", "pay": "equal", "committee": 0}
    found = begin_federation(session, session.settings.home, "alice", "bob", **direct, **plain)
    session.chain.advance(max(0, found.clock().ends_at - session.chain.now()))
    session.chain.send(found.begin(), session.account("alice"))
    people = [_signer(name) for name in ("alice", "bob")]
    update = Vector(np.arange(found.terms.size) % 100, 1, 8)
    session.storage.put(update.data)
    digest, salt, nothing = update.digest(1, bytes(32)), Digest(b"\1" * 32), bytes(32)
    head = update.root + (1).to_bytes(2, "big") + bytes([update.shift]) + nothing + salt
    ways = [bytes.fromhex(each.address[2:]) for each in people]

    def again() -> Federation:
        return Federation(session.chain, found.address, found.block)

    def grow(count: int) -> None:
        for _ in range(count):
            number = found.state().round
            for each in people:
                sealed = found.commitment_of(number, each.address, Digest(digest), salt)
                _quickly(session, each, found.commit(number, sealed))
            session.chain.advance(max(0, found.clock().ends_at - session.chain.now()))
            _quickly(session, people[0], found.reveal(b"".join(way + head for way in ways)))
            first = people[0] if found.judgement().order & 0xFF == 1 else people[1]
            _quickly(session, first, found.sum(b"".join(way + update.data for way in ways)))

    def kept(name: str, **options: Any) -> list[str]:
        keeper = Keeper(session, [(FEDERATION, again())], [session.account(name)], **options)
        return [str(each) for each in keeper.due()]

    looks: Looks = {
        "federation status, after many rounds": lambda: view(session, again()),
        f"federation history{A_ROW}": lambda: federation_history(again()),
        f"federation verify{A_ROW}": lambda: list(verify_federation(session, again())),
        "federation watch": lambda: kept("bob"),
        "federation watch --others": lambda: kept("carol", others=True),
        "federation: the model that the next round trains": lambda: current_model(session, again()),
    }
    return looks, grow


def _signer(name: str) -> LocalAccount:
    return cast(LocalAccount, Account.from_key(private_key(name)))


def _quickly(session: Session, who: LocalAccount, call: "Call | None", value: int = 0, to: str = "") -> None:
    """Send without an estimate or the journal, a block each."""
    web3 = session.chain.web3
    data = call._encode_transaction_data() if call else "0x"
    fees: dict[str, Any] = {
        "maxFeePerGas": 10**10,
        "maxPriorityFeePerGas": 10**9,
        "gas": 8_000_000 if call else 21_000,
    }
    nonce = web3.eth.get_transaction_count(who.address)
    own: dict[str, Any] = {"to": call.address if call else to, "data": data, "value": value, "nonce": nonce}
    signed = who.sign_transaction({**fees, **own, "chainId": session.chain.chain_id})
    sent = web3.eth.send_raw_transaction(signed.raw_transaction)
    if web3.eth.get_transaction_receipt(sent)["status"] != 1:
        raise RuntimeError(f"{call} was refused")


def _again(session: Session, create: Callable[[Digest], Call], value: int = 0) -> Callable[[int], object]:
    numbers, alice = iter(range(1, 1 << 30)), _signer("alice")

    def grow(count: int) -> None:
        for number, _ in zip(numbers, range(count), strict=False):
            _quickly(session, alice, create(Digest(number.to_bytes(32, "big"))), value)

    return grow


def models(session: Session) -> Growing:
    """Shared models of the same weights, of which the first is looked for; one factory makes markets, too."""
    made = create(session, "walks", plan(train(table(), "perceptron")), session.account("alice"), TERMS)
    factory = factory_of(session)
    [first] = factory.created(made.address)

    def listed() -> list[object]:
        return [
            (recognize(session.chain, created.address), descriptor)
            for created, descriptor in finding.models(session)
        ]

    looks: Looks = {
        "sum show: by address": lambda: open_model(session, made.address),
        "sum show: by name": lambda: open_model(session, "walks"),
        f"sum list, market list{A_ROW}": listed,
    }
    _, arguments = arguments_of(session.chain.code(made.address))
    return looks, _again(session, lambda salt: factory.create(first.implementation, bytes(salt), arguments))


SYSTEMS: dict[str, Callable[[Session], Growing]] = {
    "pins": pins,
    "versions": registry,
    "submissions": competition,
    "competitions": competitions,
    "market contributions": market,
    "by tens": market_participants,
    "contributions": shared_model,
    "due contributions": due_contributions,
    "models": models,
    "tournaments": tournaments,
    "rounds": tournament_rounds,
    "entries": tournament_entries,
    "late entries": late_entries,
    "federations": federations,
    "federation rounds": federation_rounds,
}
MOST = ("pins", "contributions")
MANY = 1000


@dataclass(frozen=True)
class Cost:
    """CPU-seconds and requests of a look; of a row, where it is a list."""

    cpu: float
    requests: float

    def grew(self, few: "Cost") -> bool:
        """Whether it is more than it may be, seen from what it was among few."""
        return self.cpu > ALLOWED * few.cpu + SLACK or self.requests > ALLOWED * few.requests


def measured(session: Session, looks: Looks) -> dict[str, Cost]:
    return {name: _measured(session, look, name.endswith(A_ROW)) for name, look in looks.items()}


def _measured(session: Session, look: Callable[[], Any], a_row: bool) -> Cost:
    web3, taken, asked = session.chain.web3, [], Counter[str]()
    real = web3.provider
    rows = len(look()) if a_row else 1
    look()
    for _ in range(3):
        wire = Wire(real)
        web3.provider = over(wire)
        began = time.process_time()
        try:
            look()
        finally:
            web3.provider = real
        taken.append(time.process_time() - began)
        asked = wire.asked
    return Cost(min(taken) / rows, sum(asked.values()) / rows)


def rows(names: Sequence[str], few: int, many: int, most: int) -> Iterator[tuple[bool, str]]:
    """For each look whether it grew, and its line of a table."""
    for what in names:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "home"
            home.mkdir()
            with Session(load_settings(home=home, environ={})) as session:
                migrate(session.settings, session.chain, session.account("alice"))
                looks, grow = SYSTEMS[what](session)
                grow(few)
                before = measured(session, looks)
                more = most if what in MOST else many
                grow(more - few)
                for name, after in measured(session, looks).items():
                    first = before[name]
                    times = f"{first.cpu * 1000:.1f} | {after.cpu * 1000:.1f}"
                    calls = f"{first.requests:.3g} | {after.requests:.3g}"
                    yield after.grew(first), f"| {name} | {more:,} {what} | {times} | {calls} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--few", type=int, default=10)
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--most", type=int, default=10_000)
    parser.add_argument("what", nargs="*", choices=[*SYSTEMS, []], metavar="WHAT")
    given = parser.parse_args()
    grown = 0
    for grew, row in rows(given.what or list(SYSTEMS), given.few, given.many, given.most):
        grown += grew
        sys.stdout.write(row + (" grew\n" if grew else "\n"))
        sys.stdout.flush()
    sys.exit(bool(grown))


if __name__ == "__main__":
    main()
