"""
Flipped bits in the file of the embedded chain
├── whatever is read is what was written, or refused in a sentence: never a version or a revocation less
└── a value, a log, an index entry: each is noticed
"""

import shutil
import sqlite3
from pathlib import Path
from random import Random

import pytest

from orchestrator.chain import connect
from orchestrator.config import load_settings
from orchestrator.errors import ChainError, DilnError
from orchestrator.provenance import ModelRegistry, publication_of
from tests.unit.provenance.samples import sample_manifest

FLIPS = 60


@pytest.fixture
def grown(lab, tmp_path) -> tuple[Path, bytes, str, list]:
    """A closed chain with three versions, one of them revoked, as one file."""
    project = lab.create_project()
    for number in range(3):
        manifest = sample_manifest(sha256=f"{number + 1:064x}", parents=[])
        lab.send(lab.registry.publish(publication_of(manifest, project)))
    lab.send(lab.registry.contract.revoke(project, manifest.artifact_hash, "wrong labels"))
    versions = lab.registry.versions(project)
    assert len(versions) == 3
    lab.chain.close()
    return lab.settings.chain_file, project, lab.registry.address, versions


def read_again(file: Path, project: bytes, address: str) -> list:
    with connect(load_settings(home=file.parent, environ={})) as chain:
        return ModelRegistry(chain, address).versions(project)


def test_versions__a_bit_of_the_chain_flipped__right_or_refused(grown):
    file, project, address, versions = grown
    whole, random, refused = file.read_bytes(), Random(7), 0
    used = [place for place in range(len(whole)) if whole[place]]
    for place in random.sample(used, FLIPS):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << random.randrange(8)
        for path in file.parent.glob("chain.sqlite-*"):
            path.unlink()
        file.write_bytes(flipped)
        try:
            assert read_again(file, project, address) == versions, place
        except DilnError:
            refused += 1
    assert refused < FLIPS


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE log SET topic1 = zeroblob(32) WHERE rowid_is = 0",
        "UPDATE log SET address = zeroblob(20) WHERE rowid_is = 0",
        "UPDATE log SET data = zeroblob(length(data)) WHERE rowid_is = 0",
        "DELETE FROM log WHERE rowid_is = 0",
        "UPDATE kv SET v = zeroblob(length(v)) WHERE length(k) = 32",
    ],
    ids=["topic", "address", "data", "log gone", "state"],
)
def test_versions__what_the_chain_keeps_changed__refused(grown, change):
    file, project, address, _ = grown
    last = "(block, position) = (SELECT block, position FROM log ORDER BY block DESC, position DESC LIMIT 1)"
    connection = sqlite3.connect(file)
    with connection:
        assert connection.execute(change.replace("rowid_is = 0", last)).rowcount
    connection.close()
    with pytest.raises(ChainError, match="damaged or is not a chain"):
        read_again(file, project, address)


def test_versions__disk_that_cannot_be_written__are_read(grown, monkeypatch):
    file, project, address, versions = grown
    real = sqlite3.connect

    def refuse(target, *args, **options):
        if "immutable" not in str(target):
            raise sqlite3.OperationalError("unable to open database file")
        return real(target, *args, **options)

    monkeypatch.setattr(sqlite3, "connect", refuse)
    assert read_again(file, project, address) == versions


def test_connect__writes_that_were_not_put_in_place__are_not_passed_over(lab, tmp_path, monkeypatch):
    lab.create_project()
    for path in lab.settings.home.glob("chain.sqlite*"):
        shutil.copy(path, tmp_path / path.name)
    assert (tmp_path / "chain.sqlite-wal").stat().st_size > 0
    real = sqlite3.connect

    def refuse(target, *args, **options):
        if "immutable" not in str(target):
            raise sqlite3.OperationalError("unable to open database file")
        return real(target, *args, **options)

    monkeypatch.setattr(sqlite3, "connect", refuse)
    with pytest.raises(ChainError, match="cannot be used"):
        connect(load_settings(home=tmp_path, environ={}))
