"""`import diln`: what a session gives back, and what it refuses."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

import diln
from diln.results import frame
from orchestrator.console import printing
from orchestrator.errors import NotDeployed, UsageError

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
        "  rounds  [1]",
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


def test_run__options_by_their_names_of_the_command_line__are_taken(session: diln.Session) -> None:
    with pytest.raises(NotDeployed):
        session.run("federation status", federation="clinics")
    with pytest.raises(NotDeployed):
        session.run("federation status", reference="clinics")
    with pytest.raises(UsageError, match="takes no `feder`"):
        session.run("federation status", feder="clinics")


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
    (session.folder / "thing.bin").write_bytes(b"any bytes")
    first = session.publish("thing.bin", name="thing")
    assert (first.version, session.publish("thing.bin", name="thing").transaction) == ("thing@1", None)
    assert list(session.models) == ["thing"]
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
