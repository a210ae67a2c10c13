"""A shared model on real nodes, with a real Kubo for its encoder, and by the command line."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli.dispatch import run
from orchestrator.config import Settings, load_settings
from orchestrator.errors import ModelError
from orchestrator.kernel.session import Session
from orchestrator.models.online.descriptor import descriptor_cid
from orchestrator.systems.sum.opening import open_model
from tests.integration.daemons import Kubo
from tests.integration.growing import encoded, grow_a_model
from tests.unit.sum.conftest import CITY, NATURE, review

pytestmark = pytest.mark.integration


def test_grow__through_anvil__nothing_stays_behind(anvil: Settings, tmp_path: Path) -> None:
    grow_a_model(anvil, tmp_path)


def test_grow__through_ganache__nothing_stays_behind(ganache: Settings, tmp_path: Path) -> None:
    grow_a_model(ganache, tmp_path)


def test_grow__with_kubo__others_encode_with_what_they_fetch_from_it(
    kubo_daemon: Kubo, tmp_path: Path
) -> None:
    here = replace(load_settings(home=tmp_path, environ={}), storage=kubo_daemon.config)
    village = grow_a_model(here, tmp_path)
    opened = village.opened
    pinned = kubo_daemon.ipfs("pin", "ls", "--type=recursive", "--quiet").decode().split()
    assert {descriptor_cid(opened.created.salt), opened.descriptor.test} <= set(pinned)
    shutil.copytree(tmp_path / "home", tmp_path / "there", ignore=shutil.ignore_patterns("store", "cache"))
    with Session(replace(here, home=tmp_path / "there")) as session:
        found = open_model(session, opened.shared.address)
        assert found.descriptor == opened.descriptor
        assert found.shared.contract.predict(encoded(village, (review(CITY, 0), "city"))[0]) == 0
    apart = replace(here, home=tmp_path / "there", storage=replace(here.storage, kind="embedded"))
    with Session(apart) as session, pytest.raises(ModelError, match=r"encoder .* is missing"):
        open_model(session, opened.shared.address)


def test_commands__on_anvil__from_create_to_withdraw(
    anvil: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    networks = f"diln: {{network: embedded, networks: {{development: {{url: '{anvil.network.url}'}}}}}}"
    Path("brownie-config.yaml").write_text(networks)
    lines = [f"{review(words, n)},{label}" for n in range(30) for words, label in LABELLED]
    Path("walks.csv").write_text("\n".join(["text,label", *lines]))

    def diln(*words: str) -> object:
        code = run(["sum", *words, "--network", "development", "--json"])
        printed = capsys.readouterr()
        assert code == 0, printed.out + printed.err
        return json.loads(printed.out)

    assert run(["migrate", "sum", "--network", "development", "--from", "alice"]) == 0
    capsys.readouterr()
    text = ["--text", review(CITY, 0)]
    diln(
        "create",
        "rambles",
        "--csv",
        "walks.csv",
        "--text-column",
        "text",
        "--refund-wait",
        "1d",
        "--from",
        "alice",
    )
    assert diln("predict", "rambles", *text) == [{"label": "city"}]
    added = diln("add", "rambles", *text, "--label", "city", "--max-price", "1", "--from", "bob")
    assert added["contributions"][0]["state"] == "added"
    assert run(["chain", "advance", "3d", "--network", "development"]) == 0
    capsys.readouterr()
    assert diln("refund", "rambles", "--from", "bob")[0]["verb"] == "refund"
    assert diln("withdraw", "rambles", "--from", "bob")["amount"]["value"] != "0"
    assert diln("replay", "rambles")["identical"]


LABELLED = ((CITY, "city"), (NATURE, "nature"))
