"""Answer questions with a loaded model: predict what came together at once, and log it under one lock."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.config import Settings
from orchestrator.errors import DataError, bare
from orchestrator.learning.prediction import CleanRow, predict_clean
from orchestrator.provenance import PredictionLog
from orchestrator.provenance.canonical import NotCanonical
from orchestrator.provenance.entries import Answered
from orchestrator.systems.prove.loading import PublishedModel
from orchestrator.types import Digest

Question = list[CleanRow]
"""The rows of one request, cleaned; at least one."""


@dataclass(frozen=True)
class Prediction:
    """One answer: `index` is its place in the log, `output` has a label and, if known, probabilities."""

    index: int
    output: dict[str, Any]


def prediction_log(settings: Settings, project: Digest) -> PredictionLog:
    """The log of all predictions that were made here with a project's models."""
    return PredictionLog(settings.home / "predictions" / f"{project.hex()[:16]}.jsonl")


class Answerer:
    """A loaded model and the log of its predictions.

    Nothing is answered that is not on the disk. The last bits of a probability may depend on what else was
    predicted together, as a sum does on the order of its terms.
    """

    def __init__(self, settings: Settings, model: PublishedModel) -> None:
        self.model = model
        self.inputs = model.inputs
        self._reference = model.reference
        self._log = prediction_log(settings, model.version.project_id)

    def answer(self, question: Question) -> list[Prediction]:
        """Predict and log. Raises DataError, StorageError, VerificationFailed."""
        [answers] = self.answer_all([question])
        if isinstance(answers, DataError):
            raise answers
        return answers

    def answer_all(self, questions: Sequence[Question]) -> list[list[Prediction] | DataError]:
        """Predict and log what several asked; a question that the model cannot answer costs only itself.

        Raises StorageError or VerificationFailed if nothing could be logged: then nobody is answered.
        """
        outputs = [self._logged_form(*pair) for pair in zip(questions, self._predict(questions), strict=True)]
        index = self._log.commit(
            self._reference,
            [row for found in outputs if not isinstance(found, DataError) for row in found[1]],
        )
        answers: list[list[Prediction] | DataError] = []
        for found in outputs:
            if isinstance(found, DataError):
                answers.append(found)
                continue
            answers.append([Prediction(place, output) for place, output in enumerate(found[0], index)])
            index += len(found[0])
        return answers

    def _predict(self, questions: Sequence[Question]) -> list[list[dict[str, Any]] | DataError]:
        """All at once; where that fails, each half for itself, until the culprit is alone."""
        rows = [row for question in questions for row in question]
        try:
            outputs = (
                iter(predict_clean(self.model.pipeline, rows, self.inputs.features)) if rows else iter(())
            )
        except DataError as error:
            if len(questions) == 1:
                return [bare(error)]
            half = len(questions) // 2
            return [*self._predict(questions[:half]), *self._predict(questions[half:])]
        return [[next(outputs) for _ in question] for question in questions]

    @staticmethod
    def _logged_form(
        question: Question, outputs: list[dict[str, Any]] | DataError
    ) -> tuple[list[dict[str, Any]], list[Answered]] | DataError:
        """Outputs with the form in which the log keeps them, made before the log is locked."""
        if isinstance(outputs, DataError):
            return outputs
        try:
            return outputs, [Answered.of(row, output) for row, output in zip(question, outputs, strict=True)]
        except NotCanonical as error:
            return DataError(f"a prediction cannot be logged: {error}", "Ask with plain values.")
