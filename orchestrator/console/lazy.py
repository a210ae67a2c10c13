"""Imports that wait for their first use, so that `--help` and the shell's completion do not wait for them."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType


@contextmanager
def lazy_imports() -> Iterator[None]:
    """Within it, `from orchestrator.x import module` runs the module's code when one of its names is used.

    Modules and packages wait, not names in them: `from orchestrator.x.module import name` uses one. Quote
    annotations that name a module's class.
    """
    finder = _Finder()
    sys.meta_path.insert(0, finder)
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
