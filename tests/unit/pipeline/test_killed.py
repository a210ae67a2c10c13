"""Killed at any moment, and run again: everything is finished, and nothing is sent or paid twice."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.bindings.registry import VersionPublished
from orchestrator.chain import delivery
from orchestrator.provenance import LogBatches, verify
from orchestrator.systems.prove import predicting, publishing
from orchestrator.systems.prove.loading import load_published
from orchestrator.systems.prove.predicting import anchor_log, predict, prove
from orchestrator.systems.prove.projects import create_project, find_project
from tests.unit.pipeline.desk import PROJECT

ROOT = Path(__file__).parents[3]


class Killed(BaseException):
    """Like SIGKILL, nothing catches it."""


def sent_by(desk, name="alice"):
    """How many transactions the account has sent so far."""
    return desk.session.chain.web3.eth.get_transaction_count(desk.who(name).address)


def die_at_send(monkeypatch, number, *, after):
    """Die at the `number`-th transaction, before the node gets it or right after, without its receipt."""
    hand_over, count = delivery.hand_over, iter(range(1, 100))

    def dying(chain, raw):
        last = next(count) == number
        if last and not after:
            raise Killed
        hand_over(chain, raw)
        if last:
            raise Killed

    monkeypatch.setattr(delivery, "hand_over", dying)


def kill(monkeypatch, action, *arguments, **options):
    with pytest.raises(Killed):
        action(*arguments, **options)
    monkeypatch.undo()


def assert_published_once(desk):
    registry = desk.session.registry
    [event] = registry.contract.events(VersionPublished)
    [version] = registry.versions(event.project_id)
    assert verify(desk.run.model, registry, storage=desk.session.storage).ok
    assert len(desk.session.storage.pins()) == 2
    return version


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", [1, 2], ids=["project", "publication"])
def test_publish__killed_around_a_send__finishes_and_sends_each_once(desk, monkeypatch, number, after):
    begun = sent_by(desk)
    die_at_send(monkeypatch, number, after=after)
    kill(monkeypatch, desk.publish)
    with desk.again().session as session:
        again = type(desk)(desk.folder, session)
        again.publish()
        assert_published_once(again)
        assert sent_by(again) == begun + 2


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", [2, 3, 4], ids=["first chunk", "second chunk", "publication"])
def test_publish_on_chain__killed_around_a_send__stores_each_chunk_once(desk, monkeypatch, number, after):
    begun = sent_by(desk)
    monkeypatch.setattr("orchestrator.provenance.registry.CHUNK_SIZE", 20_000)  # two pieces
    die_at_send(monkeypatch, number, after=after)
    with pytest.raises(Killed):
        desk.publish(on_chain=True)
    monkeypatch.undo()
    monkeypatch.setattr("orchestrator.provenance.registry.CHUNK_SIZE", 20_000)
    with desk.again().session as session:
        again = type(desk)(desk.folder, session)
        again.publish(on_chain=True)
        assert len(assert_published_once(again).chunks) == 2
        assert sent_by(again) == begun + 4


@pytest.mark.parametrize("step", ["_pin", "_store", "_anchor", "_published"])
def test_publish__killed_at_a_step__finishes(desk, monkeypatch, step):
    begun = sent_by(desk)

    def dying(*_):
        raise Killed

    monkeypatch.setattr(publishing, step, dying)
    kill(monkeypatch, desk.publish)
    desk.publish()
    assert_published_once(desk)
    assert sent_by(desk) == begun + 2


def test_publish__killed_between_the_two_pins__pins_both(desk, monkeypatch):
    put, count = desk.session.storage.put, iter(range(9))

    def dying(*arguments, **options):
        if next(count) == 1:
            raise Killed
        return put(*arguments, **options)

    monkeypatch.setattr(desk.session.storage, "put", dying)
    kill(monkeypatch, desk.publish)
    desk.publish()
    assert_published_once(desk)


def test_publish__killed_while_the_journal_is_written__sends_once(desk, monkeypatch):
    begun = sent_by(desk)

    def dying(*_):
        raise Killed

    monkeypatch.setattr("orchestrator.chain.outbox.os.fsync", dying)
    kill(monkeypatch, desk.publish)
    desk.publish()
    assert_published_once(desk)
    assert sent_by(desk) == begun + 2


def test_create_project__killed_after_the_send__is_there_once(desk, monkeypatch):
    die_at_send(monkeypatch, 1, after=True)
    kill(monkeypatch, create_project, desk.session, PROJECT, desk.who("alice"))
    assert find_project(desk.session, f"alice/{PROJECT}").participants == 1


@pytest.fixture
def logged(desk, published):
    """The desk after two predictions."""
    model = load_published(desk.session, f"{PROJECT}@1", desk.who("alice").address)
    predict(desk.session, model, [desk.row, {**desk.row, "length": 9.0}])
    return desk, published.project_id


def assert_anchored_once(desk, project):
    [batch] = desk.session.registry.batches(project)
    assert batch.count == 2
    [kept] = LogBatches(predicting.prediction_log(desk.settings, project)).all()
    assert kept.anchor
    proof = desk.folder / "proof.json"
    prove(desk.session, project, 1, proof)
    assert verify(proof, desk.session.registry).ok


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_anchor_log__killed_around_the_send__anchors_once(logged, monkeypatch, after):
    desk, project = logged
    begun = sent_by(desk)
    die_at_send(monkeypatch, 1, after=after)
    kill(monkeypatch, anchor_log, desk.session, project, desk.who("alice"))
    model = load_published(desk.session, f"{PROJECT}@1", desk.who("alice").address)
    predict(desk.session, model, [desk.row])  # goes into the next batch
    batch, _ = anchor_log(desk.session, project, desk.who("alice"))
    assert (batch.first, batch.count) == (0, 2)
    assert sent_by(desk) == begun + 1
    assert_anchored_once(desk, project)
    following, _ = anchor_log(desk.session, project, desk.who("alice"))
    assert (following.first, following.count) == (2, 1)


def test_anchor_log__killed_before_it_is_noted__sends_nothing_again(logged, monkeypatch):
    desk, project = logged
    begun = sent_by(desk)

    def dying(*_):
        raise Killed

    monkeypatch.setattr(LogBatches, "close", dying)
    kill(monkeypatch, anchor_log, desk.session, project, desk.who("alice"))
    anchor_log(desk.session, project, desk.who("alice"))
    assert sent_by(desk) == begun + 1
    assert_anchored_once(desk, project)


KILL_9 = """
import os, signal, sys
from orchestrator.chain import delivery
from orchestrator.cli import main
hand_over, count = delivery.hand_over, iter(range(1, 9))
def dying(chain, raw):
    last = next(count) == {number}
    if last and not {after}: os.kill(os.getpid(), signal.SIGKILL)
    hand_over(chain, raw)
    if last: os.kill(os.getpid(), signal.SIGKILL)
delivery.hand_over = dying
main({arguments})
"""


def run_killed(desk, arguments, number, after):
    code = KILL_9.format(number=number, after=after, arguments=arguments)
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=desk.folder, env=environment, capture_output=True, timeout=120
    )
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()


def test_publish_command__kill_9_after_the_send__finishes_and_pays_once(desk):
    begun = sent_by(desk)
    run_killed(desk, ["publish"], 2, True)
    desk.publish()
    assert_published_once(desk)
    assert sent_by(desk) == begun + 2


def test_anchor_log_command__kill_9_before_the_send__finishes(logged):
    desk, project = logged
    begun = sent_by(desk)
    run_killed(desk, ["anchor-log", PROJECT], 1, False)
    anchor_log(desk.session, project, desk.who("alice"))
    assert sent_by(desk) == begun + 1
    assert_anchored_once(desk, project)
