"""Every command that sends, under faults and kills: the chain has afterwards what one clean run puts there.

python -m tests.integration.paidonce --scripts 20 --kills 30        # of each command, on both chains
python -m tests.integration.paidonce sum-add --network embedded     # one command
"""

import argparse
import gc
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import typer.main

from orchestrator.chain import Chain, connect
from orchestrator.config import Settings, load_settings
from orchestrator.console import root
from orchestrator.errors import EngineError
from orchestrator.kernel.session import Session
from tests.integration.acts import COMMANDS, Command, foundation
from tests.integration.faulty import KILLED, Points, Proxy, Script, fail_inside

CONFIG = """\
diln:
  network: {network}
  networks:
    development: {{url: "http://127.0.0.1:{port}", timeout: 0.8}}
"""
RERUNS = 4
SILENT = ("mark", "prove")
"""Commands that print no JSON."""
PATIENCE = 120  # seconds, for one command


@dataclass(frozen=True)
class Effect:
    """What is on the chain since a block: transactions by sender, value and success, and events by kind."""

    transactions: Counter[tuple[str, int, int]]
    events: Counter[str]

    def __str__(self) -> str:
        shown = {
            f"{sender[:8]} {value}{'' if ok else ' FAILED'}": n
            for (sender, value, ok), n in self.transactions.items()
        }
        return f"{shown}, {sum(self.events.values())} events"


class World:
    """A working folder and its chain, which can be put back to where they were."""

    def __init__(self, folder: Path, network: str, proxy: Proxy | None = None) -> None:
        self.folder, self.network, self.proxy = folder, network, proxy
        self._kept: list[tuple[Path, Any]] = []
        folder.mkdir(parents=True)
        port = proxy.port if proxy else 1
        (folder / "brownie-config.yaml").write_text(CONFIG.format(network=network, port=port))

    @property
    def settings(self) -> Settings:
        return load_settings(folder=self.folder, home=self.folder / ".diln", environ={})

    def session(self) -> Session:
        return Session(self.settings)

    @contextmanager
    def chain(self) -> Iterator[Chain]:
        with connect(self.settings) as chain:
            yield chain

    def keep(self) -> None:
        """Remember this state, on top of those remembered before."""
        copy = self.folder.with_name(f"{self.folder.name}-{len(self._kept)}")
        shutil.copytree(self.folder, copy)
        self._kept.append((copy, self._snapshot()))

    def restore(self) -> None:
        """Go back to the state that was remembered last."""
        copy, snapshot = self._kept[-1]
        shutil.rmtree(self.folder)
        shutil.copytree(copy, self.folder)
        if snapshot is not None:
            with self.chain() as chain:
                assert chain.request("evm_revert", snapshot)
            self._kept[-1] = (copy, self._snapshot())

    def forget(self) -> None:
        """Go back to the state before the last."""
        copy, _ = self._kept.pop()
        shutil.rmtree(copy)
        self.restore()

    def _snapshot(self) -> Any:
        if self.network == "embedded":
            return None
        with self.chain() as chain:
            return chain.request("evm_snapshot")

    def run(self, words: tuple[str, ...], *, seed: int = 0, die_at: int = 0, count: bool = False) -> "Ended":
        """Run a command in a process of its own."""
        if self.proxy:
            self.proxy.script(seed)
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            _live(self.folder, words, seed if self.network == "embedded" else 0, die_at, count)
        deadline = time.monotonic() + PATIENCE
        while True:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                raise AssertionError(f"{words} did not end: {self._said()}")
            time.sleep(0.005)
        if self.proxy:
            self.proxy.script(0)
        code = os.waitstatus_to_exitcode(status)
        return Ended(code, self._said(), (self.folder / "err").read_text())

    def run_at_once(self, words: tuple[str, ...], times: int) -> list[int]:
        """Run the same command in so many processes at once; their exit codes."""
        children = []
        for number in range(times):
            child = os.fork()
            if child == 0:
                _live(self.folder, words, output=str(number))
            children.append(child)
        return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]

    def _said(self) -> str:
        return (self.folder / "out").read_text()

    def effect(self, since: int) -> Effect:
        transactions: Counter[tuple[str, int, int]] = Counter()
        events: Counter[str] = Counter()
        with self.chain() as chain:
            for number in range(since + 1, chain.head().number + 1):
                for each in chain.web3.eth.get_block(number, True)["transactions"]:
                    receipt: Any = chain.web3.eth.get_transaction_receipt(each["hash"])  # type: ignore[index]
                    transactions[each["from"], int(each["value"]), int(receipt["status"])] += 1  # type: ignore[index]
                    events.update(log["topics"][0].hex() for log in receipt["logs"])
        return Effect(transactions, events)

    def height(self) -> int:
        with self.chain() as chain:
            return chain.head().number


@dataclass(frozen=True)
class Ended:
    code: int
    said: str
    complained: str

    @property
    def told(self) -> bool:
        """Whether the result reached the person, whatever became of the process then."""
        try:
            return self.code in (0, KILLED) and "error" not in json.loads(self.said)
        except (ValueError, TypeError):
            return self.code == 0


def _live(
    folder: Path,
    words: tuple[str, ...],
    seed: int = 0,
    die_at: int = 0,
    count: bool = False,
    output: str = "",
) -> None:
    """The child: never returns."""
    code = 99
    try:
        for stream, name in ((1, "out"), (2, "err")):
            file = os.open(folder / f"{name}{output}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, stream)
        os.chdir(folder)
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
        from orchestrator.chain import delivery, transport
        from orchestrator.cli.dispatch import run

        delivery.PAUSE, delivery.RESEND, delivery.LONGEST_WAIT = 0.01, 0.2, 10.0
        transport.FIRST_PAUSE = 0.005
        if seed:
            fail_inside(Script(seed))
        points = Points(die_at) if die_at or count else None
        code = run([*words] if words[0] in SILENT else [*words, "--json"])
        sys.stdout.flush()
        if points and count:
            (folder / "points").write_text(str(points.count))
    except BaseException:
        import traceback

        traceback.print_exc(file=sys.stderr)
    finally:
        sys.stderr.flush()
        os._exit(code)


class Trial:
    """One command in one world, compared with a clean run of it."""

    def __init__(self, world: World, command: Command) -> None:
        self.world, self.command = world, command
        command.prepare(world)
        world.keep()
        self.start = world.height()
        clean = world.run(command.words, count=True)
        assert clean.code == 0, f"{command.words}: {clean.said} {clean.complained}"
        self.clean = world.effect(self.start)
        self.points = int((world.folder / "points").read_text())

    def end(self) -> None:
        self.world.forget()

    def attempt(self, *, seed: int = 0, die_at: int = 0) -> str:
        """Run it with faults or a death, then again until it is done; "" if all is as it should be."""
        self.world.restore()
        first = ended = self.world.run(self.command.words, seed=seed, die_at=die_at)
        trace = "Traceback" in ended.complained
        reruns = 0
        while not ended.told and reruns < RERUNS:
            ended = self.world.run(self.command.words)
            trace = trace or "Traceback" in ended.complained
            reruns += 1
            if self.command.said_before and self.command.said_before in ended.said:
                break
        else:
            if not ended.told:
                return f"never done: {ended.said} {ended.complained} (first {first.code}: {first.said})"
        found = self.world.effect(self.start)
        if trace:
            return f"traceback: {first.complained} {ended.complained}"
        if found != self.clean:
            return f"{found} instead of {self.clean} (first {first.code}: {first.said[-400:]})"
        return ""


def preload() -> None:
    """Import all that commands import, and read them, once for the thousands of processes that are forked."""
    for package in ("chain", "cli", "console", "kernel", "provenance", "storage", "systems"):
        parent = import_module(f"orchestrator.{package}")
        for module in walk_packages(parent.__path__, f"{parent.__name__}.", onerror=lambda name: None):
            with suppress(ImportError, EngineError):  # what an optional package is needed for
                import_module(module.name)
    commands = typer.main.get_command(root.app)
    typer.main.get_command = lambda _: commands
    gc.collect()
    gc.freeze()


@contextmanager
def world_of(network: str, folder: Path) -> Iterator[World]:
    """A world on the embedded chain, or on an Anvil of its own behind a proxy."""
    preload()
    if network == "embedded":
        world = World(folder / "world", network)
        foundation(world)
        world.keep()
        yield world
        return
    with _anvil(folder) as port:
        proxy = Proxy(port)
        try:
            world = World(folder / "world", "development", proxy)
            foundation(world)
            world.keep()
            yield world
        finally:
            proxy.close()


@contextmanager
def _anvil(folder: Path) -> Iterator[int]:
    from orchestrator.chain import start_node
    from tests.integration.nodes import settings_for
    from tests.ports import free_port

    port = free_port()
    process = start_node(settings_for(folder / "anvil", port, chain_id=31337))
    try:
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def try_all(
    world: World, names: list[str], scripts: int, kills: int, seed: int, seconds: float = float("inf")
) -> Iterator[tuple[str, str, int, str]]:
    """Yield command, what was done to it, its number and what was wrong ("" for nothing)."""
    rng = random.Random(seed)
    begun = time.monotonic()
    for name in names:
        trial = Trial(world, COMMANDS[name])
        try:
            seeds = [rng.randrange(1, 1 << 30) for _ in range(scripts)]
            points = list(range(1, trial.points + 1))
            chosen = points if kills >= len(points) else sorted(rng.sample(points, kills))
            for kind, number in [*(("script", each) for each in seeds), *(("kill", each) for each in chosen)]:
                if time.monotonic() - begun > seconds:
                    return
                asked = {"seed": number} if kind == "script" else {"die_at": number}
                yield name, kind, number, trial.attempt(**asked)
            yield name, "points", trial.points, ""
        finally:
            trial.end()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("commands", nargs="*")
    parser.add_argument("--network", choices=["embedded", "anvil"])
    parser.add_argument("--scripts", type=int, default=20)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    wrong = 0
    for network in [asked.network] if asked.network else ["embedded", "anvil"]:
        done: Counter[tuple[str, str]] = Counter()
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder, world_of(network, Path(folder)) as world:
            names = asked.commands or list(COMMANDS)
            for name, kind, number, fault in try_all(world, names, asked.scripts, asked.kills, asked.seed):
                if kind == "points":
                    counts = f"{done[name, 'script']} scripts, {done[name, 'kill']} kills of {number} points"
                    _say(f"{network} {name}: {counts}, {time.monotonic() - begun:.0f} s")
                    continue
                done[name, kind] += 1
                if fault:
                    wrong += 1
                    _say(f"WRONG {network} {name} {kind} {number}: {fault}")
    _say(f"{wrong} wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
