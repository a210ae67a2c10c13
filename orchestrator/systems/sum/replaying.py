"""Rebuild a model from its events alone, and compare it with the chain, bit for bit."""

from dataclasses import dataclass

from orchestrator.errors import ChainError, VerificationFailed
from orchestrator.models.online.conversion import Converted
from orchestrator.models.online.descriptor import TestSet
from orchestrator.models.online.references import OnChainModel
from orchestrator.systems.sum.opening import SharedModel
from orchestrator.systems.sum.records import Contribution
from orchestrator.types import Report

POINTS = 120
"""At how many contributions the accuracy is measured, at most."""


@dataclass(frozen=True)
class Point:
    """The accuracy on the test set after so many contributions.

    `time` is the last one's; before any, the model's creation.
    """

    contributions: int
    time: int
    accuracy: float


@dataclass(frozen=True)
class Replay:
    """A model that is, word for word, the one on the chain after `contributions`."""

    reference: OnChainModel
    contributions: int
    words: int
    history: tuple[Point, ...]


def replay(opened: SharedModel, test: TestSet | None = None, progress: Report | None = None) -> Replay:
    """Learn what the events tell, from the model as it was created.

    Raises VerificationFailed where an event does not tell what the model made of its sample, or a word
    differs in the end; ChainError where events are missing.
    """
    contributions, words = opened.shared.chain.look(lambda: _read(opened))
    reference = opened.first_reference()
    history: list[Point] = []
    shared = opened.shared
    began = shared.chain.time_of(shared.contract.block)
    every = max(1, -(-len(contributions) // POINTS))
    for number in range(len(contributions) + 1):
        if number:
            _learn(reference, contributions[number - 1])
        if test and (number % every == 0 or number == len(contributions)):
            moment = contributions[number - 1].facts.time if number else began
            history.append(Point(number, moment, accuracy_on(reference, test)))
        if progress:
            progress(number, len(contributions))
    differing = sum(mine != theirs for mine, theirs in zip(reference.words(), words, strict=True))
    if differing:
        raise VerificationFailed(
            f"{differing} of {len(words)} words of the model differ from what its events tell",
            "The node may lie: ask another one with --network. Else do not trust this contract.",
        )
    return Replay(reference, len(contributions), len(words), tuple(history))


def converted(opened: SharedModel) -> Converted:
    """A shared model as it is now, for another contract to begin with. Raises as `replay` does."""
    return Converted(opened.descriptor.encoder, replay(opened).reference, opened.descriptor.labels)


def accuracy_on(reference: OnChainModel, test: TestSet) -> float:
    """The share of a test set that a model gets right."""
    right = sum(reference.classify(x) == label for x, label in zip(test.xs, test.labels, strict=True))
    return right / max(len(test.labels), 1)


def _learn(reference: OnChainModel, contribution: Contribution) -> None:
    facts = contribution.facts
    verdict = reference.learn(contribution.x, facts.label)
    if (verdict.predicted != facts.label, verdict.certainty) != (facts.surprise, facts.certainty):
        raise VerificationFailed(
            f"contribution {contribution.number} is not told as the model must have seen it",
            "The node may lie, or leave events out: ask another one with --network.",
        )


def _read(opened: SharedModel) -> tuple[list[Contribution], list[int]]:
    """All contributions up to one block, and the words after it."""
    shared = opened.shared
    words, count = shared.words(), shared.count()  # first: a node may not keep the state of a block for long
    contributions = list(shared.contributions())
    if len(contributions) != count:
        raise ChainError(
            f"the events do not tell all {count} contributions",
            "The node may have pruned events: try again, or another node.",
        )
    return contributions, words
