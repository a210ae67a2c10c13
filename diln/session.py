"""A session: a working folder, and every job of DILN in it, for scripts and notebooks."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from diln.commands import command_of
from diln.results import Facts, Verification
from orchestrator.config import load_settings
from orchestrator.errors import ConfigError, DataError, DilnError, UsageError

if TYPE_CHECKING:
    from diln.collections import (
        Competitions,
        Federations,
        Markets,
        Models,
        SharedModels,
        Tournaments,
    )
    from orchestrator.kernel.session import Session as Kernel


def open(  # noqa: A001 - `diln.open()` is what it is
    folder: str | os.PathLike[str] = ".",
    *,
    network: str | None = None,
    account: str | None = None,
    storage: str | None = None,
) -> "Session":
    """A session in `folder`, whose state is in its `.diln`.

    `network` is a name of brownie-config.yaml or a node's URL, `account` the name of the account that sends
    and signs (alice on development chains), `storage` embedded or kubo; by default what the command line
    would take. Close it, or use it as a context manager.

    Raises ConfigError.
    """
    if not Path(folder).is_dir():
        raise ConfigError(f"there is no folder {folder}", "Make it first, or choose another.")
    return Session(Path(folder), network=network, account=account, storage=storage)


class Session:
    """A working folder with its chain, storage and wallets. Several threads may share it.

    Methods raise DilnError with a sentence and a hint, as the commands of the same names print them.
    """

    def __init__(self, folder: Path, **choices: str | None) -> None:
        self.folder = folder.resolve()
        self._choices = choices
        self._closed = False
        home = None if "DILN_HOME" in os.environ else self.folder / ".diln"
        self.settings = load_settings(folder=self.folder, home=home, **choices)  # type: ignore[arg-type]

    @cached_property
    def kernel(self) -> "Kernel":
        """What workflows of `orchestrator` take. Raises UsageError once the session is closed."""
        self._require_open()
        from orchestrator.kernel.session import Session as Kernel

        return Kernel(self.settings)

    def _require_open(self) -> None:
        if self._closed:
            raise UsageError("this session is closed", "Open another one: diln.open().")

    def acting(self, account: str) -> "Session":
        """A session in the same folder for another account. Raises AccountError where there is none."""
        self.kernel.account(account)
        return Session(self.folder, **{**self._choices, "account": account})

    # -- prove --------------------------------------------------------------------------------------------

    @cached_property
    def models(self) -> "Models":
        """The projects of the registry, whose versions are proven models."""
        from diln.collections import Models

        return Models(self)

    def train(self, spec: str | os.PathLike[str] = "diln.toml", **options: object) -> Facts:
        """Train what a spec describes, and write the run down; options are those of `diln train`."""
        return Facts(self.run("train", spec=self.path(spec), **options), "run")

    def publish(self, model: Any = "latest", *, dry_run: bool = False, **options: Any) -> Facts:
        """Pin a model and its manifest, sign if need be, and anchor both; twice, nothing happens twice.

        `model` is a run (`latest`, NAME, NAME/ID), a file or folder of any framework, or a fitted model of
        scikit-learn, XGBoost, LightGBM, PyTorch or Keras. Of a file, options are those of `diln publish`; of
        a fitted model those of `diln.log_model` (`data`, `metrics`, `name`, `gate` …).
        """
        kept = {
            name: options.pop(name) for name in ("on_chain", "require_gate", "project") if name in options
        }
        if not isinstance(model, str | os.PathLike):
            from orchestrator.systems.prove.logging import log_model

            logged = log_model(model, home=self.settings.home, sender=self.settings.account, **options)
            model, options = f"{logged.run.name}/{logged.run.id}", {}
        place = self.path(model)
        run = str(place if place.exists() else model)
        return Facts(self.run("publish", run=run, dry_run=dry_run, **kept, **options), "version")

    def verify(self, subject: str | os.PathLike[str], **demands: object) -> Verification:
        """Check a file, a model by name or a proof against the chain; true where all of it holds.

        Demands are those of `diln verify`: `signed_by=["bob"]`, `min_signatures=2`, `status="deployable"`,
        `not_older="90d"`, `project="alice/wine"`.
        """
        place = self.path(subject)
        return Verification(
            self.run("verify", subjects=[str(place if place.exists() else subject)], **demands),
            "verification",
        )

    # -- grow, compete ------------------------------------------------------------------------------------

    @cached_property
    def shared_models(self) -> "SharedModels":
        """Models in contracts, which learn from anyone and pay for good data."""
        from diln.collections import SharedModels

        return SharedModels(self)

    @cached_property
    def markets(self) -> "Markets":
        """Bounties for data that make a model better on a secret test set."""
        from diln.collections import Markets

        return Markets(self)

    @cached_property
    def competitions(self) -> "Competitions":
        """Prizes behind committed data, which contracts pay to the best model."""
        from diln.collections import Competitions

        return Competitions(self)

    @cached_property
    def tournaments(self) -> "Tournaments":
        """Stakes on predictions that a contract scores and pays."""
        from diln.collections import Tournaments

        return Tournaments(self)

    @cached_property
    def federations(self) -> "Federations":
        """Models that parties train together on rows that stay with them, for a contract's reward."""
        from diln.collections import Federations

        return Federations(self)

    # -- chain --------------------------------------------------------------------------------------------

    def migrate(self, *jobs: str) -> list[Facts]:
        """Deploy what jobs need: registry, sum, market, competition, tournament, federation. Once for all."""
        found = [self.run("migrate", what=[job]) for job in jobs or ("registry",)]
        return [Facts(each, "contract") for job in found for each in job]

    def advance(self, duration: str) -> Facts:
        """Let time pass on a development chain, such as `25h`."""
        return Facts(self.run("chain advance", duration=duration), "chain")

    # -- everything ---------------------------------------------------------------------------------------

    def run(self, command: str, **options: object) -> Any:
        """What a command prints with --json, by its words and options: `run("sum show", model="walks")`.

        Arguments and options go by their names of the command line: `model`, `min_signatures`. `diln schema
        COMMAND` says what comes back. Raises UsageError for an unknown command, for options that it does not
        take, lacks or cannot read, and whatever the command itself raises.
        """
        from orchestrator.console.printing import printed
        from orchestrator.console.results import Result, Stream

        self._require_open()
        made = command_of(command)
        values = made.values(options, self.path)
        opened: object = self.settings if made.run.subject == "settings" else self.kernel
        if command.startswith("pin "):
            opened = self.kernel.storage
        with made.explained():
            found = made.run.call(opened, **values)
            if isinstance(found, Stream):
                return [json.loads(printed(each.to_json())) for each in found.items]
        if isinstance(found, Result):
            value = json.loads(printed(found.to_json()))
            if after := getattr(found, "after", None):
                after()
            return value
        return found

    def path(self, file: str | os.PathLike[str]) -> Path:
        """A path within the folder, if it is relative. Raises UsageError for what names no file."""
        if not isinstance(file, str | os.PathLike):
            raise UsageError(f"a name or a file is a text, not {file!r}")
        return self.folder / file

    @contextmanager
    def file(self, data: Any, name: str = "data.csv") -> Iterator[Path]:
        """`data` as a file for a command: itself if it is one, else a CSV of the table, gone afterwards."""
        if isinstance(data, str | os.PathLike):
            yield self.path(data)
            return
        if not hasattr(data, "to_csv"):
            raise DataError("this is not a table", "Give a DataFrame or a file.")
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / name
            data.to_csv(made, index=False)
            try:
                yield made
            except DilnError as error:  # nobody knows that file
                error.reword(lambda text: text.replace(str(made), "the table"))
                raise

    @contextmanager
    def offer(self, offer: Any) -> Iterator[Path]:
        """`offer` as a TOML file for a command: itself if it is one, else its keys, gone afterwards.

        Tables among them become files beside it. Raises UsageError for what no such file can hold.
        """
        if not isinstance(offer, Mapping):
            yield self.path(offer)
            return
        with tempfile.TemporaryDirectory() as name:
            folder, lines = Path(name), []
            for key, value in offer.items():
                tables = [
                    each
                    for each in (value if isinstance(value, list) else [value])
                    if hasattr(each, "to_csv")
                ]
                files = [f"{key}-{number}.csv" for number in range(len(tables))]
                for table, file in zip(tables, files, strict=True):
                    table.to_csv(folder / file, index=False)
                plain = (files if isinstance(value, list) else files[0]) if tables else value
                try:
                    lines.append(f"{key} = {json.dumps(plain, ensure_ascii=False)}")  # which is TOML, too
                except TypeError as error:
                    hint = "Give texts, numbers, tables, and lists of them."
                    raise UsageError(f"`{key}` of the offer is not {plain!r:.80}", hint) from error
            made = folder / "offer.toml"
            made.write_text("\n".join(lines), encoding="utf-8")
            try:
                yield made
            except DilnError as error:  # nobody knows that file
                error.reword(lambda text: text.replace(str(made), "the offer"))
                raise

    def close(self) -> None:
        """Let go of chain and storage. The session cannot be used afterwards."""
        self._closed = True
        if opened := self.__dict__.pop("kernel", None):
            opened.__exit__()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        settings = self.settings
        who = f", as {settings.sender}" if settings.sender else ""
        return f"<diln session in {self.folder}, on {settings.network.name}{who}>"


def texts_or_table(data: Any) -> Any:
    """A table of what may be texts alone."""
    import pandas as pd

    if isinstance(data, str):
        data = [data]
    if isinstance(data, Sequence) and all(isinstance(each, str) for each in data):
        return pd.DataFrame({"text": list(data)})
    return data if isinstance(data, pd.DataFrame) else table_of(data)


def table_of(data: Any) -> Any:
    """A table of rows. Raises DataError for what is none."""
    import pandas as pd

    try:
        if data is not None and not isinstance(data, str | os.PathLike):
            if isinstance(data, pd.Series):  # a row of a table
                return data.to_frame().T.infer_objects()
            return data if isinstance(data, pd.DataFrame) else pd.DataFrame(data)
    except (TypeError, ValueError):
        pass
    raise DataError(f"{data!r:.80} is no table", "Give a DataFrame, or a list of rows.")
