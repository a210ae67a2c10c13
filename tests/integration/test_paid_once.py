"""A sample of what `python -m tests.integration.paidonce` does at length; and equal commands at once."""

import json
import os
import random
from collections.abc import Iterator

import pytest

from tests.integration.acts import ADD, COMMANDS, CREATE, after
from tests.integration.faulty import Script
from tests.integration.paidonce import Trial, World, try_all, world_of

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("anvil_installed")]

SAMPLE = 4  # commands in every run, others each time
SECONDS = 12.0


@pytest.fixture(scope="module", params=["embedded", "anvil"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_of(request.param, tmp_path_factory.mktemp(request.param)) as world:
        yield world


def test_commands__faults_and_kills__are_paid_once(world: World, request: pytest.FixtureRequest) -> None:
    # Other seeds in every run: what one run misses, another finds. A failure names seed and point.
    seed = int.from_bytes(os.urandom(4), "big")
    some = random.Random(seed).sample(list(COMMANDS), SAMPLE)
    found = list(try_all(world, some, scripts=2, kills=2, seed=seed, seconds=SECONDS))
    assert len(found) >= 2
    assert [each for each in found if each[3]] == []


def test_add__killed_around_its_transaction__deposits_once(world: World) -> None:
    trial = Trial(world, COMMANDS["sum-add"])
    try:
        middle = range(trial.points // 2 - 2, trial.points // 2 + 2)
        assert [trial.attempt(die_at=each) for each in middle] == [""] * len(middle)
    finally:
        trial.end()


@pytest.mark.parametrize(
    "words",
    [(*ADD.split("|"),), (*CREATE.split("|"), "--from", "alice"), ("publish", "--from", "alice")],
    ids=["sum-add", "competition-create", "publish"],
)
def test_commands__eight_at_once__are_paid_once(world: World, words: tuple[str, ...]) -> None:
    world.keep()
    try:
        start = world.height()
        assert world.run(words).code == 0
        clean = world.effect(start)
        world.restore()
        codes = world.run_at_once(words, 8)
        assert (codes, world.effect(start)) == ([0] * 8, clean)
    finally:
        world.forget()


def test_script__same_seed__same_faults() -> None:
    asked = ["eth_call", "eth_sendRawTransaction", "eth_getLogs"] * 20
    first, second, clean = Script(7), Script(7), Script(0)
    told = [first.fault(each) for each in asked]
    assert told == [second.fault(each) for each in asked]
    assert any(told)
    assert not any(clean.fault(each) for each in asked)


@pytest.mark.parametrize("world", ["anvil"], indirect=True)
def test_anchor_log__reorganized_away__is_told_and_anchored_again(world: World) -> None:
    world.keep()
    try:
        anchor = ("anchor-log", "flowers", "--from", "alice")
        after("publish|--from|alice", "predict|flowers@1|row.json|--from|alice", "|".join(anchor))(world)
        reorganize(world)
        doctor = json.loads(world.run(("doctor",)).said)
        told = [each["message"] for each in doctor if not each["ok"]]
        assert any("the anchor of predictions 0 to 0 is not in the chain any more" in each for each in told)
        assert any("which the chain has dropped" in each for each in told)
        assert json.loads(world.run(anchor).said)["count"] == 1
        after("prove|0|flowers|-o|proof.json|--from|alice", "verify|proof.json")(world)
        assert all(
            each["ok"] for each in json.loads(world.run(("doctor",)).said) if each["subject"] != "storage"
        )
        assert json.loads(world.run(anchor).said) is None
    finally:
        world.forget()


@pytest.mark.parametrize("world", ["anvil"], indirect=True)
def test_publish__reorganized_away__is_published_again_once(world: World) -> None:
    world.keep()
    try:
        start, words = world.height(), ("publish", "--from", "alice")
        assert world.run(words).code == 0
        clean = world.effect(start)
        reorganize(world)
        assert world.effect(start) != clean
        assert world.run(words).code == 0
        assert world.effect(start) == clean
        assert world.run(words).code == 0
        assert world.effect(start) == clean
    finally:
        world.forget()


def reorganize(world: World) -> None:
    """Replace the last block by an empty one."""
    with world.chain() as chain:
        chain.request("anvil_reorg", 1, [])
