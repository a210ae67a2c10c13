"""What people write, read by the dataclass that it is to become.

an offer (TOML)
└── wrong keys, types, no file: named
a descriptor (canonical JSON)
└── hostile bytes: refused in a sentence
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from orchestrator.errors import DataError, SpecError
from orchestrator.kernel import finding, offers
from orchestrator.provenance.canonical import encode


@dataclass(frozen=True)
class Offer:
    name: str
    pot: str
    files: tuple[str, ...] = ()
    rounds: int = 1
    share: float = 0.5
    open: bool = False


@dataclass(frozen=True)
class Descriptor(finding.Descriptor):
    FORMAT: ClassVar[str] = "diln-test/1"

    rounds: int
    features: tuple[str, ...]


GOOD = {"format": "diln-test/1", "name": "stations", "rounds": 1, "features": ["x"]}


def test_offer__numbers_and_texts__alike(tmp_path: Path) -> None:
    (tmp_path / "offer.toml").write_text("name = 'a'\npot = 2\nfiles = ['b', 'c']\nshare = 1\nopen = true")
    found = offers.read_offer(Offer, tmp_path / "offer.toml", "its page")
    assert found == Offer("a", "2", ("b", "c"), share=1.0, open=True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = [", "cannot be read"),
        ("colour = 1", "no key `colour`"),
        ("share = 'much'", "`share` has another type"),
        ("files = true", "`files` has another type"),
        ("share = true", "`share` has another type"),
        ("rounds = 1.5", "`rounds` has another type"),
        ("open = 1", "`open` has another type"),
        ("name = 'a'", "missing"),
    ],
)
def test_offer__faulty__names_the_key(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "offer.toml").write_text(text)
    with pytest.raises(SpecError, match=told):
        offers.read_offer(Offer, tmp_path / "offer.toml", "its page")
    with pytest.raises(SpecError, match="cannot be read"):
        offers.read_offer(Offer, tmp_path / "none.toml", "its page")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b"null",
        b'"text"',
        json.dumps(GOOD, indent=1).encode(),
        encode({**GOOD, "format": "diln-test/2"}),
        encode({**GOOD, "features": 7}),
        encode({**GOOD, "features": None}),
        encode({name: value for name, value in GOOD.items() if name != "name"}),
    ],
)
def test_descriptor__hostile_bytes__refused_in_a_sentence(data: bytes) -> None:
    assert Descriptor.parse(encode(GOOD)).to_bytes() == encode(GOOD)
    with pytest.raises(DataError, match="the descriptor is"):
        Descriptor.parse(data)
