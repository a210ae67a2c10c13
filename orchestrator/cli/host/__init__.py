"""Commands about this machine: its wallets, chain and storage."""

from typing import TYPE_CHECKING

from orchestrator.config import Settings
from orchestrator.console import Group, ask_password, lazy_imports, root

with lazy_imports():
    from orchestrator import storage

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session


def _folder(settings: Settings) -> "Session":
    from orchestrator.kernel.session import Session

    return Session(settings, ask_password)


def _storage(settings: Settings) -> "storage.Storage":
    return storage.open_storage(settings)


host = Group(parent=root, session=_folder)
account = Group("account", "Create, import and list wallets.", parent=root, session=_folder)
chain = Group(
    "chain", "Show the chain, or let time pass on a development chain.", parent=root, session=_folder
)
pin = Group(
    "pin",
    "Add, list, get and remove pinned artifacts.",
    parent=root,
    session=_storage,
    storage=True,
    network=False,
)
