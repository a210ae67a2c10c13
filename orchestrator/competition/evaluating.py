"""Scores: computed by the contract, or claimed with a bond and checked by whoever cares."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.chain import Account
from orchestrator.competition.candidates import exact_score
from orchestrator.competition.contracts import Competition
from orchestrator.competition.records import SETTLED, Group, Mode, Phase, Refutation, Status, Terms
from orchestrator.competition.samples import Samples
from orchestrator.competition.testing import opened_tests
from orchestrator.competition.timing import require_phase
from orchestrator.competition.tree import proof_of, sample_leaves, word_leaves, words_of
from orchestrator.competition.venue import Report, Venue
from orchestrator.errors import ChainError, ContractReverted, InsufficientFunds, NodeUnavailable, UsageError
from orchestrator.learning.integer import IntegerModel, IntegerNetwork, decode_model, predict

if TYPE_CHECKING:
    from web3.contract.contract import ContractFunction

    from orchestrator.competition.encoding import Integers

GAS_CAP = 2**24  # of one transaction, EIP-7825
COMFORT, OVERHEAD = 6_000_000, 300_000  # gas that a call is planned for; what it takes beside samples


@dataclass(frozen=True)
class Claim:
    """A claim, and the first test sample where the model says something else (None if it holds)."""

    submission: int
    predictions: bytes
    wrong_at: int | None


def model_of(competition: Competition, number: int) -> IntegerModel:
    """The model of a revealed submission."""
    return decode_model(competition.model_bytes(number))


def predicted_score(competition: Competition, number: int) -> int:
    """What the contract computes for a revealed submission on the open test data."""
    samples = Samples.of(opened_tests(competition), competition.terms)
    return exact_score(model_of(competition, number), competition.terms, samples)


def evaluate(
    venue: Venue, competition: Competition, number: int, sender: Account, progress: Report | None = None
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
    gas, left = 0, terms.test_samples - competition.result(number).done
    model = competition.model_bytes(number)
    each = _gas_guess(decode_model(model))
    chunk = max(1, COMFORT // each)
    while left:
        chunk = min(chunk, left)
        used = _evaluate(
            venue, competition.evaluate(number, chunk, model), sender, 2 * (OVERHEAD + chunk * each)
        )
        if used is None and chunk == 1:
            raise ChainError(
                f"submission {number} takes more gas for one sample than a transaction has",
                "Nobody can evaluate it: it keeps its deposit and has no rank.",
            )
        chunk = chunk if used else chunk // 2
        gas += used or 0
        left = terms.test_samples - competition.result(number).done
        if progress:
            progress(terms.test_samples - left, terms.test_samples)
    return gas


def claim(venue: Venue, competition: Competition, number: int, submitter: Account) -> int:
    """Post the predictions of one's own submission with the bond; returns the score, 0 gas if claimed before.

    Raises ChainError that says when it opens or closed, UsageError in a direct competition.
    """
    terms = competition.terms
    if terms.mode is not Mode.OPTIMISTIC:
        raise UsageError("in this competition the contract computes scores", "Use `evaluate`.")
    require_phase(competition, Phase.EVALUATION, what="claiming a score")
    _require_revealed(competition, number)
    if not competition.result(number).done:
        samples = Samples.of(opened_tests(competition), terms)
        predictions = predict(model_of(competition, number), samples.features, terms.classes)
        encoded = encode_predictions(predictions, terms)
        venue.pay(competition.claim(number, encoded), submitter, terms.token, terms.claim_bond)
    return competition.result(number).score


def check_claims(competition: Competition, progress: Report | None = None) -> Iterator[Claim]:
    """Recompute every claim that can still be refuted."""
    claims = {int(event["args"]["submission"]): event for event in competition.events("Claimed")}
    if not claims:
        return
    terms, now = competition.terms, competition.chain.now()
    samples = Samples.of(opened_tests(competition), terms)
    for checked, (number, event) in enumerate(claims.items(), 1):
        if progress:
            progress(checked, len(claims))
        if competition.submission(number).status is not Status.REVEALED:
            continue
        done = competition.result(number).done
        if done == SETTLED or done + terms.refute <= now:
            continue
        posted = bytes(event["args"]["predictions"])
        right = encode_predictions(
            predict(model_of(competition, number), samples.features, terms.classes), terms
        )
        yield Claim(number, posted, _first_difference(posted, right, terms.prediction_size))


def refute(venue: Venue, competition: Competition, wrong: Claim, refuter: Account) -> int:
    """Void a wrong claim by its first wrong sample; returns gas used. Raises UsageError if it holds."""
    if wrong.wrong_at is None:
        raise UsageError(f"the claim of submission {wrong.submission} holds", "There is nothing to refute.")
    evidence = _evidence(competition, wrong, wrong.wrong_at)
    return venue.send(competition.refute(evidence), refuter).gas_used


def settle(venue: Venue, competition: Competition, sender: Account) -> list[int]:
    """Rank every claim that stood its time; returns their numbers."""
    settled = []
    for number in revealed(competition):
        done = competition.result(number).done
        if done not in (0, SETTLED) and done + competition.terms.refute <= venue.chain.now():
            venue.send(competition.settle(number), sender)
            settled.append(number)
    return settled


def revealed(competition: Competition) -> list[int]:
    """Submissions that were revealed and not refuted."""
    return [each.number for each in competition.submissions() if each.status is Status.REVEALED]


def encode_predictions(predictions: "Integers", terms: Terms) -> bytes:
    """A byte for each class, or a big-endian int32 for each number."""
    return predictions.astype("u1" if terms.classes else ">i4").tobytes()


def _evidence(competition: Competition, wrong: Claim, index: int) -> Refutation:
    terms = competition.terms
    ordinal, position = divmod(index, terms.group_size)
    number, group = competition.test_groups()[ordinal], opened_tests(competition)[ordinal]
    word = index * terms.prediction_size // 32
    leaves = sample_leaves(number, group.salt, group.data, terms.stride)
    return Refutation(
        submission=wrong.submission,
        index=index,
        word=words_of(wrong.predictions)[word],
        word_proof=proof_of(word_leaves(wrong.predictions), word),
        salt=group.salt,
        sample=_sample(group, position, terms),
        sample_proof=proof_of(leaves, position),
        group_proof=group.proof,
    )


def _sample(group: Group, position: int, terms: Terms) -> bytes:
    return group.data[position * terms.stride : (position + 1) * terms.stride]


def _first_difference(posted: bytes, right: bytes, size: int) -> int | None:
    unequal = np.flatnonzero(np.frombuffer(posted, np.uint8) != np.frombuffer(right, np.uint8))
    return int(unequal[0]) // size if unequal.size else None


def _require_revealed(competition: Competition, number: int) -> None:
    if not 0 <= number < competition.progress().committed:
        raise ChainError(f"there is no submission {number}", "See `diln competition show`.")
    status = competition.submission(number).status
    if status is not Status.REVEALED:
        raise ChainError(f"submission {number} is {status.name.lower()}", "Only revealed ones have a score.")


def _gas_guess(model: IntegerModel) -> int:
    """Gas of one sample, from above for most models: a first size of a chunk follows from it."""
    if isinstance(model, IntegerNetwork):
        return 1_000 + 8 * sum(layer.weights.size for layer in model.layers)
    return 3_000 + 4_000 * len(model.trees) + 300 * model.outputs * len(model.trees)


def _evaluate(venue: Venue, call: "ContractFunction", sender: Account, limit: int) -> int | None:
    """Evaluate some samples; returns the gas used, None if that would be more than a transaction has.

    The limit is given, since an estimate runs the model a dozen times.
    """
    for gas in (min(limit, GAS_CAP), GAS_CAP):
        try:
            return venue.send(call, sender, gas=gas).gas_used
        except (InsufficientFunds, NodeUnavailable):
            raise
        except ChainError as error:
            if isinstance(error, ContractReverted) and error.error not in ("", "OutOfGas"):
                raise
    return None
