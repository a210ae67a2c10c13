"""Federations whose model is given as arrays: made, joined without rows, played, refused with a reason."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.bindings.federation import Finalized, Phase
from orchestrator.chain import migrate
from orchestrator.config import load_settings
from orchestrator.errors import AccountError, DataError, UsageError
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation import Template, quantize
from orchestrator.learning.aggregation.template import UNIT, read_arrays, write_arrays
from orchestrator.systems.federation import cranking, creating, party
from orchestrator.systems.federation.aggregating import claim
from orchestrator.systems.federation.finding import Descriptor, descriptor_of, parse_descriptor
from orchestrator.systems.federation.joining import join
from orchestrator.systems.federation.offer import Offer
from orchestrator.systems.federation.publishing import publish
from orchestrator.systems.federation.rounds import current_model, phase_of
from orchestrator.systems.federation.rows import parse_rows
from orchestrator.systems.federation.verifying import verify
from tests.unit.systems.federation.stage import offer

ARRAYS = {"body.weight": np.full((3, 2), 0.5, np.float32), "body.bias": np.array([-1.0, 2.0], np.float32)}
PARTIES = ("alice", "bob")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("arrays")
    with Session(load_settings(home=folder / "home", environ={})) as opened:
        migrate(opened.settings, opened.chain, opened.account("judy"), ["federation"])
        yield opened


def given(folder: Path, **changes: Any) -> Offer:
    file = folder / "first.npz"
    write_arrays(file, ARRAYS)
    plain: dict[str, Any] = {"target": "", "features": (), "classes": (), "arrays": str(file)}
    plain |= {"policy": "trusted", "pay": "equal", "committee": 0, "rule": "mean"}
    return offer(**plain | {"seats": 2, "quorum": 2} | changes)


def test_a_model_of_arrays_is_trained_by_whoever_gives_updates(session: Session, tmp_path: Path) -> None:
    alice = session.account("alice")
    made = creating.create(session, creating.plan(session, given(tmp_path), alice), alice)
    template = Template.from_json(descriptor_of(session, made).template)
    assert template == Template.of(ARRAYS)
    for name in PARTIES:
        join(session, made, session.account(name), None)
    cranking.crank(session, made, alice)
    with pytest.raises(AccountError, match="nothing is known of this party's data"):
        party.commit(session, made, alice)
    for number, name in enumerate(PARTIES):
        update = quantize(np.full(template.size, UNIT * (number + 1), np.int64), made.terms.width)
        party.commit(session, made, session.account(name), update, rows=5)
    for name in PARTIES:
        party.reveal(session, made, session.account(name))
    claim(session, made, alice)
    while phase_of(made) is Phase.CHALLENGING:
        session.chain.advance(max(1, made.clock().ends_at - int(session.chain.now())))
        cranking.crank(session, made, alice)
    assert len(list(made.events(Finalized))) == 1
    after = template.restore(current_model(session, made)[: template.size])
    assert np.allclose(after["body.weight"], 2.0)
    assert np.allclose(after["body.bias"], [0.5, 3.5])
    assert [each.fault for each in verify(session, made)] == [""]
    assert publish(session, made, alice).version.number == 1


def test_what_does_not_go_with_arrays_is_refused(session: Session, tmp_path: Path) -> None:
    alice = session.account("alice")
    with pytest.raises(UsageError, match="a committee scores on rows"):
        creating.plan(session, given(tmp_path, policy="quality", committee=3, quorum=3, seats=3), alice)
    with pytest.raises(UsageError, match="does not say what is learned"):
        creating.plan(session, given(tmp_path, arrays=""), alice)
    with pytest.raises(DataError, match="numbers are too large"):
        creating.plan(session, given(tmp_path, target="ill", features=("a",), classes=("b", "c")), alice)
    with pytest.raises(DataError, match="is not learned from a table"):
        parse_rows(Descriptor("x", template=Template.of(ARRAYS).to_json()), tmp_path / "rows.csv")


def test_a_table_is_asked_for_where_the_model_is_learned_from_one(session: Session) -> None:
    alice = session.account("alice")
    made = creating.create(session, creating.plan(session, offer(), alice), alice)
    with pytest.raises(UsageError, match="is learned from a table"):
        join(session, made, alice, None)


def test_a_descriptor_with_a_template_is_read_again_and_a_damaged_one_refused() -> None:
    good = Descriptor("x", template=Template.of(ARRAYS).to_json())
    assert parse_descriptor(good.to_bytes()) == good
    with pytest.raises(DataError, match="not a template"):
        parse_descriptor(Descriptor("x", template="{}").to_bytes())


def test_files_of_arrays_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "first.npz"
    for content in (b"", b"PK\x03\x04 damaged", b"\x93NUMPY no"):
        file.write_bytes(content)
        with pytest.raises(DataError, match="is not a file of numpy's arrays"):
            read_arrays(file)
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(DataError, match="is not a file of numpy's arrays"):
        read_arrays(tmp_path / "one.npy")
    np.savez(file, nested=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataError, match="is not a file of numpy's arrays"):
        read_arrays(file)
