"""A federation in a working folder: parties with rows of their own."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.bindings.federation import Federation
from orchestrator.errors import StorageError
from orchestrator.kernel.keeper import Keeper, Said
from orchestrator.kernel.session import Session
from orchestrator.systems.federation.creating import create, plan
from orchestrator.systems.federation.joining import join
from orchestrator.systems.federation.offer import Offer

FEATURES = ("height", "weight")
CLASSES = ("no", "yes")


def offer(**changes: Any) -> Offer:
    """A committee of three, two rounds; changed by field."""
    given: dict[str, Any] = {
        "name": "clinics",
        "target": "ill",
        "features": FEATURES,
        "classes": CLASSES,
        "reward": "1",
        "deposit": "0.5",
        "rounds": 1,
        "seats": 3,
        "quorum": 3,
        "policy": "quality",
        "pay": "quality",
        "committee": 3,
        "epochs": 2,
    }
    return Offer(**given | changes)


def rows(folder: Path, name: str, count: int = 40) -> Path:
    """Rows that a straight line tells apart."""
    rng = np.random.default_rng(list(name.encode()))
    features = rng.normal(size=(count, 2))
    file = folder / f"{name}.csv"
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow([*FEATURES, "ill"])
        for height, weight in features:
            writer.writerow([height, weight, CLASSES[int(height + weight > 0)]])
    return file


def begin(session: Session, folder: Path, *parties: str, **changes: Any) -> Federation:
    """A federation of alice's that `parties` have joined; nobody has begun it."""
    organizer = session.account("alice")
    made = create(session, plan(session, offer(**changes), organizer), organizer)
    for name in parties:
        join(session, made, session.account(name), rows(folder, name))
    return made


TASK = {"policy": "learning", "rule": "mean", "pay": "equal", "quorum": 2, "seats": 5, "max_voids": 1}


def begin_task(
    session: Session, folder: Path, trainers: Sequence[str], validators: Sequence[str], **changes: Any
) -> Federation:
    """A task of alice's with a hidden test set, that `trainers` with rows and `validators` have joined."""
    made = begin(session, folder, *trainers, **TASK | {"tests": (str(rows(folder, "hidden", 60)),)} | changes)
    for name in validators:
        join(session, made, session.account(name), None)
    return made


def later(session: Session, federation: Federation) -> None:
    """The end of the phase."""
    session.chain.advance_to(federation.clock().ends_at)


def lost(session: Session, *cids: str) -> None:
    """Storage that has forgotten some files."""
    real = session.storage.read

    def read(cid, **options):
        if cid in cids:
            raise StorageError(f"nobody provides {cid}", "")
        return real(cid, **options)

    session.storage.read = read


def done(keeper: Keeper) -> list[Said]:
    """What a keeper does at this moment, turn after turn until it says nothing new."""
    said: list[Said] = []
    while new := [each for each in keeper.turn() if each not in said]:
        said += new
    return said
