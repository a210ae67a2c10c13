"""`diln competition`: competitions that nobody can cheat."""

from orchestrator.config import Settings
from orchestrator.console import Group, ask_password, lazy_imports, root

with lazy_imports():
    from orchestrator.kernel import session as sessions


def _open(settings: Settings) -> "sessions.Session":
    return sessions.Session(settings, ask_password)


compete = Group("competition", "Compete for a prize that a contract pays.", parent=root, session=_open)
