"""A federation in memory that refuses what the contract refuses, and an app that trains on digits."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from coincurve import PrivateKey
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from sklearn.linear_model import SGDClassifier

from orchestrator.chain.accounts import Account
from orchestrator.learning.aggregation import Settings, Update, aggregate, apply
from orchestrator.learning.aggregation.chunks import Integers, model_root, padded
from orchestrator.systems.federation.envelopes import Place, signer_of
from orchestrator.systems.federation.flower.ledger import Counted, Terms
from orchestrator.systems.federation.flower.mod import Seal
from orchestrator.systems.federation.simulation.datasets import digits
from orchestrator.types import Address, Digest

NODES, SIZE = 6, 650
PLACE = Place(31337, to_checksum_address("0x" + "12" * 20))
DATA = digits(0)


def key_of(seat: int) -> bytes:
    return hashlib.sha256(b"node %d" % seat).digest()


def account(seat: int) -> Account:
    key = key_of(seat)
    public = PrivateKey(key).public_key.format(compressed=False)[1:]
    return Account(f"node {seat}", to_checksum_address(keccak(public)[12:]), lambda: key, known_to_all=True)


@dataclass
class MemoryLedger:
    """Keeps to the contract's rules on commitments, reveals and claims; `banned` are voted out."""

    settings: Settings = field(default_factory=Settings)
    width: int = 4
    most_weight: int = 65_535
    banned: frozenset[int] = frozenset()
    model: Integers = field(default_factory=lambda: np.zeros(SIZE, np.int64))
    number: int = 1
    committed: dict[Address, bytes] = field(default_factory=dict)
    kept: dict[bytes, bytes] = field(default_factory=dict)
    claims: list[tuple[int, ...]] = field(default_factory=list)
    counted: list[Counted] = field(default_factory=list)

    @property
    def terms(self) -> Terms:
        return Terms(PLACE, self.settings, SIZE, self.width, self.most_weight)

    def round(self) -> int:
        return self.number

    def model_root(self) -> Digest:
        return model_root(self.model)

    def seat_of(self, party: Address) -> int | None:
        seats = {account(seat).address: seat for seat in range(NODES)}
        return seats.get(party)

    def commit(self, entries: Sequence[bytes]) -> None:
        for entry in entries:
            message = PLACE.message("Update", round=self.number, commitment=entry[:32])
            signer = signer_of(entry, message)
            if signer and self.seat_of(signer) is not None:
                self.committed[signer] = entry[:32]

    def reveal(self, entries: Sequence[bytes]) -> list[Counted]:
        counted = []
        for entry in entries:
            party = to_checksum_address(entry[:20])
            root, weight, shift, cid, salt = (
                entry[20:52],
                entry[52:54],
                entry[54:55],
                entry[55:87],
                entry[87:],
            )
            digest = keccak(root + weight + shift + cid)
            assert PLACE.commitment(party, self.number, digest, salt)[:31] == self.committed[party][:31]
            seat = self.seat_of(party)
            assert seat is not None
            if seat not in self.banned:
                update = Update.read(self.kept[cid], SIZE, self.width, shift[0])
                counted.append(Counted(party, seat, update, int.from_bytes(weight, "big")))
        self.counted = sorted(counted, key=lambda each: each.seat)
        return self.counted

    def keep(self, data: bytes) -> Digest:
        digest = hashlib.sha256(data).digest()
        self.kept[digest] = data
        return Digest(digest)

    def claim(self, model: Integers) -> None:
        updates = np.stack([each.update.values for each in self.counted])
        joined = aggregate(self.settings, updates, [each.weight for each in self.counted])
        assert (apply(padded(self.model), joined.delta) == model).all()
        self.model = model
        self.claims.append(tuple(each.seat for each in self.counted))
        self.number += 1
        self.committed.clear()


def make_app(seal: Seal | None, nodes: int = NODES, spoil: Any = None, rows_of: Any = None) -> ClientApp:
    """Each node trains two epochs on its share of the digits, or on the rows that `rows_of` gives it."""
    app = ClientApp(mods=[seal] if seal else [])

    @app.train()
    def train(message: Message, context: Context) -> Message:
        node = int(context.node_config["partition-id"])
        own = rows_of(node) if rows_of else slice(node, None, nodes)
        rows, labels = DATA.features[own], DATA.labels[own]
        given = {name: array.numpy() for name, array in message.content["arrays"].items()}
        model = SGDClassifier(
            loss="log_loss", alpha=1e-4, random_state=node, learning_rate="constant", eta0=0.1
        )
        model.partial_fit(rows[:10], labels[:10], classes=np.arange(10))
        model.coef_, model.intercept_ = (
            given["W"].T.astype(np.float64).copy(),
            given["b"].astype(np.float64).copy(),
        )
        for _ in range(2):
            model.partial_fit(rows, labels)
        arrays = {"W": model.coef_.T.astype(np.float32), "b": model.intercept_.astype(np.float32)}
        count = len(labels)
        if spoil:
            arrays, count = spoil(node, arrays, count)
        record = ArrayRecord({name: Array(np.ascontiguousarray(each)) for name, each in arrays.items()})
        metrics = MetricRecord({"num-examples": count})
        return Message(RecordDict({"arrays": record, "metrics": metrics}), reply_to=message)

    @app.evaluate()
    def evaluate(message: Message, context: Context) -> Message:
        node = int(context.node_config["partition-id"])
        rows, labels = DATA.features[node::nodes], DATA.labels[node::nodes]
        metrics = MetricRecord(
            {"num-examples": len(labels), "accuracy": accuracy(message.content["arrays"], rows, labels)}
        )
        return Message(RecordDict({"metrics": metrics}), reply_to=message)

    if seal:
        seal.register(app)
    return app


def accuracy(
    record: ArrayRecord, rows: np.ndarray = DATA.test_features, labels: Any = DATA.test_labels
) -> float:
    weights, bias = record["W"].numpy(), record["b"].numpy()
    return float(((rows @ weights + bias).argmax(axis=1) == labels).mean())


def initial() -> ArrayRecord:
    return ArrayRecord({"W": Array(np.zeros((64, 10), np.float32)), "b": Array(np.zeros(10, np.float32))})


def node_account(context: Context) -> Account:
    return account(int(context.node_config["partition-id"]))


class LyingSeal(Seal):
    """Reveals another update than it committed to, at one node."""

    def reveal(self, message: Message, context: Any) -> Message:
        reply = super().reveal(message, context)
        if context.node_config["partition-id"] == 2:
            held = reply.content["held"]
            held["data"] = bytes([held["data"][0] ^ 1]) + held["data"][1:]
        return reply


def sealed(kind: type[Seal] = Seal) -> Seal:
    return kind(PLACE, node_account)
