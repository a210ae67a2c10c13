"""What people bring: descriptors, offers, predictions; and what comes back to numerapi's users.

an offer
└── wrong amounts, files: named (wrong keys, types, descriptors: tests/unit/kernel/test_reading.py)
predictions
└── unknown, missing, doubled ids, no numbers: refused, with the rows
the API
└── from the data to the payout, with a frame
a baseline, a simulation
└── better than chance; good characters gain, contrary ones lose
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from orchestrator.errors import ChainError, DataError, IntegrityError, UsageError
from orchestrator.systems.tournament import baseline, tables
from orchestrator.systems.tournament.api import TournamentAPI
from orchestrator.systems.tournament.creating import promises
from orchestrator.systems.tournament.entering import read_ranks
from orchestrator.systems.tournament.finding import descriptor_of, find, name_of
from orchestrator.systems.tournament.ranks import decode
from orchestrator.systems.tournament.rows import aligned
from orchestrator.systems.tournament.simulating import simulate
from orchestrator.systems.tournament.verifying import money_terms
from tests.unit.systems.tournament.conftest import ETHER, ROWS, Stage, write_csv


def test_descriptor__whole__is_what_was_published(stage: Stage) -> None:
    found = stage.create(name="\x1b[31mred\u202e")
    descriptor = descriptor_of(stage.session, found)
    assert (descriptor.features, descriptor.digest) == (("x", "y"), found.terms.descriptor)
    assert name_of(stage.session, found) == "\\x1b[31mred\\u202e"
    with pytest.raises(ChainError, match="no tournament is called"):
        find(stage.session, "green")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pot": "0"}, "this `pot`"),
        ({"bond": "0.1"}, "this `bond`"),
        ({"tip": "1"}, "this `tip`"),
        ({"clip": 0.0}, "this `clip`"),
        ({"drag": 101.0}, "`drag` cannot be 101"),
        ({"corr_multiplier": 0.0, "contribution_multiplier": 0.0}, "this `corr_multiplier`"),
        ({"scoring": "5m"}, "this `scoring`"),
        ({"pot": "much"}, "not an amount"),
        ({"live": ()}, "no round has rows"),
        ({"live": ("none.csv",)}, "cannot be read"),
        ({"live": ("live-0.parquet",)}, "is not CSV"),
        ({"live": ("train.csv",)}, "other columns"),
        ({"train": "live-0.csv"}, "other columns"),
        ({"live": ("live-0.csv", "short.csv")}, "different ids"),
        ({"live": ("short.csv",)}, "15 rows"),
    ],
)
def test_plan__what_no_tournament_can_have__named(stage: Stage, changes: dict[str, Any], told: str) -> None:
    header, *lines = (stage.folder / "live-1.csv").read_text().splitlines()
    write_csv(stage.folder / "short.csv", header, lines[:15])
    with pytest.raises(UsageError if set(changes).isdisjoint(("live", "train")) else DataError, match=told):
        stage.plan(**changes)


def test_plan__bond_and_threshold_left_out__follow_from_the_pot(stage: Stage) -> None:
    made = stage.plan(bond="", threshold="")
    assert (made.terms.bond, made.terms.threshold) == (2 * ETHER, 40 * ETHER)
    assert "a pot of 2 ether and a bond of 2 ether" in promises(made)[0]


IDS = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,1\nb,2", "there is no row for the id `c`"),
        ("a,1\nb,2\nb,3\nc,1", "row 3: the id `b` is there twice"),
        ("a,1\nb,2\nc,3\n\x1b[2J,3", r"row 4: the id `\\x1b\[2J` is not of this round"),
        ("a,1\nb,nan\nc,3", "row 2: `nan` is not a finite number"),
        ("a,1\nb,\nc,inf", "row 2: `` is not a finite number; row 3: `inf`"),
        ("a,1\nb,2,3\nc,1", "line 3: 3 fields instead of 2"),
        ("\n".join(f"z{n},1" for n in range(20)), "and 18 more"),
    ],
)
def test_aligned__faulty_rows__refused_by_number(text: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        aligned(f"id,p\n{text}\n".encode(), "id", IDS, ["p"])


def test_aligned__any_order_and_format__by_id(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["c", "a", "b"], "p": [3, 1, 2], "more": 0})
    frame.to_parquet(tmp_path / "p.parquet")
    frame.to_csv(tmp_path / "p.csv", index=False)
    for source in (
        frame,
        tmp_path / "p.parquet",
        tmp_path / "p.csv",
        (tmp_path / "p.csv").read_bytes(),
    ):
        assert aligned(source, "id", IDS, ["p"])[0].tolist() == [1, 2, 3]
    with pytest.raises(DataError, match="not UTF-8"):
        aligned((tmp_path / "p.parquet").read_bytes(), "id", IDS, ["p"])
    with pytest.raises(DataError, match="no column `q`"):
        aligned(frame, "id", IDS, ["q"])


def test_enter__false_tables_or_unknown_round__refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    found = stage.entered()
    with pytest.raises(DataError, match="no rows for round 2"):
        read_ranks(stage.session, found, 2, stage.predictions(1.0))
    monkeypatch.setattr(tables, "powers", lambda rows: tables.normals(rows))
    with pytest.raises(IntegrityError, match="is false"):
        stage.enter(found, "anna")


def test_api__frame_to_payout(stage: Stage) -> None:
    found = stage.entered("ben")
    stage.session.known.remember(found.address, "tournament")
    api = TournamentAPI(stage.session, stage.account("anna"))
    assert (api.get_current_round(), api.stake_get()) == (0, 0)
    train, live = api.download_dataset(stage.folder / "data")
    assert (len(pd.read_csv(train)), len(pd.read_csv(live))) == (ROWS, ROWS)
    frame = pd.read_csv(live)[["id"]]
    frame["prediction"] = np.arange(ROWS)
    api.upload_predictions(frame, stake=ETHER)
    better = pd.read_csv(stage.targets()).rename(columns={"target": "prediction"})
    api.fund(ETHER)
    assert api.stake_increase(ETHER // 2, better) == api.stake_get() == 3 * ETHER // 2
    assert api.pending_payouts() == [{"round": 0, "stake": 3 * ETHER // 2, "payout": None}]
    stage.at(found, "closes")
    stage.reveal(found)
    [pending] = api.pending_payouts()
    assert api.list_rounds()[0]["phase"] == "scoring"
    stage.keep(found, "anna")
    [performance] = api.round_model_performances()
    assert performance["payout"] == pending["payout"] > 0
    assert performance["correlation"] > 0.9
    assert api.get_leaderboard()[0]["payout"] == performance["payout"]
    assert (api.round_model_performances("carol"), api.pending_payouts()) == ([], [])
    assert api.stake_decrease(ETHER) == ETHER
    assert api.stake_decrease() == ETHER + performance["payout"]
    with pytest.raises(ChainError, match="no round takes entries"):
        api.get_current_round()


def test_baseline__better_than_chance(stage: Stage) -> None:
    found = stage.create()
    output = baseline.predict(stage.session, found, 0, stage.folder / "predictions.csv")
    ranks = decode(read_ranks(stage.session, found, 0, output), ROWS)
    truth = pd.read_csv(stage.targets())["target"]
    assert np.corrcoef(ranks, truth)[0, 1] > 0.7


def test_simulate__good_characters_gain__contrary_ones_lose(stage: Stage) -> None:
    money = money_terms(stage.plan().terms)
    outcomes, burnt = simulate(money, 256, 10, ETHER)
    change = {each.name: each.change for each in outcomes}
    assert change["expert"] > change["good"] > change["contrary"]
    assert change["expert"] > 0 > change["contrary"]
    assert burnt > 0
    assert simulate(money, 256, 10, ETHER) == (outcomes, burnt)
