"""Any Flower strategy over a federation: updates are committed to and revealed, what is claimed is refutable.

Of a strategy with a rule of the contract (FedAvg, FedProx, FedMedian, FedTrimmedAvg, Krum, MultiKrum), the
contract's whole numbers become the model, and Flower's floats only check them. Of any other the chain records
the mean of the updates: what the server makes of it (FedAdam's steps, say) follows from these means, and is
the server's word.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from eth_utils.address import to_checksum_address
from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg, FedMedian, FedProx, FedTrimmedAvg, Krum, MultiKrum, Strategy

from orchestrator.errors import DataError
from orchestrator.learning.aggregation import Rule, Template, Update, aggregate, apply
from orchestrator.learning.aggregation.chunks import Integers, model_root, padded
from orchestrator.systems.federation.envelopes import ENTRY_BYTES, REVEAL_BYTES, signer_of
from orchestrator.systems.federation.flower import VERSION
from orchestrator.systems.federation.flower.ledger import Counted, Ledger
from orchestrator.systems.federation.flower.mod import REVEAL
from orchestrator.systems.federation.flower.records import difference, from_units, template_of, to_units
from orchestrator.text import shown
from orchestrator.types import Address

REFERENCES: dict[type[Strategy], Rule] = {
    FedAvg: Rule.MEAN,
    FedProx: Rule.MEAN,
    FedMedian: Rule.MEDIAN,
    FedTrimmedAvg: Rule.TRIMMED_MEAN,
    Krum: Rule.MULTI_KRUM,
    MultiKrum: Rule.MULTI_KRUM,
}
"""Strategies whose aggregate the contract's rule gives."""


@dataclass(frozen=True)
class Rejected:
    """A node that was left out of a round, and why."""

    round: int
    node: int
    reason: str


@dataclass(frozen=True)
class _Opened:
    party: Address
    entry: bytes
    message: Message


class Chained(Strategy):
    """`inner` is the strategy, `ledger` the federation, `timeout` the seconds in which nodes reveal.

    `rejected` tells who was left out and why, `differences` for each round how far Flower's floats are from
    the model that was claimed, in units (empty for a strategy without a rule of the contract). Raises
    DataError if the federation has another rule than the strategy.
    """

    def __init__(self, inner: Strategy, ledger: Ledger, timeout: float = 600.0) -> None:
        self.inner, self.ledger, self.timeout = inner, ledger, timeout
        self.rejected: list[Rejected] = []
        self.differences: list[float] = []
        self.rule = REFERENCES.get(type(inner))
        wanted, found = self.rule or Rule.MEAN, ledger.terms.settings.rule
        if wanted is not found:
            raise DataError(
                f"{type(inner).__name__} needs the rule {wanted.value}, the federation has {found.value}",
                "Take the strategy of its rule, or create another federation.",
            )
        self._grid: Grid | None = None
        self._template: Template | None = None
        self._sent: Integers = np.zeros(0, np.int64)
        self._model: Integers | None = None

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """As the strategy does, from whole numbers. Raises DataError if the chain's model is another."""
        terms = self.ledger.terms
        self._grid, self._template = grid, template_of(arrays)
        self._sent = to_units(self._template, arrays)
        if self._model is None:
            self._model = padded(self._sent)
        if self._template.size != terms.size or model_root(self._model) != self.ledger.model_root():
            raise DataError(
                "the model is another than the one that the federation's round trains on",
                "Begin with the last model of the federation; `diln federation history` names it.",
            )
        config["diln-chain"], config["diln-contract"] = terms.place.chain_id, terms.place.contract
        config["diln-round"], config["diln-width"] = self.ledger.round(), terms.width
        config["diln-weight"] = terms.most_weight
        quantized = from_units(self._template, self._sent)
        asked: Iterable[Message] = self.inner.configure_train(server_round, quantized, config, grid)
        return asked

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """Commit, have nodes reveal, join what is in, claim."""
        committed = self._commitments(server_round, replies)
        if not committed:
            return None, None
        self.ledger.commit([entry for entry, _ in committed.values()])
        opened = self._reveals(server_round, committed)
        counted = self.ledger.reveal([each.entry for each in opened])
        if not counted:
            return None, None
        messages = {each.party: each.message for each in opened}
        for party in messages.keys() - {each.party for each in counted}:
            self._reject(server_round, messages.pop(party).metadata.src_node_id, "voted out")
        return self._joined(server_round, counted, messages)

    def _commitments(self, server_round: int, replies: Iterable[Message]) -> dict[int, tuple[bytes, Address]]:
        """By node: the entry that it signed, and who it is."""
        place, number, found = self.ledger.terms.place, self.ledger.round(), {}
        for message in replies:
            node = message.metadata.src_node_id
            if message.has_error():
                self._reject(server_round, node, f"failed: {shown(message.error.reason or '', 200)}")
                continue
            try:
                sealed = message.content["commitment"]
                entry, party = bytes(sealed["entry"]), to_checksum_address(str(sealed["party"]))
                other = str(sealed["flower"])
            except (KeyError, TypeError, ValueError):
                self._reject(server_round, node, "sent no commitment")
                continue
            if other.split(".")[:2] != VERSION.split(".")[:2]:
                self._reject(server_round, node, f"runs Flower {shown(other, 20)}")
            elif len(entry) != ENTRY_BYTES or self.ledger.seat_of(party) is None:
                self._reject(server_round, node, "has no seat")
            elif signer_of(entry, place.message("Update", round=number, commitment=entry[:32])) != party:
                self._reject(server_round, node, "signed as another party")  # whose metrics it would tell
            else:
                found[node] = entry, party
        return found

    def _reveals(self, server_round: int, committed: dict[int, tuple[bytes, Address]]) -> list[_Opened]:
        assert self._grid is not None  # noqa: S101 (Flower configures before it aggregates)
        asks = [
            self._grid.create_message(RecordDict(), REVEAL, node, str(server_round)) for node in committed
        ]
        found, silent = [], set(committed)
        for message in self._grid.send_and_receive(asks, timeout=self.timeout):
            node = message.metadata.src_node_id
            if node not in silent:
                continue
            silent.discard(node)
            if message.has_error():
                self._reject(server_round, node, f"did not reveal: {shown(message.error.reason or '', 200)}")
                continue
            try:
                found.append(self._opened(message, *committed[node]))
            except (DataError, KeyError, TypeError, ValueError) as error:
                self._reject(server_round, node, shown(str(error), 200))
        for node in silent:
            self._reject(server_round, node, "did not reveal")
        return found

    def _opened(self, message: Message, signed: bytes, party: Address) -> _Opened:
        """Raises DataError if a node opens something else than it committed to."""
        terms = self.ledger.terms
        held = message.content["held"]
        entry = bytes(held["entry"])
        if len(entry) != REVEAL_BYTES:
            raise DataError("what was revealed is malformed")
        weight, shift = int.from_bytes(entry[52:54], "big"), entry[54]
        update = Update.read(bytes(held["data"]), terms.size, terms.width, shift)
        cid = self.ledger.keep(update.data)
        commitment = terms.place.commitment(
            party, self.ledger.round(), update.digest(weight, cid), entry[-32:]
        )
        # The contract keeps all but the last byte.
        if commitment[:31] != signed[:31] or entry[20:52] != update.root or entry[55:87] != cid:
            raise DataError("opened something else than it committed to")
        return _Opened(party, entry, message)

    def _joined(
        self, server_round: int, counted: Sequence[Counted], messages: dict[Address, Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        template, model = self._template, self._model
        assert template is not None  # noqa: S101 (see above)
        assert model is not None  # noqa: S101
        told = []
        for each in counted:  # in order of seats: sums of floats depend on their order
            message = messages.get(each.party)
            if message is None:  # it took part without this server, and the strategy has nothing of it
                continue
            arrays = from_units(template, self._sent + each.update.values[: template.size])
            message.content = RecordDict({"arrays": arrays, "metrics": message.content["metrics"]})
            told.append(message)
        floats, metrics = self.inner.aggregate_train(server_round, told)
        updates = np.stack([each.update.values for each in counted])
        joined = aggregate(self.ledger.terms.settings, updates, [each.weight for each in counted])
        # What a node put into the padding stays there, and is in the root.
        self._model = apply(model, joined.delta)
        self.ledger.claim(self._model)
        units = self._model[: template.size]
        if self.rule is None:
            return floats, metrics
        if floats is not None and len(told) == len(counted):
            self.differences.append(difference(template, floats, units))
        return from_units(template, units), metrics

    def _reject(self, server_round: int, node: int, reason: str) -> None:
        self.rejected.append(Rejected(server_round, node, reason))

    def configure_evaluate(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        asked: Iterable[Message] = self.inner.configure_evaluate(server_round, arrays, config, grid)
        return asked

    def aggregate_evaluate(self, server_round: int, replies: Iterable[Message]) -> MetricRecord | None:
        return self.inner.aggregate_evaluate(server_round, replies)

    def summary(self) -> None:
        self.inner.summary()
