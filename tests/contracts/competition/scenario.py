"""A competition on a fresh chain, with helpers for each step of each role."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from eth_utils import keccak

from orchestrator.models.integer import (
    IntegerModel,
    IntegerNetwork,
    Layer,
    decode_samples,
    encode_model,
    encode_samples,
    predict,
    score,
)
from tests.contracts.competition.reference import Data, prediction_words, proof_of, word_leaves
from tests.evm import Evm

ZERO = "0x" + "00" * 20
HOUR = 3600
GWEI = 10**9
DEAD = "0x000000000000000000000000000000000000dEaD"
DEPTH = 12  # blocks between the seed's and the draw
METRICS = ["accuracy", "macro-f1", "mae"]
DIRECT, OPTIMISTIC = 0, 1
RANKED, BY_SCORE = 0, 1
OUTCOMES = ["Open", "Decided", "Unopened", "Withheld", "Undrawn"]
SALT = keccak(text="a salt that nobody else knows")

TERMS: dict[str, Any] = {
    "organizer": ZERO,
    "token": ZERO,
    "root": b"",
    "cidDigest": keccak(text="data"),
    "cidCodec": 0x55,
    "metric": 0,
    "mode": DIRECT,
    "scheme": RANKED,
    "organizerMayEnter": False,
    "groups": 6,
    "testGroups": 2,
    "groupSize": 5,
    "features": 2,
    "classes": 2,
    "maxModelBytes": 2_000,
    "seedBlock": 0,
    "prize": 1_000_003 * GWEI,
    "bond": 500_001 * GWEI,
    "deposit": 10_007 * GWEI,
    "tip": 1_009 * GWEI,
    "stake": 3_001 * GWEI,
    "claimBond": 7_001 * GWEI,
    "shares": [10_000, 0, 0, 0],
    "criterion": 500_000_000,
    "training": 10 * HOUR,
    "reveal": HOUR,
    "opening": HOUR,
    "evaluation": HOUR,
    "refute": HOUR,
    "answer": HOUR,
}


def make_data(terms: dict[str, Any], seed: int = 0) -> Data:
    """Points in the unit square: above the diagonal or not; or with numbers as labels, their sum."""
    rng = np.random.default_rng(seed)
    count = terms["groups"] * terms["groupSize"]
    features = rng.integers(0, 256, (count, terms["features"]))
    classes = terms["classes"]
    if classes == 0:
        labels = features.sum(axis=1) - 200
    elif classes == 2:
        labels = (features[:, -1] > features[:, 0]).astype(int)
    else:
        labels = features[:, 0] * classes // 256
    data = encode_samples(features, labels, classes)
    size = len(data) // terms["groups"]
    groups = [data[i : i + size] for i in range(0, len(data), size)]
    salts = [keccak(text=f"salt {seed} {i}") for i in range(len(groups))]
    return Data(groups, salts, terms["features"], classes, terms["groupSize"])


def line(weights: list[int], bias: int = 0, shift: int = 0) -> IntegerNetwork:
    """A linear model with one output."""
    return IntegerNetwork((Layer(np.array([weights], np.int64), np.array([bias], np.int64), shift),))


GOOD = line([-100, 100])  # above the diagonal
FAIR = line([-100, 90])
BAD = line([100, -100])
CONSTANT = line([0, 0], 1)


def encode_predictions(predictions: Any, classes: int) -> bytes:
    return b"".join(int(p).to_bytes(1 if classes else 4, "big", signed=not classes) for p in predictions)


@dataclass
class Scenario:
    """One competition; every helper sends one transaction and returns its receipt."""

    evm: Evm
    terms: dict[str, Any]
    data: Data
    factory: Any = None
    competition: Any = None
    models: dict[int, tuple[str, IntegerModel]] = field(default_factory=dict)
    receipts: list[Any] = field(default_factory=list)

    @classmethod
    def create(
        cls, evm: Evm | None = None, *, data: Data | None = None, factory: Any = None, **changes: Any
    ) -> Any:
        evm = evm or Evm()
        terms = TERMS | changes
        data = data or make_data(terms)
        terms = terms | {"root": data.root}
        scenario = cls(evm, terms, data, factory or deploy_factory(evm))
        scenario.make()
        return scenario

    # organizer

    def make(self, sender: str = "organizer") -> Any:
        value = 0 if self.terms["token"] != ZERO else self.terms["prize"] + self.terms["bond"]
        call = self.factory.functions.create(tuple(self.terms.values()))
        receipt = self.evm.send(call, sender, value)
        made = self.evm.events(self.factory, "Created", receipt)[0]
        self.competition = self.evm.at("Competition", made["instance"])
        return receipt

    def wait_for_seed(self) -> None:
        seed = self.asked_terms()["seedBlock"]
        while self.evm.web3.eth.block_number < seed + DEPTH:
            self.evm.tester.mine_block()

    def draw(self, sender: str = "organizer") -> Any:
        self.wait_for_seed()
        return self.send(self.f.drawSplit(), sender)

    def open_test(
        self, groups: list[int] | None = None, sender: str = "organizer", first: int | None = None
    ) -> Any:
        """Open test groups, the `first`-th of them and those behind it; by default those that are closed."""
        opened = self.progress["opened"] if first is None else first
        groups = self.test_groups[opened:] if groups is None else groups
        return self.send(self.f.openTest(opened, [self.data.opening(group) for group in groups]), sender)

    # submitters

    def commit(self, sender: str, model: IntegerModel, salt: bytes = SALT) -> int:
        number = self.progress["committed"]
        digest = self.evm.call(self.f.commitmentOf(self.evm.role(sender), keccak(encode_model(model)), salt))
        self.send(self.f.commit(digest), sender, self.due("deposit"))
        self.models[number] = (sender, model)
        return number

    def reveal(
        self, number: int, sender: str | None = None, model: IntegerModel | None = None, salt: bytes = SALT
    ) -> Any:
        owner, committed = self.models[number]
        return self.send(self.f.reveal(number, encode_model(model or committed), salt), sender or owner)

    def evaluate(self, number: int, sender: str | None = None, samples: int = 10**9) -> Any:
        owner, model = self.models[number]
        return self.send(self.f.evaluate(number, samples, encode_model(model)), sender or owner)

    def keep(self, number: int, sender: str = "stranger") -> Any:
        return self.send(self.f.keep(number, encode_model(self.models[number][1])), sender)

    def predictions(self, number: int) -> list[int]:
        features, _ = self.test_samples()
        return predict(self.models[number][1], features, self.terms["classes"]).tolist()

    def claim(self, number: int, predictions: list[int] | None = None, sender: str | None = None) -> Any:
        encoded = encode_predictions(predictions or self.predictions(number), self.terms["classes"])
        return self.send(
            self.f.claim(number, encoded), sender or self.models[number][0], self.due("claimBond")
        )

    # anyone

    def evidence(self, number: int, index: int, claimed: list[int]) -> tuple[Any, ...]:
        """The evidence against `claimed` at sample `index`."""
        size = 1 if self.terms["classes"] else 4
        encoded = encode_predictions(claimed, self.terms["classes"])
        word = index * size // 32
        group, position = self.test_groups[index // self.terms["groupSize"]], index % self.terms["groupSize"]
        return (
            number,
            index,
            prediction_words(encoded)[word],
            proof_of(word_leaves(encoded), word),
            self.data.salts[group],
            self.data.samples(group)[position],
            proof_of(self.data.sample_leaves(group), position),
            proof_of(self.data.leaves(), group),
        )

    def refute(self, number: int, index: int, claimed: list[int], sender: str = "refuter") -> Any:
        return self.send(self.f.refute(self.evidence(number, index, claimed)), sender)

    def finalize(self, sender: str = "stranger") -> Any:
        """Close by the ranking, and keep the winner's model as code."""
        first = self.ranking[:1]
        model = encode_model(self.models[first[0]][1]) if first else b""
        return self.send(self.f.finalize(model), sender)

    def withdraw(self, number: int, sender: str | None = None) -> Any:
        owner = self.models[number][0]
        return self.send(self.f.withdraw(number, self.evm.role(sender or owner)), sender or owner)

    def withdraw_credit(self, role: str) -> Any:
        return self.send(self.f.withdrawCredit(self.evm.role(role), self.evm.role(role)), role)

    # time

    def at(self, phase: str) -> None:
        """Go to the start of a phase."""
        names = ["reveal", "opening", "evaluation", "settling", "final"]
        target = self.evm.call(self.f.deadlines())[names.index(phase)]
        if target > self.evm.now:
            self.evm.advance(target - self.evm.now)

    # the whole

    def played(self, **models: IntegerModel) -> "Scenario":
        """Draw, commit and reveal `models` by role, and open the test data."""
        self.draw()
        return self.played_from_training(**models)

    def played_from_training(self, **models: IntegerModel) -> "Scenario":
        """The same once the split is drawn."""
        for role, model in models.items():
            self.commit(role, model)
        self.at("reveal")
        for number in range(len(models)):
            self.reveal(number)
        self.at("opening")
        self.open_test()
        return self

    # views

    @property
    def f(self) -> Any:
        return self.competition.functions

    def send(self, call: Any, sender: str, value: int = 0) -> Any:
        receipt = self.evm.send(call, sender, value)
        self.receipts.append(receipt)
        return receipt

    def due(self, amount: str) -> int:
        return self.terms[amount] if self.terms["token"] == ZERO else 0

    def asked_terms(self) -> dict[str, Any]:
        return dict(zip(TERMS, self.evm.call(self.f.terms()), strict=True))

    @property
    def progress(self) -> dict[str, Any]:
        names = ["drawnAt", "committed", "revealed", "concluded", "refuted", "opened", "unanswered"]
        names += ["outcome", "board"]
        return dict(zip(names, self.evm.call(self.f.progress()), strict=True))

    @property
    def outcome(self) -> str:
        return OUTCOMES[self.progress["outcome"]]

    @property
    def test_groups(self) -> list[int]:
        mask = self.evm.call(self.f.testMask())
        return [group for group in range(self.terms["groups"]) if mask >> group & 1]

    @property
    def train_groups(self) -> list[int]:
        return [group for group in range(self.terms["groups"]) if group not in self.test_groups]

    def test_samples(self) -> Any:
        data = b"".join(self.data.groups[group] for group in self.test_groups)
        return decode_samples(data, self.terms["features"], self.terms["classes"])

    def expected_score(self, model: IntegerModel) -> int:
        features, labels = self.test_samples()
        classes = self.terms["classes"]
        return score(METRICS[self.terms["metric"]], classes, predict(model, features, classes), labels)

    def score_of(self, number: int) -> int:
        return self.evm.call(self.f.resultOf(number))[1]

    @property
    def ranking(self) -> list[int]:
        return self.evm.call(self.f.ranking())

    def payout(self, number: int) -> int:
        return self.evm.call(self.f.payoutOf(number))

    def credit(self, role: str) -> int:
        return self.evm.call(self.f.credit(self.evm.role(role)))

    @property
    def burnt(self) -> int:
        """What is credited to the address that nobody has the key of."""
        return self.evm.call(self.f.credit(DEAD))

    @property
    def balance(self) -> int:
        return self.evm.web3.eth.get_balance(self.competition.address)


def deploy_factory(evm: Evm) -> Any:
    runner = evm.deploy("ModelRunner")
    implementation = evm.deploy("Competition", runner.address)
    return evm.deploy("CompetitionFactory", implementation.address)
