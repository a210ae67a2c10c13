"""Which contract test notices which mutant: py-evm runs them on the code of all mutants.

Each test runs once without a mutant, which says which mutants it reaches, and again under each of those that
no test before has noticed. Code may be of any size and costs nothing to keep. Tests that fail without a
mutant, since the code is not optimized, or that pass only once, are left out.
"""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tests import evm

SECONDS = 20
"""Of CPU: a test that takes more under a mutant has failed."""
_BASEFEE, _EQ, _SUB = 0x48, 0x14, 0x03
_MARK = int.from_bytes(b"the number of the mutant chosen", "big")


@dataclass
class Suite:
    """`tests` (files or folders), in which the contract `name` is what `file` has the code of."""

    name: str
    file: Path
    tests: Sequence[str]
    reached: set[int] = field(default_factory=set)
    """The mutants whose places were passed, since this was cleared last."""
    failed: list[str] = field(default_factory=list)
    """The tests that fail without a mutant, or when they run again: no mutant is refused by them."""
    _number: int = 0

    def check(self, numbers: Sequence[int], told: Callable[[int, str], None]) -> tuple[list[int], list[int]]:
        """Say by `told` under which of `numbers` which test fails.

        Gives those that some test reaches and none notices, and those that none reaches.
        """
        shown = sys.stdout

        def tell(number: int, test: str) -> None:
            with contextlib.redirect_stdout(shown):
                told(number, test)

        playing = _Playing(self, list(numbers), tell)
        options = ["-q", "--capture=no", "-p", "no:cacheprovider", *self.tests]
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), self._replaced():
            ended = pytest.main(options, plugins=[playing])
        if ended not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED):
            raise RuntimeError(f"pytest ended with {ended} over {', '.join(self.tests)}")
        met = [number for number in playing.left if number in playing.seen]
        return met, [number for number in playing.left if number not in playing.seen]

    @contextlib.contextmanager
    def under(self, number: int) -> Iterator[None]:
        self._choose(number)
        try:
            yield
        finally:
            self._choose(0)

    def _choose(self, number: int) -> None:
        self._number = number
        evm.forgotten += 1

    def _same(self, left: int, right: int) -> bool | None:
        """Whether the number chosen is compared with itself; None if something else is compared."""
        if _MARK not in (left, right):
            return None
        self.reached.add(min(left, right))
        return min(left, right) == self._number

    def _equal(self, computation: Any) -> None:
        left, right = computation.stack_pop_ints(2)
        same = self._same(left, right)
        computation.stack_push_int(int(left == right if same is None else same))

    def _subtract(self, computation: Any) -> None:
        """The compiler jumps by a difference where it can."""
        left, right = computation.stack_pop_ints(2)
        same = self._same(left, right)
        computation.stack_push_int((left - right) % 2**256 if same is None else int(not same))

    @contextlib.contextmanager
    def _replaced(self) -> Iterator[None]:
        """What BASEFEE says is known by what compares it, with the number of the mutant chosen."""
        from eth import constants
        from eth.vm.forks.spurious_dragon import computation
        from eth.vm.opcode import as_opcode

        from orchestrator.chain.embedded.opcodes import QuickComputation

        code, genuine = json.loads(self.file.read_text(encoding="utf-8"))["bytecode"], evm.artifact

        def artifact(name: str) -> dict[str, Any]:
            return {**genuine(name), "bytecode": code} if name == self.name else genuine(name)

        with pytest.MonkeyPatch.context() as patch:
            told = as_opcode(lambda computation: computation.stack_push_int(_MARK), "BASEFEE", 2)
            patch.setitem(QuickComputation.opcodes, _BASEFEE, told)
            patch.setitem(QuickComputation.opcodes, _EQ, as_opcode(self._equal, "EQ", 3))
            patch.setitem(QuickComputation.opcodes, _SUB, as_opcode(self._subtract, "SUB", 3))
            patch.setattr(constants, "GAS_CODEDEPOSIT", 0)
            patch.setattr(computation, "EIP170_CODE_SIZE_LIMIT", 1 << 24)
            patch.setattr(evm, "artifact", artifact)
            yield


class _Playing:
    """Pytest's part: each test runs as often as there are mutants to try on it."""

    def __init__(self, suite: Suite, left: list[int], told: Callable[[int, str], None]) -> None:
        self.suite, self.left, self.told = suite, left, told
        self.seen: set[int] = set()
        self.repeated: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        self.suite.reached.clear()
        if self._fails(item, 0):
            self.suite.failed.append(item.nodeid)
        else:
            met = self.suite.reached & set(self.left)
            self.seen |= met
            for number in sorted(met):
                if self._fails(item, number):
                    if not self._again(item):
                        break
                    self.left.remove(number)
                    self.told(number, item.nodeid)
        item.session._setupstate.teardown_exact(nextitem)
        if not self.left:
            item.session.shouldstop = "all are noticed"
        return True

    def _again(self, item: pytest.Item) -> bool:
        """Whether what failed must be the mutant's doing: once for each test, it runs without one again."""
        if item.nodeid not in self.repeated:
            if self._fails(item, 0):
                self.suite.failed.append(f"{item.nodeid} (a second time)")
                return False
            self.repeated.add(item.nodeid)
        return True

    def _fails(self, item: Any, number: int) -> bool:
        """What its module shares stays: the next test is of it, too."""
        item._initrequest()
        signal.signal(signal.SIGVTALRM, _over)
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        try:
            with self.suite.under(number):
                return any(each.failed for each in runtestprotocol(item, log=False, nextitem=item.parent))
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _over(*_: Any) -> None:
    raise TimeoutError(f"more than {SECONDS} s")
