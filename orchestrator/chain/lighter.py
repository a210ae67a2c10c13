"""Parts of libraries that hardly any command needs are imported when they are first used.

py-evm's precompiles and eth-account's keystores bring elliptic curves in pure Python, web3 brings an
asynchronous client for HTTP: more than half of what a command that reads would import. While a library of
WAITING runs, it gets placeholders for these names; each becomes the real thing when it is called, asked for
an attribute, or compared with in `isinstance`. Whoever imports the same modules otherwise gets the real ones.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

Names = Mapping[str, Sequence[str]]
"""Modules, and what is taken from them."""

WAITING: Mapping[str, Names] = {
    "web3": {"requests": ()},
    "eth_account": {
        "eth_keyfile": ("create_keyfile_json", "decode_keyfile_json"),
        "eth_keyfile.keyfile": ("KDFType",),
    },
    "eth.consensus.ethash": {"Crypto.Hash": ("keccak",)},
    "eth.precompiles": {
        "eth.precompiles.ecadd": ("ecadd",),
        "eth.precompiles.ecmul": ("ecmul",),
        "eth.precompiles.ecpairing": ("ecpairing",),
        "eth.precompiles.bls12_381": (
            "bls12_g1_add",
            "bls12_g1_msm",
            "bls12_g2_add",
            "bls12_g2_msm",
            "bls12_map_fp2_to_g2",
            "bls12_map_fp_to_g1",
            "bls12_pairing_check",
        ),
    },
}

ASYNCHRONOUS: Names = {
    "aiohttp": ("ClientError", "ClientResponse", "ClientSession", "ClientTimeout", "TCPConnector"),
    "websockets": ("ConnectionClosed", "WebSocketException"),
    "websockets.asyncio": (),
    "websockets.asyncio.client": ("ClientConnection", "connect"),
    "websockets.exceptions": ("ConnectionClosedOK", "WebSocketException"),
    "websockets.protocol": ("State",),
}
"""web3's, in a process of our own, which uses none of it: elsewhere somebody may catch their exceptions."""

_waiting = dict(WAITING)


def install() -> None:
    """Let the libraries of WAITING wait for theirs, unless they are imported already."""
    if not any(isinstance(each, _Finder) for each in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def alone() -> None:
    """Say that this process is DILN's own: nobody in it uses web3's asynchronous clients."""
    _waiting["web3"] = {**WAITING["web3"], **ASYNCHRONOUS}


class _Finder(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in _waiting else None
        if spec and spec.loader:
            spec.loader = _Loader(spec.loader, _waiting[name])
        return spec


class _Loader(Loader):
    """Runs a library's code while placeholders stand for the modules of `names`."""

    def __init__(self, loader: Loader, names: Names) -> None:
        self._loader, self._names = loader, names

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        with _placeholders(self._names):
            self._loader.exec_module(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


@contextmanager
def _placeholders(names: Names) -> Iterator[None]:
    wanted = {name: _module(name, members) for name, members in names.items() if name not in sys.modules}
    sys.modules.update(wanted)
    try:
        yield
    finally:
        for name, placeholder in wanted.items():
            if sys.modules.get(name) is placeholder:
                del sys.modules[name]


def _module(name: str, members: Sequence[str]) -> ModuleType:
    """A module that has `members`, and any other name once it is imported as a module and used."""

    def later(member: str) -> Any:
        if member.startswith("__"):
            raise AttributeError(member)
        if sys.modules.get(name) is made:  # the library's code runs: it names things, and uses none
            return _Later(member, (Exception,), {"__module__": name})
        return getattr(import_module(name), member)

    made = ModuleType(name)
    made.__path__ = []
    for member in members:
        setattr(made, member, _Later(member, (Exception,), {"__module__": name}))
    vars(made)["__getattr__"] = later
    return made


class _Later(type):
    """What waits: a class, so that annotations and `except` take it."""

    def __call__(cls, *args: object, **kwargs: object) -> Any:
        if not args and cls.__module__.startswith("eth."):  # a curried function that gets its prices only
            return partial(cls, **kwargs)
        return _real(cls.__module__, cls.__name__)(*args, **kwargs)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_real(cls.__module__, cls.__name__), name)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _real(cls.__module__, cls.__name__))


@cache
def _real(module: str, name: str) -> Any:
    """The real thing; its parent package keeps what it has under the module's name."""
    parent, _, child = module.rpartition(".")
    before = getattr(sys.modules.get(parent), child, None)
    found = getattr(import_module(module), name)
    if before is not None:
        setattr(sys.modules[parent], child, before)
    return found
