"""Time what the embedded chain does: requests of ten publications with their checks, and arithmetic.

    python -m benchmarks.embedded [--versions 10]

CPU of this thread, medians. Exits 1 where a million gas of arithmetic takes more than a fifth of a second.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import diln
from orchestrator.chain.embedded import EmbeddedProvider
from orchestrator.chain.embedded.stack import with_room

MOST_PER_MILLION = 0.2
GAS = 20_000_000
# for (i = 0; i < 0x10000; i++) memory[0x60] = memory[0x40] * byte(5, memory[0x20]) + memory[0x20]
LOOP = "60005b602051604051816005" + "1a0201606052600101806201000011600257"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--versions", type=int, default=10)
    times = publications(parser.parse_args().versions)
    for method, taken in sorted(times.items(), key=lambda each: -sum(each[1])):
        print(f"{statistics.median(taken) * 1000:7.2f} ms  {len(taken):4} × {method}")
    million = arithmetic()
    print(f"{million * 1000:7.2f} ms  a million gas of arithmetic (at most {MOST_PER_MILLION * 1000:g})")
    return int(million > MOST_PER_MILLION)


def publications(count: int) -> dict[str, list[float]]:
    """Seconds of each request by its method."""
    times: dict[str, list[float]] = defaultdict(list)
    answer = EmbeddedProvider.make_request

    def timed(self: EmbeddedProvider, method: Any, params: Any) -> Any:
        began = time.thread_time()
        try:
            return answer(self, method, params)
        finally:
            times[method].append(time.thread_time() - began)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with diln.open(folder) as session:
            session.migrate()
            EmbeddedProvider.make_request = timed  # type: ignore[method-assign]
            try:
                for number in range(count):
                    file = folder / f"{number}.bin"
                    file.write_bytes(bytes([number]))
                    session.publish(file, name="thing")
                    session.verify(file)
            finally:
                EmbeddedProvider.make_request = answer  # type: ignore[method-assign]
    return times


def arithmetic() -> float:
    """Seconds that a million gas takes."""
    from eth.chains.base import MiningChain
    from eth.db.atomic import AtomicDB
    from eth_typing import BlockNumber

    from orchestrator.chain.embedded.opcodes import QuickVM

    class Chain(MiningChain):
        chain_id = 1
        vm_configuration = ((BlockNumber(0), QuickVM),)

    header: dict[str, Any] = {"difficulty": 0, "gas_limit": GAS, "timestamp": 1, "nonce": bytes(8)}
    vm: Any = Chain.from_genesis(AtomicDB(), header, {}).get_vm()
    who, where, began = b"\1" * 20, b"\2" * 20, time.thread_time()
    done = with_room(vm.execute_bytecode, who, 0, GAS, where, who, 0, b"", bytes.fromhex(LOOP), where)
    done.raise_if_error()
    return (time.thread_time() - began) / done.get_gas_used() * 10**6


if __name__ == "__main__":
    sys.exit(main())
