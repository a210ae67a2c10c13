"""Three hospitals, a fourth that poisons, one that vanishes, a false aggregate: `diln federation demo`."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from orchestrator.bindings.federation import Federation, Phase
from orchestrator.chain import migrate
from orchestrator.chain.budget import at_play
from orchestrator.config import EMBEDDED, Network, Settings, StorageConfig
from orchestrator.errors import VerificationFailed
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation import Update, quantize
from orchestrator.learning.aggregation.template import UNIT
from orchestrator.systems.federation import aggregating, cranking, party, refuting, scoring
from orchestrator.systems.federation.creating import create, plan
from orchestrator.systems.federation.finding import descriptor_of
from orchestrator.systems.federation.joining import join, money_of, withdraw
from orchestrator.systems.federation.offer import Offer
from orchestrator.systems.federation.publishing import publish
from orchestrator.systems.federation.rounds import current_model, phase_of, seats_of
from orchestrator.systems.federation.simulation.datasets import Data, cancer, shared
from orchestrator.systems.federation.verifying import verify

Line = tuple[str, str]

ROUNDS = 2
HOSPITALS = ("alice", "bob", "carol")
POISONER, VANISHER, WATCHER = "dave", "erin", "frank"


def demo(settings: Settings, folder: Path) -> Iterator[Line]:
    """Play two rounds in `folder`; yields (step, sentence) as it goes.

    Always on the embedded chain and store of a state folder of its own. Raises VerificationFailed if the
    false aggregate is not refuted, or the history does not hold.
    """
    own = replace(
        settings, home=folder / ".diln", network=Network(EMBEDDED), storage=StorageConfig(), account=None
    )
    with Session(own) as session:
        yield from at_play(_play(session, folder))


def _play(session: Session, folder: Path) -> Iterator[Line]:
    data = cancer(0)
    names = [f"f{number}" for number in range(data.features.shape[1])]
    files = _files(folder, data, names, (*HOSPITALS, POISONER, VANISHER))
    migrate(session.settings, session.chain, session.account("alice"), ["federation"])
    made = plan(session, _offer(names), session.account("alice"))
    federation = create(session, made, session.account("alice"))
    yield (
        "create",
        f"{federation.address}: {ROUNDS} rounds, {money_of(federation).show(made.budget)} of budget",
    )
    for name, file in files.items():
        join(session, federation, session.account(name), file)
    rows = ", ".join(str(len(each)) for each in _sizes(files))
    yield "join", f"{len(files)} hospitals with {rows} rows; no row leaves"
    session.chain.advance_to(federation.clock().ends_at)
    cranking.crank(session, federation, session.account(WATCHER))
    for number in range(1, ROUNDS + 1):
        yield from _round(session, federation, number, data)
    yield from _end(session, federation)


def _round(session: Session, federation: Federation, number: int, data: Data) -> Iterator[Line]:
    for name in HOSPITALS:
        party.commit(session, federation, session.account(name))
    party.commit(session, federation, session.account(POISONER), _poison(session, federation))
    party.commit(session, federation, session.account(VANISHER))
    yield "commit", f"round {number}: five updates, one of them poison; {VANISHER} then vanishes"
    for name in (*HOSPITALS, POISONER):
        party.reveal(session, federation, session.account(name))
    session.chain.advance_to(federation.clock().ends_at)
    for _ in range(2):
        cranking.crank(session, federation, session.account(WATCHER))
    for name in (*HOSPITALS, POISONER):
        scoring.commit_scores(session, federation, session.account(name))
    for name in (*HOSPITALS, POISONER):
        scoring.reveal_scores(session, federation, session.account(name))
    if phase_of(federation) is not Phase.CLAIMING:
        session.chain.advance_to(federation.clock().ends_at)
    accepted = federation.judgement().accepted
    seats = {name: seats_of(federation)[session.account(name).address] for name in (*HOSPITALS, POISONER)}
    inside = [name for name, seat in seats.items() if accepted >> seat & 1]
    yield "judge", f"a committee scores every update on its own rows; in are {', '.join(inside)}"
    if POISONER in inside:
        raise VerificationFailed("the poison was let in", "Do not use this build of DILN.")
    order = federation.judgement().order
    claimers = [_name_at(session, seats, (order >> 8 * place & 255) - 1) for place in range(len(inside))]
    if number == 1:
        yield from _lie(session, federation, claimers[0])
        claimers = claimers[1:]
    result = aggregating.claim(session, federation, session.account(claimers[0]))
    session.chain.advance_to(federation.clock().ends_at)
    cranking.crank(session, federation, session.account(WATCHER))
    network = descriptor_of(session, federation).network
    model = current_model(session, federation)[: federation.terms.size] / UNIT
    right = network.accuracy(model, data.test_features, data.test_labels)
    yield (
        "round",
        f"{claimers[0]} aggregates; model {result.root.hex()[:16]}… is right in {right:.1%} of held-out rows",
    )


def _poison(session: Session, federation: Federation) -> Update:
    """What turns a trained model's answers around: wrong on everybody's rows, whoever judges it."""
    size = federation.terms.size
    model = current_model(session, federation)[:size]
    trained = party.trained(session, federation, session.account(POISONER))
    return quantize(-3 * (model + trained.values[:size]) - model, federation.terms.width)


def _lie(session: Session, federation: Federation, liar: str) -> Iterator[Line]:
    false = aggregating.altered(aggregating.expected(session, federation), 7)
    aggregating.claim(session, federation, session.account(liar), result=false)
    yield "lie", f"{liar} claims an aggregate that is wrong by one unit of 2⁻¹⁶ at one coordinate"
    fault = refuting.check(session, federation)
    if fault is None:
        raise VerificationFailed("the false aggregate was not noticed", "Do not use this build of DILN.")
    reward = refuting.refute(session, federation, session.account(WATCHER), fault)
    yield "refute", f"{fault.sentence}: one transaction, {money_of(federation).show(reward)} to {WATCHER}"


def _end(session: Session, federation: Federation) -> Iterator[Line]:
    for checked in verify(session, federation):
        if not checked.ok:
            raise VerificationFailed(
                f"round {checked.round}: {checked.sentence}", "Do not use this build of DILN."
            )
    yield "verify", "every update, rule, model and record was fetched and computed again"
    money, everybody = money_of(federation), (*HOSPITALS, POISONER, VANISHER, WATCHER)
    paid = {name: withdraw(session, federation, session.account(name)) for name in everybody}
    yield "pay", "; ".join(f"{name} {money.show(taken)}" for name, taken in paid.items())
    published = publish(session, federation, session.account("alice"))
    yield (
        "publish",
        f"version {published.version.number} in the registry: {published.manifest.artifact_hash.hex()}",
    )


def _offer(names: Sequence[str]) -> Offer:
    return Offer(
        name="hospitals",
        target="diagnosis",
        features=tuple(names),
        classes=("malignant", "benign"),
        reward="1",
        deposit="0.5",
        rounds=ROUNDS,
        seats=5,
        quorum=3,
        policy="quality",
        rule="mean",
        pay="quality",
        committee=3,
        source="scikit-learn's biopsies, in five parts",
    )


def _files(folder: Path, data: Data, names: Sequence[str], parties: Sequence[str]) -> dict[str, Path]:
    parts = shared(data.labels, len(parties), np.random.default_rng(1))
    found = {}
    for party_, rows in zip(parties, parts, strict=True):
        found[party_] = folder / f"{party_}.csv"
        with found[party_].open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([*names, "diagnosis"])
            for row in rows:
                writer.writerow([*data.features[row], ("malignant", "benign")[data.labels[row]]])
    return found


def _sizes(files: dict[str, Path]) -> list[list[str]]:
    return [file.read_text(encoding="utf-8").splitlines()[1:] for file in files.values()]


def _name_at(session: Session, seats: dict[str, int], seat: int) -> str:
    return next(name for name, own in seats.items() if own == seat)
