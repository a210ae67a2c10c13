"""Record how training goes, epoch by epoch, for the manifest; of a long training some epochs are kept."""

from collections.abc import Mapping
from typing import Any, Self

from orchestrator.errors import UsageError
from orchestrator.provenance import History
from orchestrator.systems.prove.frameworks.plain import number

MOST_EPOCHS = 200
MOST_METRICS = 32
LONGEST_NAME = 200


class Recorder:
    """What a training loop tells of itself.

        with diln.Recorder() as recorder:
            for epoch in range(10):
                recorder.log(epoch, loss=loss, accuracy=accuracy)
        diln.log_model(model, history=recorder)

    Memory is bounded: above 400 epochs every second one is forgotten, so that at most 200 go into the
    manifest, evenly spread, the first and the last always among them.
    """

    def __init__(self) -> None:
        self._epochs: list[tuple[int, dict[str, float | None]]] = []
        self._last: tuple[int, dict[str, float | None]] | None = None
        self._step = 1
        self._names: dict[str, None] = {}
        self.recorded = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close: what was recorded stands, also of a loop that failed."""

    def log(self, epoch: int | None = None, /, **metrics: object) -> None:
        """Record the metrics of an epoch (default: the next one): numbers, or tensors of one element.

        What is not a finite number is recorded as None. Raises UsageError for an epoch that is not above the
        last one, or more than 32 metrics.
        """
        at = epoch if epoch is not None else self._last[0] + 1 if self._last else 0
        if type(at) is not int or at < 0 or (self._last and at <= self._last[0]):
            raise UsageError(f"epoch {at!r} does not follow the last one", "Count epochs upwards.")
        self._names |= dict.fromkeys(name[:LONGEST_NAME] for name in metrics)
        if len(self._names) > MOST_METRICS:
            raise UsageError(f"more than {MOST_METRICS} metrics are recorded", "Log fewer names.")
        self._last = at, {name[:LONGEST_NAME]: number(value) for name, value in metrics.items()}
        if self.recorded % self._step == 0:
            self._epochs.append(self._last)
        self.recorded += 1
        if len(self._epochs) > 2 * MOST_EPOCHS:
            self._epochs = self._epochs[::2]
            self._step *= 2

    @property
    def history(self) -> History | None:
        """What goes into the manifest; None if nothing was recorded."""
        kept = self._kept()
        if not kept:
            return None
        return History(
            recorded=self.recorded,
            epochs=tuple(epoch for epoch, _ in kept),
            metrics={name: tuple(found.get(name) for _, found in kept) for name in self._names},
        )

    def _kept(self) -> list[tuple[int, dict[str, float | None]]]:
        found = list(self._epochs)
        if self._last and (not found or found[-1] is not self._last):
            found.append(self._last)
        if len(found) <= MOST_EPOCHS:
            return found
        spread = MOST_EPOCHS - 1
        return [found[round(place * (len(found) - 1) / spread)] for place in range(MOST_EPOCHS)]


def keras_callback(recorder: Recorder) -> Any:
    """A Keras callback that records into `recorder`: `model.fit(…, callbacks=[callback])`.

    Raises UsageError where Keras is not installed.
    """
    try:
        from keras.callbacks import Callback
    except ImportError as error:
        raise UsageError(
            "Keras is not installed", "Use `recorder.log(epoch, loss=…)` in your loop."
        ) from error

    class KerasRecorder(Callback):  # type: ignore[misc]  # known where Keras is
        def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
            recorder.log(None, **dict(logs or {}))

    return KerasRecorder()
