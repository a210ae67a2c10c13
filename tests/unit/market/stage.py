"""What tests of markets begin with: a test set that nobody has seen, people by role, time that moves."""

from dataclasses import replace
from typing import Any, ClassVar

from orchestrator.chain import Receipt
from orchestrator.kernel.money import Currency
from orchestrator.kernel.session import Session
from orchestrator.models.online.conversion import Converted
from orchestrator.models.online.encoding import encode_row
from orchestrator.models.online.training import Table
from orchestrator.systems.market.creating import Draft, Offer, create, prepare
from orchestrator.systems.market.leaderboard import Leaderboard, leaderboard
from orchestrator.systems.market.opening import PredictionMarket, open_market
from orchestrator.systems.market.participating import Participation, Submission, contribute, plan
from orchestrator.systems.market.provider import reveal
from orchestrator.systems.market.reference.market import Phase
from orchestrator.systems.market.reference.rules import HOUR, Rules
from orchestrator.systems.market.settling import settle
from orchestrator.systems.market.testset import Sample
from tests.unit.sum.conftest import CITY, NATURE
from tests.world import ETHER, World

ROLES = {"provider": "alice", "contributor": "bob", "poisoner": "carol", "keeper": "dave", "stranger": "erin"}
RULES = Rules(
    stake=10_000_000,
    duration=10 * HOUR,
    open_wait=5 * HOUR,
    reveal_wait=5 * HOUR,
    portions=3,
    samples=6,
    margin=0,
)
OFFER = Offer(RULES, Currency(), bounty=ETHER, bond=ETHER // 2)


def texts(words: str) -> list[str]:
    """All pairs and triples of these words."""
    found = words.split()
    pairs = [f"{a} {b}" for i, a in enumerate(found) for b in found[i + 1 :]]
    return pairs + [f"{a} {b} {c}" for a, b, c in zip(found, found[1:], found[2:], strict=False)]


def secret_table() -> Table:
    """A test set in which every text is another."""
    city, nature = texts(CITY), texts(NATURE)
    return Table(city + nature, ["city"] * len(city) + ["nature"] * len(nature))


def untaught(converted: Converted) -> Converted:
    """The same encoder before a model that knows nothing."""
    import numpy as np

    from orchestrator.models.online.references import SparsePerceptron

    known = converted.model
    assert isinstance(known, SparsePerceptron)
    model = SparsePerceptron(known.dims, rate=known.rate, bits=known.bits, limit=known.limit)
    return replace(converted, model=model.with_weights(np.zeros((1, known.dims))))


class Fair(World):
    """A market and the people around it."""

    ROLES: ClassVar[dict[str, str]] = ROLES

    def __init__(self, session: Session, opened: PredictionMarket) -> None:
        super().__init__(session, session.settings.home)
        self.opened = opened

    @property
    def market(self) -> Any:
        return self.opened.shared

    def samples(self, *pairs: tuple[str, str]) -> list[Sample]:
        return [(encode_row(self.opened, text), self.opened.descriptor.label(label)) for text, label in pairs]

    def lessons(self, wrong: bool = False) -> list[Sample]:
        """Texts of either kind in turn."""
        first, second = ("nature", "city") if wrong else ("city", "nature")
        turns = zip(texts(CITY), texts(NATURE), strict=True)
        return self.samples(*(pair for a, b in turns for pair in ((a, first), (b, second))))

    def plan(self, samples: list[Sample], role: str = "contributor", **options: Any) -> Submission:
        return plan(self.session, self.opened, samples, self.account(role), **options)

    def give(
        self, samples: list[Sample], role: str = "contributor", sealed: bool = False, **options: Any
    ) -> Participation:
        submission = self.plan(samples, role, sealed=sealed, **options)
        return contribute(self.session, self.opened, submission, self.account(role), sealed=sealed)

    def reveal(self, role: str = "provider") -> list[Receipt]:
        return reveal(self.session, self.opened, self.account(role))

    def settle(self, role: str = "keeper") -> list[str]:
        return [step.verb for step in settle(self.session, self.opened, self.account(role))]

    def leaderboard(self) -> Leaderboard:
        return leaderboard(self.session, self.opened)

    def pass_to(self, phase: Phase) -> None:
        """Let time pass until the market is in this phase."""
        while self.market.phase() < phase:
            self.pass_deadline()
        assert self.market.phase() is phase

    def pass_deadline(self) -> None:
        """Let time pass until the phase is over."""
        self.pass_until(self.market.contract.deadline() + 1)

    def balance(self, role: str) -> int:
        return self.market.balance(self.account(role).address)


def draft(session: Session, converted: Converted, offer: Offer = OFFER, name: str = "fair") -> Draft:
    provider = session.account(ROLES["provider"])
    return prepare(session, name, converted, secret_table(), offer, provider)


def open_fair(session: Session, converted: Converted, offer: Offer = OFFER, **options: Any) -> Fair:
    """A market of a model that knows nothing yet."""
    drawn = draft(session, untaught(converted), offer)
    made = create(session, drawn, session.account(ROLES["provider"]), **options)
    return Fair(session, open_market(session, made.address))
