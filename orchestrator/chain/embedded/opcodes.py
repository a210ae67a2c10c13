"""The opcodes that programs consist of, each in one call where py-evm makes five; the rest are py-evm's.

What they do, cost and refuse is the same: a test runs both over random programs. All of them leave integers
on the stack, which py-evm's own opcodes take as they take bytes.
"""

import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from eth.abc import MessageAPI, StateAPI, TransactionContextAPI
from eth.exceptions import FullStack, InsufficientStack, InvalidInstruction, InvalidJumpDestination, OutOfGas
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.computation import PragueComputation
from eth.vm.forks.prague.opcodes import PRAGUE_OPCODES
from eth.vm.forks.prague.state import PragueState
from eth.vm.stack import to_int

Internals = Any
"""What py-evm's types do not tell: stack, memory, meter and code of a computation."""
Run = Callable[[Internals], None]
Wanted = Callable[[int, int], int]

BASE, VERY_LOW, LOW, MIDDLE, HIGH, JUMPDEST = 2, 3, 5, 8, 10, 1
"""Gas: the yellow paper's G_base, G_verylow, G_low, G_mid, G_high and G_jumpdest."""

DEEPEST = 1023
WORD = 2**256 - 1
JUMP_DESTINATION = 0x5B
CODES_KNOWN = 256


def _paid(computation: Internals, gas: int) -> list[Any]:
    """The stack, once the gas is taken."""
    meter = computation._gas_meter
    left = meter.gas_remaining - gas
    if left < 0:
        raise OutOfGas(f"Out of gas: Needed {gas} - Remaining {meter.gas_remaining}")
    meter.gas_remaining = left
    values: list[Any] = computation._stack.values
    return values


def _pushing(size: int) -> Run:
    gas = VERY_LOW if size else BASE

    def push(computation: Internals) -> None:
        values = _paid(computation, gas)
        if len(values) > DEEPEST:
            raise FullStack("Stack limit reached")
        code = computation.code
        start = code.program_counter
        code.program_counter = end = start + size
        found = code._raw_code_bytes[start:end]
        values.append(int.from_bytes(found) << 8 * (size - len(found)))

    return push


def _copying(depth: int) -> Run:
    def dup(computation: Internals) -> None:
        values = _paid(computation, VERY_LOW)
        if len(values) > DEEPEST:
            raise FullStack("Stack limit reached")
        if len(values) < depth:
            raise InsufficientStack(f"Insufficient stack items for DUP{depth}")
        values.append(values[-depth])

    return dup


def _swapping(depth: int) -> Run:
    place = -1 - depth

    def swap(computation: Internals) -> None:
        values = _paid(computation, VERY_LOW)
        if len(values) <= depth:
            raise InsufficientStack(f"Insufficient stack items for SWAP{depth}")
        values[-1], values[place] = values[place], values[-1]

    return swap


def _two(wanted: Wanted, gas: int = VERY_LOW) -> Run:
    """An opcode that puts what becomes of the two topmost values in their place; the first is the top."""

    def run(computation: Internals) -> None:
        values = _paid(computation, gas)
        if len(values) < 2:
            raise InsufficientStack(f"Wanted 2 stack items, only had {len(values)}")
        first, second = values.pop(), values[-1]
        if type(first) is not int:
            first = to_int(first)
        if type(second) is not int:
            second = to_int(second)
        values[-1] = wanted(first, second)

    return run


def _one(wanted: Callable[[int], int]) -> Run:
    def run(computation: Internals) -> None:
        values = _paid(computation, VERY_LOW)
        if not values:
            raise InsufficientStack("Wanted 1 stack item, had none")
        values[-1] = wanted(to_int(values[-1]))

    return run


def _pop(computation: Internals) -> None:
    values = _paid(computation, BASE)
    if not values:
        raise InsufficientStack("Wanted 1 stack item, had none")
    values.pop()


def _memory_load(computation: Internals) -> None:
    values = _paid(computation, VERY_LOW)
    if not values:
        raise InsufficientStack("Wanted 1 stack item, had none")
    start = to_int(values.pop())
    end = start + 32
    if end > len(computation._memory._bytes):
        computation.extend_memory(start, 32)
    values.append(int.from_bytes(computation._memory._bytes[start:end]))


def _memory_store(computation: Internals) -> None:
    values = _paid(computation, VERY_LOW)
    if len(values) < 2:
        raise InsufficientStack("Wanted 1 stack item, had none")
    start, value = to_int(values.pop()), to_int(values.pop())
    end = start + 32
    if end > len(computation._memory._bytes):
        computation.extend_memory(start, 32)
    computation._memory._bytes[start:end] = value.to_bytes(32)


def _jump(computation: Internals) -> None:
    values = _paid(computation, MIDDLE)
    if not values:
        raise InsufficientStack("Wanted 1 stack item, had none")
    _go(computation.code, to_int(values.pop()))


def _jump_if(computation: Internals) -> None:
    values = _paid(computation, HIGH)
    if len(values) < 2:
        raise InsufficientStack(f"Wanted 2 stack items, only had {len(values)}")
    destination, condition = to_int(values.pop()), to_int(values.pop())
    if condition:
        _go(computation.code, destination)


def _go(code: Internals, destination: int) -> None:
    code.program_counter = destination
    if destination >= code._length_cache or code._raw_code_bytes[destination] != JUMP_DESTINATION:
        raise InvalidJumpDestination("Invalid Jump Destination")
    if destination not in code.valid_positions and not code.is_valid_opcode(destination):
        raise InvalidInstruction("Jump resulted in invalid instruction")


def _jump_destination(computation: Internals) -> None:
    _paid(computation, JUMPDEST)


QUICK: dict[int, Run] = {
    0x01: _two(lambda a, b: (a + b) & WORD),
    0x02: _two(lambda a, b: (a * b) & WORD, LOW),
    0x03: _two(lambda a, b: (a - b) & WORD),
    0x04: _two(lambda a, b: a // b if b else 0, LOW),
    0x06: _two(lambda a, b: a % b if b else 0, LOW),
    0x10: _two(lambda a, b: int(a < b)),
    0x11: _two(lambda a, b: int(a > b)),
    0x14: _two(lambda a, b: int(a == b)),
    0x15: _one(lambda a: int(not a)),
    0x16: _two(operator.and_),
    0x17: _two(operator.or_),
    0x18: _two(operator.xor),
    0x19: _one(lambda a: a ^ WORD),
    0x1A: _two(lambda place, word: word >> 8 * (31 - place) & 0xFF if place < 32 else 0),
    0x1B: _two(lambda shift, word: word << shift & WORD if shift < 256 else 0),
    0x1C: _two(lambda shift, word: word >> shift if shift < 256 else 0),
    0x50: _pop,
    0x51: _memory_load,
    0x52: _memory_store,
    0x56: _jump,
    0x57: _jump_if,
    JUMP_DESTINATION: _jump_destination,
    **{0x5F + size: _pushing(size) for size in range(33)},
    **{0x7F + depth: _copying(depth) for depth in range(1, 17)},
    **{0x8F + depth: _swapping(depth) for depth in range(1, 17)},
}


@lru_cache(CODES_KNOWN)
def _places(code: bytes) -> tuple[set[int], set[int]]:
    """Where jumps in this code may go, and may not, as far as any has found out in this process."""
    return set(), set()


class QuickComputation(PragueComputation):
    opcodes: Any = {**PRAGUE_OPCODES, **QUICK}  # noqa: RUF012 - as py-evm declares it

    def __init__(
        self, state: StateAPI, message: MessageAPI, transaction_context: TransactionContextAPI
    ) -> None:
        super().__init__(state, message, transaction_context)
        code: Internals = self.code
        code.valid_positions, code.invalid_positions = _places(bytes(message.code))


class QuickState(PragueState):
    computation_class = QuickComputation


class QuickVM(PragueVM):
    """Prague's rules, with these opcodes."""

    _state_class = QuickState


__all__ = ["QUICK", "QuickComputation", "QuickVM"]
