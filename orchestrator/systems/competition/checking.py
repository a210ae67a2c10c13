"""Claims, checked by whoever cares: best first, each by itself, and none twice.

Python runs the model on all test samples. What Python cannot run is asked of the contract, sample by sample.
What neither tells is a doubt: such a claim is neither refuted nor settled from here.
"""

import secrets as randomness
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from eth_utils.crypto import keccak

from orchestrator.bindings.competition import Claimed, Group, Refutation, Status
from orchestrator.chain import Account
from orchestrator.errors import AccountError, ChainError, UsageError, told
from orchestrator.kernel.session import Session
from orchestrator.merkle import proof_of
from orchestrator.models.integer import pass_mark, predict
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.evaluating import decode_predictions, encode_predictions, model_of
from orchestrator.systems.competition.finding import secret_folder
from orchestrator.systems.competition.records import SETTLED, Terms
from orchestrator.systems.competition.samples import Samples
from orchestrator.systems.competition.testing import opened_tests
from orchestrator.systems.competition.tree import sample_leaves, word_leaves, words_of
from orchestrator.types import Address, Report, Seconds

PATIENCE = 120.0
"""Seconds of a round: for what the contract is asked about one claim, and for all that is due to settle."""


@dataclass(frozen=True)
class Posted:
    """A claim that stands. It can be refuted `until` then, unless it is `settled`."""

    submission: int
    submitter: Address
    model: Address
    score: int
    settled: bool
    until: Seconds
    predictions: bytes


@dataclass(frozen=True)
class Claim:
    """What a check found: the first test sample where the model says something else (None if there is none).

    `doubt` says why the claim could not be checked; empty if it was.
    """

    submission: int
    predictions: bytes
    wrong_at: int | None
    doubt: str = ""

    @property
    def holds(self) -> bool:
        return self.wrong_at is None and not self.doubt


def check_claims(
    session: Session, competition: Competition, progress: Report | None = None
) -> Iterator[Claim]:
    """Check the claims that can still be refuted and could take a place, the best first.

    A claim that is not as good as enough others that hold wins nothing, whatever it says. What was checked
    before, by an earlier process too, is told again and costs nothing.
    """
    posted_now, now = _posted_by_now(competition)
    claims = [each for each in posted_now if each.score >= _pass_mark(competition.terms)]
    places = sum(share > 0 for share in competition.terms.shares)
    checks = Checks(session, competition)
    holding: set[bytes] = set()  # the same predictions take one place
    for number, posted in enumerate(claims):
        if len(holding) >= places:
            return
        if progress:
            progress(number, len(claims))
        if posted.settled:
            holding.add(posted.predictions)
        elif now < posted.until:
            found = checks.check(posted)
            if found.holds:
                holding.add(posted.predictions)
            yield found


def refute(session: Session, competition: Competition, wrong: Claim, refuter: Account) -> int:
    """Void a wrong claim by its first wrong sample; returns gas used.

    Raises UsageError if it holds, or could not be checked.
    """
    if wrong.wrong_at is None:
        why = f"could not be checked: {wrong.doubt}" if wrong.doubt else "holds"
        raise UsageError(f"the claim of submission {wrong.submission} {why}", "There is nothing to refute.")
    evidence = _evidence(competition, wrong, wrong.wrong_at)
    return session.send(competition.refute(evidence), refuter).gas_used


def settle(session: Session, competition: Competition, sender: Account) -> Iterator[Claim]:
    """Rank the claims that stood their time and hold, the best first; yields what was found of each.

    Only a claim that was checked, or is the sender's own, is settled. What is left when a round's time is up
    is settled in the next.
    """
    checks, started = Checks(session, competition), time.monotonic()
    posted_now, now = _posted_by_now(competition)
    for posted in posted_now:
        if posted.settled or now < posted.until:
            continue
        if time.monotonic() - started > PATIENCE:
            return
        own = posted.submitter == sender.address
        found = Claim(posted.submission, posted.predictions, None) if own else checks.check(posted)
        if found.holds:
            session.send(competition.settle(posted.submission), sender)
        yield found


def posted_claims(competition: Competition) -> list[Posted]:
    """All claims that were not refuted, the best first, as the contract ranks them in one block."""
    return competition.chain.look(lambda: _posted_claims(competition))


def _posted_claims(competition: Competition) -> list[Posted]:
    found = []
    for event in competition.events(Claimed):
        submission = competition.submission(event.submission)
        if submission.status is not Status.REVEALED:
            continue
        result = competition.result_of(event.submission)
        settled = result.done == SETTLED
        until = Seconds(0 if settled else result.done + competition.terms.refute)
        posted = submission.number, submission.submitter, result.model, result.score
        found.append(Posted(*posted, settled, until, event.predictions))
    return sorted(found, key=lambda each: (-each.score, each.submission))


def _posted_by_now(competition: Competition) -> tuple[list[Posted], Seconds]:
    """The claims, and the time at which they are looked at."""
    return competition.chain.look(lambda: (_posted_claims(competition), competition.chain.now()))


class Checks:
    """The checks of one competition's claims; what they found is remembered in the state folder."""

    def __init__(self, session: Session, competition: Competition) -> None:
        self._competition = competition
        self._folder = secret_folder(session, competition.address)
        try:
            self._known = self._folder.read("checked") or {}
        except AccountError:  # damaged: check again
            self._known = {}

    def check(self, posted: Posted) -> Claim:
        """Check one claim, unless it was checked before. Whatever goes wrong is its doubt."""
        key = self._key(posted)
        known = self._known.get(key, "")
        if known == "holds" or known.isdigit():
            return Claim(posted.submission, posted.predictions, int(known) if known.isdigit() else None)
        try:
            wrong_at = self._wrong_at(posted, key)
        except Exception as error:  # a stranger's model must not keep the other claims from their turn
            return Claim(posted.submission, posted.predictions, None, told(error))
        self._remember(key, "holds" if wrong_at is None else str(wrong_at))
        return Claim(posted.submission, posted.predictions, wrong_at)

    def _wrong_at(self, posted: Posted, key: str) -> int | None:
        terms, features = self._competition.terms, self._samples.features
        try:
            right = predict(model_of(self._competition, posted.submission), features, terms.classes)
        except ChainError:
            raise
        except Exception:  # whatever Python cannot decode or run
            return self._asked(posted, key)
        size = terms.prediction_size
        return _first_difference(posted.predictions, encode_predictions(right, terms), size)

    def _asked(self, posted: Posted, key: str) -> int | None:
        """The same from the contract's own runs. Raises TimeoutError when a round's time is up.

        The order is random, so that no lie can hide at the end; it is remembered, to go on the next time.
        """
        seed, done = self._asked_before(key)
        claimed = decode_predictions(posted.predictions, self._competition.terms)
        order, started = np.random.default_rng(seed).permutation(len(claimed)), time.monotonic()
        for count, index in enumerate(order[done:], done):
            sample = bytes(self._samples.features[index].tolist())
            if self._competition.predict_with(posted.submission, sample) != claimed[index]:
                return int(index)
            if time.monotonic() - started > PATIENCE:
                self._remember(key, f"asked {seed} {count + 1}")
                raise TimeoutError(f"{count + 1} of {len(order)} samples were asked of the contract so far")
        return None

    def _asked_before(self, key: str) -> tuple[int, int]:
        """With which seed the contract was asked, and about how many samples."""
        word, *numbers = self._known.get(key, "").split(" ")
        if word == "asked" and len(numbers) == 2 and all(each.isdigit() for each in numbers):
            return int(numbers[0]), int(numbers[1])
        return randomness.randbits(64), 0

    def _remember(self, key: str, found: str) -> None:
        self._known[key] = found
        self._folder.write("checked", self._known)

    def _key(self, posted: Posted) -> str:
        tests = bytes(self._competition.test_groups())
        return keccak(bytes.fromhex(posted.model[2:]) + tests + posted.predictions).hex()

    @cached_property
    def _samples(self) -> Samples:
        return Samples.of(opened_tests(self._competition), self._competition.terms)


def _pass_mark(terms: Terms) -> int:
    return terms.criterion if terms.classes else pass_mark("mae", terms.criterion / 10**6)


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
