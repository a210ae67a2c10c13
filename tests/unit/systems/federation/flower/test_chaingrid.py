"""No server: each party runs the whole app, and hears of the others what they revealed on the contract."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("flwr", reason="Flower is not installed: pip install 'diln[flower]'")

from flwr.app import Array, ArrayRecord, RecordDict
from flwr.serverapp import strategy as strategies

from orchestrator.bindings.federation import Federation, Finalized, Phase, Rule
from orchestrator.chain import migrate
from orchestrator.config import load_settings
from orchestrator.errors import DataError
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation import Update, quantize
from orchestrator.systems.federation import party
from orchestrator.systems.federation.flower.chaingrid import ChainGrid
from orchestrator.systems.federation.flower.records import template_of, to_units
from orchestrator.systems.federation.rounds import phase_of
from tests.unit.systems.federation.flower.memory import SIZE, accuracy, initial, make_app
from tests.unit.systems.federation.flower.onchain import federation

PARTIES = ("alice", "bob", "carol")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("federation")
    with Session(load_settings(home=folder / "home", environ={})) as opened:
        migrate(opened.settings, opened.chain, opened.account("judy"), ["federation"])
        yield opened


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    import logging

    logger = logging.getLogger("flwr")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


def made(seed: int) -> Update:
    values = np.random.default_rng(seed).integers(-200, 200, SIZE)
    return quantize(values.astype(np.int64), 4)


class Others:
    """Bob and carol, who have no Flower: they act whenever alice's grid waits; else time passes."""

    def __init__(self, session: Session, found: Federation, *names: str) -> None:
        self.session, self.found, self.names = session, found, names or PARTIES[1:]

    def __call__(self, seconds: int) -> None:
        state, phase = self.found.state(), phase_of(self.found)
        for name in self.names:
            account = self.session.account(name)
            bit = 1 << self.found.party_of(account.address).seat
            if phase is Phase.COMMITTING and not state.committed & bit:
                party.commit(self.session, self.found, account, made(bit * state.round), 40)
                return
            if phase is Phase.REVEALING and state.committed & ~state.revealed & bit:
                party.reveal(self.session, self.found, account)
                return
        self.session.chain.advance(seconds)


def grid(session: Session, found: Federation, spoil: Any = None, **options: Any) -> ChainGrid:
    options = {"wait": Others(session, found)} | options
    app = make_app(None, len(PARTIES), spoil)
    return ChainGrid(
        session, found, session.account("alice"), app, node_config={"partition-id": 0}, **options
    )


def fed_avg() -> strategies.FedAvg:
    return strategies.FedAvg(min_available_nodes=3, min_train_nodes=3)


def test_parties_without_a_server_train_what_the_contract_says(session: Session) -> None:
    found = federation(session, 1, PARTIES)
    told: list[str] = []
    alone = grid(session, found, report=told.append)
    result = fed_avg().start(alone, initial(), num_rounds=2)
    finalized = list(found.events(Finalized))
    assert [each.accepted for each in finalized] == [0b111] * 2
    assert [(each.round, each.updates, each.included) for each in alone.heard] == [(1, 3, True), (2, 3, True)]
    units = to_units(template_of(initial()), result.arrays)
    assert alone.heard[-1].model == finalized[-1].model_root
    assert np.abs(units - to_units(template_of(initial()), current(session, found))).max() < 2
    assert accuracy(result.arrays) > 0.5
    assert result.evaluate_metrics_clientapp[2]["accuracy"] > 0.5
    assert "committed to an update in round 1" in told


def current(session: Session, found: Federation) -> ArrayRecord:
    from orchestrator.systems.federation.flower.records import from_units
    from orchestrator.systems.federation.rounds import current_model

    return from_units(template_of(initial()), current_model(session, found)[:SIZE])


def test_a_party_that_was_killed_goes_on_with_what_it_committed_to(session: Session) -> None:
    found = federation(session, 2, PARTIES)
    account = session.account("alice")
    party.commit(session, found, account, made(99), 5)
    trained: list[int] = []

    def spoil(node: int, arrays: Any, count: int) -> Any:
        trained.append(node)
        return arrays, count

    again = grid(session, found, spoil)
    fed_avg().start(again, initial(), num_rounds=1)
    assert trained == []
    assert [(each.updates, each.included) for each in again.heard] == [(3, True)]
    # Begun again, the app's first model is not the round's: the contract's is taken.
    fed_avg().start(grid(session, found, spoil), initial(), num_rounds=1)
    assert trained == [0]
    assert len(list(found.events(Finalized))) == 2


@pytest.mark.parametrize("how", ["nan", "names", "no rows"])
def test_a_party_whose_app_fails_sits_the_round_out(session: Session, how: str) -> None:
    from tests.unit.systems.federation.flower.test_flower import spoiled

    found = federation(session, 10 + len(how), (*PARTIES, "dave"))
    told: list[str] = []

    def spoil(node: int, arrays: Any, count: int) -> Any:
        return spoiled(how)(1, arrays, count)

    others = Others(session, found, "bob", "carol", "dave")
    alone = grid(session, found, spoil, wait=others, report=told.append)
    fed_avg().start(alone, initial(), num_rounds=1)
    assert any("could not take part in round 1" in each for each in told)
    assert [(each.updates, each.included) for each in alone.heard] == [(3, False)]


def test_a_void_round_leaves_the_model(session: Session) -> None:
    found = federation(session, 3, PARTIES)
    told: list[str] = []
    alone = grid(session, found, wait=session.chain.advance, report=told.append)
    result = fed_avg().start(alone, initial(), num_rounds=1)
    assert "round 1 is void" in told
    assert alone.heard == []
    assert len(result.arrays) == 0
    assert found.state().round == 2


def test_a_federation_that_is_over_ends_the_app(session: Session) -> None:
    found = federation(session, 4, PARTIES, rounds=1)
    told: list[str] = []
    alone = grid(session, found, report=told.append)
    fed_avg().start(alone, initial(), num_rounds=3)
    assert [each.round for each in alone.heard] == [1]
    assert told[-1] == "the federation is closed"


def test_a_strategy_of_another_rule_is_refused(session: Session) -> None:
    found = federation(session, 5, PARTIES, rule=Rule.MEDIAN)
    with pytest.raises(
        DataError, match="another model of the round's updates than the contract's rule, median"
    ):
        fed_avg().start(grid(session, found), initial(), num_rounds=2)
    nearest = federation(session, 6, PARTIES, rule=Rule.CLIPPED_MEAN)
    with pytest.raises(DataError, match="no strategy of the rule clipped-mean"):
        grid(session, nearest)


def test_an_app_of_another_size_is_refused(session: Session) -> None:
    found = federation(session, 7, PARTIES, size=SIZE - 1)
    with pytest.raises(DataError, match="650 parameters, the federation's 649"):
        fed_avg().start(grid(session, found), initial(), num_rounds=1)


def test_an_app_with_other_arrays_is_refused_by_their_names(session: Session) -> None:
    found = federation(session, 9, PARTIES)
    other = ArrayRecord({"V": Array(np.zeros((64, 10), np.float32)), "b": Array(np.zeros(10, np.float32))})
    with pytest.raises(DataError, match="arrays are V, b, the federation's W, b"):
        fed_avg().start(grid(session, found), other, num_rounds=1)


def test_what_is_not_training_reaches_the_own_app_only(session: Session) -> None:
    found = federation(session, 8, PARTIES)
    alone = grid(session, found)
    asks = [
        alone.create_message(RecordDict({"arrays": initial()}), "evaluate", node, "1")
        for node in alone.get_node_ids()
    ]
    [answer] = alone.send_and_receive(asks)
    assert answer.metadata.src_node_id == 1
    assert found.state().committed == 0
