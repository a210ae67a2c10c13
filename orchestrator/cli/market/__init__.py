"""`diln market`: a provider pays for the data that make a model better on its secret test set."""

from orchestrator.cli.sum import open_session
from orchestrator.console import Group, root

market = Group(
    "market",
    "Pay for the data that make a model better on a test set that nobody has seen.",
    parent=root,
    session=open_session,
    storage=True,
)
