"""What there is on a chain, by name: projects, shared models, markets, competitions and so on."""

import html
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from diln.results import Facts, frame
from diln.session import Session, table_of, texts_or_table
from orchestrator.errors import DataError, DilnError, UsageError

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T", bound="Thing")


class Thing:
    """One of many, by its reference (a name or an address). `facts` is how it stands now."""

    kind: ClassVar[str]
    show: ClassVar[str]
    key: ClassVar[str] = "reference"

    def __init__(self, session: Session, reference: str) -> None:
        self.session, self.reference = session, reference

    @property
    def facts(self) -> Facts:
        """Read from the chain, each time."""
        return Facts(self._run(self.show), f"{self.kind} {self.reference}")

    def _run(self, command: str, **options: object) -> Any:
        return self.session.run(command, **{self.key: self.reference}, **options)

    def __repr__(self) -> str:
        try:
            return repr(self.facts)
        except DilnError as error:  # what cannot be read is told of, too
            return f"<{self.kind} {self.reference}: {error}>"

    def _repr_html_(self) -> str:
        try:
            return self.facts._repr_html_()
        except DilnError:
            return html.escape(repr(self))


class Collection(Generic[T]):
    """All of a kind, by name: `collection["walks"]`."""

    kind: ClassVar[type[Any]]
    listing: ClassVar[str]
    names: ClassVar[str] = "name"

    def __init__(self, session: Session) -> None:
        self.session = session

    def __getitem__(self, reference: str) -> T:
        if not isinstance(reference, str):
            kind = type(self).__name__.lower()
            raise UsageError(f"{kind} go by name, not by {reference!r}", f'Such as {kind}["walks"].')
        found: T = self.kind(self.session, reference)
        return found

    def rows(self) -> list[dict[str, Any]]:
        """What the command that lists them prints."""
        return list(self.session.run(self.listing))

    def __iter__(self) -> Iterator[str]:
        return (str(each.get("name") or each[self.names]) for each in self.rows())

    def __len__(self) -> int:
        return len(self.rows())

    def to_frame(self) -> "pd.DataFrame":
        """A row for each."""
        return frame(self.rows(), self.listing)

    def __repr__(self) -> str:
        try:
            return f"<{type(self).__name__}: {', '.join(self) or 'none'}>"
        except DilnError as error:
            return f"<{type(self).__name__}: {error}>"

    def _repr_html_(self) -> str:
        try:
            table: str = self.to_frame().to_html(escape=True)
        except DilnError:
            return html.escape(repr(self))
        return f"<b>{html.escape(type(self).__name__)}</b>{table}"


class Model(Thing):
    """A project of the registry, `NAME` or `CREATOR/NAME`; `NAME@2` is a version of it."""

    kind, show, key = "project", "project show", "name"

    @property
    def facts(self) -> Facts:
        """Read from the chain, each time: of the project, or of the version that is named.

        Raises UsageError for a version that is not there.
        """
        project, at, _ = self.reference.partition("@")
        if not at:
            return super().facts
        wanted = self.reference.rpartition("/")[2]
        rows = self.session.run("log", project=project, every=True)
        found = [row for row in rows if row["version"].rpartition("/")[2] == wanted]
        if not found:
            raise UsageError(f"there is no version {self.reference}", f"`diln log {project}` lists them.")
        return Facts(found[0], f"version {self.reference}")

    @cached_property
    def loaded(self) -> Any:
        """The newest usable version, fetched and checked: its `pipeline`, `manifest`, `anchor`.

        Raises VerificationFailed, ModelError.
        """
        from orchestrator.systems.prove.loading import load_published

        kernel = self.session.kernel
        return load_published(kernel, self.reference, kernel.viewer)

    def versions(self) -> "pd.DataFrame":
        """Its published versions, oldest first."""
        return frame(self.session.run("log", project=self.reference.partition("@")[0], every=True), "log")

    def lineage(self) -> Facts:
        """What it was made from."""
        return Facts(self.session.run("lineage", model=self.reference), "lineage")

    def predict(self, rows: "pd.DataFrame | Sequence[Any]") -> "pd.DataFrame":
        """Labels, and probabilities of classes, one row for each; logged, so that they can be proven.

        Raises what `loaded` does, DataError for rows that do not fit.
        """
        import pandas as pd

        from orchestrator.systems.prove.predicting import predict

        given = self._named(table_of(rows))
        plain = given.astype(object).where(given.notna(), None).to_dict("records")
        whole = [{str(name): value for name, value in row.items()} for row in plain]
        made = predict(self.session.kernel, self.loaded, whole)
        answers = [
            {"label": each.output["label"], **each.output.get("probabilities", {}), "index": each.index}
            for each in made
        ]
        return pd.DataFrame(answers, index=given.index).rename(columns={"index": "log_index"})

    def _named(self, given: "pd.DataFrame") -> "pd.DataFrame":
        """Rows without names of columns, such as an array's, have them in the model's order."""
        names = [each.name for each in self.loaded.inputs.features]
        if not names or set(map(type, given.columns)) != {int} or set(map(str, given.columns)) <= set(names):
            return given
        if given.shape[1] != len(names):
            raise DataError(
                f"the rows have {given.shape[1]} values, but the model takes {len(names)}",
                f"Give them as a DataFrame with the columns {', '.join(names)}.",
            )
        return given.set_axis(names, axis=1)


class Models(Collection[Model]):
    """The projects of the registry in which something was published."""

    kind, listing = Model, "project list"

    def rows(self) -> list[dict[str, Any]]:
        return [each for each in super().rows() if each["versions"]]


class Learning(Thing):
    """What shared models and markets have in common: they take texts, or rows of numbers, with labels."""

    group: ClassVar[str]

    def predict(self, samples: object) -> list[str]:
        """The label that the contract gives each text, or each row of a table; free, nothing is sent."""
        table = texts_or_table(samples)
        return [each["label"] for each in self._given("predict", table)]

    def _give(self, verb: str, samples: Any, labels: Any, options: dict[str, Any]) -> Any:
        table = texts_or_table(samples)
        if labels is not None:
            each = [labels] * len(table) if isinstance(labels, str) else list(labels)
            if len(each) != len(table):
                raise DataError(
                    f"there are {len(table)} samples, but {len(each)} labels", "Give one for each."
                )
            table = table.assign(label=each)
        return self._given(verb, table, **options)

    def _given(self, verb: str, table: "pd.DataFrame", **options: object) -> Any:
        if not len(table):
            raise DataError("there are no samples", "Give a list of texts, or a table with rows.")
        texts = table.drop(columns=options.get("label_column", "label"), errors="ignore")
        if texts.shape[1] == 1 and not all(
            kind.kind in "iufb" for kind in texts.dtypes if hasattr(kind, "kind")
        ):
            options.setdefault("text_column", str(texts.columns[0]))
            if texts.isna().any(axis=None):
                raise DataError("one of the texts is missing", "Leave out what has no text.")
        with self.session.file(table) as csv:
            return self._run(f"{self.group} {verb}", csv=csv, **options)

    def withdraw(self) -> Facts:
        """Take out what is yours."""
        return Facts(self._run(f"{self.group} withdraw"), "withdrawn")

    def leaderboard(self) -> "pd.DataFrame":
        """Who gave what, and what became of it."""
        return frame(self._run(f"{self.group} leaderboard"), f"{self.group} leaderboard")


class SharedModel(Learning):
    """A model in a contract."""

    kind, show, group = "shared model", "sum show", "sum"

    def add(
        self, samples: object, labels: object = None, *, max_price: str | None = None, **options: object
    ) -> Facts:
        """Add labelled samples, each with a deposit that comes back if the model comes to agree.

        `samples` are texts or a table; without `labels` the table has a column `label`. `max_price` is the
        most for a sample, in coins. A contract that this folder does not know is paid only with `yes=True`.
        """
        return Facts(self._give("add", samples, labels, {"maximum": max_price, **options}), "added")

    def refund(self) -> "pd.DataFrame":
        """Claim the deposits that are due."""
        return frame(self._run("sum refund"), "sum refund")

    def replay(self) -> Facts:
        """Compute the model again from its events, and compare it with the contract, bit for bit."""
        return Facts(self._run("sum replay"), "replay")


class SharedModels(Collection[SharedModel]):
    """The shared models of this chain."""

    kind, listing = SharedModel, "sum list"

    def create(self, name: str, data: object, **options: object) -> SharedModel:
        """Train a model on labelled samples and put it in a contract; options as of `diln sum create`."""
        with self.session.file(data) as csv:
            self.session.run("sum create", name=name, csv=csv, **options)
        return self[name]


class Market(Learning):
    """A bounty for data."""

    kind, show, group = "market", "market show", "market"

    def contribute(self, samples: object, labels: object = None, **options: object) -> Facts:
        """Give labelled samples with a stake, which comes back as more or as less, as they help the model."""
        return Facts(self._give("contribute", samples, labels, options), "contributed")


class Markets(Collection[Market]):
    """The markets of this chain."""

    kind, listing = Market, "market list"

    def create(self, name: str, test: object, *, bounty: str, **options: object) -> Market:
        """Offer a bounty for data that make a model better on `test`; options as of `diln market create`.

        What the model begins with is `model`, or is trained on a table `csv`. The test set is kept in the
        folder, and only commitments to it are sent.
        """
        begin = options.pop("csv", None)
        beginning = self.session.file(begin) if begin is not None else nullcontext()
        with self.session.file(test, "test.csv") as secret, beginning as csv:
            self.session.run(
                "market create",
                name=name,
                test=secret,
                bounty=bounty,
                csv=csv,
                **options,
            )
        return self[name]


class Competition(Thing):
    """A prize behind committed data."""

    kind, show = "competition", "competition show"

    def data(self) -> "pd.DataFrame":
        """The training data, checked against the commitments."""
        import pandas as pd

        file = self.session.path(f"competition-{self.facts.competition[2:10].lower()}.csv")
        found = self._run("competition data", output=file)
        if not found["rows"]:
            raise UsageError("no training data is open yet", "Wait for the organizer, or challenge a group.")
        return pd.read_csv(found["file"])

    def submit(self, model: object, *, dry_run: bool = False, **options: object) -> Facts:
        """Quantize a model (fitted, or a file), predict its score exactly, and commit to it with the deposit.

        `dry_run` shows the score and sends nothing.
        """
        if isinstance(model, str | os.PathLike):
            return Facts(
                self._run("competition submit", model=str(model), dry_run=dry_run, **options), "submission"
            )
        import tempfile
        from pathlib import Path

        from orchestrator.learning.modelfile import check_fitted
        from orchestrator.learning.skopsfile import skops_io

        check_fitted(model)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model.skops"
            file.write_bytes(skops_io().dumps(model))
            return self.submit(file, dry_run=dry_run, **options)

    def keep(self, role: str = "submitter", **options: object) -> Facts:
        """Do what is due now for a role: submitter, organizer, refuter."""
        return Facts(self._run("competition keep", role=role, once=True, **options), "kept")

    def leaderboard(self) -> "pd.DataFrame":
        """The submissions and their scores."""
        return frame(self.facts["leaderboard"])


class Competitions(Collection[Competition]):
    """The competitions of this chain, by address; `latest` is this folder's own last one."""

    kind, listing, names = Competition, "competition list", "competition"

    def create(
        self, data: object, *, target: str, prize: str, criterion: float, **options: object
    ) -> Competition:
        """Escrow a prize behind labelled data, draw the split; options as of `diln competition create`."""
        with self.session.file(data) as file:
            found = self.session.run(
                "competition create", file=file, target=target, prize=prize, criterion=criterion, **options
            )
        return self[found["competition"]]


class Tournament(Thing):
    """Stakes on predictions."""

    kind, show = "tournament", "tournament show"

    @cached_property
    def api(self) -> Any:
        """The same with numerapi's verbs: `TournamentAPI`."""
        from orchestrator.systems.tournament.api import TournamentAPI

        return TournamentAPI(self.session.kernel, self.session.kernel.sender, self.reference)

    def rounds(self) -> "pd.DataFrame":
        """The rounds and their times."""
        return frame(self.facts["rounds"])

    def open(self, number: int, targets: "pd.DataFrame | str", **options: object) -> Facts:
        """Commit to the targets of a round (columns of the offer's id and target), with pot and bond."""
        with self.session.file(targets) as file:
            found = self._run("tournament open", number=number, targets=file, **options)
        return Facts(found, "round")

    def enter(
        self, number: int, predictions: "pd.DataFrame | str", *, stake: str = "0", **options: object
    ) -> Facts:
        """Stake on sealed predictions (columns `id`, `prediction`); again replaces them."""
        with self.session.file(predictions) as file:
            found = self._run("tournament enter", number=number, predictions=file, stake=stake, **options)
        return Facts(found, "entry")

    def leaderboard(self) -> "pd.DataFrame":
        """Entrants over all rounds."""
        return frame(self._run("tournament leaderboard"), "tournament leaderboard")


class Tournaments(Collection[Tournament]):
    """The tournaments of this chain."""

    kind, listing = Tournament, "tournament list"

    def create(self, offer: "str | os.PathLike[str] | Mapping[str, Any]") -> Tournament:
        """Make the tournament that a TOML file describes, or its keys: `train` and `live` may be tables."""
        with self.session.offer(offer) as file:
            found = self.session.run("tournament create", offer=file)
        return self[found["tournament"]]


class Federation(Thing):
    """Parties who train one model, each on rows of its own."""

    kind, show = "federation", "federation status"

    def join(self, data: "pd.DataFrame | str | os.PathLike[str] | None" = None, **options: object) -> Facts:
        """Take a seat with a deposit; options as of `diln federation join`.

        `data` is a file, or a table, which is kept in the folder: each round is trained on it. A contract
        that this folder does not know is paid only with `yes=True`.
        """
        if data is None:
            return Facts(self._run("federation join", **options), "seat")
        if not isinstance(data, str | os.PathLike):
            who = self.session.settings.sender or "own"
            file = self.session.path(f"federation-{self.reference[:10]}-{who}.csv")
            data.to_csv(file, index=False)
            data = file
        return Facts(self._run("federation join", data=self.session.path(data), **options), "seat")

    def step(self, **options: object) -> Facts:
        """Do whatever is due: train, commit, reveal, score, aggregate, refute, go on; and what comes next."""
        return Facts(self._run("federation step", **options), "step")

    def parties(self) -> "pd.DataFrame":
        """The seats: deposits, what was earned, how far each is."""
        return frame(self.facts["parties"])

    def verify(self) -> "pd.DataFrame":
        """Every round computed again, with the first fault."""
        return frame(self._run("federation verify"), "federation verify")

    def history(self) -> "pd.DataFrame":
        """All that happened."""
        return frame(self._run("federation history"), "federation history")


class Federations(Collection[Federation]):
    """The federations of this chain, by name or address; `latest` is this folder's own last one."""

    kind, listing, names = Federation, "federation list", "federation"

    def create(self, offer: "str | os.PathLike[str] | Mapping[str, Any]", **options: object) -> Federation:
        """Make the federation that a TOML file describes, or its keys, and pay its budget."""
        with self.session.offer(offer) as file:
            found = self.session.run("federation create", offer=file, **options)
        return self[found["federation"]]
