"""Scores: computed by the contract, or claimed with a bond."""

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.bindings.competition import Mode, Phase, Status
from orchestrator.chain import Account
from orchestrator.chain.sending import GAS_CAP
from orchestrator.errors import ChainError, ContractReverted, UsageError
from orchestrator.kernel.money import currency_of
from orchestrator.kernel.session import Consent, Session
from orchestrator.models.integer import IntegerModel, decode_model, predict
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.records import Terms
from orchestrator.systems.competition.samples import Samples
from orchestrator.systems.competition.testing import opened_tests
from orchestrator.systems.competition.timing import require_phase
from orchestrator.times import show_duration
from orchestrator.types import Report, Wei

if TYPE_CHECKING:
    from orchestrator.chain.bound import Call
    from orchestrator.systems.competition.encoding import Integers

COMFORT, OVERHEAD = 6_000_000, 300_000  # gas that a call is planned for; what it takes beside samples


def model_of(competition: Competition, number: int) -> IntegerModel:
    """The model of a revealed submission."""
    return decode_model(competition.model_bytes(number))


def evaluate(
    session: Session, competition: Competition, number: int, sender: Account, progress: Report | None = None
) -> int:
    """Have the contract run a submission on all test samples, in as many calls as it takes; returns gas used.

    Interrupted, it goes on with the next sample. Raises ChainError that says when it opens, UsageError in an
    optimistic competition.
    """
    terms = competition.terms
    if terms.mode is not Mode.DIRECT:
        raise UsageError("in this competition scores are claimed", "Use `diln competition claim`.")
    require_phase(competition, Phase.EVALUATION, what="evaluating")
    _require_revealed(competition, number)
    gas, left = 0, terms.test_samples - competition.result_of(number).done
    model = competition.model_bytes(number)
    each = decode_model(model).gas
    chunk = max(1, COMFORT // each)
    while left:
        chunk = min(chunk, left)
        used = _evaluate(
            session, competition.evaluate(number, chunk, model), sender, 2 * (OVERHEAD + chunk * each)
        )
        if used is None and chunk == 1:
            raise ChainError(
                f"submission {number} takes more gas for one sample than a transaction has",
                "Nobody can evaluate it: it keeps its deposit and has no rank.",
            )
        chunk = chunk if used else chunk // 2
        gas += used or 0
        left = terms.test_samples - competition.result_of(number).done
        if progress:
            progress(terms.test_samples - left, terms.test_samples)
    return gas


def claim(
    session: Session,
    competition: Competition,
    number: int,
    submitter: Account,
    consent: Consent | None = None,
) -> int:
    """Post the predictions of one's own submission with the bond, after `consent`; returns the score.

    A claim that was made before costs nothing.

    Raises ChainError that says when it opens or closed, UsageError in a direct competition.
    """
    terms = competition.terms
    if terms.mode is not Mode.OPTIMISTIC:
        raise UsageError(
            "in this competition the contract computes scores", "Run `diln competition evaluate`."
        )
    require_phase(competition, Phase.EVALUATION, what="claiming a score")
    _require_revealed(competition, number)
    if not competition.result_of(number).done:
        samples = Samples.of(opened_tests(competition), terms)
        predictions = predict(model_of(competition, number), samples.features, terms.classes)
        encoded = encode_predictions(predictions, terms)
        if competition.submission(number).submitter != submitter.address:
            raise ChainError(f"submission {number} is not {submitter.name}'s", "Only its submitter claims.")
        if consent:
            consent(Wei(terms.claim_bond), _bond(session, competition, number, submitter))
        currency = currency_of(session.chain, terms.token)
        session.pay(competition.claim(number, encoded), submitter, currency.of(terms.claim_bond))
    return competition.result_of(number).score


def _bond(session: Session, competition: Competition, number: int, submitter: Account) -> list[str]:
    terms, money = competition.terms, currency_of(session.chain, competition.terms.token)
    return [
        f"A bond of {money.show(terms.claim_bond)} goes from {submitter.name} to competition "
        f"{competition.address}, behind the score of submission {number}.",
        f"It is lost if somebody refutes the claim within {show_duration(terms.refute)}.",
    ]


def revealed(competition: Competition) -> list[int]:
    """Submissions that were revealed and not refuted."""
    return [each.number for each in competition.submissions() if each.status is Status.REVEALED]


def encode_predictions(predictions: "Integers", terms: Terms) -> bytes:
    """A byte for each class, or a big-endian int32 for each number."""
    return predictions.astype("u1" if terms.classes else ">i4").tobytes()


def decode_predictions(posted: bytes, terms: Terms) -> list[int]:
    """The predictions of a claim: classes, or numbers."""
    return [int(each) for each in np.frombuffer(posted, "u1" if terms.classes else ">i4")]


def _require_revealed(competition: Competition, number: int) -> None:
    if not 0 <= number < competition.progress().committed:
        raise ChainError(f"there is no submission {number}", "See `diln competition show`.")
    status = competition.submission(number).status
    if status is not Status.REVEALED:
        raise ChainError(f"submission {number} is {status.name.lower()}", "Only revealed ones have a score.")


def gas_of(competition: Competition, number: int) -> int:
    """About how much gas is left to be used until a submission has its score."""
    left = competition.terms.test_samples - competition.result_of(number).done
    each = model_of(competition, number).gas
    return left * each + OVERHEAD * (1 + left * each // COMFORT)


def _evaluate(session: Session, call: "Call", sender: Account, limit: int) -> int | None:
    """Evaluate some samples; returns the gas used, None if that would be more than a transaction has.

    The limit is given, since an estimate runs the model a dozen times.
    """
    for gas in (min(limit, GAS_CAP), GAS_CAP):
        try:
            return session.send(call, sender, gas=gas).gas_used
        except ContractReverted as error:
            if not error.took_too_much:
                raise
    return None
