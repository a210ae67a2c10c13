"""Commit to a model during training, reveal it afterwards."""

from dataclasses import dataclass
from pathlib import Path

from eth_utils.crypto import keccak

from orchestrator.bindings.competition import Committed, Mode, Phase, Status
from orchestrator.chain import Account
from orchestrator.errors import AccountError, ChainError, InsufficientFunds, NodeUnavailable
from orchestrator.kernel.money import Currency, currency_of
from orchestrator.kernel.session import Consent, Session
from orchestrator.systems.competition.candidates import Candidate, candidate_of
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.finding import secret_folder
from orchestrator.systems.competition.records import SAFE_BOND, Submission, Terms
from orchestrator.systems.competition.secrets import Secret, derive, name_of
from orchestrator.systems.competition.timing import require_phase
from orchestrator.systems.competition.training import training_data
from orchestrator.times import show_duration, show_time
from orchestrator.types import ZERO_ADDRESS, Report, Wei

SALT = "competition submission"
HOUR = 3_600


@dataclass(frozen=True)
class Submitted:
    """A commitment on the chain to `candidate`; `fresh` is False if it had been made before."""

    submission: Submission
    candidate: Candidate
    fresh: bool
    gas_used: int


def propose(
    session: Session,
    competition: Competition,
    file: Path,
    opening: str | None = None,
    progress: Report | None = None,
) -> Candidate:
    """Quantize the model in `file` on the training data and predict its score; nothing is sent."""
    samples = training_data(session, competition, opening).samples(competition.terms)
    return candidate_of(file, competition.terms, samples, progress=progress)


def require_entry(competition: Competition, submitter: Account) -> None:
    """Raise ChainError that says when training ended, unless `submitter` is in: before data are fetched."""
    if all(each.submitter != submitter.address for each in competition.submissions()):
        require_phase(competition, Phase.TRAINING, what="submitting")


def submit(
    session: Session,
    competition: Competition,
    candidate: Candidate,
    submitter: Account,
    consent: Consent | None = None,
) -> Submitted:
    """Commit to the model with the deposit, after `consent`. The same model twice is one submission.

    Model and salt are on disk before anything is sent, and the salt follows from the wallet key. Raises
    ChainError that says when training ended, and for the organizer where it may not enter.
    """
    with session.alone(f"submit {competition.address} {submitter.address}"):
        salt = salt_of(session, competition, candidate.hash, submitter)
        commitment = competition.commitment_of(submitter.address, candidate.hash, salt)
        known = _with_commitment(competition, commitment, submitter)
        secret = Secret(submitter.address, salt, candidate.encoded)
        secret_folder(session, competition.address).keep(name_of(commitment), secret)
        if known:
            return Submitted(known, candidate, False, 0)
        require_phase(competition, Phase.TRAINING, what="submitting")
        terms = competition.terms
        if submitter.address == terms.organizer and not terms.organizer_may_enter:
            raise ChainError(
                "the organizer is excluded from its own prize", "Use --from with another account."
            )
        if consent:
            consent(Wei(terms.deposit), stakes(session, competition, submitter))
        receipt = session.pay(
            competition.commit(commitment),
            submitter,
            currency_of(session.chain, terms.token).of(terms.deposit),
            once=f"commit-{competition.address}-{commitment.hex()[:16]}",
        )
        found = _with_commitment(competition, commitment, submitter)
        if found is None:
            raise ChainError(
                f"transaction {receipt.tx_hash} went through, yet the node does not show the submission",
                "The node may lag: run this again, it looks before it sends.",
            )
        return Submitted(found, candidate, True, receipt.gas_used)


def reveal(
    session: Session,
    competition: Competition,
    submitter: Account,
    *,
    number: int | None = None,
    file: Path | None = None,
) -> list[int]:
    """Reveal all commitments of `submitter` (or one) that are not revealed; returns their numbers.

    Where model and salt are lost, `file` (the model that was submitted) restores both. Raises ChainError that
    says when reveals open or closed, and, after all others were revealed, NotRevealed for those that are not.
    """
    mine = [each for each in competition.submissions_of(submitter.address) if number in (None, each.number)]
    if not mine:
        raise ChainError(f"{submitter.name} has no such submission", "See `diln competition show`.")
    waiting = [each for each in mine if each.status is Status.COMMITTED]
    if not waiting:
        return []
    require_phase(competition, Phase.REVEAL, what="revealing")
    restored = _restored(session, competition, submitter, file) if file else {}
    revealed, left = [], []
    for each in waiting:
        try:
            secret = _secret(session, competition, each, restored)
            purpose = f"reveal-{competition.address}-{each.number}"
            session.send(competition.reveal(each.number, secret.model, secret.salt), submitter, once=purpose)
        except (NodeUnavailable, InsufficientFunds):
            raise
        except (AccountError, ChainError) as error:  # the others can still be revealed in time
            left.append(error)
        else:
            revealed.append(each.number)
    if left:
        raise NotRevealed(left, revealed)
    return revealed


class NotRevealed(AccountError):
    """Some submissions could not be revealed, each for its own reason; `revealed` are the others' numbers."""

    def __init__(self, reasons: list[AccountError | ChainError], revealed: list[int]) -> None:
        others = f" (revealed: {', '.join(map(str, revealed))})" if revealed else ""
        super().__init__("; ".join(each.message for each in reasons) + others, reasons[0].hint)
        self.reasons = tuple(reasons)
        self.revealed = tuple(revealed)


def stakes(session: Session, competition: Competition, submitter: Account) -> list[str]:
    """What a submission pays, to whom, and when it is lost, in sentences."""
    terms, money = competition.terms, currency_of(session.chain, competition.terms.token)
    reveals = f"{show_time(competition.schedule().training)} and {show_time(competition.schedule().reveal)}"
    said = [
        f"{money.show(terms.deposit)} go from {submitter.name} to competition {competition.address}, "
        f"which {terms.organizer} organizes for a prize of {money.show(terms.prize)}.",
        f"If you do not reveal between {reveals}, you lose them.",
    ]
    if terms.mode is Mode.OPTIMISTIC:
        said.append(
            f"To be ranked, a bond of {money.show(terms.claim_bond)} is posted later; a wrong claim loses it."
        )
    elif terms.tip:
        said.append(f"Up to {money.show(terms.tip)} of them go to whoever evaluates the model.")
    return said + unusual(terms, money)


def unusual(terms: Terms, money: Currency) -> list[str]:
    """What a submitter should look at twice."""
    said = []
    if terms.token != ZERO_ADDRESS:
        said.append(f"All amounts are in the token {terms.token}, which nobody vouches for.")
    if terms.reveal < HOUR or (terms.mode is Mode.OPTIMISTIC and terms.evaluation < HOUR):
        short = min(terms.reveal, terms.evaluation)
        said.append(f"A phase in which you must act lasts only {show_duration(short)}.")
    if terms.bond < SAFE_BOND * terms.prize:
        said.append(
            f"The bond of {money.show(terms.bond)} is less than twice the prize: with many accounts among "
            "the submitters, an organizer may lose less by keeping the test data closed than by paying."
        )
    if terms.deposit * 20 > terms.prize:
        said.append(f"The deposit is more than a twentieth of the prize of {money.show(terms.prize)}.")
    return said


def salt_of(session: Session, competition: Competition, model_hash: bytes, submitter: Account) -> bytes:
    """The salt of a commitment: the same whenever the same wallet commits to the same model here."""
    return derive(submitter, session.chain.chain_id, SALT, model_hash, competition.address)


def _restored(
    session: Session, competition: Competition, submitter: Account, file: Path
) -> dict[bytes, Secret]:
    candidate = propose(session, competition, file)
    salt = salt_of(session, competition, candidate.hash, submitter)
    commitment = competition.commitment_of(submitter.address, candidate.hash, salt)
    return {commitment: Secret(submitter.address, salt, candidate.encoded)}


def _secret(
    session: Session, competition: Competition, submission: Submission, restored: dict[bytes, Secret]
) -> Secret:
    """Model and salt of a submission. Raises AccountError if they are not here, or not the committed ones."""
    folder = secret_folder(session, competition.address)
    kept = restored.get(submission.word) or folder.kept(name_of(submission.word), Secret)
    if kept is None:
        raise AccountError(
            f"model and salt of submission {submission.number} are not in {session.settings.home}",
            "Give the model that you submitted with --model FILE: the salt is restored from your key.",
        )
    _check(competition, submission, kept)
    return kept


def _check(competition: Competition, submission: Submission, secret: Secret) -> None:
    computed = competition.commitment_of(submission.submitter, keccak(secret.model), secret.salt)
    if computed != submission.word:
        raise AccountError(
            f"the salt or the model kept for submission {submission.number} is not the one committed to",
            "Give the model that you submitted with --model FILE: the salt is restored from your key.",
        )


def _with_commitment(competition: Competition, commitment: bytes, submitter: Account) -> Submission | None:
    for event in competition.events(Committed, submitter=submitter.address):
        if event.commitment == commitment:
            return competition.submission(event.submission)
    return None
