"""The encrypted file of a private model: what lies in it, what its size tells, who may have made it.

describe with encrypt_to
├── unnamed project → refused: its name is public
├── again, to the same readers → the same run
├── again, to another reader or with metrics → another run
unseal
├── what seal wrote → model and opening, for their owner alone
├── anything else in an age file → refused, nothing is written outside the folder
└── extensions of tar → refused unread: they would end the reader, or fill its memory
"""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest

from orchestrator.errors import IntegrityError, StorageError, UsageError
from orchestrator.provenance.openings import LARGEST_OPENING, Opening
from orchestrator.systems.prove.about import About
from orchestrator.systems.prove.describing import describe_model
from orchestrator.systems.prove.runs import Run
from orchestrator.systems.prove.sealing import find_opening, padded, unseal
from tests.unit.pipeline.desk import Desk

Describe = Callable[..., Run]


@pytest.fixture
def identity() -> pyrage.x25519.Identity:
    return pyrage.x25519.Identity.generate()


@pytest.fixture
def describe(desk: Desk, identity: pyrage.x25519.Identity, tmp_path: Path) -> Describe:
    file = tmp_path / "customers.gguf"
    file.write_bytes(b"GGUF" + bytes(5000))

    def act(*, project: str | None = "p1", size: int = 0, **options: object) -> Run:
        if size:
            file.write_bytes(b"GGUF" + bytes(size - 4))
        known = About(project=project, metrics={"f1": 0.875})
        options = {"encrypt_to": (str(identity.to_public()),), **options}
        return describe_model(desk.session, file, known, **options)  # type: ignore[arg-type]

    return act


def test_describe__private_without_a_name__is_refused(describe: Describe) -> None:
    with pytest.raises(UsageError, match="that of its project is"):
        describe(project=None)


def test_describe__private_twice__is_the_same_run(describe: Describe) -> None:
    run = describe()
    assert describe() == run
    assert describe(encrypt_to=()) != run
    assert describe(publish_metrics=True) != run
    other = str(pyrage.x25519.Identity.generate().to_public())
    assert describe(encrypt_to=(other,)) != run
    assert describe() == run


@pytest.mark.parametrize("private", [True, False])
def test_describe__a_file_that_is_called_as_an_encrypted_one__is_a_model_as_others(
    desk: Desk, identity: pyrage.x25519.Identity, tmp_path: Path, private: bool
) -> None:
    file = tmp_path / "secret.age"
    file.write_bytes(b"GGUF" + bytes(5000))
    readers = (str(identity.to_public()),) if private else ()
    run = describe_model(desk.session, file, About(project="p1"), encrypt_to=readers)
    assert run.model.read_bytes() == file.read_bytes()
    assert desk.publish(run).version.number == 1


def test_describe__private__tells_no_size(describe: Describe, identity: pyrage.x25519.Identity) -> None:
    runs = [describe(size=size) for size in (40_000, 40_001, 41_000)]
    # age itself adds some random bytes, so it is what it encrypted that has to be of one size.
    plain = [pyrage.decrypt(run.encrypted.read_bytes(), [identity]) for run in runs]
    assert len({len(each) for each in plain}) == 1
    assert len({len(run.manifest.to_bytes()) for run in runs}) == 1


@pytest.mark.parametrize("size", [512, 513, 10_240, 51_200, 1 << 20, (1 << 20) + 1, 123_456_789, 5 << 30])
def test_padded__any_size__is_a_tars_and_at_most_12_percent_more(size: int) -> None:
    assert size <= padded(size) <= max(size * 1.12, size + 511)
    assert padded(size) % 512 == 0
    assert padded(padded(size)) == padded(size)


def test_unseal__what_was_sealed__is_its_owners_alone(
    describe: Describe, identity: pyrage.x25519.Identity, tmp_path: Path
) -> None:
    run, folder = describe(), tmp_path / "out"
    folder.mkdir()
    model = unseal(run.encrypted, folder, str(identity))
    assert model.read_bytes() == run.model.read_bytes()
    assert (folder / "opening.json").read_bytes() == run.opening.read_bytes()
    assert sorted(each.name for each in folder.iterdir()) == ["model.gguf", "opening.json"]
    assert {each.stat().st_mode & 0o077 for each in folder.iterdir()} == {0}


def test_find_opening__of_a_copy_of_a_runs_model__is_the_runs(
    desk: Desk, describe: Describe, tmp_path: Path
) -> None:
    run, copy = describe(), tmp_path / "copy"
    copy.write_bytes(run.model.read_bytes())
    assert find_opening(desk.settings, copy) == Opening.read(run.opening)
    copy.write_bytes(b"other")
    assert find_opening(desk.settings, copy) is None
    assert find_opening(desk.settings, tmp_path) is None


def member(name: str, content: bytes = b"{}", **told: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in told.items():
        setattr(info, key, value)
    return info, content


@pytest.mark.parametrize(
    "members",
    [
        [],
        [member("opening.json")],
        [member("model.skops"), member("opening.json")],
        [member("opening.json"), member("../model.skops")],
        [member("opening.json"), member("/tmp/model.skops")],
        [member("opening.json"), member("model.skops"), member("model.more")],
        [member("opening.json"), member("model.skops", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")],
        [member("opening.json"), member("model.skops", b"", type=tarfile.FIFOTYPE)],
        [member("opening.json", bytes(LARGEST_OPENING + 1)), member("model.skops")],
        [member("opening.json"), member("evil.skops")],
        [member("opening.json"), member("model.age")],
        [member("opening.json"), member("model.\x1b[31m")],
        [member("opening.json"), member("model.\u202egpj")],
    ],
)
def test_unseal__another_archive__is_refused(
    members: list[tuple[tarfile.TarInfo, bytes]], identity: pyrage.x25519.Identity, tmp_path: Path
) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    refuse(made.getvalue(), identity, tmp_path)


def extended(**headers: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("opening.json", "model.skops"):
            info, content = member(name, pax_headers=headers)
            tar.addfile(info, io.BytesIO(content))
    return made.getvalue()


def long_name(size: int, content: bytes) -> bytes:
    info, _ = member("././@LongLink", type=tarfile.GNUTYPE_LONGNAME)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT) + content


@pytest.mark.parametrize(
    "archive",
    [
        extended(**{"GNU.sparse.map": "x"}),
        extended(**{"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}),
        extended(path="model\0.skops"),
        extended(size="9" * 30),
        long_name(512, bytes(512)) * 2_000,
        long_name(-512, bytes(512)),
    ],
)
def test_unseal__extensions_of_tar__are_refused_unread(
    archive: bytes, identity: pyrage.x25519.Identity, tmp_path: Path
) -> None:
    refuse(archive, identity, tmp_path)


def test_unseal__a_model_that_is_cut_off__is_refused(
    identity: pyrage.x25519.Identity, tmp_path: Path
) -> None:
    opening, _ = member("opening.json", b"")
    model, _ = member("model.skops", bytes(512))
    refuse(opening.tobuf() + model.tobuf() + b"half", identity, tmp_path)


def test_unseal__no_archive__is_refused(identity: pyrage.x25519.Identity, tmp_path: Path) -> None:
    refuse(b"a model without anything around it" * 100, identity, tmp_path)


def refuse(plain: bytes, identity: pyrage.x25519.Identity, tmp_path: Path) -> None:
    sealed, folder = tmp_path / "model.age", tmp_path / "out"
    sealed.write_bytes(pyrage.encrypt(plain, [identity.to_public()]))
    folder.mkdir()
    with pytest.raises(IntegrityError, match="holds no private model"):
        unseal(sealed, folder, str(identity))
    assert list(folder.iterdir()) == []
    with pytest.raises(StorageError, match="not encrypted for this key"):
        unseal(sealed, folder, str(pyrage.x25519.Identity.generate()))
