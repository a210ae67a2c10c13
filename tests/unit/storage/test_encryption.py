import errno
import os
import stat

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import IntegrityError, StorageError
from orchestrator.storage import decrypt_file, encrypt_file

SECRET = b"weights" * 30_000  # several of age's chunks of 64 KiB
ALICE, BOB, MALLORY = (pyrage.x25519.Identity.generate() for _ in range(3))


@pytest.fixture
def sealed(tmp_path):
    (tmp_path / "model").write_bytes(SECRET)
    return encrypt_file(
        tmp_path / "model", tmp_path / "model.age", [str(ALICE.to_public()), str(BOB.to_public())]
    )


@pytest.mark.parametrize("identity", [ALICE, BOB], ids=["alice", "bob"])
def test_decrypt_file__any_recipient__plaintext_for_the_owner_only(sealed, tmp_path, identity):
    dest = decrypt_file(sealed, tmp_path / "out", str(identity))

    assert dest.read_bytes() == SECRET
    assert stat.S_IMODE(dest.stat().st_mode) == 0o600


def test_encrypt_file__result__readable_by_age_itself(sealed):
    assert pyrage.decrypt(sealed.read_bytes(), [ALICE]) == SECRET
    assert SECRET[:100] not in sealed.read_bytes()


def test_decrypt_file__no_recipient__storage_error_and_nothing_written(sealed, tmp_path):
    with pytest.raises(StorageError, match="not encrypted for this key"):
        decrypt_file(sealed, tmp_path / "out", str(MALLORY))
    assert not list(tmp_path.glob("out*"))


@given(st.floats(0, 1, exclude_max=True), st.booleans())
@settings(max_examples=40, deadline=None)
def test_decrypt_file__altered_or_cut_off_anywhere__refused_and_nothing_written(tmp_path_factory, share, cut):
    folder = tmp_path_factory.mktemp("age")
    (folder / "model").write_bytes(SECRET)
    sealed = encrypt_file(folder / "model", folder / "model.age", [str(ALICE.to_public())])
    whole = sealed.read_bytes()
    place = int(share * len(whole))
    if cut:
        sealed.write_bytes(whole[:place])
    else:
        sealed.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])

    with pytest.raises(StorageError):
        decrypt_file(sealed, folder / "out", str(ALICE))
    assert not list(folder.glob("out*"))


def test_decrypt_file__cut_off_in_the_last_chunk__integrity_error(sealed, tmp_path):
    sealed.write_bytes(sealed.read_bytes()[:-1])

    with pytest.raises(IntegrityError):
        decrypt_file(sealed, tmp_path / "out", str(ALICE))


@pytest.mark.parametrize("recipients", [[], ["age1nobody"], ["ssh-ed25519 nobody"], ["alice"]], ids=repr)
def test_encrypt_file__no_or_malformed_recipient__storage_error(tmp_path, recipients):
    (tmp_path / "model").write_bytes(SECRET)

    with pytest.raises(StorageError):
        encrypt_file(tmp_path / "model", tmp_path / "out", recipients)
    assert not list(tmp_path.glob("out*"))


def test_decrypt_file__malformed_identity__error_does_not_show_it(sealed, tmp_path):
    with pytest.raises(StorageError) as caught:
        decrypt_file(sealed, tmp_path / "out", "AGE-SECRET-KEY-1MISTYPED")
    assert "MISTYPED" not in f"{caught.value} {caught.value.hint}"


def test_encrypt_file__missing_source__storage_error(tmp_path):
    with pytest.raises(StorageError, match="there is no file"):
        encrypt_file(tmp_path / "nowhere", tmp_path / "out", [str(ALICE.to_public())])


def test_decrypt_file__disk_full__storage_error_and_nothing_written(sealed, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(pyrage, "decrypt_io", full)
        with pytest.raises(StorageError, match="disk is full"):
            decrypt_file(sealed, tmp_path / "out", str(ALICE))
    assert not list(tmp_path.glob("out*"))
