"""What the tests of sealing, relaying and paying share."""

from orchestrator.chain import Account
from orchestrator.kernel.session import Session
from orchestrator.kernel.system import ANYBODY
from orchestrator.models.online.encoding import Sample, encode_row
from orchestrator.systems.sum.claiming import ClaimResult
from orchestrator.systems.sum.duties import CONTRIBUTOR, Look, turn
from orchestrator.systems.sum.opening import SharedModel
from orchestrator.systems.sum.relaying import SignedContribution, sign
from orchestrator.systems.sum.sealing import reveal, seal
from orchestrator.types import Wei
from tests.unit.sum.conftest import CITY, Village, review

COIN = 10**18


def sample(village: Village, words: str = CITY, number: int = 0, label: str = "city") -> Sample:
    return encode_row(village.opened, review(words, number)), village.opened.descriptor.label(label)


def count(village: Village) -> int:
    return village.opened.shared.count()


def conceal(village: Village, *samples: Sample, **options):
    return seal(village.session, village.opened, samples, village.account("contributor"), **options)


def uncover(village: Village) -> list:
    return list(reveal(village.session, village.opened, village.account("contributor")))


def signed_by(village: Village, *samples: Sample, **options) -> SignedContribution:
    wanted = samples or (sample(village),)
    return sign(village.opened, tuple(wanted), village.account("contributor"), **{"maximum": COIN, **options})


def done_by(
    session: Session,
    opened: SharedModel,
    account: Account,
    *,
    everyone: bool = False,
    least: Wei | None = None,
) -> list[ClaimResult]:
    """What a keeper does now for `account`."""
    roles = frozenset({ANYBODY} if everyone else {CONTRIBUTOR})
    return list(turn(Look(session, opened, account, roles=roles, least=least)))
