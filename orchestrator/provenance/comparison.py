"""What changed between two manifests."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from orchestrator.provenance.canonical import where
from orchestrator.provenance.manifest import Manifest

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Change:
    """One value that differs. `before` is None where it was added, `after` where it was removed."""

    path: Path
    kind: Literal["added", "removed", "changed"]
    before: object
    after: object

    @property
    def field(self) -> str:
        """The path as people write it, `predicate.evaluation.metrics.f1`."""
        return where(self.path)

    def __str__(self) -> str:
        if self.kind == "changed":
            return f"{self.field}: {self.before!r} → {self.after!r}"
        return f"{self.field}: {self.kind} {(self.after if self.kind == 'added' else self.before)!r}"


def diff(before: Manifest, after: Manifest) -> list[Change]:
    """Every value that differs, in the order of its path; empty for equal manifests."""
    pair = (manifest.model_dump(mode="json", by_alias=True) for manifest in (before, after))
    return list(_changes(next(pair), next(pair), ()))


def _changes(before: object, after: object, path: Path) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from _change_at(before, after, key, key in before, key in after, path)
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            yield from _change_at(before, after, index, index < len(before), index < len(after), path)
    elif type(before) is bool or type(after) is bool:
        if before is not after:  # True == 1, but not in JSON
            yield Change(path, "changed", before, after)
    elif before != after:
        yield Change(path, "changed", before, after)


def _change_at(before: Any, after: Any, key: str | int, old: bool, new: bool, path: Path) -> Iterator[Change]:
    path = (*path, key)
    if old and new:
        yield from _changes(before[key], after[key], path)
    elif old:
        yield Change(path, "removed", before[key], None)
    else:
        yield Change(path, "added", None, after[key])
