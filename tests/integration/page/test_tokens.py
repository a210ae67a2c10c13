"""The page where money is in tokens: what is approved, what hostile ones do; data withheld; points of a game.

In every system carol pays in a token. Just what a step takes is approved, and nothing of it stays.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.bindings.competition import Outcome
from orchestrator.chain import migrate
from orchestrator.chain.external import Erc20
from orchestrator.kernel.money import read_currency
from orchestrator.kernel.session import Session
from orchestrator.models.integer import encode_model
from orchestrator.models.online.clone import unit_of
from orchestrator.models.online.planning import plan
from orchestrator.models.online.training import train
from orchestrator.systems.competition.creating import await_seed, create, prepare
from orchestrator.systems.competition.finding import find
from orchestrator.systems.competition.training import draw, open_training
from orchestrator.systems.sum.creating import create as create_model
from orchestrator.systems.sum.opening import open_model
from orchestrator.types import Address, Wei
from tests.evm import artifact
from tests.integration.page.conftest import Run
from tests.integration.page.world import settings_of
from tests.integration.served import serving
from tests.unit.competition.stage import Stage, offer_of, write_points
from tests.unit.competition.test_workflows import GOOD
from tests.unit.market.stage import OFFER, open_fair
from tests.unit.sum.conftest import TERMS, Village, table
from tests.unit.sum.test_workflows import _earn_reputation as earn_reputation
from tests.unit.systems.federation.stage import begin as begin_federation
from tests.unit.systems.tournament.conftest import Stage as TournamentStage
from tests.unit.systems.tournament.conftest import write_files

pytestmark = [pytest.mark.integration, pytest.mark.early]

COIN = 10**18
MOST = 1000 * COIN
"""What alice, bob and carol have of each token."""

HOSTILE_NAME = "\u202eHTE<b>" + "x" * 300


@dataclass
class Fair:
    """Addresses of what takes tokens, by system; `honest` is the token of all but the two last."""

    home: Path
    folder: Path
    honest: str = ""
    keeper: str = ""
    places: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def fair(browse: Run, tmp_path_factory: pytest.TempPathFactory) -> Fair:
    folder = tmp_path_factory.mktemp("tokens")
    settings = settings_of(folder / "state")
    made = Fair(settings.home, folder)
    with Session(settings) as session:
        migrate(settings, session.chain, session.account("alice"))
        write_files(folder)
        made.honest = token(session, "CompetitionToken", 0)
        made.keeper = token(session, "SumToken", 10)
        _systems(made, session)
    return made


def _systems(made: Fair, session: Session) -> None:
    """Time passes in a game, then until the tournament begins; so they are first."""
    honest, alice, folder = Address(made.honest), session.account("alice"), made.folder
    learned = plan(train(table(), "perceptron"))
    free = replace(TERMS, cost_weight=0)
    made.places["game"] = create_model(session, "game", learned, alice, free, incentive="Game").address
    earn_reputation(Village(session, open_model(session, made.places["game"])))
    made.places["tournament"] = TournamentStage(session, folder).entered("anna", token=honest).address
    for name, address in {
        "model": made.honest, "keeper": made.keeper, "hostile": hostile(session)
    }.items():  # fmt: skip
        money, terms = read_currency(session.chain, Address(address)), replace(TERMS, cost_weight=10**6)
        model = create_model(session, name, learned, alice, terms, token=money.address, unit=unit_of(money))
        made.places[name] = model.address
    offer = replace(OFFER, money=read_currency(session.chain, honest), most=2 * COIN)
    made.places["market"] = open_fair(session, learned.converted, offer).market.address
    made.places["federation"] = begin_federation(
        session, folder, token=honest, start="30d", reward="0.01", deposit="0.01"
    ).address
    stage = Stage(session, folder)
    made.places["competition"] = stage.create(token=honest, prize=Wei(10 * COIN)).address
    points = write_points(folder / "withheld.csv", seed=1)
    withheld = create(
        session,
        prepare(session, offer_of(points, token=honest, prize=Wei(10 * COIN)), alice),
        alice,
        wait=False,
    ).competition
    await_seed(session, withheld)
    draw(session, withheld, alice)
    made.places["withheld"] = withheld.address


def token(session: Session, name: str, *arguments: int) -> str:
    """A token of which alice, bob and carol have MOST."""
    compiled, chain, judy = artifact(name), session.chain, session.account("judy")
    factory = chain.web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    address = chain.send(factory.constructor(*arguments), judy).contract_address
    assert address
    for who in ("alice", "bob", "carol"):
        chain.send(factory(address).functions.mint(session.account(who).address, MOST), judy)
    return str(address)


def hostile(session: Session) -> str:
    """What answers every question with the same text: a name, and a lie about every number."""
    name = HOSTILE_NAME.encode()
    answer = (32).to_bytes(32) + len(name).to_bytes(32) + name.ljust(-(-len(name) // 32) * 32, b"\0")
    size, start = len(answer).to_bytes(2).hex(), 15
    code = bytes.fromhex(f"61{size}60{start:02x}60003961{size}6000f3").ljust(start, b"\0") + answer
    creation = bytes.fromhex(
        f"61{len(code).to_bytes(2).hex()}600e60003961{len(code).to_bytes(2).hex()}6000f3"
    )
    chain = session.chain
    factory = chain.web3.eth.contract(abi=[], bytecode=creation.ljust(14, b"\0") + code)
    made = chain.send(factory.constructor(), session.account("judy")).contract_address
    assert made
    return str(made)


@pytest.fixture
def play(browse: Run, fair: Fair, tmp_path: Path) -> Iterator[Callable[[str], dict[str, Any]]]:
    encoded = tmp_path / "good.bin"
    encoded.write_bytes(encode_model(GOOD))
    with Session(settings_of(fair.home)) as session:
        predictions = TournamentStage(session, fair.folder).predictions(1.0)
    told = {**fair.places, "token": fair.honest, "encoded": str(encoded), "predictions": str(predictions)}
    file = tmp_path / "world.json"
    file.write_text(json.dumps(told))
    with serving("page", "--home", fair.home) as url:

        def run(step: str) -> dict[str, Any]:
            found = browse("tokens.mjs", url + "/", step, file)
            assert found["wrong"] == []
            said: dict[str, Any] = found["told"]
            return said

        yield run


def allowances(session: Session, fair: Fair) -> set[int]:
    owner = session.account("carol").address
    return {
        Erc20(session.chain, Address(fair.honest)).allowance(owner, each)
        for each in map(Address, fair.places.values())
    }


def approvals(session: Session, fair: Fair) -> int:
    """How often carol approved."""
    chosen = artifact("CompetitionToken")["abi"]
    contract = session.chain.web3.eth.contract(address=fair.honest, abi=chosen)
    logs = contract.events.Approval().get_logs(
        from_block=0, argument_filters={"owner": session.account("carol").address}
    )
    return len(logs)


def test_tokens__in_every_system__just_what_is_taken_is_approved(
    play: Callable[[str], dict[str, Any]], fair: Fair
) -> None:
    told = play("pay")
    for act in ("added", "contributed", "joined", "entered", "submitted"):
        assert "done in block" in told[act], told[act]
    assert "Amounts are in TOK" in told["token"]
    assert "1000 TOK" in told["token"]
    assert "does not answer" in told["interrupted"]
    with Session(settings_of(fair.home)) as session:
        assert allowances(session, fair) == {0}
        assert approvals(session, fair) == 5  # the interrupted one was not sent again
        held = Erc20(session.chain, Address(fair.honest)).balance_of(session.account("carol").address)
        assert held < MOST


def test_tokens__strangers_ones__are_shown_escaped_and_refused_in_sentences(
    play: Callable[[str], dict[str, Any]],
) -> None:
    told = play("suffer")
    assert "units of 0x" in told["hostile"]
    assert "\\u{202e}HTE<b>" in told["hostile"]
    assert "\u202e" not in told["hostile"]
    assert len(told["hostile"]) < 500
    assert "are needed" in told["lied"]
    assert "keeps a part of each transfer" in told["kept"]
    assert "done in block" in told["again"]
    assert told["points"][0].isdigit()
    assert int(told["points"][0]) >= 10
    assert int(told["points"][1]) >= 1


def test_withheld__two_groups_challenged__one_is_opened_and_the_other_ends_it(
    play: Callable[[str], dict[str, Any]], fair: Fair
) -> None:
    told = play("challenge")
    assert all("done in block" in each for each in told["challenged"])
    with Session(settings_of(fair.home)) as session:
        open_training(session, find(session, fair.places["withheld"]), session.account("alice"))
    told = play("answer")
    assert "done in block" in told["answered"]
    with Session(settings_of(fair.home)) as session:
        session.chain.advance(4000)  # a chain may be ahead of its clock
    told = play("end")
    for act in ("ended", "credited"):
        assert "done in block" in told[act], told[act]
    with Session(settings_of(fair.home)) as session:
        assert find(session, fair.places["withheld"]).progress().outcome is Outcome.WITHHELD
