"""DILN in code: prove, grow and compete with models, from scripts and notebooks.

    import diln

    with diln.open() as session:
        session.publish(model, data="train.csv", metrics={"f1": 0.93}, name="wine")
        print(session.verify("wine"))

`open` gives a session in a working folder: `publish`, `verify`, `models`, `shared_models`, `markets`,
`competitions`, `tournaments`, `federations`; what its methods raise is a `DilnError`. `log_model` writes a
model down as a run without publishing it; `Recorder` keeps the history of a training loop, `keras_callback`
that of Keras. Nothing heavy is imported before it is needed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diln.results import Facts, Verification
    from diln.session import Session, open  # noqa: A004 - `diln.open()` is what it is
    from orchestrator.errors import DilnError
    from orchestrator.systems.prove.logging import Logged, log_model
    from orchestrator.systems.prove.recording import Recorder, keras_callback

__all__ = [
    "DilnError",
    "Facts",
    "Logged",
    "Recorder",
    "Session",
    "Verification",
    "keras_callback",
    "log_model",
    "open",
]
_MODULES = {
    "diln.results": ("Facts", "Verification"),
    "diln.session": ("Session", "open"),
    "orchestrator.errors": ("DilnError",),
    "orchestrator.systems.prove.logging": ("Logged", "log_model"),
    "orchestrator.systems.prove.recording": ("Recorder", "keras_callback"),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'diln' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return __all__
