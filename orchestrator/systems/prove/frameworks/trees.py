"""What must hold of the nodes of a decision tree before a library in C++ walks along them."""

from collections.abc import Sequence

from orchestrator.systems.prove.frameworks.asked import Classifier, Compute, Label, Opened, Regressor, labels

MOST_NODES = 50_000_000


def boosted(
    compute: Compute, outputs: int, classes: tuple[Label, ...], names: tuple[str, ...] | None, width: int
) -> Opened:
    """A model that tells `outputs` classes apart; 0: it answers a number. Rows may have gaps."""
    estimator = Classifier(compute, labels(classes, outputs)) if outputs else Regressor(compute)
    return Opened(estimator, width, names, optional=True)


def check_tree(left: Sequence[int], right: Sequence[int], nodes: int) -> None:
    """That node 0 is the root of a tree: each child is another node below `nodes`, and of one parent.

    A negative child is a leaf of its own. So every walk from the root ends, and stays within the arrays.
    Raises ValueError.
    """
    children = [child for child in (*left, *right) if child >= 0]
    if any(not 0 < child < nodes for child in children):
        raise ValueError("a node has a child outside its tree")
    if len(set(children)) != len(children):
        raise ValueError("a node has two parents")


def whole_numbers(values: Sequence[object], below: int, least: int = 0) -> None:
    """That all of `values` are integers from `least` and below `below`. Raises ValueError."""
    if any(type(value) is not int or not least <= value < below for value in values):
        raise ValueError(f"an index is not from {least} to {below - 1}")
