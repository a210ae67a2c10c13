"""DILN in code: log a model from the script that trains it.

    import diln
    diln.log_model(model, data="train.csv", metrics={"f1": 0.93})

`log_model` writes the model and what is known of it down as a run, and publishes it where asked to;
`Recorder` keeps the history of a training loop, `keras_callback` that of Keras. Nothing heavy is imported
before it is needed.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.systems.prove.logging import Logged, log_model
    from orchestrator.systems.prove.recording import Recorder, keras_callback

__all__ = ["Logged", "Recorder", "keras_callback", "log_model"]


def __getattr__(name: str) -> Any:
    if name in ("Logged", "log_model"):
        from orchestrator.systems.prove import logging as found
    elif name in ("Recorder", "keras_callback"):
        from orchestrator.systems.prove import recording as found  # type: ignore[no-redef]
    else:
        raise AttributeError(f"module 'diln' has no attribute {name!r}")
    return getattr(found, name)


def __dir__() -> list[str]:
    return __all__
