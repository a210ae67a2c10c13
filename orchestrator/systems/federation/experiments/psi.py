"""Who is known to all of three hospitals: the blinded lists find exactly the common people."""

import time

import numpy as np

from orchestrator.systems.federation.alignment import Party, common
from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.types import Report

PEOPLE, HOSPITALS = 569, 3
SHARES = (0.25, 0.5, 0.85, 1.0)


def aligned(lists: list[list[str]], rng: np.random.Generator) -> list[list[str]]:
    """The common identifiers as each party finds them, all in the same order."""
    parties = [Party(rng.bytes(32)) for _ in lists]
    blinded = []
    for owner, identifiers in zip(parties, lists, strict=True):
        mine = owner.blind(identifiers)
        for other in parties:
            if other is not owner:
                mine = other.again(mine)
        blinded.append(mine)
    found = []
    for number, (party, identifiers) in enumerate(zip(parties, lists, strict=True)):
        ordered = party.order(identifiers)
        others = [each for place, each in enumerate(blinded) if place != number]
        found.append([ordered[place] for place in common(blinded[number], others)])
    return found


@experiment("People known to all of three hospitals, found without showing a list", "Meadows, 1986 (DH-PSI)")
def run(progress: Report | None = None) -> Outcome:
    rows: list[Row] = []
    exact, began, blindings = True, time.perf_counter(), 0
    for share in counted(SHARES, progress):
        rng = np.random.default_rng(0)
        known = [rng.choice(PEOPLE, int(PEOPLE * share), replace=False) for _ in range(HOSPITALS)]
        lists = [[f"patient {person:05d}" for person in each] for each in known]
        found = aligned(lists, rng)
        shared = set(lists[0]).intersection(*lists[1:])
        exact &= all(each == found[0] for each in found) and set(found[0]) == shared
        blindings += HOSPITALS * sum(map(len, lists))
        rows.append({"share_known": share, "common_people": len(shared), "found": len(found[0])})
    speed = round(blindings / (time.perf_counter() - began))
    checks = [Check("all common people are found, in one order, and nobody else", exact)]
    picture = Picture("share_known", ("common_people", "found"), "people", bars=True)
    return Outcome(rows, checks, picture, {"blindings_per_second": speed})
