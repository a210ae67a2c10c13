"""Every command that sends, under faults and kills: the chain has afterwards what one clean run puts there.

python -m tests.integration.paidonce --scripts 200 --results FILE   # of each command, on both chains
python -m tests.integration.paidonce sum-add --network embedded     # one command

Only scripts count that hit a request of the clean run. What a kill leaves is the files and the chain: so one
run stands still at all its points, both are copied, and the command is run again from every copy that differs
from the one before. What FILE has is not done again.
"""

import argparse
import gc
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from queue import Empty
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import typer.main

from orchestrator.chain import Chain, connect
from orchestrator.config import Settings, load_settings
from orchestrator.console import root
from orchestrator.errors import EngineError
from orchestrator.kernel.session import Session
from tests.integration.acts import COMMANDS, Command, foundation
from tests.integration.faulty import KILLED, Points, Proxy, Script, fail_inside, strikes

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

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
        """As a command has them, but more patient with the node: what only looks is not on trial."""
        found = load_settings(folder=self.folder, home=self.folder / ".diln", environ={})
        return replace(found, network=replace(found.network, timeout=float(PATIENCE)))

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

    def killed_everywhere(self, words: tuple[str, ...]) -> "tuple[int, list[State]]":
        """Run a command: its points, and each state that a kill at some of them would leave."""
        resume, stopped = os.pipe(), os.pipe()
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            os.close(stopped[0])
            os.close(resume[1])
            _live(self.folder, words, pauses=(resume[0], stopped[1]))
        os.close(stopped[1])
        states: list[State] = []
        points = 0
        while os.read(stopped[0], 1):
            points += 1
            seen = _content(self.folder), "" if self.network == "embedded" else self._newest_block()
            if not states or states[-1].seen != seen:
                copy = self.folder.with_name(f"{self.folder.name}-at-{points}")
                shutil.copytree(self.folder, copy)
                states.append(State(points, copy, self._snapshot(), seen))
            os.write(resume[1], b".")
        os.waitpid(child, 0)
        for end in (stopped[0], *resume):
            os.close(end)
        return points, states

    def go_to(self, state: "State") -> None:
        """Be where a kill would have left all; of the states of one run the last comes first."""
        shutil.rmtree(self.folder)
        state.copy.rename(self.folder)
        if state.snapshot is not None:
            with self.chain() as chain:
                assert chain.request("evm_revert", state.snapshot)

    def _newest_block(self) -> str:
        with self.chain() as chain:
            return chain.head().hash.hex()

    def forget(self) -> None:
        """Go back to the state before the last."""
        copy, _ = self._kept.pop()
        shutil.rmtree(copy)
        self.restore()

    def forget_all_but_one(self) -> None:
        """Go back to the first state that was remembered."""
        while len(self._kept) > 1:
            shutil.rmtree(self._kept.pop()[0])
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
        if self.proxy and seed:
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
class State:
    """What a kill at `point`, and at those after it that change nothing, leaves."""

    point: int
    copy: Path
    snapshot: Any
    seen: tuple[bytes, str]


def _content(folder: Path) -> bytes:
    """A digest of all files, but for what SQLite makes again of its log when nobody has it open."""
    digest = hashlib.blake2b()
    for file in sorted(each for each in folder.rglob("*") if each.is_file() and each.suffix != ".db-shm"):
        digest.update(f"{file.relative_to(folder)}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.digest()


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
    pauses: tuple[int, int] | None = None,
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
        script = Script(seed)
        if seed or count:
            fail_inside(script)
        points = Points(die_at, pauses) if die_at or count or pauses else None
        code = run([*words] if words[0] in SILENT else [*words, "--json"])
        sys.stdout.flush()
        if points and count:
            (folder / "points").write_text(json.dumps([points.count, script.log]))
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
        self.asked = world.proxy.asked() if world.proxy else []
        assert clean.code == 0, f"{command.words}: {clean.said} {clean.complained}"
        self.clean = world.effect(self.start)
        self.points, inside = json.loads((world.folder / "points").read_text())
        self.asked = self.asked or inside

    def end(self) -> None:
        self.world.forget()

    def attempt(self, *, seed: int = 0, die_at: int = 0) -> str:
        """Run it with faults or a death, then again until it is done; "" if all is as it should be."""
        self.world.restore()
        return self._done_at_last(self.world.run(self.command.words, seed=seed, die_at=die_at))

    def kill_everywhere(self) -> Iterator[tuple[int, str]]:
        """For each state that a kill leaves: its point, and what was wrong when it was run again."""
        self.world.restore()
        self.points, states = self.world.killed_everywhere(self.command.words)
        for state in reversed(states):
            self.world.go_to(state)
            yield state.point, _tried(lambda: self._done_at_last(Ended(KILLED, self.world._said(), "")))

    def _done_at_last(self, first: Ended) -> str:
        ended = first
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


@contextmanager
def preloaded() -> Iterator[None]:
    """Import all that commands import, and read them, once for the thousands of processes that are forked."""
    for package in ("chain", "cli", "console", "kernel", "provenance", "storage", "systems"):
        parent = import_module(f"orchestrator.{package}")
        for module in walk_packages(parent.__path__, f"{parent.__name__}.", onerror=lambda name: None):
            with suppress(ImportError, EngineError):  # what an optional package is needed for
                import_module(module.name)
    commands = typer.main.get_command(root.app)
    gc.collect()
    gc.freeze()
    try:
        with patch("typer.main.get_command", lambda _: commands):
            yield
    finally:
        gc.unfreeze()


@contextmanager
def world_of(network: str, folder: Path) -> Iterator[World]:
    """A world on the embedded chain, or on an Anvil of its own behind a proxy."""
    with preloaded():
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
            chosen = rng.sample(range(1, trial.points + 1), min(kills, trial.points))
            for kind, number in [*(("script", each) for each in seeds), *(("kill", each) for each in chosen)]:
                if time.monotonic() - begun > seconds:
                    return
                asked = {"seed": number} if kind == "script" else {"die_at": number}
                yield name, kind, number, trial.attempt(**asked)
        finally:
            trial.end()


@dataclass(frozen=True)
class Task:
    """A command on a chain, and which of its scripts; with the first of them it is killed everywhere, too."""

    network: str
    name: str
    first: int
    until: int

    @property
    def key(self) -> str:
        return f"{self.network} {self.name} {self.first}-{self.until}"

    def run(self, world: World, seed: int) -> dict[str, Any]:
        """What is written of it."""
        wrong: dict[str, str] = {}
        told: dict[str, Any] = {"task": self.key, "scripts": 0, "points": 0, "states": 0, "wrong": wrong}
        try:
            trial = Trial(world, COMMANDS[self.name])
        except Exception as error:
            world.forget_all_but_one()
            return told | {"wrong": {"prepare": repr(error)}}
        try:
            for number in self._seeds(trial, seed):
                told["scripts"] += 1
                if fault := _tried(lambda number=number: trial.attempt(seed=number)):  # type: ignore[misc]
                    wrong[f"script {number}"] = fault
            if not self.first:
                for point, fault in trial.kill_everywhere():
                    told["states"] += 1
                    if fault:
                        wrong[f"kill {point}"] = fault
                told["points"] = trial.points
        except Exception as error:
            wrong["kills"] = repr(error)
        finally:
            trial.end()
        return told

    def _seeds(self, trial: Trial, seed: int) -> list[int]:
        """The seeds of its scripts, all of which hit something; the same for the same `seed`."""
        rng = random.Random(f"{seed} {self.network} {self.name}")
        found: list[int] = []
        while len(found) < self.until:
            number = rng.randrange(1, 1 << 30)
            if strikes(number, trial.asked):
                found.append(number)
        return found[self.first :]


def _tried(attempt: Callable[[], str]) -> str:
    try:
        return attempt()
    except Exception as error:  # it did not end, or the chain cannot be read
        return repr(error)


def _work(tasks: "Queue[Task]", told: "Queue[dict[str, Any]]", network: str, seed: int) -> None:
    """Do tasks of one chain until none is left, in a world of one's own."""
    with tempfile.TemporaryDirectory() as folder, world_of(network, Path(folder)) as world:
        while True:
            try:
                task = tasks.get_nowait()
            except Empty:
                return
            told.put(task.run(world, seed))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commands", nargs="*", choices=[*COMMANDS, []], metavar="COMMAND")
    parser.add_argument("--network", choices=["embedded", "anvil"])
    parser.add_argument("--scripts", type=int, default=200, help="of each command on each chain")
    parser.add_argument("--batch", type=int, default=50, help="so many before the next command's turn")
    parser.add_argument("--jobs", type=int, default=1, help="processes for each chain")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, help="a file of JSON lines")
    asked = parser.parse_args()
    with preloaded():
        sys.exit(_all(asked))


def _all(asked: argparse.Namespace) -> int:
    """Do whatever is not done yet, and say so; 1 where anything was wrong."""
    done = {}
    if asked.results and asked.results.exists():
        done = {each["task"]: each for each in map(json.loads, asked.results.read_text().splitlines())}
    context = multiprocessing.get_context("fork")
    told: Queue[dict[str, Any]] = context.Queue()
    left, workers = 0, []
    for network in [asked.network] if asked.network else ["embedded", "anvil"]:
        tasks: Queue[Task] = context.Queue()
        for first in range(0, asked.scripts, asked.batch):
            for name in asked.commands or COMMANDS:
                task = Task(network, name, first, min(first + asked.batch, asked.scripts))
                if task.key not in done:
                    tasks.put(task)
                    left += 1
        for _ in range(asked.jobs):
            worker = context.Process(target=_work, args=(tasks, told, network, asked.seed))
            worker.start()
            workers.append(worker)
    wrong = 0
    for _ in range(left):
        row = told.get()
        wrong += len(row["wrong"])
        line = json.dumps(row)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        if asked.results:
            with asked.results.open("a") as file:
                file.write(line + "\n")
    for worker in workers:
        worker.join()
    return int(wrong > 0)


if __name__ == "__main__":
    main()
