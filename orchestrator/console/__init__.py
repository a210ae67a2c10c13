"""The console: how a function becomes a command, and how what it returns is printed.

CONTRIBUTING.md has an example.
"""

from orchestrator.console.command import Group, command, root
from orchestrator.console.consent import BoundedConsent, Consent
from orchestrator.console.lazy import lazy_imports
from orchestrator.console.options import (
    NEWEST,
    SENDS,
    SIGNS,
    VIEWS,
    AllOption,
    DryRunOption,
    IdentityOption,
    ModelArgument,
    ProjectArgument,
    Sender,
    among,
    ask_password,
    new_password,
)
from orchestrator.console.printing import Shown, amount, err, labelled, nameless, progress_bar, status
from orchestrator.console.results import Answer, Document, Facts, Note, Result, Stream, Table
