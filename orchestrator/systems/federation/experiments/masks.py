"""Sums of masked updates: exact, whoever vanishes; and what is published looks like chance."""

import hashlib
import time

import numpy as np
from coincurve import PrivateKey

from orchestrator.learning.privacy.masks import (
    SHARE_BYTES,
    Expand,
    Peer,
    Words,
    join,
    keccak_mask,
    open_share,
    place_of_share,
    public_key,
    shake_mask,
    threshold,
    unmask,
)
from orchestrator.systems.federation.experiments.base import Check, Outcome, Picture, Row, counted, experiment
from orchestrator.types import Report

PARTIES, SIZE = 10, 10_000
GONE = (0, 1, 2, 3)


@experiment("Sums of ten masked updates of 10,000 values, some of which never come", "Bonawitz et al., 2017")
def run(progress: Report | None = None) -> Outcome:
    updates = np.random.default_rng(0).integers(-(2**20), 2**20, (PARTIES, SIZE))
    rows, timing = [], {}
    for name, expand in counted((("keccak", keccak_mask), ("SHAKE-128", shake_mask)), progress):
        group = _peers(expand)
        began = time.perf_counter()
        masked = {seat: group[seat].mask(1, updates[seat]) for seat in range(PARTIES)}
        timing[f"{name}_seconds_a_party"] = round((time.perf_counter() - began) / PARTIES, 3)
        rows += [_sum(_peers(expand), updates, masked, gone, name, expand) for gone in GONE]
    guessed = max(abs(row["seen_of_an_update"]) for row in rows)
    checks = [
        Check("every sum is exact", all(row["largest_error"] == 0 for row in rows)),
        Check(
            "what is published goes with nothing that it hides",
            guessed < 0.05,
            f"largest correlation {guessed:.3f} over {SIZE:,} coordinates",
        ),
    ]
    picture = Picture("masks", ("largest_error", "seen_of_an_update"), "error; correlation", bars=True)
    return Outcome(rows, checks, picture, timing)


def _peers(expand: Expand) -> list[Peer]:
    private = [PrivateKey(hashlib.sha256(b"party %d" % seat).digest()) for seat in range(PARTIES)]
    keys = {seat: public_key(each) for seat, each in enumerate(private)}
    return [Peer(each, seat, keys, b"an experiment", expand) for seat, each in enumerate(private)]


def _sum(
    group: list[Peer], updates: np.ndarray, masked: dict[int, Words], gone: int, name: str, expand: Expand
) -> Row:
    """Let the last `gone` parties vanish once masks were agreed on."""
    there = range(PARTIES - gone)
    number = 1
    personal = {}
    for owner in there:
        dealt, shares = group[owner].shares(number), []
        for seat in [seat for seat in there if seat != owner][: threshold(PARTIES)]:
            key = group[seat].tell_shares(number, there, owner)[owner]
            at = place_of_share(range(PARTIES), owner, seat, owner)
            shares.append(open_share(key, dealt[at : at + SHARE_BYTES]))
        personal[owner] = join(shares)
    seeds = {
        away: {seat: group[seat].seed(number, away) for seat in there}
        for away in range(PARTIES - gone, PARTIES)
    }
    total = unmask({seat: masked[seat] for seat in there}, personal, seeds, expand)
    error = int(np.abs(total - updates[: len(there)].sum(axis=0)).max())
    seen = max(
        abs(float(np.corrcoef(masked[seat].view(np.int32), updates[seat])[0, 1])) for seat in range(PARTIES)
    )
    return {"masks": f"{name}, {gone} gone", "largest_error": error, "seen_of_an_update": round(seen, 4)}
