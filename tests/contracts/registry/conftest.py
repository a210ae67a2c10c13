from collections.abc import Iterator

import pytest

from tests.contracts.registry.world import World


@pytest.fixture(scope="module")
def fresh_world() -> World:
    return World.new()


@pytest.fixture
def world(fresh_world: World) -> Iterator[World]:
    """The same new registry and project for each test; what a test does to them is undone after it."""
    snapshot = fresh_world.evm.snapshot()
    yield fresh_world
    fresh_world.evm.revert(snapshot)
