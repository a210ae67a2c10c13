"""`diln sum`: models that live in a contract and grow by what people give them."""

from orchestrator.config import Settings
from orchestrator.console import Group, ask_password, lazy_imports, root

with lazy_imports():
    from orchestrator.kernel import session as sessions


def open_session(settings: Settings) -> "sessions.Session":
    return sessions.Session(settings, ask_password)


shared = Group(
    "sum",
    "Grow a model together: it lives in a contract, learns from anyone, and pays for good data.",
    parent=root,
    session=open_session,
    storage=True,
)
