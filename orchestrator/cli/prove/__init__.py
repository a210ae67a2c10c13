"""Commands about models that are proven: train, publish, verify, use."""

from orchestrator.config import Settings
from orchestrator.console import Group, ask_password, lazy_imports, root

with lazy_imports():
    from orchestrator.kernel import session as sessions


def _open(settings: Settings) -> "sessions.Session":
    return sessions.Session(settings, ask_password)


prove = Group(parent=root, session=_open)
alias = Group("alias", "Names of versions that can move.", parent=root, session=_open)
project = Group(
    "project", "Create and govern the project that versions belong to.", parent=root, session=_open
)
runs = Group("runs", "List, compare and delete runs.", parent=root, network=False)
