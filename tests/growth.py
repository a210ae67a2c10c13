"""What looking costs among few and among many: CPU-seconds, and requests to the node.

python -m tests.growth [--few 10] [--many 1000] [--pins 10000]

The versions of a project, submissions to a competition, contributions to a shared model, and pins, on the
embedded chain. Each look is taken three times; the quickest counts.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from orchestrator.chain import migrate
from orchestrator.config import load_settings
from orchestrator.kernel.session import Session
from orchestrator.models.online.planning import plan
from orchestrator.models.online.training import train
from orchestrator.provenance import Status, publication_of, verify
from orchestrator.systems.competition import overview
from orchestrator.systems.competition.duties import Role
from orchestrator.systems.sum.claiming import claims
from orchestrator.systems.sum.creating import create
from orchestrator.systems.sum.opening import open_model
from tests.unit.competition.stage import Stage
from tests.unit.competition.test_growth import Counted, commit
from tests.unit.provenance.samples import sample_manifest
from tests.unit.sum.conftest import CITY, NATURE, TERMS, Village, table
from tests.unit.sum.giving import sample

Looks = dict[str, Callable[[], object]]
Growing = tuple[Looks, Callable[[int], object]]
AT_ONCE = 20


def registry(session: Session) -> Growing:
    """A project whose first version is looked for among the others."""
    alice, reading = session.account("alice"), session.registry
    session.send(reading.contract.create_project("tumours", [], [], 0), alice)
    project = reading.project_id(alice.address, "tumours")
    model, numbers = session.settings.home / "model.skops", iter(range(1, 1 << 30))
    model.write_bytes(b"a model")
    from orchestrator.storage import digest_bytes

    known = digest_bytes(b"a model")

    def publish(sha256: str | None, **more: object) -> None:
        manifest = sample_manifest(sha256=sha256, parents=[], **more)
        session.chain.send(reading.publish(publication_of(manifest, project)), alice, gas=400_000)

    publish(known.sha256, cid=known.cid)
    looks: Looks = {
        "log (the last 20)": lambda: reading.versions(project, 20),
        "verify": lambda: verify(model, reading, project=project),
        "predict: the newest": lambda: reading.newest(project, (Status.PUBLISHED, Status.DEPLOYABLE)),
        "predict: by number": lambda: reading.numbered(project, 1),
    }

    def grow(count: int) -> None:
        for _ in range(count):
            publish(f"{next(numbers):064x}")

    return looks, grow


def competition(session: Session) -> Growing:
    stage = Stage(session, session.settings.home)
    found = stage.create()
    stage.keep(found, "organizer", Role.ORGANIZER)
    looks: Looks = {
        "competition list": lambda: overview.overview(found, leaderboard=False),
        "competition show": lambda: overview.overview(found),
        "competition watch": lambda: stage.keep(found, "anna", Role.SUBMITTER),
    }

    def grow(count: int) -> None:
        for first in range(0, count, 255):
            commit(stage, found, min(255, count - first))

    return looks, grow


def shared_model(session: Session) -> Growing:
    made = create(session, "walks", plan(train(table(), "perceptron")), session.account("alice"), TERMS)
    village = Village(session, open_model(session, made.address))
    contract, bob = village.opened.shared, village.account("contributor")
    turns = [sample(village, words, step) for step in range(10) for words in (CITY, NATURE)]

    def grow(count: int) -> None:
        for _ in range(0, count, AT_ONCE):
            session.chain.advance(3_600)
            price = contract.price(AT_ONCE)
            call = contract.contract.add_batch([x for x, _ in turns], bytes(y for _, y in turns), price)
            session.chain.send(call, bob, value=price * AT_ONCE, gas=16_000_000)

    looks: Looks = {
        "sum show: the ledger": lambda: open_model(session, made.address).ledger.refresh(),
        "sum watch: claims": lambda: claims(village.opened, bob.address),
    }
    return looks, grow


def pins(session: Session) -> Growing:
    numbers = iter(range(1 << 30))

    def put(count: int = 1) -> None:
        for _ in range(count):
            session.storage.put(b"%d" % next(numbers), pin=True)

    return {"put": put}, put


SYSTEMS: dict[str, Callable[[Session], Growing]] = {
    "versions": registry,
    "submissions": competition,
    "contributions": shared_model,
    "pins": pins,
}


def measured(session: Session, looks: Looks) -> dict[str, tuple[float, Counter[str]]]:
    """CPU-seconds of each look, and its requests."""
    return {name: _measured(session, look) for name, look in looks.items()}


def _measured(session: Session, look: Callable[[], object]) -> tuple[float, Counter[str]]:
    web3, taken, asked = session.chain.web3, [], Counter[str]()
    real = web3.provider
    look()
    for _ in range(3):
        asked = Counter[str]()
        web3.provider = Counted(real, asked)
        began = time.process_time()
        try:
            look()
        finally:
            web3.provider = real
        taken.append(time.process_time() - began)
    return min(taken), asked


def rows(few: int, many: int, most: int) -> Iterator[str]:
    """A line of a table for each look."""
    for what, begin in SYSTEMS.items():
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "home"
            home.mkdir()
            with Session(load_settings(home=home, environ={})) as session:
                migrate(session.settings, session.chain, session.account("alice"))
                looks, grow = begin(session)
                grow(few)
                before = measured(session, looks)
                more = most if what == "pins" else many
                grow(more - few)
                after = measured(session, looks)
                for name, (cpu, asked) in before.items():
                    cpu_after, asked_after = after[name]
                    calls = f"{sum(asked.values())} | {sum(asked_after.values())}"
                    yield f"| {name} | {more} {what} | {cpu * 1000:.1f} | {cpu_after * 1000:.1f} | {calls} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--few", type=int, default=10)
    parser.add_argument("--many", type=int, default=1000)
    parser.add_argument("--pins", type=int, default=10_000)
    given = parser.parse_args()
    for row in rows(given.few, given.many, given.pins):
        sys.stdout.write(row + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
