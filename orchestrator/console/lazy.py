"""Imports that wait for their first use, so that `--help` and the shell's completion do not wait for them.

Only in a process of our own: a module that waits is not safe where threads use it for the first time at once.
"""

import copy
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

_waits = False


def alone() -> None:
    """Say that this process is the command line's: from now on, `lazy_imports` lets modules wait."""
    global _waits
    _waits = True


@contextmanager
def lazy_imports() -> Iterator[None]:
    """Within it, `from orchestrator.x import module` runs the module's code when one of its names is used.

    Modules and packages wait, not names in them: `from orchestrator.x.module import name` uses one. Quote
    annotations that name a module's class. Of a process that did not say that it is `alone`, none waits.
    """
    if not _waits:
        yield
        return
    finder = _Finder()
    sys.meta_path.insert(sys.meta_path.index(_PRESENT) + 1, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name.startswith("orchestrator.") else None
        if spec and isinstance(spec.loader, Loader):
            spec.loader = LazyLoader(spec.loader)
        return spec


class _Present(MetaPathFinder, Loader):
    """Finds what was imported meanwhile, so that no module is there twice.

    A package that waited runs when a module in it is sought, and may import that module itself: Python does
    not look for it again, and would make another one, whose classes are not those of the first.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        module = sys.modules.get(name) if name.startswith("orchestrator.") and target is None else None
        if module is None:
            return None
        own: ModuleSpec = object.__getattribute__(module, "__spec__")  # does not run one that waits
        spec = copy.copy(own)
        spec.loader, spec.loader_state = self, own
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return sys.modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = object.__getattribute__(module, "__spec__").loader_state


_PRESENT = _Present()
sys.meta_path.insert(0, _PRESENT)
