from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import VerificationFailed
from orchestrator.provenance.batches import LogBatches
from orchestrator.provenance.inclusion import InclusionProof
from orchestrator.provenance.predictions import PredictionLog
from tests.unit.provenance.samples import DEEP, sample_anchor, sample_model


@pytest.fixture
def batches(tmp_path):
    return LogBatches(PredictionLog(tmp_path / "log.jsonl"))


def predict(batches, count=1):
    for number in range(count):
        batches.log.append(sample_model(), {"x": number}, {"y": number})


def anchor(batches):
    return batches.close(batches.open(), sample_anchor())


def test_open__nothing_logged__is_none(batches):
    assert batches.open() is None


def test_open__entries_logged__covers_them_all(batches):
    predict(batches, 5)
    batch = batches.open()
    assert (batch.first, batch.count, batch.anchor) == (0, 5, None)


def test_open__interrupted_before_it_was_closed__is_the_same_again(batches):
    predict(batches, 2)
    batch = batches.open()
    predict(batches, 3)
    assert LogBatches(batches.log).open() == batch


def test_open__after_an_anchor__covers_what_came_since(batches):
    predict(batches, 2)
    anchor(batches)
    assert batches.open() is None
    predict(batches, 3)
    batch = batches.open()
    assert (batch.first, batch.count) == (2, 3)


def test_close__another_batch__is_refused(batches):
    predict(batches)
    batch = batches.open()
    with pytest.raises(VerificationFailed, match="does not know"):
        batches.close(replace(batch, root=bytes(32)), sample_anchor())


def test_all__after_closing__holds_the_anchor(batches):
    predict(batches)
    closed = anchor(batches)
    assert LogBatches(batches.log).all() == [closed]
    assert closed.anchor == sample_anchor()


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'[{"first": 0}]', b"[" * 9, b"\xff", b"3", DEEP])
def test_all__damaged_file__is_refused(batches, content):
    batches.path.write_bytes(content)
    with pytest.raises(VerificationFailed, match="damaged"):
        batches.all()


@pytest.mark.parametrize("index", range(7))
def test_prove__any_anchored_entry__holds(batches, index):
    predict(batches, 4)
    anchor(batches)
    predict(batches, 3)
    anchor(batches)
    proof = batches.prove(index)
    assert proof.holds
    assert proof.entry == list(batches.log.entries())[index]
    assert InclusionProof.parse(proof.to_bytes()) == proof


def test_prove__not_anchored_yet__says_so(batches):
    predict(batches)
    batches.open()
    with pytest.raises(VerificationFailed, match="not anchored yet"):
        batches.prove(0)


@pytest.mark.parametrize("index", [-1, 2])
def test_prove__no_such_entry__says_so(batches, index):
    predict(batches, 2)
    anchor(batches)
    with pytest.raises(VerificationFailed, match="no prediction"):
        batches.prove(index)


def test_check__whole_log__counts_its_entries(batches):
    predict(batches, 3)
    anchor(batches)
    predict(batches, 1)
    assert batches.check() == 4


def test_check__log_written_anew__is_detected(batches):
    predict(batches, 3)
    anchor(batches)
    batches.log.path.unlink()
    forged = PredictionLog(batches.log.path)
    for number in range(3):
        forged.append(sample_model(), {"x": number}, {"y": "forged"})
    with pytest.raises(VerificationFailed, match=r"lines 1 to 3 .* not those that were anchored"):
        LogBatches(forged).check()
    with pytest.raises(VerificationFailed, match="not those that were anchored"):
        LogBatches(forged).prove(1)


def test_check__anchored_entries_cut_off__is_detected(batches):
    predict(batches, 3)
    anchor(batches)
    lines = batches.log.path.read_bytes().splitlines(keepends=True)
    batches.log.path.write_bytes(b"".join(lines[:2]))
    with pytest.raises(VerificationFailed, match="not those that were anchored"):
        LogBatches(PredictionLog(batches.log.path)).check()


def proof_of(batches):
    predict(batches, 5)
    anchor(batches)
    return batches.prove(3)


def test_reveal__the_right_input__fits(batches):
    proof = proof_of(batches)
    assert not proof.input_fits
    shown = proof.reveal({"x": 3}, batches.log.salt(3))
    assert shown.input_fits
    assert InclusionProof.parse(shown.to_bytes()).input_fits


def test_reveal__another_input_or_salt__is_refused(batches):
    proof = proof_of(batches)
    for asked, salt in [({"x": 4}, batches.log.salt(3)), ({"x": 3}, batches.log.salt(4))]:
        with pytest.raises(VerificationFailed, match="not made for this input"):
            proof.reveal(asked, salt)


@pytest.fixture(scope="module")
def proof(tmp_path_factory):
    """A proof that shows its input."""
    batches = LogBatches(PredictionLog(tmp_path_factory.mktemp("log") / "log.jsonl"))
    return proof_of(batches).reveal({"x": 3}, batches.log.salt(3))


@given(data=st.data())
def test_parse__any_byte_changed__is_refused_or_does_not_hold(proof, data):
    changed = bytearray(proof.to_bytes())
    position = data.draw(st.integers(0, len(changed) - 1))
    changed[position] ^= data.draw(st.integers(1, 255))
    try:
        other = InclusionProof.parse(bytes(changed))
    except VerificationFailed:
        return
    # What is left are the anchor's words and the count, which the chain is asked about.
    same = replace(other, anchor=proof.anchor, count=proof.count) == proof
    assert same or not (other.holds and other.input_fits)


@pytest.mark.parametrize(("position", "count"), [(5, 5), (0, 0), (2**52, 2**52 + 1), (0, 2**32), (-1, 5)])
def test_parse__place_that_no_batch_has__is_refused(proof, position, count):
    forged = replace(proof, position=position, count=count).to_bytes()
    with pytest.raises(VerificationFailed, match=r"position|count"):
        InclusionProof.parse(forged)


def test_parse__too_large__is_refused():
    with pytest.raises(VerificationFailed, match="too many"):
        InclusionProof.parse(b" " * (16 * 2**20 + 1))
