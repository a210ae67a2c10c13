import hashlib
import hmac
import logging
import multiprocessing
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import DataError, StorageError, VerificationFailed
from orchestrator.provenance.canonical import LARGEST
from orchestrator.provenance.entries import GENESIS, Answered, Entry, input_hash
from orchestrator.provenance.predictions import PredictionLog
from tests.unit.provenance.samples import sample_model

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST, LARGEST)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def log(tmp_path):
    return PredictionLog(tmp_path / "predictions" / "tumours.jsonl")


def fill(log, count=3):
    return log.extend(sample_model(), [({"x": number}, {"y": number}) for number in range(count)])


def test_append__one_after_another__chains_them(log):
    first = log.append(sample_model(), {"x": 1}, {"y": 1})
    second = log.append(sample_model(), {"x": 2}, {"y": 2})
    assert (first.index, first.previous) == (0, GENESIS)
    assert (second.index, second.previous) == (1, first.hash)
    assert list(log.entries()) == [first, second]
    assert len(log) == 2


def test_append__by_another_object__continues(log):
    fill(log)
    entry = PredictionLog(log.path).append(sample_model(), 1, 2)
    assert entry.index == 3
    assert log.append(sample_model(), 1, 2).index == 4
    assert len(list(log.entries())) == 5


def test_entries__from_the_middle__gives_those(log):
    entries = fill(log, 5)
    assert list(log.entries(2)) == entries[2:]
    assert list(log.entries(1, 2)) == entries[1:3]
    assert list(log.entries(9)) == []


def test_entries__of_no_log__are_none(log):
    assert list(log.entries()) == []
    assert len(log) == 0


def test_append__input__is_kept_as_a_salted_hash_only(log):
    entry = log.append(sample_model(), {"name": "Ada Lovelace"}, 1)
    assert b"Lovelace" not in log.path.read_bytes()
    assert entry.input == input_hash(log.salt(0), {"name": "Ada Lovelace"})
    assert entry.input != input_hash(log.salt(1), {"name": "Ada Lovelace"})


def test_append__same_input_twice__looks_different(log):
    assert log.append(sample_model(), 1, 1).input != log.append(sample_model(), 1, 1).input


def test_key__is_readable_by_its_owner_alone(log):
    fill(log)
    key = log.path.with_name(log.path.name + ".key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == 32


@given(st.lists(st.tuples(json_values, json_values), max_size=5))
def test_extend__any_json__reads_back(tmp_path_factory, pairs):
    log = PredictionLog(tmp_path_factory.mktemp("log") / "log.jsonl")
    entries = log.extend(sample_model(), pairs)
    assert list(PredictionLog(log.path).entries()) == entries
    assert [entry.output for entry in entries] == [answered for _, answered in pairs]


@given(st.data())
def test_entries__any_byte_changed__is_detected(tmp_path_factory, data):
    log = PredictionLog(tmp_path_factory.mktemp("log") / "log.jsonl")
    fill(log)
    content = bytearray(log.path.read_bytes())
    # The last newline is left alone: its loss is a crash, not a change.
    position = data.draw(st.integers(0, 10**6)) % (len(content) - 1)
    content[position] ^= data.draw(st.integers(1, 255))
    log.path.write_bytes(content)
    with pytest.raises(VerificationFailed, match=r"line \d|last line"):
        list(PredictionLog(log.path).entries())


@pytest.mark.parametrize("number", [1, 2, 3])
def test_entries__a_changed_output__names_the_line(log, number):
    fill(log)
    lines = log.path.read_bytes().splitlines(keepends=True)
    lines[number - 1] = lines[number - 1].replace(b'"y":', b'"z":')
    log.path.write_bytes(b"".join(lines))
    expected = "last line" if number == 3 else f"line {number} of"
    with pytest.raises(VerificationFailed, match=expected):
        list(PredictionLog(log.path).entries())


def test_entries__a_line_rewritten_with_its_hash__names_the_next(log):
    entries = fill(log)
    lines = log.path.read_bytes().splitlines()
    forged = Entry(1, entries[1].time, entries[1].model, entries[1].input, "forged", entries[1].previous)
    log.path.write_bytes(b"\n".join([lines[0], forged.to_line(), lines[2], b""]))
    with pytest.raises(VerificationFailed, match=r"line 3 of .* does not follow"):
        list(log.entries())


@pytest.mark.parametrize("order", [(0, 2), (1, 0, 2), (0, 0, 1, 2), (1, 2)])
def test_entries__lines_removed_or_reordered__is_detected(log, order):
    fill(log)
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join(lines[index] for index in order))
    with pytest.raises(VerificationFailed, match="does not follow"):
        list(log.entries())


@pytest.mark.parametrize("kept", [1, 50, -30])
def test_recover__torn_last_line__is_set_aside_and_named(log, caplog, kept):
    entries = fill(log)
    whole = log.path.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    log.path.write_bytes(whole[: -len(last)] + last[:kept])
    log = PredictionLog(log.path)
    with caplog.at_level(logging.WARNING):
        message = log.recover()
    assert "torn by a crash" in message
    assert message in caplog.text
    assert log.path.with_name(log.path.name + ".torn").read_bytes() == last[:kept] + b"\n"
    assert list(log.entries()) == entries[:2]
    assert log.append(sample_model(), 1, 1).index == 2
    assert log.recover() is None


def test_recover__only_the_newline_missing__completes_the_line(log):
    entries = fill(log)
    whole = log.path.read_bytes()
    log.path.write_bytes(whole[:-1])
    log = PredictionLog(log.path)
    assert "completed" in log.recover()
    assert log.path.read_bytes() == whole
    assert list(log.entries()) == entries


def test_append__after_a_torn_line__continues_by_itself(log):
    fill(log)
    with log.path.open("ab") as file:
        file.write(b'{"half')
    assert PredictionLog(log.path).append(sample_model(), 1, 1).index == 3
    assert log.append(sample_model(), 1, 1).index == 4


def test_append__after_a_changed_last_line__is_refused(log):
    fill(log)
    log.path.write_bytes(log.path.read_bytes().replace(b'{"y":2}', b'{"y":9}'))
    before = log.path.read_bytes()
    with pytest.raises(VerificationFailed, match="last line"):
        PredictionLog(log.path).append(sample_model(), 1, 1)
    assert log.path.read_bytes() == before


def test_extend__one_value_that_json_cannot_hold__logs_nothing(log):
    fill(log)
    before = log.path.read_bytes()
    with pytest.raises(DataError, match="output"):
        log.extend(sample_model(), [(1, 1), (2, float("nan"))])
    with pytest.raises(DataError):
        log.append(sample_model(), float("inf"), 1)
    assert log.path.read_bytes() == before
    assert log.append(sample_model(), 1, 1).index == 3


def test_extend__nothing__logs_nothing(log):
    assert log.extend(sample_model(), []) == []
    assert len(log) == 0


def test_append__disk_full__leaves_the_log_whole(log, monkeypatch):
    entries = fill(log)

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(StorageError, match="No space"):
            log.append(sample_model(), 1, 1)
    assert list(log.entries()) == entries
    assert log.append(sample_model(), 1, 1).index == 3


def _append_many(path, count):
    log = PredictionLog(path)
    for number in range(count):
        log.append(sample_model(name=str(number)), number, number)


def test_append__three_processes_at_once__lose_nothing(log):
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_append_many, args=(log.path, 20)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    entries = list(log.entries())
    assert len(entries) == 60
    assert sorted(int(entry.model.name) for entry in entries) == sorted(3 * list(range(20)))


def test_append__many_threads_of_one_server__lose_nothing(log):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: log.append(sample_model(), number, number), range(40)))
    assert sorted(entry.output for entry in log.entries()) == list(range(40))


def test_last_line__longer_than_one_read__is_found(log):
    fill(log)
    log.append(sample_model(), 1, "x" * 100_000)
    assert PredictionLog(log.path).append(sample_model(), 1, 1).index == 4


# the key that hides inputs


def key_of(log):
    return log.path.with_name(f"{log.path.name}.key")


@pytest.mark.parametrize("size", [0, 1, 31, 33])
def test_append__key_of_another_size__is_refused_with_a_hint(log, size):
    """Under an empty key the salt of each entry is known to everybody, so a guessed input can be checked."""
    log.path.parent.mkdir(parents=True)
    key_of(log).write_bytes(bytes(size))
    with pytest.raises(StorageError, match=f"holds {size} bytes, not 32") as refused:
        log.append(sample_model(), {"x": 1}, {"y": 1})
    assert "remove it" in refused.value.hint
    with pytest.raises(StorageError):
        log.salt(0)
    assert not log.path.exists()


def test_append__disk_full_while_the_key_is_written__leaves_no_key(log, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(StorageError, match="No space"):
            log.append(sample_model(), {"x": 1}, {"y": 1})
    assert [path.name for path in log.path.parent.iterdir()] == [f"{log.path.name}.lock"]
    entry = log.append(sample_model(), {"x": 1}, {"y": 1})
    assert len(key_of(log).read_bytes()) == 32
    assert entry.input != input_hash(hmac.digest(b"", bytes(8), hashlib.sha256), {"x": 1})


def test_append__key_that_cannot_be_read__is_a_sentence(log):
    log.path.parent.mkdir(parents=True)
    key_of(log).mkdir()
    with pytest.raises(StorageError, match="cannot be read"):
        log.append(sample_model(), 1, 1)


# many at once


def test_commit__of_many__is_one_write_and_what_extend_writes(log, tmp_path, monkeypatch):
    pairs = [({"x": number / 3}, {"label": "é", "p": 1e-9}) for number in range(40)]
    syncs = []
    fsync = os.fsync
    log.append(sample_model(), 0, 0)
    monkeypatch.setattr("os.fsync", lambda descriptor: (syncs.append(descriptor), fsync(descriptor))[1])
    assert log.commit(sample_model(), [Answered.of(*pair) for pair in pairs]) == 1
    assert len(syncs) == 1
    entries = list(log.entries(1))
    assert [entry.output for entry in entries] == [output for _, output in pairs]
    assert [entry.input for entry in entries] == [
        input_hash(log.salt(entry.index), asked) for entry, (asked, _) in zip(entries, pairs, strict=True)
    ]
    lines = log.path.read_bytes().splitlines()[1:]
    assert [entry.to_line() for entry in entries] == lines


def _commit_for_ever(path, ready):
    log = PredictionLog(path)
    while True:
        first = log.commit(sample_model(), [Answered.of(number, number) for number in range(20)])
        ready.send(first + 20)


def test_commit__two_killed_under_load__chain_whole_and_nothing_lost(log):
    """Both are killed at once in the middle of what they do; whatever was said to be logged is there."""
    spawn = multiprocessing.get_context("spawn")
    pipes = [spawn.Pipe(duplex=False) for _ in range(2)]
    writers = [spawn.Process(target=_commit_for_ever, args=(log.path, sent)) for _, sent in pipes]
    for writer in writers:
        writer.start()
    promised = 0
    for _ in range(30):
        for received, _ in pipes:
            promised = max(promised, received.recv())
    for writer in writers:
        writer.kill()
        writer.join()
    for received, sent in pipes:
        sent.close()
        while received.poll():
            try:
                promised = max(promised, received.recv())
            except (EOFError, OSError):
                break
    entries = list(PredictionLog(log.path).entries())
    assert len(entries) >= promised >= 600
    assert PredictionLog(log.path).append(sample_model(), 1, 1).index == len(entries)
