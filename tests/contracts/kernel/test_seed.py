"""Seed: a later block's hash, whether the chain remembers 256 of them or, by EIP-2935, more.

read
├── the block, or one of those over it, is still missing → SeedTooEarly
├── from the block after them on → its hash
└── out of reach → SeedLost; with a history → still its hash
isLost
└── as soon as `read` can never again succeed, and not before
"""

import pytest

from tests.contracts.kernel.world import chain_with_history, kept_hash
from tests.contracts.registry.world import refused
from tests.evm import Evm

DEPTH = 3


def probe_of(evm: Evm) -> tuple[object, int]:
    """A probe, and the number of the next block but one."""
    probe = evm.deploy("KernelProbe")
    return probe.functions, evm.web3.eth.block_number + 2


def at(evm: Evm, number: int) -> None:
    """Let calls see block `number` as the present one (they see the last)."""
    evm.tester.mine_blocks(number - evm.web3.eth.block_number)


@pytest.mark.parametrize("depth", [0, DEPTH])
def test_read__not_deep_enough__refused_until_it_is(evm: Evm, depth: int) -> None:
    probe, number = probe_of(evm)
    at(evm, number + depth)
    with refused("SeedTooEarly", number + depth + 1):
        evm.call(probe.seedOf(number, depth))
    at(evm, number + depth + 1)
    assert evm.call(probe.seedOf(number, depth)) == evm.web3.eth.get_block(number)["hash"]


def test_read__256_blocks_later__lost_one_block_after(evm: Evm) -> None:
    probe, number = probe_of(evm)
    at(evm, number + 256)
    assert evm.call(probe.seedOf(number, 0)) == evm.web3.eth.get_block(number)["hash"]
    assert not evm.call(probe.isSeedLost(number))
    at(evm, number + 257)
    with refused("SeedLost", number):
        evm.call(probe.seedOf(number, 0))
    assert evm.call(probe.isSeedLost(number))


def test_read__with_a_history__neither_lost_nor_another() -> None:
    evm = chain_with_history()
    probe, number = probe_of(evm)
    at(evm, number + 300)
    assert evm.call(probe.seedOf(number, DEPTH)) == kept_hash(number)
    assert not evm.call(probe.isSeedLost(number))


def test_is_lost__block_to_come__not(evm: Evm) -> None:
    probe, number = probe_of(evm)
    assert not evm.call(probe.isSeedLost(number))
    assert not evm.call(probe.isSeedLost(2**64))
