"""What strangers put into the factory ends no command of a market.

├── clones of foreign code, of no code, with other arguments: every command goes on
└── markets of others with the same name: the own one is meant
"""

from typing import Any

import pytest

from orchestrator.cli.dispatch import run
from tests.unit.sum.test_strangers import hostile, namesake

MARKETS = [
    ["list"],
    ["show", "fair"],
    ["predict", "fair", "--text", "a tower and a tram"],
    ["replay", "fair"],
    ["settle", "fair"],
    ["open", "fair"],
    ["withdraw", "fair"],
    ["keep", "fair", "--once"],
    ["contribute", "fair", "--text", "river deer", "--label", "nature", "--open"],
]


@pytest.mark.parametrize("words", MARKETS, ids=" ".join)
def test_commands__market_among_hostile_entries__work(
    fair: Any, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    session = fair.session
    hostile(session, fair.account("stranger"), fair.opened.created.arguments)
    assert run(["market", *words, "--json", "--home", str(session.settings.home)]) == 0
    assert "fair" in capsys.readouterr().out or words[-1] != "list"


@pytest.mark.parametrize("command", ["show", "settle", "open", "withdraw"])
def test_commands__market_of_the_same_name__the_one_that_this_folder_made(
    fair: Any, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    namesake(fair.session, fair.opened)
    assert run(["market", command, "fair", "--home", str(fair.session.settings.home)]) == 0
    assert "several" not in capsys.readouterr().err
