"""`diln tournament`: stake on predictions that a contract scores."""

from orchestrator.console import Group, ask_password, lazy_imports, root

with lazy_imports():
    from orchestrator.kernel import session as sessions


tournament = Group(
    "tournament",
    "Stake on predictions that a contract scores and pays.",
    parent=root,
    session=lambda settings: sessions.Session(settings, ask_password),
    storage=True,
)
