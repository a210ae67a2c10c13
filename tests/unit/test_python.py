"""`import diln`: what a session gives back, and what it refuses."""

import subprocess
import sys
import tomllib
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import diln
from diln.commands import command_of
from diln.results import frame, shown
from diln.session import table_of
from orchestrator.cli.tools import commands
from orchestrator.console import printing
from orchestrator.errors import NotDeployed, UsageError
from orchestrator.learning.data import Feature

AMOUNT = {"value": "1500000000000000000", "currency": "0x" + "0" * 40}
TIME = {"unix": 1_795_982_097, "rfc3339": "2026-11-29T19:54:57Z"}


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> diln.Session:
    for name in ("DILN_HOME", "DILN_NETWORK", "DILN_FROM", "DILN_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    with diln.open(tmp_path) as opened:
        yield opened


def test_facts__shown__amounts_times_and_strangers_text() -> None:
    facts = diln.Facts({"prize": AMOUNT, "until": TIME, "name": "<b>\x1b[2J", "rounds": [1]}, "thing")
    assert facts.prize == facts["prize"] == AMOUNT
    assert repr(facts).splitlines() == [
        "thing",
        "  prize   1.5 ether",
        "  until   2026-11-29T19:54:57Z",
        "  name    '<b>\\x1b[2J'",
        "  rounds  1",
    ]
    assert "<b>\x1b" not in facts._repr_html_()
    assert "&lt;b&gt;" in facts._repr_html_()
    assert "prize" in dir(facts)
    with pytest.raises(AttributeError, match="thing has no bond"):
        _ = facts.bond


def test_frame__amounts_and_times__are_numbers_and_timestamps() -> None:
    [row] = frame([{"prize": AMOUNT, "until": TIME, "who": None}]).to_dict("records")
    assert row == {"prize": 15 * 10**17, "until": pd.Timestamp("2026-11-29T19:54:57Z"), "who": None}


def test_frame__amounts__are_exact_however_large_their_sum() -> None:
    told = {"value": str(10**18), "currency": AMOUNT["currency"]}
    found = frame([{"pot": told}] * 10 + [{"pot": None}])
    assert found["pot"].dtype == object
    assert found["pot"].dropna().sum() == 10**19


def test_verification__holds_in_part__is_false() -> None:
    checks = [{"name": "anchor", "outcome": "passed", "sentence": "It is."}]
    told = {"subject": "x", "ok": True, "whole": False, "checks": checks}
    assert not diln.Verification(told)
    assert repr(diln.Verification(told)).startswith("x: holds in part\n  passed       anchor: It is.")
    assert diln.Verification(told | {"whole": True})
    assert "<b>x: holds in part</b>" in diln.Verification(told)._repr_html_()


def test_session__of_a_folder__keeps_its_state_there(session: diln.Session, tmp_path: Path) -> None:
    assert session.run("chain show")["network"] == "embedded"
    assert (tmp_path / ".diln" / "chain.sqlite").is_file()
    assert repr(session) == f"<diln session in {tmp_path}, on embedded, as alice>"
    assert "as bob" in repr(session.acting("bob"))
    assert session.advance("1h").block == 1


THREADS = """
from concurrent.futures import ThreadPoolExecutor
import diln

with diln.open() as session:
    session.migrate("sum")

    def ask(number):
        own = session if number % 2 else session.acting("bob")
        return str((list(own.shared_models), own.run("chain show")["block"]))

    with ThreadPoolExecutor(4) as pool:
        print(*set(pool.map(ask, range(80))))
"""


def test_session__four_threads_share_it__each_gets_answers(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", THREADS], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1), done.stderr


def test_run__unknown_command_or_option__usage_error(session: diln.Session) -> None:
    with pytest.raises(UsageError, match="no command `nonsense`"):
        session.run("nonsense")
    with pytest.raises(UsageError, match="takes no `everything`"):
        session.run("chain show", everything=True)


@pytest.mark.parametrize(
    ("call", "told", "hint"),
    [
        (lambda it: it.run("sum show"), "`diln sum show` needs `model`", "It takes model, png, encoder."),
        (lambda it: it.run("sum show", shape=1), "`diln sum show` takes no `shape`", "It takes model, png"),
        (lambda it: it.advance(3), "`duration` is a text, not 3", "Such as duration='3'."),
        (lambda it: it.run("doctor", deep=1), "`diln doctor` takes no `deep`", "It takes "),
        (lambda it: it.run("log", all="yes"), "`all` is True or False, not 'yes'", ""),
        (lambda it: it.verify("x", signed_by="bob"), "`signed_by` is a list, not 'bob'", "['bob']"),
        (lambda it: it.verify("x", min_signatures=True), "`min_signatures` is a whole number", ""),
        (lambda it: it.verify(3), "a name or a file is a text, not 3", ""),
        (lambda it: it.models[3], "models go by name, not by 3", 'Such as models["walks"].'),
        (lambda it: it.run("competition keep", role="judge"), "`role` is not 'judge'", "submitter"),
        (lambda it: it.run(3), "there is no command `3`", "lists them"),
        (lambda it: it.shared_models["w"].predict([]), "there are no samples", "Give a list"),
        (lambda it: it.shared_models["w"].predict([None]), "one of the texts is missing", "Leave out"),
        (lambda it: it.shared_models["w"].predict(None), "None is no table", "Give a DataFrame"),
        (lambda it: it.shared_models["w"].add(["a", "b"], ["x"]), "2 samples, but 1 labels", "Give one"),
        (
            lambda it: it.shared_models.create("w", [1], text_column="text"),
            "not a table",
            "DataFrame or a file",
        ),
        (lambda it: it.acting("zed"), "there is no account zed", "diln account"),
        (lambda it: diln.open(it.folder / "none"), "there is no folder", "Make it"),
        (
            lambda it: it.competitions["latest"].submit(LogisticRegression()),
            "has learned nothing yet",
            "`fit`",
        ),
    ],
)
def test_session__wrong_use__is_told_with_a_hint(
    session: diln.Session, call: Callable[[diln.Session], object], told: str, hint: str
) -> None:
    with pytest.raises(diln.DilnError) as raised:
        call(session)
    assert told in raised.value.message
    assert hint in raised.value.hint
    assert raised.value.hint in "".join(traceback.format_exception(raised.value))


def test_commands__names_of_the_command_line__each_stands_for_one() -> None:
    for words, _ in commands():
        names = command_of(words).names
        assert len(set(names.values())) == len(names), words
        assert all(names.get(called, called) == called for called in names.values()), words


def test_errors__of_a_command__speak_of_options_in_python_and_of_no_file(session: diln.Session) -> None:
    session.migrate()
    with pytest.raises(diln.DilnError) as raised, session.file(pd.DataFrame({"a": []})) as made:
        raise diln.DilnError(f"{made} has no rows")
    assert (raised.value.message, str(raised.value)) == ("the table has no rows",) * 2
    with pytest.raises(diln.DilnError) as raised, command_of("publish").explained():
        raise diln.DilnError("no", "Give --dry-run or --nothing, as in `diln publish --dry-run`.")
    assert raised.value.hint == "Give dry_run or --nothing, as in `diln publish --dry-run`."
    assert raised.value.__notes__ == [raised.value.hint]


def test_model__rows_without_names__are_taken_in_its_order(session: diln.Session) -> None:
    model = session.models["wine"]
    vars(model)["loaded"] = SimpleNamespace(
        inputs=SimpleNamespace(features=(Feature("a", "numeric"), Feature("b", "numeric")))
    )
    assert list(model._named(pd.DataFrame([[1, 2]])).columns) == ["a", "b"]
    assert list(model._named(pd.DataFrame([{"b": 2, "a": 1}])).columns) == ["b", "a"]
    with pytest.raises(diln.DilnError, match="the rows have 1 values, but the model takes 2"):
        model._named(pd.DataFrame([[1]]))
    with pytest.raises(diln.DilnError, match="is no table"):
        model.predict("rows.csv")
    assert table_of(pd.Series({"a": 1, "b": "x"})).to_dict("records") == [{"a": 1, "b": "x"}]


def test_collections__with_names__show_them(session: diln.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    told = [{"federation": "0x12", "name": "clinics"}, {"federation": "0x34", "name": None}]
    monkeypatch.setattr(session, "run", lambda _: told)
    assert repr(session.federations) == "<Federations: clinics, 0x34>"


def test_run__options_by_their_names_of_the_command_line__are_taken(session: diln.Session) -> None:
    with pytest.raises(NotDeployed):
        session.run("federation status", federation="clinics")
    with pytest.raises(NotDeployed):
        session.run("federation status", reference="clinics")
    with pytest.raises(NotDeployed):
        session.run("sum show", model="walks")
    with pytest.raises(UsageError, match="takes no `feder`"):
        session.run("federation status", feder="clinics")


def test_offer__keys_and_tables__become_a_file_that_is_gone_afterwards(session: diln.Session) -> None:
    table = pd.DataFrame({"id": ["p0"], "a": [1]})
    given = {"name": "r\u00e4nk\U0001f600", "pot": "1", "rounds": 2, "train": table, "live": [table, table]}
    with session.offer(given) as file:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
        assert found == given | {"train": "train-0.csv", "live": ["live-0.csv", "live-1.csv"]}
        assert (file.parent / "live-1.csv").read_text() == "id,a\np0,1\n"
    assert not file.exists()
    with pytest.raises(UsageError, match="`start` of the offer is not"), session.offer({"start": object()}):
        pass
    with session.offer("offer.toml") as file:
        assert file == session.folder / "offer.toml"
    with pytest.raises(diln.DilnError, match="the offer"):
        session.federations.create({"name": "x", "nonsense": 1})


def test_publish__model_that_has_learned_nothing__refused(session: diln.Session) -> None:
    session.migrate()
    with pytest.raises(diln.DilnError, match="has learned nothing yet"):
        session.publish(LogisticRegression(), name="empty")
    assert list(session.models) == []


def test_shown__lists_and_facts_within__are_sentences() -> None:
    rows = [{"number": 1, "deposit": {"value": "5" + "0" * 17, "currency": "0x" + "0" * 40}}, {"number": 2}]
    assert shown(rows) == "number 1, deposit 0.5 ether; number 2"
    assert (shown(["a", "b\n"]), shown([]), shown({})) == ("a, 'b\\n'", "[]", "{}")


def test_things__nothing_deployed__raise_when_asked_and_tell_when_shown(session: diln.Session) -> None:
    walks = session.shared_models["walks"]
    with pytest.raises(NotDeployed):
        _ = walks.facts
    assert repr(walks).startswith("<shared model walks: ")
    assert "walks" in walks._repr_html_()


def test_collections__registry_alone__is_listed_by_name_and_as_table(session: diln.Session) -> None:
    [registry] = session.migrate()
    assert registry.name == "ModelRegistry"
    assert repr(session.models) == "<Models: none>"
    assert repr(session.markets).startswith("<Markets: SumFactory is not deployed")
    assert "not deployed" in session.competitions._repr_html_()
    (session.folder / "thing.bin").write_bytes(b"any bytes")
    first = session.publish("thing.bin", name="thing")
    assert (first.version, session.publish("thing.bin", name="thing").transaction) == ("thing@1", None)
    session.run("project create", name="empty")
    assert list(session.models) == ["thing"]
    assert session.models["empty"].versions().empty
    assert "sha256" in session.models["empty"].versions()
    assert session.models["thing@1"].facts["sha256"] == first.sha256
    assert "there is no version thing@2" in repr(session.models["thing@2"])
    assert session.models.to_frame()["versions"].tolist() == [1]
    assert session.models["thing"].versions()["sha256"].tolist() == [first.sha256]
    assert "thing" in session.models._repr_html_()
    assert session.verify("thing.bin", signed_by=["alice"])
    assert not session.verify("thing.bin", signed_by=["bob"])


def test_progress__in_a_notebook__is_drawn_below_the_cell_and_gone_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[str] = []

    class Place:
        def update(self, html: str) -> None:
            drawn.append(html)

    fake = ModuleType("IPython.display")
    vars(fake).update(HTML=str, display=lambda html, display_id: Place())
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", fake)
    monkeypatch.setattr(printing, "_NOTEBOOK", True)
    with printing.progress_bar("done at once") as report:
        report(1, 1)
    assert drawn == []
    monkeypatch.setattr(printing, "_DRAWN_AFTER", 0.0)
    monkeypatch.setattr(printing, "_DRAWN_EVERY", 0.0)
    with printing.progress_bar("reading <b>", unit="rows") as report:
        report(3, 0)
        report(4, 10)
    assert drawn == [
        "<div>reading &lt;b&gt; 3</div>",
        '<div>reading &lt;b&gt; 4 of 10 rows<progress value="4" max="10"></progress></div>',
        "",
    ]
