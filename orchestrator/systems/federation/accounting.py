"""The privacy that parties spend: what terms promise, a party's own budget, and training that keeps to it.

The ε of an update follows from the descriptor alone (noise, sampling, steps), so that anybody can tell what a
party's updates cost with the noise that they should have. Whether it was added, the party alone knows.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
from eth_utils.crypto import keccak

from orchestrator.bindings.federation import Committed, Federation, Joined, Left, Spent
from orchestrator.chain import Account
from orchestrator.errors import DataError, UsageError
from orchestrator.kernel.finding import history
from orchestrator.kernel.secrets import derive
from orchestrator.kernel.session import Session
from orchestrator.learning.privacy.accountant import Steps, epsilon
from orchestrator.learning.privacy.dpsgd import gaussian, stream
from orchestrator.systems.federation.finding import DOMAIN, Descriptor, descriptor_of, secret_folder
from orchestrator.systems.federation.rows import Rows
from orchestrator.systems.federation.simulation.networks import Floats, train_privately
from orchestrator.types import Address

PARTS = 1000
"""ε is told in thousandths."""

TOLD_BYTES = 4
"""At the end of a salt, where the terms have an ε."""


@dataclass(frozen=True)
class Budget:
    """A party's in one federation, after updates in `rounds` rounds: `most` its own, `terms` everybody's."""

    said: Descriptor
    most: float
    rounds: int
    terms: float

    @property
    def spent(self) -> float:
        return self.after(self.rounds)

    @property
    def next(self) -> float:
        """What is spent with one more update."""
        return self.after(self.rounds + 1)

    @property
    def is_over(self) -> bool:
        return not self.next <= self.most

    @property
    def lasts(self) -> int:
        """How many updates it allows in all, up to 1,024 rounds."""
        low, high = 0, 1024
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.after(middle) <= self.most else (low, middle - 1)
        return low

    def after(self, rounds: int) -> float:
        return epsilon_of(self.said, rounds)


def epsilon_of(said: Descriptor, rounds: int) -> float:
    """What the updates of so many rounds cost, as (ε, δ) of the descriptor; rounded up to a thousandth."""
    steps = Steps(said.noise / PARTS, said.sampling / PARTS, rounds * said.steps)
    return math.ceil(epsilon([steps], 1 / said.delta) * PARTS) / PARTS


def noisy(session: Session, federation: Federation) -> Descriptor | None:
    """By which noise updates hide rows; None where the terms promise no ε.

    Raises DataError where terms and descriptor do not belong together.
    """
    if not federation.terms.epsilon:
        return None
    said = descriptor_of(session, federation)
    if not said.noise:
        raise DataError(
            "the terms promise an ε, and the descriptor does not say by what noise",
            "Do not join this federation.",
        )
    return said


def rounds_of(federation: Federation, party: Address, before: int) -> set[int]:
    """The rounds before `before` in which the party committed to an update, on whatever seats it had."""
    return {each for each in _committed(federation).get(party, ()) if each < before}


def _committed(federation: Federation) -> dict[Address, set[int]]:
    """The rounds in which each party committed to an update."""
    seated, found = dict[int, Address](), defaultdict[Address, set[int]](set)
    for each in history(federation, [Joined, Left, Committed]):
        if isinstance(each, Committed):
            if who := seated.get(each.seat):
                found[who].add(each.round)
        elif isinstance(each, Joined):
            seated[each.seat] = each.party
        elif isinstance(each, Left):
            seated.pop(each.seat, None)
    return found


def budget_of(
    session: Session, federation: Federation, party: Address, own: float | None = None
) -> Budget | None:
    """Before the present round; None where the terms promise no ε. `own` is a budget that is not kept yet."""
    said = noisy(session, federation)
    if said is None:
        return None
    kept = secret_folder(session, federation.address).read(_name(party)) or {}
    most = own or float(kept.get("epsilon", "inf"))
    rounds = len(rounds_of(federation, party, federation.state().round))
    terms = federation.terms.epsilon / PARTS
    return Budget(said, min(most, terms), rounds, terms)


def check_budget(
    session: Session, federation: Federation, party: Address, own: float | None, rows: Rows | None
) -> Budget | None:
    """The budget with which a party is about to join.

    Raises UsageError for a budget that nothing is spent of, or that not one update fits into, DataError for
    more rows than δ is good for.
    """
    require_sense(federation, own)
    found = budget_of(session, federation, party, own)
    if found is None:
        return None
    if found.is_over:
        raise UsageError(
            f"ε would be {found.next:g} with one more update, past your budget of {found.most:g}",
            "Allow more, or do not join.",
        )
    if rows and len(rows.labels) >= found.said.delta:
        raise DataError(
            f"a δ of 1/{found.said.delta} promises nothing for {len(rows.labels)} rows: one may be shown "
            "whole",
            "Join with fewer rows, or a federation of a smaller δ.",
        )
    return found


def require_sense(federation: Federation, own: float | None) -> None:
    """Raises UsageError for a budget that nothing is spent of."""
    if own is not None and not (federation.terms.epsilon and 0 < own < math.inf):
        raise UsageError(
            "a budget of ε is a positive number, in a federation whose terms promise one",
            "`diln federation status` tells the terms.",
        )


def keep_budget(session: Session, federation: Federation, party: Address, own: float | None) -> None:
    """Remember a party's own budget; with a smaller one, a party that has joined stops earlier."""
    if own is not None:
        secret_folder(session, federation.address).write(_name(party), {"epsilon": repr(own)})


def require_budget(session: Session, federation: Federation, party: Account) -> None:
    """Raises DataError where one more update would go past the party's budget."""
    found = budget_of(session, federation, party.address)
    if found and found.is_over:
        fine = "It costs the fine in each round; `leave` does once." if federation.terms.obliged else ""
        raise DataError(
            f"ε would be {found.next:g} (δ = 1/{found.said.delta}) with this update, past the {found.most:g} "
            f"that {party.name} allows",
            fine
            or f"You lose nothing by not committing; three rounds without one cost the seat. {_raise(found)}",
        )


def stands(found: Budget | None) -> list[str]:
    """How a party's budget stands, in a sentence: what is spent, what is left, what raises it."""
    if found is None:
        return []
    spent = f"ε = {found.spent:g} of the budget of {found.most:g} is spent"
    if not found.is_over:
        return [f"{spent}; it allows {found.lasts - found.rounds} more updates."]
    return [
        f"{spent}, and one more update would lead to {found.next:g}: no more are committed to. "
        + _raise(found)
    ]


def _raise(found: Budget) -> str:
    """What lets a party go on whose budget is over."""
    if found.next > found.terms:
        return f"The terms allow no more than {found.terms:g}."
    return f"`diln federation join --epsilon {found.terms:g}` raises it, to what the terms allow at most."


def promises(found: Budget | None, *, obliged: bool) -> list[str]:
    """What noise gives a party and when its client stops, in sentences."""
    if found is None:
        return []
    said, often = found.said, found.lasts - found.rounds
    stops = (
        "Then your client commits no more, which costs the fine in each further round."
        if obliged
        else "Then your client commits no more."
    )
    return [
        f"Each update carries noise of {said.noise / PARTS:g} clipping norms at each of {said.steps} steps. "
        f"One costs ε = {found.after(1):g}, for δ = 1/{said.delta}; what you have spent is public.",
        f"Your budget is ε = {found.most:g}: {often} more updates, void rounds included. {stops}",
        "It hides each single row, not you, nor what your rows have in common; and nobody but you sees "
        "whether the noise is there.",
    ]


def sealed(salt: bytes, budget: Budget | None) -> bytes:
    """The salt with what is spent at its end, where the terms have an ε."""
    if budget is None:
        return salt
    told = math.ceil(budget.next * PARTS - 0.5)  # thousandths already
    return salt[:-TOLD_BYTES] + told.to_bytes(TOLD_BYTES, "big")


def train_hidden(
    session: Session, federation: Federation, party: Account, number: int, rows: Rows, start: Floats
) -> Floats:
    """The weights after a round's private steps: the same each time for the same wallet and rows."""
    about = keccak(
        number.to_bytes(32, "big") + start.tobytes() + rows.features.tobytes() + rows.labels.tobytes()
    )
    seed = derive(party, DOMAIN, session.chain.chain_id, "noise", about, federation.address)
    drawn, read = np.random.default_rng(int.from_bytes(keccak(b"rows" + seed), "big")), stream(seed)
    network, plan = rows.descriptor.network, rows.descriptor.private_training
    return train_privately(
        network, start, rows.features, rows.labels, drawn, plan, lambda n: gaussian(n, read)
    )


def spent_of(federation: Federation) -> dict[Address, float]:
    """What each party said last that it has spent."""
    if not federation.terms.epsilon:
        return {}
    return {each.party: each.epsilon / PARTS for each in federation.events(Spent)}


def understated(session: Session, federation: Federation, number: int) -> str:
    """Who of round `number` told less than its updates cost with the terms' noise; empty where nobody did."""
    said = noisy(session, federation)
    if said is None:
        return ""
    committed = _committed(federation)
    for each in federation.events(Spent, round=number):
        due = epsilon_of(said, sum(one <= number for one in committed[each.party]))
        # A platform's own logarithms may differ in the last thousandth.
        if each.epsilon + 1 < due * PARTS:
            return (
                f"{each.party} says that it spent ε = {each.epsilon / PARTS:g}, and its updates cost {due:g}"
            )
    return ""


def of_offer(said: Descriptor, most: float, rounds: int, noise: float) -> tuple[Descriptor, int]:
    """The descriptor with its noise, and the terms' ε in thousandths: one follows from the other.

    Raises UsageError where the noise is not enough for all rounds, DataError where none is.
    """
    from orchestrator.learning.privacy.accountant import noise_for

    if not noise:
        noise = noise_for(most, said.sampling / PARTS, rounds * said.steps, 1 / said.delta)
    made = replace(said, noise=math.ceil(noise * PARTS - 1e-9))
    whole = epsilon_of(made, rounds)
    if most and whole > most + 1 / PARTS:
        raise UsageError(
            f"with this noise, {rounds} rounds cost ε = {whole:g}, past {most:g}",
            "Leave `noise` out, and it follows from `epsilon`.",
        )
    return made, math.ceil(max(most, whole) * PARTS - 1e-6)


def _name(party: Address) -> str:
    return f"epsilon-{party}"
