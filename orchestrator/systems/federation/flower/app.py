"""Flower apps in folders: the pair of a ServerApp and a ClientApp that `flwr run` takes, run by us.

An app is code that whoever runs it has chosen; nothing of it comes from the chain.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flwr.app import ArrayRecord, Context, Message, MessageType, RecordDict
from flwr.app.user_config import UserConfig
from flwr.clientapp import ClientApp
from flwr.common.config import get_fused_config_from_dir, get_project_config, parse_config_args
from flwr.serverapp import ServerApp
from flwr.supercore.object_ref import load_app

from orchestrator.errors import SpecError, UsageError
from orchestrator.systems.federation.flower.chaingrid import ChainGrid
from orchestrator.systems.federation.flower.grid import EmbeddedGrid
from orchestrator.text import shown

_FORM = "Give the folder of a Flower app: its pyproject.toml names serverapp and clientapp."


@dataclass(frozen=True)
class App:
    """An app and the configuration of its run."""

    server: ServerApp
    client: ClientApp
    config: UserConfig

    def run(self, grid: ChainGrid) -> None:
        """Run the server's part until it ends; whatever it raises is raised."""
        self.server(grid, self._context())

    def first_arrays(self, nodes: int, name: str = "arrays") -> ArrayRecord:
        """The model that the app begins with: run until the server asks the first of `nodes` to train.

        Raises SpecError for an app that never does.
        """
        try:
            self.server(_Stop(self.client, nodes), self._context())
        except _FirstAsked as asked:
            if name in asked.message.content.array_records:
                return asked.message.content.array_records[name]
        raise SpecError(f"the app sends no record `{name}` to be trained", "Name its record of arrays so.")

    def _context(self) -> Context:
        return Context(1, 0, {}, RecordDict(), dict(self.config))


def load(folder: Path, changes: str = "") -> App:
    """The app in `folder`; `changes` to its configuration are as those of `flwr run --run-config`.

    Raises SpecError for what is not an app, UsageError for changes that it does not know. Imports the app.
    """
    config = _config(folder, changes)
    try:
        components = get_project_config(folder)["tool"]["flwr"]["app"]["components"]
        server, client = (str(components[name]) for name in ("serverapp", "clientapp"))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise SpecError(f"{folder} is not a Flower app: {shown(str(error), 200)}", _FORM) from error
    loaded = [load_app(reference, ValueError, folder) for reference in (server, client)]
    if not isinstance(loaded[0], ServerApp) or not isinstance(loaded[1], ClientApp):
        raise SpecError(f"{shown(server)} and {shown(client)} are not a ServerApp and a ClientApp", _FORM)
    return App(loaded[0], loaded[1], config)


def parse_config(text: str) -> UserConfig:
    """`key=value` pairs, as Flower reads them. Raises UsageError."""
    try:
        found: dict[str, Any] = parse_config_args([text] if text else None)
    except Exception as error:  # what Flower raises is its command line's
        raise UsageError(
            f"`{shown(text)}` is not a configuration", "Write key=value, texts in quotes."
        ) from error
    return found


def _config(folder: Path, changes: str) -> UserConfig:
    given = parse_config(changes)
    try:
        known = get_fused_config_from_dir(folder, {})
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise SpecError(f"{folder} is not a Flower app: {shown(str(error), 200)}", _FORM) from error
    if strange := next((key for key in given if key not in known), None):
        raise UsageError(f"the app's configuration has no `{shown(strange)}`", f"It has {', '.join(known)}.")
    return known | given


class _FirstAsked(BaseException):
    """Not an Exception: an app that catches those must not go on."""

    def __init__(self, message: Message) -> None:
        self.message = message


class _Stop(EmbeddedGrid):
    """Ends the server's part when it first asks a node to train."""

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        asked = list(messages)
        for message in asked:
            if message.metadata.message_type == MessageType.TRAIN:
                raise _FirstAsked(message)
        return list(super().push_messages(asked))
