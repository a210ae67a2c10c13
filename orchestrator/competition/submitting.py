"""Commit to a model during training, reveal it afterwards."""

from dataclasses import dataclass
from pathlib import Path

from eth_utils.crypto import keccak

from orchestrator.chain import Account
from orchestrator.competition.candidates import Candidate, candidate_of
from orchestrator.competition.contracts import Competition
from orchestrator.competition.money import Money, money_of
from orchestrator.competition.records import NOBODY, Mode, Phase, Status, Submission, Terms
from orchestrator.competition.secrets import Secret, derive
from orchestrator.competition.timing import require_phase, show_duration, show_time
from orchestrator.competition.training import training_data
from orchestrator.competition.venue import Consent, Report, Venue
from orchestrator.errors import AccountError, ChainError, InsufficientFunds, NodeUnavailable

SALT = "competition submission"
HOUR = 3_600


@dataclass(frozen=True)
class Submitted:
    """A commitment on the chain to `candidate`; `anew` is False if it had been made before."""

    submission: Submission
    candidate: Candidate
    anew: bool
    gas_used: int


def propose(
    venue: Venue,
    competition: Competition,
    file: Path,
    opening: str | None = None,
    progress: Report | None = None,
) -> Candidate:
    """Quantize the model in `file` on the training data and predict its score; nothing is sent."""
    samples = training_data(venue, competition, opening).samples(competition.terms)
    return candidate_of(file, competition.terms, samples, progress=progress)


def submit(
    venue: Venue,
    competition: Competition,
    candidate: Candidate,
    submitter: Account,
    consent: Consent | None = None,
) -> Submitted:
    """Commit to the model with the deposit, after `consent`. The same model twice is one submission.

    Model and salt are on disk before anything is sent, and the salt follows from the wallet key. Raises
    ChainError that says when training ended, and for the organizer where it may not enter.
    """
    with venue.journal.alone(f"submit {competition.address} {submitter.address}"):
        return _submit(venue, competition, candidate, submitter, consent)


def _submit(
    venue: Venue,
    competition: Competition,
    candidate: Candidate,
    submitter: Account,
    consent: Consent | None,
) -> Submitted:
    salt = salt_of(venue, competition, candidate.hash, submitter)
    commitment = competition.commitment(submitter.address, candidate.hash, salt)
    known = _with_commitment(competition, commitment, submitter)
    secret = Secret(submitter.address, salt, candidate.encoded)
    venue.secrets(competition.address).keep_submission(commitment, secret)
    if known:
        return Submitted(known, candidate, False, 0)
    require_phase(competition, Phase.TRAINING, what="submitting")
    terms = competition.terms
    if submitter.address == terms.organizer and not terms.organizer_may_enter:
        raise ChainError("the organizer is excluded from its own prize", "Use --from with another account.")
    if consent:
        consent(terms.deposit, stakes(venue, competition, submitter))
    receipt = venue.pay(
        competition.commit(commitment),
        submitter,
        terms.token,
        terms.deposit,
        purpose=f"commit-{competition.address}-{commitment.hex()[:16]}",
    )
    found = _with_commitment(competition, commitment, submitter)
    if found is None:
        raise ChainError(
            f"transaction {receipt.tx_hash} went through, yet the node does not show the submission",
            "The node may lag: run this again, it looks before it sends.",
        )
    return Submitted(found, candidate, True, receipt.gas_used)


def reveal(
    venue: Venue,
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
    mine = [
        each
        for each in competition.submissions()
        if each.submitter == submitter.address and number in (None, each.number)
    ]
    if not mine:
        raise ChainError(f"{submitter.name} has no such submission", "See `diln competition show`.")
    waiting = [each for each in mine if each.status is Status.COMMITTED]
    if not waiting:
        return []
    require_phase(competition, Phase.REVEAL, what="revealing")
    restored = _restored(venue, competition, submitter, file) if file else {}
    revealed, left = [], []
    for each in waiting:
        try:
            secret = _secret(venue, competition, each, restored)
            purpose = f"reveal-{competition.address}-{each.number}"
            venue.send_once(purpose, competition.reveal(each.number, secret.model, secret.salt), submitter)
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


def stakes(venue: Venue, competition: Competition, submitter: Account) -> list[str]:
    """What a submission pays, to whom, and when it is lost, in sentences."""
    terms, money = competition.terms, money_of(venue.chain, competition.terms.token)
    reveals = f"{show_time(competition.deadlines().training)} and {show_time(competition.deadlines().reveal)}"
    said = [
        f"{money.show(terms.deposit)} go from {submitter.name} to competition {competition.address}, "
        f"which {terms.organizer} organizes for a prize of {money.show(terms.prize)}.",
        f"Who does not reveal between {reveals} loses them.",
    ]
    if terms.mode is Mode.OPTIMISTIC:
        said.append(
            f"To be ranked, a bond of {money.show(terms.claim_bond)} is posted later; a wrong claim loses it."
        )
    elif terms.tip:
        said.append(f"Up to {money.show(terms.tip)} of them go to whoever evaluates the model.")
    return said + unusual(terms, money)


def unusual(terms: Terms, money: Money) -> list[str]:
    """What a submitter should look at twice."""
    said = []
    if terms.token != NOBODY:
        said.append(f"All amounts are in the token {terms.token}, for which nobody vouches.")
    if terms.reveal < HOUR or (terms.mode is Mode.OPTIMISTIC and terms.evaluation < HOUR):
        short = min(terms.reveal, terms.evaluation)
        said.append(f"A phase in which you must act lasts only {show_duration(short)}.")
    if terms.deposit * 20 > terms.prize:
        said.append(f"The deposit is more than a twentieth of the prize of {money.show(terms.prize)}.")
    return said


def salt_of(venue: Venue, competition: Competition, model_hash: bytes, submitter: Account) -> bytes:
    """The salt of a commitment: the same whenever the same wallet commits to the same model here."""
    return derive(submitter, venue.chain.chain_id, SALT, model_hash, competition.address)


def _restored(venue: Venue, competition: Competition, submitter: Account, file: Path) -> dict[bytes, Secret]:
    candidate = propose(venue, competition, file)
    salt = salt_of(venue, competition, candidate.hash, submitter)
    commitment = competition.commitment(submitter.address, candidate.hash, salt)
    return {commitment: Secret(submitter.address, salt, candidate.encoded)}


def _secret(
    venue: Venue, competition: Competition, submission: Submission, restored: dict[bytes, Secret]
) -> Secret:
    """Model and salt of a submission. Raises AccountError if they are not here, or not the committed ones."""
    kept = restored.get(submission.word) or venue.secrets(competition.address).submission(submission.word)
    if kept is None:
        raise AccountError(
            f"model and salt of submission {submission.number} are not in {venue.settings.home}",
            "Give the model that you submitted with --model FILE: the salt is restored from your key.",
        )
    _check(competition, submission, kept)
    return kept


def _check(competition: Competition, submission: Submission, secret: Secret) -> None:
    computed = competition.commitment(submission.submitter, keccak(secret.model), secret.salt)
    if computed != submission.word:
        raise AccountError(
            f"the salt or the model kept for submission {submission.number} is not the one committed to",
            "Give the model that you submitted with --model FILE: the salt is restored from your key.",
        )


def _with_commitment(competition: Competition, commitment: bytes, submitter: Account) -> Submission | None:
    for event in competition.events("Committed", submitter=submitter.address):
        if event["args"]["commitment"] == commitment:
            return competition.submission(int(event["args"]["submission"]))
    return None
