"""Create a federation: publish what it is and its first model, pay the budget."""

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from eth_utils.crypto import keccak

from orchestrator.bindings.federation import Federation, Pay, Policy, Privacy, Rule, Terms
from orchestrator.chain import Account
from orchestrator.errors import ContractReverted, InsufficientFunds, UsageError
from orchestrator.kernel import offers
from orchestrator.kernel.money import Currency, parse_token, read_currency
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation import Template
from orchestrator.learning.aggregation.chunks import Integers, encode
from orchestrator.learning.aggregation.template import UNIT, read_arrays
from orchestrator.systems.federation import accounting, masking
from orchestrator.systems.federation.finding import (
    HIDING,
    KIND,
    Descriptor,
    descriptor_of,
    factory_of,
    find,
    open_federation,
    parse_descriptor,
    secret_folder,
    store,
)
from orchestrator.systems.federation.offer import Offer, require_sound, require_table
from orchestrator.systems.federation.releasing import digest_of, keep_tests
from orchestrator.systems.federation.rounds import read_model
from orchestrator.systems.federation.rows import parse_rows
from orchestrator.systems.federation.terms import in_words, terms_of
from orchestrator.times import seconds, show_duration
from orchestrator.types import Digest

_RIDES = {Pay.ALIGNMENT: 1.5, Pay.QUALITY: 1.4}
"""What the best of free riders gets, in parts of an honest party's pay: the experiment `riders`."""


@dataclass(frozen=True)
class Plan:
    """All that a creation sends."""

    key: str
    terms: Terms
    descriptor: Descriptor
    model: Integers
    money: Currency
    tests: tuple[Path, ...] = ()

    @property
    def budget(self) -> int:
        return self.terms.rounds * self.terms.reward * self.terms.unit


def plan(session: Session, offer: Offer, organizer: Account, data: Path | None = None) -> Plan:
    """Publish the descriptor and the first model, and work out the terms; nothing is sent.

    `data` are rows that have to fit, such as the organizer's own. Raises UsageError for terms that no
    federation can have, DataError for rows that do not fit.
    """
    require_sound(offer)
    money = read_currency(session.chain, parse_token(offer.token or None))
    descriptor, model = _model(session, offer)
    for file in (*map(Path, offer.tests), *([data] if data else [])):
        parse_rows(descriptor, file)
    descriptor, most = _accounted(offer, descriptor)
    store(session, descriptor.to_bytes())
    cid = store(session, encode(model, 4))
    terms = terms_of(offer, organizer.address, descriptor.digest, model, cid, money)
    key = keccak(repr((offer, organizer.address, session.chain.genesis_hash)).encode()).hex()
    now, wait = int(session.chain.now()), int(seconds(offer.start))
    begins = offers.drafted_start(secret_folder(session), key, now, wait)
    tests = tuple(map(Path, offer.tests))
    made = Plan(key, replace(terms, start=begins, epsilon=most), descriptor, model, money, tests)
    _require_possible(session, made, organizer)
    return made


def _require_possible(session: Session, made: Plan, organizer: Account) -> None:
    """Try the creation out. Raises UsageError with the term that no federation can have."""
    factory = factory_of(session)
    salt = Digest(keccak(bytes.fromhex(made.key)))
    if session.chain.code(factory.address_of(made.terms, organizer.address, salt)):
        return  # a creation that was killed after it had paid
    call, value = factory.create(made.terms, salt), made.budget if made.money.is_ether else 0
    try:
        session.send(call, organizer, value=value, dry_run=True)
    except ContractReverted as error:
        if error.error == "InvalidTerms":
            raise in_words(error) from error
    except InsufficientFunds:  # told once all else is
        return


def _model(session: Session, offer: Offer) -> tuple[Descriptor, Integers]:
    """What is learned, and where it begins. Raises DataError, UsageError."""
    taken = {each.name for each in fields(Descriptor)} & {each.name for each in fields(Offer)} - set(HIDING)
    said = Descriptor(**{name: getattr(offer, name) for name in taken} | {"tests": _digests(offer)})
    if (offer.upper or offer.sharded) and (offer.arrays or offer.policy == "learning"):
        raise UsageError(
            "federations of federations learn from tables, and have no hidden tests",
            "Leave `upper` and `sharded` out, or `arrays` and tests.",
        )
    if offer.arrays:
        if offer.policy in ("quality", "learning"):
            raise UsageError(
                "a committee scores on rows of a table, and apps have none", 'Take policy = "trusted".'
            )
        arrays = read_arrays(Path(offer.arrays))
        template = Template.of(arrays)
        return parse_descriptor(replace(said, template=template.to_json()).to_bytes()), template.flatten(
            arrays
        )
    if not (offer.target and offer.features and offer.classes):
        raise UsageError(
            "this offer does not say what is learned", "It names target, features and classes, or arrays."
        )
    require_table(offer)
    if offer.upper:
        return _below(session, said, find(session, offer.upper))
    descriptor = parse_descriptor(said.to_bytes())
    start = descriptor.network.initial(np.random.default_rng(0))
    return descriptor, np.rint(start * UNIT).astype(np.int64)


def _below(session: Session, said: Descriptor, upper: Federation) -> tuple[Descriptor, Integers]:
    """Of a federation below `upper`, which begins as that one did. Raises UsageError where they differ."""
    above, terms = descriptor_of(session, upper), upper.terms
    same = ("target", "features", "classes", "hidden")
    other = next((name for name in same if getattr(above, name) != getattr(said, name)), None)
    if other or not above.sharded:
        why = f"has another {other}" if other else "has parties that stand for nobody"
        raise UsageError(f"{upper.address} {why}", "Take what its offer has, with `sharded = true`.")
    model = read_model(session, upper, terms.genesis, terms.genesis_cid)
    return parse_descriptor(replace(said, upper=upper.address).to_bytes()), model[: terms.size]


def _accounted(offer: Offer, said: Descriptor) -> tuple[Descriptor, int]:
    """What hides rows, and the terms' ε in thousandths; as it was, and 0, where nothing does.

    Raises UsageError where an ε would promise what is not so.
    """
    if not (offer.epsilon or offer.noise):
        return said, 0
    if offer.arrays or offer.sharded or offer.policy != "trusted" or offer.max_weight != 1:
        raise UsageError(
            "an ε is of updates: scores, votes and weights tell of rows, too, and an app trains as it likes",
            'Take policy = "trusted", max_weight = 1 and rows of a table, or no epsilon.',
        )
    numbers = (offer.epsilon, offer.noise, offer.clip, 1 - offer.sampling, 0.5 - offer.delta)
    if not all(0 <= each < 1000 for each in numbers) or not (offer.delta > 1e-12 and offer.sampling >= 0.001):
        raise UsageError(
            "epsilon, delta, noise, clip or sampling makes no sense", "docs/federate.md has them."
        )
    parts = {name: round(getattr(offer, name) * 1000) for name in ("clip", "sampling")}
    made = replace(said, **parts, delta=round(1 / offer.delta))
    made, most = accounting.of_offer(made, offer.epsilon, offer.rounds, offer.noise)
    return parse_descriptor(made.to_bytes()), most


def _digests(offer: Offer) -> tuple[str, ...]:
    """Of the hidden test sets. Raises UsageError where there are too few for the rounds, DataError."""
    wanted = offer.rounds + offer.max_voids - 1 if offer.policy == "learning" else 0
    if len(offer.tests) != wanted:
        raise UsageError(
            f"this offer has {len(offer.tests)} files as `tests`, and needs {wanted}",
            'Under the policy "learning", each round has one that was never shown, a void one, too.',
        )
    return tuple(digest_of(Path(file)) for file in offer.tests)


def create(session: Session, made: Plan, organizer: Account) -> Federation:
    """Make the federation, and pay its budget; killed at any point, it goes on when run again.

    Raises UsageError with the term that no federation can have, InsufficientFunds, ContractReverted.
    """
    factory, terms = factory_of(session), made.terms
    salt = Digest(keccak(bytes.fromhex(made.key)))
    with session.alone(f"federation {made.key}"):
        address = factory.address_of(terms, organizer.address, salt)
        if not session.chain.code(address):  # which only the factory can put there
            call, budget = factory.create(terms, salt), made.money.of(made.budget)
            try:
                session.pay(call, organizer, budget, once=f"federation-create-{address}")
            except ContractReverted as error:
                raise in_words(error) from error
        session.known.remember(address, KIND)
        found = open_federation(session, address)
        if made.tests:
            keep_tests(session, found, made.tests)
    return found


def finish(session: Session, made: Plan) -> None:
    """Forget a draft, so that the same offer, made again, is another federation."""
    secret_folder(session).remove(made.key)


def promises(made: Plan) -> list[str]:
    """What a federation costs its organizer and what a party can lose, in sentences."""
    terms, money = made.terms, made.money
    reward, deposit, fine, bond = (
        money.show(units * terms.unit) for units in (terms.reward, terms.deposit, terms.fine, terms.bond)
    )
    said = [
        f"The budget is {money.show(made.budget)}: {reward} for each of {terms.rounds} rounds; what is not "
        "paid out returns when it closes.",
        f"A party deposits {deposit} and loses {fine} for each act that it owes and does not do. The "
        f"aggregator posts a bond of {bond}, and loses it if the aggregate is refuted within "
        f"{show_duration(terms.challenge)}.",
        "No term can be changed, and nobody can stop it.",
    ]
    if made.descriptor.features:
        said.append(
            "Parties join with tables of numbers without gaps. `create --data CSV` tries one before it pays."
        )
    robust = terms.rule in (Rule.MEDIAN, Rule.TRIMMED_MEAN, Rule.MULTI_KRUM)
    if robust:
        said.append("This rule throws out honest minorities where parties have different kinds of rows.")
    if terms.rule is Rule.NEAREST_LITERAL:
        said.append("The nearest, literally, is worse than the mean under attack: the largest update wins.")
    if times := _RIDES.get(terms.pay):
        said.append(
            f"A party that trains on nothing and repeats what the model did before gets up to {times} times "
            "an "
            'honest party\'s pay; with pay = "equal", no more than one.'
        )
    if judged := _JUDGED.get(terms.policy):
        said.append(judged)
    if terms.privacy is Privacy.MASKED:
        said.append("Nobody sees an update. " + masking.SHOWN)
        said.append("Nobody joins once the first round has begun.")
    if made.descriptor.upper:
        said.append(f"You represent it in {made.descriptor.upper}: take a seat there with `join`.")
    if terms.epsilon:
        whole, noise = terms.epsilon / 1000, made.descriptor.noise / 1000
        said.append(
            f"Each party hides its rows by noise of {noise:g} clipping norms: ε = {whole:g} at most, for "
            f"δ = 1/{made.descriptor.delta}. Each says how much it has spent, and nobody can check it."
        )
    return said


_WEIGHS = "The most money behind seats decides which updates are in."
_JUDGED = {
    Policy.TRUSTED: "Every update is in: one party can spoil a round. Rules that clip bound by how much.",
    Policy.WORK: "Hash rate buys the right to aggregate: it is a lottery, and says nothing of the result.",
    Policy.STAKE: _WEIGHS,
    Policy.DELEGATES: _WEIGHS,
    Policy.LEARNING: "The best model of each round wins: a committee of parties that sent none measures "
    "them on your test set. If you withhold it, all who sent a model share the reward.",
}
"""What follows from who decides."""
