"""Flower's strategies over a federation give what they give alone, and a lying node is left out."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("flwr", reason="Flower is not installed: pip install 'diln[flower]'")

from flwr.app import ConfigRecord, Message, RecordDict
from flwr.serverapp import strategy as strategies
from flwr.serverapp.strategy import Strategy

from orchestrator.chain import Account
from orchestrator.errors import DataError, EngineError
from orchestrator.learning.aggregation import Rule, Settings, Update
from orchestrator.learning.aggregation.chunks import model_root, padded
from orchestrator.systems.federation import flower
from orchestrator.systems.federation.envelopes import Place
from orchestrator.systems.federation.flower import mod
from orchestrator.systems.federation.flower.grid import EmbeddedGrid
from orchestrator.systems.federation.flower.mod import Seal
from orchestrator.systems.federation.flower.records import template_of, to_units
from orchestrator.systems.federation.flower.strategy import Chained
from tests.unit.systems.federation.flower.memory import (
    DATA,
    NODES,
    PLACE,
    LyingSeal,
    MemoryLedger,
    account,
    accuracy,
    initial,
    key_of,
    make_app,
    sealed,
)

CASES: dict[str, tuple[Callable[[], Strategy], Settings]] = {
    "FedAvg": (lambda: strategies.FedAvg(), Settings()),
    "FedMedian": (lambda: strategies.FedMedian(), Settings(Rule.MEDIAN)),
    "FedTrimmedAvg": (lambda: strategies.FedTrimmedAvg(beta=0.2), Settings(Rule.TRIMMED_MEAN, trim=1)),
    "Krum": (lambda: strategies.Krum(num_malicious_nodes=1), Settings(Rule.MULTI_KRUM, keep=1, faulty=1)),
    "FedAdam": (lambda: strategies.FedAdam(eta=0.05), Settings()),
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    import logging

    logger = logging.getLogger("flwr")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


@pytest.mark.parametrize("name", list(CASES))
def test_a_strategy_gives_what_it_gives_alone(name: str) -> None:
    make, settings = CASES[name]
    alone = make().start(EmbeddedGrid(make_app(None), NODES), initial(), num_rounds=2)
    ledger = MemoryLedger(settings)
    chained = Chained(make(), ledger)
    together = chained.start(EmbeddedGrid(make_app(sealed()), NODES), initial(), num_rounds=2)
    assert accuracy(together.arrays) == pytest.approx(accuracy(alone.arrays), abs=0.005)
    assert chained.rejected == []
    assert ledger.claims == [tuple(range(NODES))] * 2
    assert len(ledger.kept) == 2 * NODES
    if name != "FedAdam":
        assert max(chained.differences) < 1.5  # float32 has 24 bits, and a unit is 2**-16
        units = to_units(template_of(initial()), together.arrays)
        assert model_root(units) == ledger.model_root()
    assert together.evaluate_metrics_clientapp[2]["accuracy"] > 0.5


def test_a_node_that_opens_something_else_is_left_out_and_the_round_goes_on() -> None:
    ledger = MemoryLedger()
    chained = Chained(strategies.FedAvg(), ledger)
    result = chained.start(EmbeddedGrid(make_app(sealed(LyingSeal)), NODES), initial(), num_rounds=2)
    assert [(each.round, each.node) for each in chained.rejected] == [(1, 3), (2, 3)]
    assert "opened something else" in chained.rejected[0].reason
    assert ledger.claims == [(0, 1, 3, 4, 5)] * 2
    assert accuracy(result.arrays) > 0.85


def spoiled(how: str) -> Any:
    def spoil(node: int, arrays: dict[str, Any], count: int) -> tuple[dict[str, Any], int]:
        if node != 1:
            return arrays, count
        if how == "nan":
            arrays["b"][0] = np.nan
        if how == "infinite":
            arrays["W"][3, 4] = np.inf
        if how == "shape":
            arrays["W"] = arrays["W"][:, :9]
        if how == "names":
            arrays = {"V": arrays["W"], "b": arrays["b"]}
        if how == "huge":
            arrays["W"] = arrays["W"] * 0 + 1e6
        if how == "raises":
            raise RuntimeError("out of memory")
        return arrays, 0 if how == "no rows" else count

    return spoil


@pytest.mark.parametrize("how", ["nan", "infinite", "shape", "names", "huge", "raises", "no rows"])
def test_a_node_whose_update_cannot_be_used_is_left_out(how: str) -> None:
    ledger = MemoryLedger()
    chained = Chained(strategies.FedAvg(), ledger)
    chained.start(EmbeddedGrid(make_app(sealed(), spoil=spoiled(how)), NODES), initial(), num_rounds=1)
    assert [each.node for each in chained.rejected] == [2]
    assert ledger.claims == [(0, 2, 3, 4, 5)]


def test_a_node_with_rows_of_one_class_counts_as_any_other() -> None:
    rows = np.flatnonzero(DATA.labels == 7)
    app = make_app(sealed(), rows_of=lambda node: rows if node == 1 else slice(node, None, NODES))
    ledger = MemoryLedger()
    chained = Chained(strategies.FedAvg(), ledger)
    result = chained.start(EmbeddedGrid(app, NODES), initial(), num_rounds=2)
    assert chained.rejected == []
    assert ledger.claims == [tuple(range(NODES))] * 2
    assert accuracy(result.arrays) > 0.85


def test_a_node_that_repeats_a_stale_round_is_left_out() -> None:
    """Its signature is of another round, and so is what it reveals."""

    class Stale(Seal):
        def __call__(self, message: Message, context: Any, call_next: Any) -> Message:
            reply = super().__call__(message, context, call_next)
            if context.node_config["partition-id"] != 4 or "commitment" not in reply.content:
                return reply
            first = self.__dict__.setdefault("first", (reply.content, dict(context.state.items())))
            context.state.update(first[1])
            return Message(first[0], reply_to=message)

    ledger = MemoryLedger()
    chained = Chained(strategies.FedAvg(), ledger)
    chained.start(EmbeddedGrid(make_app(sealed(Stale)), NODES), initial(), num_rounds=2)
    assert [(each.round, each.node, each.reason) for each in chained.rejected] == [
        (2, 5, "signed as another party")
    ]
    assert ledger.claims == [tuple(range(NODES)), (0, 1, 2, 3, 5)]


def test_a_node_that_signs_for_another_chain_is_left_out() -> None:
    class Elsewhere(Seal):
        def _hold(self, context: Any, *rest: Any) -> bytes:
            mine, self._place = self._place, Place(1, PLACE.contract)
            if context.node_config["partition-id"] != 0:
                self._place = mine
            try:
                return super()._hold(context, *rest)
            finally:
                self._place = mine

    ledger = MemoryLedger()
    chained = Chained(strategies.FedAvg(), ledger)
    chained.start(EmbeddedGrid(make_app(sealed(Elsewhere)), NODES), initial(), num_rounds=1)
    assert [each.node for each in chained.rejected] == [1]
    assert ledger.claims == [(1, 2, 3, 4, 5)]


def test_who_is_voted_out_does_not_count() -> None:
    ledger = MemoryLedger(banned=frozenset({0, 4}))
    chained = Chained(strategies.FedAvg(), ledger)
    chained.start(EmbeddedGrid(make_app(sealed()), NODES), initial(), num_rounds=1)
    assert {(each.node, each.reason) for each in chained.rejected} == {(1, "voted out"), (5, "voted out")}
    assert ledger.claims == [(1, 2, 3, 5)]


def test_all_weigh_the_same_where_the_terms_say_so() -> None:
    ledger = MemoryLedger(most_weight=1)
    chained = Chained(strategies.FedAvg(), ledger)
    chained.start(EmbeddedGrid(make_app(sealed()), NODES), initial(), num_rounds=1)
    assert ledger.claims == [tuple(range(NODES))]


def test_a_federation_of_another_rule_or_model_is_refused() -> None:
    with pytest.raises(DataError, match="needs the rule median"):
        Chained(strategies.FedMedian(), MemoryLedger())
    with pytest.raises(DataError, match="needs the rule mean"):
        Chained(strategies.FedAdam(), MemoryLedger(Settings(Rule.MEDIAN)))
    ledger = MemoryLedger(model=np.ones(650, np.int64))
    with pytest.raises(DataError, match="another than the one"):
        Chained(strategies.FedAvg(), ledger).start(
            EmbeddedGrid(make_app(sealed()), NODES), initial(), num_rounds=1
        )


def test_a_node_signs_for_its_federation_only() -> None:
    elsewhere = Place(1, PLACE.contract)
    seal = Seal(elsewhere, lambda context: account(int(context.node_config["partition-id"])))
    chained = Chained(strategies.FedAvg(), MemoryLedger())
    chained.start(EmbeddedGrid(make_app(seal), NODES), initial(), num_rounds=1)
    assert len(chained.rejected) == NODES
    assert "another federation" in chained.rejected[0].reason


def test_strange_replies_are_left_out() -> None:
    """Of a node without a seat, of another version of Flower, of one that sends what is not a commitment."""

    class Strange(Seal):
        def __call__(self, message: Message, context: Any, call_next: Any) -> Message:
            reply = super().__call__(message, context, call_next)
            if "commitment" not in reply.content:
                return reply
            held = reply.content["commitment"]
            node = context.node_config["partition-id"]
            if node == 0:
                held["party"] = "0x" + "77" * 20
            if node == 1:
                held["flower"] = "1.7.0"
            if node == 2:
                held["entry"] = b"short"
            if node == 3:
                return Message(RecordDict({"other": ConfigRecord({})}), reply_to=message)
            return reply

    seal = Strange(PLACE, lambda context: account(int(context.node_config["partition-id"])))
    ledger = MemoryLedger()
    chained = Chained(strategies.FedAvg(), ledger)
    chained.start(EmbeddedGrid(make_app(seal), NODES), initial(), num_rounds=1)
    assert {each.node: each.reason for each in chained.rejected} == {
        1: "has no seat",
        2: "runs Flower 1.7.0",
        3: "has no seat",
        4: "sent no commitment",
    }
    assert ledger.claims == [(4, 5)]


def test_a_node_that_signs_as_another_party_tells_nothing_of_it() -> None:
    """Its message would stand for that party's: what it says of rows and losses."""
    ledger, first = MemoryLedger(), account(0)
    masked = Account("masked", first.address, lambda: key_of(NODES - 1), known_to_all=True)

    def account_of(context: Any) -> Account:
        seat = int(context.node_config["partition-id"])
        return masked if seat == NODES - 1 else account(seat)

    chained = Chained(strategies.FedAvg(), ledger)
    chained.start(EmbeddedGrid(make_app(Seal(PLACE, account_of)), NODES), initial(), num_rounds=1)
    assert [(each.node, each.reason) for each in chained.rejected] == [(NODES, "signed as another party")]
    assert ledger.claims == [(0, 1, 2, 3, 4)]


def test_a_node_that_fills_the_padding_does_not_end_the_run() -> None:
    class Filling(Seal):
        def _hold(self, context: Any, party: Account, number: int, update: Update, weight: int) -> bytes:
            if context.node_config["partition-id"] == 3:
                filled = padded(update.raw) + 100 * (np.arange(672) == 671)
                update, weight = Update(filled, update.width, update.shift), 60_000
            return super()._hold(context, party, number, update, weight)

    ledger = MemoryLedger(width=1)
    chained = Chained(strategies.FedAvg(), ledger)
    result = chained.start(EmbeddedGrid(make_app(sealed(Filling)), NODES), initial(), num_rounds=2)
    assert ledger.model[671] != 0
    assert ledger.claims == [tuple(range(NODES))] * 2
    assert accuracy(result.arrays) > 0.5


def test_nothing_is_revealed_that_was_not_committed_to() -> None:
    grid = EmbeddedGrid(make_app(sealed()), 1)
    [reply] = grid.send_and_receive([grid.create_message(RecordDict(), mod.REVEAL, 1, "1")])
    assert reply.has_error()


def test_another_flower_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert flower.check_version().startswith("1.42.")
    monkeypatch.setattr(flower, "version", lambda name: "1.50.1")
    with pytest.raises(EngineError, match=r"this is Flower 1\.50\.1"):
        flower.check_version()

    def missing(name: str) -> str:
        raise flower.PackageNotFoundError

    monkeypatch.setattr(flower, "version", missing)
    with pytest.raises(EngineError, match="not installed"):
        flower.check_version()
