"""What stands in an ONNX graph while it is followed with formulas instead of numbers."""

from dataclasses import dataclass

from orchestrator.models.integer.real import Affine, RealTrees

WIDEST = 4096


@dataclass(frozen=True)
class Flow:
    """An affine map of the last of `hidden` layers, or of the inputs where there is none."""

    hidden: tuple[Affine, ...]
    value: Affine


@dataclass(frozen=True)
class Scores:
    """What decides a class, up to what does not change the decision; `known` are the labels, where given.

    `operator` made them; `trees` stands alone, `flow` is a network's. `complement`: 1 less the only score.
    """

    operator: str
    flow: Flow | None
    trees: RealTrees | None = None
    known: tuple[int, ...] | None = None
    complement: bool = False


@dataclass(frozen=True)
class Unsupported:
    """A value that cannot be followed, because of `operator`."""

    operator: str
