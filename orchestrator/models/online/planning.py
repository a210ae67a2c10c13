"""A trained pipeline as integers, and what that costs: what a contract is created with."""

from dataclasses import dataclass

from orchestrator.errors import DataError
from orchestrator.models.online.conversion import Converted, convert
from orchestrator.models.online.descriptor import Quality, TestSet
from orchestrator.models.online.training import Trained, accuracy

FLIPPED = 0.2
GIVEN = 400  # samples, at most, that are given to a model to see how robust it is


@dataclass(frozen=True)
class Plan:
    """A model of integers that is ready to be created, and what it is worth on held-out samples."""

    converted: Converted
    test: TestSet
    quality: Quality
    skipped: int
    doubt: str = ""
    flipped: float | None = None  # its accuracy after many samples, the last fifth of them with wrong labels


def plan(trained: Trained, rate: float | None = None) -> Plan:
    """Quantize a pipeline and measure on its held-out samples what that costs.

    `skipped` counts the held-out samples that cannot be encoded, `doubt` says why they may not be held out
    at all. Raises ModelError, DataError.
    """
    converted = convert(trained.pipeline, trained.calibration.samples, rate)
    xs, labels, kept = [], [], []
    for index, row in enumerate(trained.held_out.rows()):
        try:
            x = converted.encoder.encode(row)
            converted.model.classify(x)
        except DataError:
            continue
        if trained.held_out.labels[index] in converted.labels:
            xs.append(x)
            labels.append(converted.labels.index(trained.held_out.labels[index]))
            kept.append(index)
    if not kept:
        raise DataError("no held-out sample can be encoded", "Give samples like those it was trained on.")
    own = [str(label) for label in trained.pipeline.predict(trained.held_out.samples)]
    truth = [trained.held_out.labels[index] for index in kept]
    quantized = [converted.labels[converted.model.classify(x)] for x in xs]
    quality = Quality(
        len(kept),
        accuracy([own[index] for index in kept], truth),
        accuracy(quantized, truth),
        not trained.doubt,
    )
    skipped = len(trained.held_out) - len(kept)
    test = TestSet(tuple(xs), tuple(labels))
    return Plan(converted, test, quality, skipped, trained.doubt, _flipped(converted, trained, test))


def _flipped(converted: Converted, trained: Trained, test: TestSet) -> float | None:
    """The accuracy of the model after its own training samples, the last fifth of them with wrong labels."""
    names = {label: number for number, label in enumerate(converted.labels)}
    model = type(converted.model)(**converted.model.get_params()).restore(converted.model.to_bytes())
    samples: list[tuple[bytes, int]] = []
    for row, label in zip(trained.calibration.rows(), trained.calibration.labels, strict=True):
        if len(samples) == GIVEN:
            break
        try:
            x = converted.encoder.encode(row)
            model.classify(x)
        except DataError:
            continue
        if label in names:
            samples.append((x, names[label]))
    wrong = len(samples) - round(FLIPPED * len(samples))
    for number, (x, y) in enumerate(samples):
        model.learn(x, (y + 1) % len(names) if number >= wrong else y)
    if not samples:
        return None
    return accuracy([model.classify(x) for x in test.xs], test.labels)
