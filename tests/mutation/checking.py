"""Whether contract tests notice a mutant: py-evm runs them on the code of all mutants, a process for each.

The mutant is chosen by what BASEFEE says, which is made to be its number; code may be of any size and costs
nothing to keep. Tests that fail without a mutant, since the code is not optimized, are left out.
"""

import contextlib
import json
import os
import resource
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import evm

SECONDS = 600
"""Of CPU: whoever takes more loops."""
_BASEFEE, _GAS = 0x48, 2


@dataclass(frozen=True)
class Suite:
    """`tests` (files or folders), in which the contract `name` is what `file` has the code of."""

    name: str
    file: Path
    tests: Sequence[str]

    def failures(self, number: int, without: Sequence[str] = (), *, first: bool = True) -> list[str]:
        """The tests (only the first, if `first`) that fail under the mutant `number`; 0 is none.

        `without` are left out. One that never ends is a failure.
        """
        with tempfile.TemporaryDirectory() as folder:
            told = Path(folder) / "told.json"
            child = os.fork()
            if child == 0:
                self._play(number, without, told, first=first)
            _, status = os.waitpid(child, 0)
            if status or not told.exists():
                return ["it does not end"]
            found: list[str] = json.loads(told.read_text(encoding="utf-8"))
            return found

    def _play(self, number: int, without: Sequence[str], told: Path, *, first: bool) -> None:
        """In the child, which ends here."""
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
            self._replace(number)
            listening = _Listening()
            left_out = [word for each in without for word in ("--deselect", each)]
            options = ["-q", "-p", "no:cacheprovider", *(["-x"] if first else []), *left_out]
            with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
                pytest.main([*options, *self.tests], plugins=[listening])
            told.write_text(json.dumps(listening.failed), encoding="utf-8")
            status = 0
        finally:
            sys.stdout.flush()
            os._exit(status)

    def _replace(self, number: int) -> None:
        from eth import constants
        from eth.vm.forks.prague import opcodes
        from eth.vm.forks.spurious_dragon import computation
        from eth.vm.opcode import as_opcode

        told = as_opcode(
            logic_fn=lambda computation: computation.stack_push_int(number), mnemonic="BASEFEE", gas_cost=_GAS
        )
        opcodes.PRAGUE_OPCODES[_BASEFEE] = told
        for module, name, value in (
            (constants, "GAS_CODEDEPOSIT", 0),
            (computation, "EIP170_CODE_SIZE_LIMIT", 1 << 24),
        ):
            setattr(module, name, value)
        code, genuine = json.loads(self.file.read_text(encoding="utf-8"))["bytecode"], evm.artifact

        def artifact(name: str) -> dict[str, Any]:
            return {**genuine(name), "bytecode": code} if name == self.name else genuine(name)

        evm.artifact = artifact  # type: ignore[assignment]


class _Listening:
    def __init__(self) -> None:
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.nodeid not in self.failed:
            self.failed.append(report.nodeid)
