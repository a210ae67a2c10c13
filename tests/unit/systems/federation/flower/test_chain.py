"""The ledger of the real contract, on the embedded chain: rounds are paid for, a lie is left out."""

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("flwr", reason="Flower is not installed: pip install 'diln[flower]'")

from flwr.serverapp import strategy as strategies
from flwr.serverapp.strategy import Strategy

from orchestrator.bindings.federation import (
    Federation,
    Finalized,
    Pay,
    Rule,
)
from orchestrator.chain import migrate
from orchestrator.config import load_settings
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation.chunks import model_root, padded
from orchestrator.systems.federation.envelopes import Place
from orchestrator.systems.federation.flower.chain import ContractLedger
from orchestrator.systems.federation.flower.grid import EmbeddedGrid
from orchestrator.systems.federation.flower.mod import Seal
from orchestrator.systems.federation.flower.records import template_of, to_units
from orchestrator.systems.federation.flower.strategy import Chained
from tests.unit.systems.federation.flower.memory import LyingSeal, accuracy, initial, make_app
from tests.unit.systems.federation.flower.onchain import PARTIES, federation


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("federation")
    with Session(load_settings(home=folder / "home", environ={})) as opened:
        migrate(opened.settings, opened.chain, opened.account("judy"), ["federation"])
        yield opened


def ledger(session: Session, found: Federation) -> ContractLedger:
    return ContractLedger(session, found, session.account("alice"), session.chain.advance)


def seal(session: Session, found: Federation, kind: type[Seal] = Seal) -> Seal:
    place = Place(session.chain.chain_id, found.address)
    return kind(place, lambda context: session.account(PARTIES[int(context.node_config["partition-id"])]))


CASES: list[tuple[type[Strategy], dict[str, Any], dict[str, Any]]] = [
    (strategies.FedAvg, {}, {}),
    (strategies.FedMedian, {}, {"rule": Rule.MEDIAN}),
    (
        strategies.Krum,
        {"num_malicious_nodes": 1},
        {"rule": Rule.MULTI_KRUM, "faulty": 1, "keep": 1, "quorum": 5},
    ),
    (strategies.FedAdam, {"eta": 0.05}, {"max_weight": 1, "pay": Pay.ALIGNMENT}),
]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_rounds_of_flower_are_claimed_stand_and_are_paid_for(session: Session, number: int) -> None:
    kind, options, changes = CASES[number]
    found = federation(session, number, **changes)
    chained = Chained(kind(**options), ledger(session, found))
    grid = EmbeddedGrid(make_app(seal(session, found), len(PARTIES)), len(PARTIES))
    result = chained.start(grid, initial(), num_rounds=2)
    assert chained.rejected == []
    finalized = list(found.events(Finalized))
    assert [each.accepted for each in finalized] == [0b11111] * 2
    assert accuracy(result.arrays) > 0.6
    if kind is not strategies.FedAdam:
        units = to_units(template_of(initial()), result.arrays)
        assert finalized[-1].model_root == model_root(padded(units))
        assert max(chained.differences) < 1.5
    assert all(found.balance_of(session.account(name).address) > 0 for name in PARTIES)


def test_a_lying_node_is_fined_and_the_round_goes_on(session: Session) -> None:
    found = federation(session, 77, rounds=1)
    chained = Chained(strategies.FedAvg(), ledger(session, found))
    liar = session.account(PARTIES[2]).address
    deposit = found.party_of(liar).deposit
    grid = EmbeddedGrid(make_app(seal(session, found, LyingSeal), len(PARTIES)), len(PARTIES))
    chained.start(grid, initial(), num_rounds=1)
    assert [each.node for each in chained.rejected] == [3]
    [finalized] = found.events(Finalized)
    assert finalized.accepted == 0b11011
    assert found.state().closed
    assert found.party_of(liar).deposit < deposit


def test_the_model_is_read_from_storage_again(session: Session) -> None:
    found = federation(session, 99)
    chained = Chained(strategies.FedAvg(), ledger(session, found))
    grid = EmbeddedGrid(make_app(seal(session, found), len(PARTIES)), len(PARTIES))
    result = chained.start(grid, initial(), num_rounds=1)
    again = Chained(strategies.FedAvg(), ledger(session, found))
    further = again.start(grid, result.arrays, num_rounds=1)
    assert accuracy(further.arrays) > 0.6
    assert len(list(found.events(Finalized))) == 2
