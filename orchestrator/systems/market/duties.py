"""What is to be done in a prediction market: by its provider, by participants, and by anybody."""

from collections.abc import Iterator

from orchestrator.kernel.session import Session
from orchestrator.kernel.system import ANYBODY, Duty, System
from orchestrator.kernel.system import Look as AnyLook
from orchestrator.systems.market.opening import PredictionMarket, open_market
from orchestrator.systems.market.provider import reveal
from orchestrator.systems.market.reference.market import Phase
from orchestrator.systems.market.sealing import open_sealed, openable
from orchestrator.systems.market.secrets import kept_provider
from orchestrator.systems.market.settling import overdue, settle
from orchestrator.types import Address, Seconds

Look = AnyLook[PredictionMarket]

PROVIDER = "provider"
PARTICIPANT = "participant"


def _choice_is_due(look: Look) -> Seconds | None:
    """If nobody looks at the block in time, the market is void. The provider's reveal chooses, too."""
    market = look.instance.shared
    if market.phase() is not Phase.TRIAL or overdue(market) or PROVIDER in look.roles:
        return None
    state = market.state()
    chosen = state.trial is not None or look.session.chain.head().number <= state.target
    return None if chosen else look.now


def _choose(look: Look) -> Iterator[str]:
    look.session.send(look.instance.shared.contract.choose(), look.account)
    yield "chose the trial portion"


def _opening_is_due(look: Look) -> Seconds | None:
    """Not before participation is over: until then what is sealed is to stay so."""
    market = look.instance.shared
    phase = market.phase()
    if phase not in (Phase.PARTICIPATION, Phase.OPENING):
        return None
    if not openable(look.session, market, look.account.address):
        return None
    return look.now if phase is Phase.OPENING else Seconds(market.contract.deadline())


def _open(look: Look) -> Iterator[str]:
    for each in open_sealed(look.session, look.instance, look.account):
        yield f"opened contribution {each.index}"


def _reveal_is_due(look: Look) -> Seconds | None:
    market = look.instance.shared
    phase = market.phase()
    if phase in (Phase.TRIAL, Phase.REVEALING):
        return None if overdue(market) else look.now
    return Seconds(market.contract.deadline()) if phase is Phase.OPENING else None


def _reveal(look: Look) -> Iterator[str]:
    trial = look.instance.shared.phase() is Phase.TRIAL
    count = len(reveal(look.session, look.instance, look.account))
    yield "revealed the trial portion" if trial else f"revealed {count} portions of the test set"


def _settlement_is_due(look: Look) -> Seconds | None:
    market = look.instance.shared
    phase = market.phase()
    if phase in (Phase.REWARDING, Phase.PAYING) or overdue(market):
        return look.now
    return Seconds(market.contract.deadline() + 1) if phase in (Phase.TRIAL, Phase.REVEALING) else None


def _settle(look: Look) -> Iterator[str]:
    steps = settle(look.session, look.instance, look.account, progress=look.report)
    verbs = [step.verb for step in steps]
    if "expire" in verbs:
        yield f"ended the market: {look.instance.shared.state().outcome.name.lower()}"
    if cranks := verbs.count("crank"):
        yield f"measured the contributions in {cranks} transactions"
    if "pay" in verbs:
        yield "credited everybody"


def roles_of(session: Session, opened: PredictionMarket, who: Address) -> frozenset[str]:
    """What `who` is in a market: its provider too, where its secrets are here; one who contributed."""
    market = opened.shared
    provider = who == market.creator or kept_provider(session, market.address) is not None
    joined = market.index.refresh().gave(who)
    roles = {PROVIDER} if provider else set()
    return frozenset(roles | ({PARTICIPANT} if joined else set()))


_EVERYBODY = frozenset({PROVIDER, PARTICIPANT, ANYBODY})

SYSTEM: System[PredictionMarket] = System(
    name="market",
    kind="market",
    open=open_market,
    address_of=lambda opened: opened.shared.address,
    roles_of=roles_of,
    over=lambda opened: opened.shared.phase() is Phase.CLOSED,
    duties=(
        Duty("choose the trial portion", _choice_is_due, _choose, _EVERYBODY),
        Duty("open sealed contributions", _opening_is_due, _open, _EVERYBODY),
        Duty("reveal the test set", _reveal_is_due, _reveal, frozenset({PROVIDER})),
        Duty("settle the market", _settlement_is_due, _settle, _EVERYBODY),
    ),
)
