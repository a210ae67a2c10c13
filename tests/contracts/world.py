"""What the contract tests of systems with a factory share: one factory a module, each test from its block."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.evm import Evm


def fixtures(
    deploy: Callable[[Evm], Any],
    make: Callable[..., Any],
    roles: tuple[str, ...],
    chain: Callable[[], Evm] = Evm,
) -> tuple[Any, Any, Any]:
    """The fixtures `deployed`, `create` and `evm`, for a conftest to assign.

    `create` calls `make(evm, factory, …)`; everything is undone after the test.
    """

    @pytest.fixture(scope="module")
    def deployed() -> tuple[Evm, Any]:
        evm = chain()
        for role in roles:
            evm.role(role)
        return evm, deploy(evm)

    @pytest.fixture
    def create(deployed: tuple[Evm, Any]) -> Iterator[Callable[..., Any]]:
        evm, factory = deployed
        snapshot = evm.snapshot()
        yield lambda *args, **changes: make(evm, factory, *args, **changes)
        evm.revert(snapshot)

    @pytest.fixture
    def evm(deployed: tuple[Evm, Any]) -> Evm:
        return deployed[0]

    return deployed, create, evm
