"""test_ask
├── contract that is not known
│   ├── no terminal, or --json: refused, names --yes, nothing remembered
│   ├── terminal, declined: aborted, nothing remembered
│   └── terminal and agreed, or --yes: remembered
├── known contract: not asked, but said
├── more than a maximum: refused, nothing remembered
└── a stranger's text in a sentence: shown escaped
"""

import io
from pathlib import Path

import pytest
import typer
from eth_utils.address import to_checksum_address

from orchestrator.chain.known import KnownContracts
from orchestrator.console import BoundedConsent, Consent
from orchestrator.errors import ChainError, UsageError
from orchestrator.kernel.money import Currency

ETHER = Currency()
ADDRESS = to_checksum_address("0x" + "aa" * 20)
SENTENCES = ["500 ether go to the contract."]


class _Chain:
    chain_id = 31337
    genesis_hash = "0x" + "12" * 32


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def known(tmp_path: Path) -> KnownContracts:
    return KnownContracts(tmp_path, _Chain())


@pytest.mark.parametrize("json", [False, True])
def test_ask__nobody_can_be_asked__refused_and_names_yes(
    known: KnownContracts, monkeypatch: pytest.MonkeyPatch, json: bool
) -> None:
    monkeypatch.setattr("sys.stdin", _Terminal("y\n") if json else io.StringIO("y\n"))

    with pytest.raises(UsageError, match="nobody can be asked") as refused:
        Consent(json=json).ask(known, ADDRESS, "competition", SENTENCES)

    assert "--yes" in refused.value.hint
    assert not known.knows(ADDRESS)


def test_ask__somebody_declines__aborted_and_not_remembered(
    known: KnownContracts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", _Terminal("n\n"))

    with pytest.raises(typer.Abort):
        Consent().ask(known, ADDRESS, "competition", SENTENCES)

    assert not known.knows(ADDRESS)


@pytest.mark.parametrize("yes", [False, True])
def test_ask__agreed__said_and_remembered(
    known: KnownContracts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], yes: bool
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO() if yes else _Terminal("y\n"))

    Consent(yes=yes).ask(known, ADDRESS, "competition", SENTENCES)

    assert known.last("competition") == ADDRESS
    assert "500 ether" in capsys.readouterr().err


def test_ask__known_contract__said_but_not_asked(
    known: KnownContracts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    known.remember(ADDRESS, "competition")

    Consent().ask(known, ADDRESS, "competition", ["\x1b[2J goes to the organizer"])

    said = capsys.readouterr().err
    assert "\\x1b[2J goes" in said
    assert "\x1b" not in said


def test_within__more_than_the_maximum__refused_and_not_remembered(known: KnownContracts) -> None:
    agreed = BoundedConsent(yes=True, maximum="0.5").within(known, ADDRESS, "federation", ETHER)

    with pytest.raises(ChainError, match=r"0\.6 ether would leave"):
        agreed(6 * 10**17, SENTENCES)

    assert not known.knows(ADDRESS)
    agreed(5 * 10**17, SENTENCES)
    assert known.knows(ADDRESS)
