"""The embedded chain's own opcodes beside py-evm's, over random programs: outcome, gas, stack and memory."""

import random
from typing import Any

import pytest
from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.vm.forks.prague import PragueVM
from eth.vm.stack import to_int
from eth_typing import BlockNumber

from orchestrator.chain.embedded.opcodes import QUICK, QuickVM

PROGRAMS = 150
SOMEBODY, CONTRACT = b"\1" * 20, b"\2" * 20
EDGES = (0, 1, 2, 31, 32, 33, 255, 256, 257, 2**128, 2**255 - 1, 2**255, 2**256 - 1)
OTHERS = bytes.fromhex("05 07 08 09 0a 0b 12 13 1d 20 30 34 35 36 38 39 3d 3e 53 58 59 5a 5e f3 fd fe 0c 00")
"""py-evm's own: signed arithmetic, hashes, what is about the call, copies, endings, and other bytes."""


def vm_of(kind: type[PragueVM]) -> Any:
    class Chain(MiningChain):
        chain_id = 1
        vm_configuration = ((BlockNumber(0), kind),)

    header: dict[str, Any] = {
        "difficulty": 0,
        "gas_limit": 30_000_000,
        "timestamp": 1,
        "extra_data": b"",
        "nonce": bytes(8),
        "mix_hash": bytes(32),
    }
    return Chain.from_genesis(AtomicDB(), header, {}).get_vm()


@pytest.fixture(scope="module")
def both() -> tuple[Any, Any]:
    return vm_of(PragueVM), vm_of(QuickVM)


def pushed(value: int, size: int | None = None) -> bytes:
    size = size if size is not None else max(1, (value.bit_length() + 7) // 8)
    return bytes([0x5F + size]) + value.to_bytes(size)


def program(rng: random.Random) -> bytes:
    """Some values, then opcodes that find enough of them, mostly; jumps go somewhere near."""
    code = bytearray()
    while len(code) < rng.randrange(20, 400):
        kind = rng.random()
        if kind < 0.45:
            code += pushed(rng.choice(EDGES) if kind < 0.2 else rng.randrange(300))
        elif kind < 0.5:
            code += pushed(rng.randrange(2 ** (8 * 32)), 32)
        elif kind < 0.56:
            code += pushed(rng.randrange(len(code) + 40), 2) + bytes([rng.choice((0x56, 0x57))])
        elif kind < 0.62:
            code += b"\x5b"
        elif kind < 0.93:
            code.append(rng.choice(sorted(QUICK)))
        else:
            code.append(rng.choice(OTHERS))
    return bytes(code)


def outcome(vm: Any, code: bytes, gas: int) -> tuple[Any, ...]:
    data = bytes(range(70))
    found = vm.execute_bytecode(SOMEBODY, 0, gas, CONTRACT, SOMEBODY, 0, data, code, CONTRACT)
    error = type(found.error).__name__ if found.is_error else ""
    told = error, found.get_gas_remaining(), bytes(found.output)
    if error:  # nobody sees what is left then
        return told
    stack = [to_int(each) for each in found._stack.values]
    return *told, stack, bytes(found._memory._bytes), found.code.program_counter


@pytest.mark.filterwarnings("ignore:SELFDESTRUCT")  # data that a shifted program runs
@pytest.mark.parametrize("seed", range(4))
def test_opcodes__random_programs__end_as_py_evm_ends_them(both: tuple[Any, Any], seed: int) -> None:
    rng = random.Random(seed)
    endings: set[str] = set()
    for _ in range(PROGRAMS):
        code, gas = program(rng), rng.choice((60, 300, 5_000, 40_000))
        expected, found = (outcome(vm, code, gas) for vm in both)
        assert found == expected, code.hex()
        endings.add(found[0])
    assert {"", "OutOfGas", "InsufficientStack", "InvalidJumpDestination"} <= endings


@pytest.mark.parametrize("opcode", sorted(QUICK))
def test_opcodes__each_over_edges__is_py_evms(both: tuple[Any, Any], opcode: int) -> None:
    for first in EDGES:
        for second in EDGES:
            code = pushed(3) * 15 + pushed(second) + pushed(first) + bytes([opcode])
            expected, found = (outcome(vm, code, 100_000) for vm in both)
            assert found == expected, (first, second)


@pytest.mark.parametrize("opcode", sorted(QUICK))
def test_opcodes__too_few_and_too_many_values__are_refused_alike(both: tuple[Any, Any], opcode: int) -> None:
    for code in (bytes([opcode]), pushed(0) + bytes([opcode]), pushed(0) * 1024 + bytes([opcode])):
        expected, found = (outcome(vm, code, 100_000) for vm in both)
        assert found == expected


def test_opcodes__a_jump_into_pushed_data__is_refused_each_time(both: tuple[Any, Any]) -> None:
    code = bytes.fromhex("6004565b615b5b00")
    for _ in range(2):
        expected, found = (outcome(vm, code, 1_000) for vm in both)
        assert found == expected
    inside = bytes.fromhex("600456615b5b00")
    for _ in range(2):
        expected, found = (outcome(vm, inside, 1_000) for vm in both)
        assert found == expected
        assert found[0] == "InvalidInstruction"
