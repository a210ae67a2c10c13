"""`diln federation`: train one model together, without showing data."""

from orchestrator.console import Group, ask_password, lazy_imports, root

with lazy_imports():
    from orchestrator.kernel import session as sessions


federation = Group(
    "federation",
    "Train one model together; nobody shows data, and anybody checks every step.",
    parent=root,
    session=lambda settings: sessions.Session(settings, ask_password),
    storage=True,
)
