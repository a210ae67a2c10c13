"""Create a federation: publish what it is and its first model, pay the budget."""

import re
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from eth_utils.crypto import keccak

from orchestrator.bindings.federation import Federation, Mode, Pay, Policy, Privacy, Rule, Terms
from orchestrator.chain import Account
from orchestrator.errors import ContractReverted, InsufficientFunds, UsageError
from orchestrator.kernel import offers
from orchestrator.kernel.money import Currency, parse_token, read_currency
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation import Template
from orchestrator.learning.aggregation.chunks import Integers, encode, model_root
from orchestrator.learning.aggregation.template import UNIT, read_arrays
from orchestrator.provenance.canonical import LARGEST
from orchestrator.systems.federation import accounting, masking
from orchestrator.systems.federation.finding import (
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
from orchestrator.systems.federation.releasing import digest_of, keep_tests
from orchestrator.systems.federation.rounds import read_model
from orchestrator.systems.federation.rows import parse_rows
from orchestrator.systems.federation.supplied import group_count
from orchestrator.text import shown
from orchestrator.times import seconds, show_duration
from orchestrator.types import ZERO_ADDRESS, Address, Digest

PLACES = 9
"""Amounts have as many places behind the point as the currency has, or these: up to 17,592 coins."""

_RIDES = {Pay.ALIGNMENT: 1.5, Pay.QUALITY: 1.4}
"""What the best of free riders gets, in parts of an honest party's pay: the experiment `riders`."""

_AMOUNTS = "reward", "fee", "tip", "deposit", "fine", "bond", "stake"
_WAITS = "committing", "revealing", "judging", "turn", "challenge", "supply"
_HIDING = "noise", "clip", "sampling", "delta"
_LATEST = 10 * 365 * 86400
_LARGEST_COMMITTEE = 9
"""Of ten, nine are ruled by liars only if half of all lie: the experiment `poq-poison`."""

_BOUNDS = {
    "bond": "more than one billionth of a coin",
    "bound": "0, unless the rule clips",
    "challenge": "at least four times `supply`, from a minute to 30 days",
    "committee": "odd, 3 to `seats`, with policy quality or learning; 1 to `seats` with delegates; else 0",
    "committing": "from a minute to 30 days",
    "deposit": "at least `fine`, and less than 17,592 coins",
    "difficulty": "0, unless the policy is work",
    "faulty": "at least 1 with the rule multi-krum, and 2 * faulty + 3 <= quorum; else 0",
    "fine": "more than 0, and at most the deposit",
    "judging": "from a minute to 30 days; masked, at least twice `supply`",
    "keep": "1 to `quorum` with the rules multi-krum and nearest; else 0",
    "max_voids": "1 to 10",
    "max_weight": "1 to 65535; 1 where pay, mode, privacy or an epsilon wants equal weights",
    "mode": "optimistic where updates are masked, and with the policy learning",
    "obliged": "false with the policy learning",
    "pay": "quality with the policy quality alone; alignment where all weigh the same; else equal",
    "policy": "trusted where updates are masked or have an epsilon; not work in the mode direct",
    "quorum": "1 to `seats`; at least 3 with the policy quality, or where updates are masked",
    "revealing": "from a minute to 30 days",
    "reward": "at least fee and tip together, and less than 17,592 coins",
    "rounds": "1 to 1024",
    "rule": "mean where updates are masked, in the mode direct, and with the policy learning",
    "seats": "2 to 16; with the policy learning, at least committee and quorum together",
    "shift": "0 to 24 in the mode direct; else 0",
    "size": "a model of at most 524,288 numbers; 16,384 in the mode direct",
    "stake": "more than 0, and for all parts of an update together at most the fine",
    "supply": "from a minute to 30 days, and a second for each 256 numbers of the model",
    "trim": "at least 1 with the rule trimmed-mean, and less than half of quorum + 1; else 0",
    "turn": "at least twice `supply`, from a minute to 30 days",
    "width": "1, 2 or 4; 1 in the mode direct, 4 where updates are masked",
}
"""What the contract wants of each term (FederationTerms.sol), in the words of an offer."""

_COUNTS = (
    "seats",
    "quorum",
    "committee",
    "trim",
    "faulty",
    "keep",
    "rounds",
    "max_voids",
    "difficulty",
    "shift",
)


@dataclass(frozen=True)
class Offer:
    """What an organizer decides. Amounts are in coins, durations as `12h`; `rate` in thousandths.

    With `mode = "direct"`, the contract adds small updates up by itself: the rule is then the mean, and every
    update is times 2 to the power of `shift`.

    Without more, the model is a softmax regression of `features` on `classes`, every update is in, the rule
    is the clipped mean, pay is equal, and fee, tip, fine, bond and stake follow from reward and deposit.
    With the policy quality, the committee is the largest odd number of seats up to nine, unless it is given.
    With `privacy = "masked"`, nobody sees an update, and the rule is the mean.
    With `sharded`, each party stands for a federation of its own, whose offer names this one as `upper`.
    Every `checkpoint` rounds, the model goes to the registry with the parties' signatures.
    With `epsilon`, all rounds together hide each row within (ε, `delta`): a step takes each row with the
    chance `sampling`, shortens its gradient to `clip`, and adds noise of `noise` such lengths, or of as many
    as it takes.
    With `arrays`, an npz file, the model begins as these arrays, and apps of the parties train it. With
    `policy = "learning"`, `tests` are CSV files that nobody else sees before a round's models are revealed:
    one for each round, and for each void one that does not close it.
    """

    name: str
    reward: str
    deposit: str
    target: str = ""
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    arrays: str = ""
    tests: tuple[str, ...] = ()
    rounds: int = 5
    seats: int = 16
    quorum: int = 3
    policy: str = "trusted"
    rule: str = "clipped-mean"
    pay: str = "equal"
    mode: str = "optimistic"
    privacy: str = "open"
    committee: int = 0
    trim: int = 0
    faulty: int = 0
    keep: int = 0
    difficulty: int = 0
    shift: int = 0
    bound: int = 0
    width: int = 1
    max_weight: int = 1
    max_voids: int = 3
    obliged: bool = False
    invited: bool = False
    hidden: int = 0
    epochs: int = 5
    rate: int = 300
    batch: int = 16
    source: str = ""
    upper: str = ""
    sharded: bool = False
    checkpoint: int = 0
    epsilon: float = 0.0
    delta: float = 1e-5
    noise: float = 0.0
    clip: float = 1.0
    sampling: float = 0.1
    fee: str = ""
    tip: str = ""
    fine: str = ""
    bond: str = ""
    stake: str = ""
    token: str = ""
    start: str = "1d"
    committing: str = "12h"
    revealing: str = "2h"
    judging: str = "4h"
    turn: str = "2h"
    challenge: str = "4h"
    supply: str = "1h"


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


def read_offer(file: Path) -> Offer:
    """An offer in a TOML file. Raises SpecError that names the key."""
    return offers.read_offer(Offer, file, "docs/federate.md")


def plan(session: Session, offer: Offer, organizer: Account, data: Path | None = None) -> Plan:
    """Publish the descriptor and the first model, and work out the terms; nothing is sent.

    `data` are rows that have to fit, such as the organizer's own. Raises UsageError for terms that no
    federation can have, DataError for rows that do not fit.
    """
    _require_sound(offer)
    money = read_currency(session.chain, parse_token(offer.token or None))
    descriptor, model = _model(session, offer)
    for file in (*map(Path, offer.tests), *([data] if data else [])):
        parse_rows(descriptor, file)
    descriptor, most = _accounted(offer, descriptor)
    store(session, descriptor.to_bytes())
    cid = store(session, encode(model, 4))
    terms = _terms(offer, organizer.address, descriptor, model, cid, money, most)
    key = keccak(repr((offer, organizer.address, session.chain.genesis_hash)).encode()).hex()
    now, wait = int(session.chain.now()), int(seconds(offer.start))
    begins = offers.drafted_start(secret_folder(session), key, now, wait)
    tests = tuple(map(Path, offer.tests))
    made = Plan(key, Terms(**(vars(terms) | {"start": begins})), descriptor, model, money, tests)
    _require_possible(session, made, organizer)
    return made


def _require_sound(offer: Offer) -> None:
    """Raises UsageError for numbers that make sense in no offer, and for empty words."""
    for name, value in vars(offer).items():
        least = 1 if name in ("epochs", "rate", "batch") else 0
        if not isinstance(value, int | float) or least <= value < LARGEST:
            continue
        hint = f"It is {_BOUNDS[name]}." if name in _BOUNDS else "docs/federate.md tells what it can be."
        raise UsageError(f"`{name}` is {shown(str(value), 40)}, and no federation can have that", hint)
    for name in ("name", "reward", "deposit"):
        if not getattr(offer, name).strip():
            raise UsageError(f"`{name}` is empty", "docs/federate.md has an example.")
    if seconds(offer.start) > _LATEST:
        raise UsageError("`start` is further away than ten years", "Write 90s, 30m, 12h, 7d, 2w or 1d12h.")
    for name in ("features", "classes"):
        if not all(word.strip() for word in getattr(offer, name)):
            raise UsageError(f"one of the {name} is empty", "Name all of them.")


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
            raise _in_words(error) from error
    except InsufficientFunds:  # told once all else is
        return


def _model(session: Session, offer: Offer) -> tuple[Descriptor, Integers]:
    """What is learned, and where it begins. Raises DataError, UsageError."""
    taken = {each.name for each in fields(Descriptor)} & {each.name for each in fields(Offer)} - set(_HIDING)
    said = Descriptor(**{name: getattr(offer, name) for name in taken} | {"tests": _digests(offer)})
    if (offer.upper or offer.sharded) and (offer.arrays or offer.policy == "learning"):
        raise UsageError(
            "federations of federations learn from tables, and know no hidden tests",
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
            "this offer says not what is learned", "It names target, features and classes, or arrays."
        )
    _require_sense(offer)
    if offer.upper:
        return _below(session, said, find(session, offer.upper))
    descriptor = parse_descriptor(said.to_bytes())
    start = descriptor.network.initial(np.random.default_rng(0))
    return descriptor, np.rint(start * UNIT).astype(np.int64)


def _require_sense(offer: Offer) -> None:
    """Raises UsageError for a table of which nothing can be learned: no term can be changed later."""
    for what, names in ("features", offer.features), ("classes", offer.classes):
        if twice := next((each for place, each in enumerate(names) if each in names[:place]), None):
            raise UsageError(f"`{shown(twice, 80)}` is among the {what} twice", "Name each once.")
    if offer.target in offer.features:
        raise UsageError(
            f"the target `{shown(offer.target, 80)}` is among the features",
            "Leave it out there: the model is to tell it from the others.",
        )
    if len(offer.classes) < 2:
        raise UsageError("a model of one class says nothing", "Name all values that the target may have.")


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
                raise _in_words(error) from error
        session.known.remember(address, KIND)
        found = open_federation(session, address)
        if made.tests:
            keep_tests(session, found, made.tests)
    return found


def _in_words(error: ContractReverted) -> ContractReverted | UsageError:
    """Which term no federation can have, and what it can be."""
    if error.error != "InvalidTerms":
        return error
    field = bytes(error.values["field"]).rstrip(b"\0").decode("ascii", "replace")
    name = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", field)
    hint = f"It is {_BOUNDS[name]}." if name in _BOUNDS else "docs/federate.md tells of terms."
    if field == "width of a number":
        return UsageError(
            "no federation can have these terms: an amount or a number is too large", "Take less."
        )
    return UsageError(f"no federation can have these terms: `{shown(name, 40)}` is out of bounds", hint)


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
        f"{money.show(made.budget)} are the budget: {reward} for each of {terms.rounds} rounds; what is not "
        "paid out returns when it closes.",
        f"A party deposits {deposit} and loses {fine} for each act that it owes and does not do. Whoever "
        f"aggregates bonds {bond}, and loses it if the aggregate is refuted within "
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
        said.append("The nearest, literally, is worse than the mean under attack: whoever is large wins.")
    if times := _RIDES.get(terms.pay):
        said.append(
            f"Whoever trains on nothing and repeats what the model did before gets up to {times} times an "
            'honest party\'s pay; with pay = "equal", no more than one.'
        )
    if judged := _JUDGED.get(terms.policy):
        said.append(judged)
    if terms.privacy is Privacy.MASKED:
        said.append("Nobody sees an update. " + masking.SHOWN)
        said.append("Nobody joins once the first round has begun.")
    if made.descriptor.upper:
        said.append(f"You stand for it in {made.descriptor.upper}: take a seat there with `join`.")
    if terms.epsilon:
        whole, noise = terms.epsilon / 1000, made.descriptor.noise / 1000
        said.append(
            f"Each party hides its rows by noise of {noise:g} clipping norms: ε = {whole:g} at most, for "
            f"δ = 1/{made.descriptor.delta}. Each says how much it has spent, and nobody can check it."
        )
    return said


_WEIGHS = "Whoever puts the most behind seats decides which updates are in."
_JUDGED = {
    Policy.TRUSTED: "Every update is in: one party can spoil a round. Rules that clip bound by how much.",
    Policy.WORK: "Hash rate buys the right to aggregate: it is a lottery, and says nothing of the result.",
    Policy.STAKE: _WEIGHS,
    Policy.DELEGATES: _WEIGHS,
    Policy.LEARNING: "The best model of each round wins, as a committee of those who sent none measures it "
    "on your test set. Keep that back, and the reward is shared by all who sent one.",
}
"""What follows from who decides."""


def _terms(
    offer: Offer,
    organizer: Address,
    descriptor: Descriptor,
    model: Integers,
    cid: Digest,
    money: Currency,
    most: int,
) -> Terms:
    """The terms without what is known only later: start."""
    policy, rule, pay, mode, privacy = (_member(kind, value) for kind, value in _kinds(offer))
    masked = privacy is Privacy.MASKED
    if masked and (rule is not Rule.MEAN or offer.arrays or offer.sharded):
        raise UsageError(
            "what nobody sees can only be added up, and no app and no federation can join it",
            'Take rule = "mean", and rows of a table.',
        )
    unit = 10 ** min(max(money.decimals - PLACES, 0), 19)  # which 64 bits hold
    amounts = {name: _units(money, unit, name, getattr(offer, name) or "0") for name in _AMOUNTS}
    amounts["fee"] = amounts["fee"] or amounts["reward"] // 10
    amounts["tip"] = amounts["tip"] or amounts["reward"] // 100
    amounts["fine"] = amounts["fine"] or amounts["deposit"] // 5
    amounts["bond"] = amounts["bond"] or amounts["deposit"]
    # To ask for all parts of an update costs half of the fine for withholding it.
    amounts["stake"] = amounts["stake"] or max(amounts["fine"] // (2 * group_count(len(model))), 1)
    waits = {name: int(seconds(getattr(offer, name))) for name in _WAITS}
    if policy is Policy.TRUSTED and not masked:
        waits["judging"] = 0
    return Terms(
        organizer=organizer,
        currency=money.address,
        inviter=organizer if offer.invited else ZERO_ADDRESS,
        descriptor=descriptor.digest,
        genesis=model_root(model),
        genesis_cid=cid,
        unit=unit,
        policy=Policy(policy),
        rule=Rule(rule),
        pay=Pay(pay),
        mode=Mode(mode),
        privacy=Privacy(privacy),
        size=len(model),
        width=4 if masked else offer.width,
        max_weight=offer.max_weight,
        bound=offer.bound,
        epsilon=most,
        obliged=offer.obliged,
        start=0,
        **_counts(offer),
        **amounts,
        **waits,
    )


def _counts(offer: Offer) -> dict[str, int]:
    found = {name: getattr(offer, name) for name in _COUNTS}
    if offer.policy == "quality" and not offer.committee:
        found["committee"] = (min(offer.seats, _LARGEST_COMMITTEE) - 1) | 1
    return found


def _units(money: Currency, unit: int, name: str, text: str) -> int:
    """An amount in the contract's units; UsageError where it would have to be rounded."""
    units, rest = divmod(int(money.parse(text)), unit)
    if rest:
        raise UsageError(
            f"{name} = {text!r} is finer than what a federation counts in",
            f"Take a multiple of {money.show(unit)}.",
        )
    return units


def _kinds(offer: Offer) -> list[tuple[Any, str]]:
    words = offer.policy, offer.rule, offer.pay, offer.mode, offer.privacy
    return list(zip((Policy, Rule, Pay, Mode, Privacy), words, strict=True))


def _member(kind: Any, word: str) -> Any:
    try:
        return kind[word.upper().replace("-", "_").replace(" ", "_")]
    except KeyError:
        words = ", ".join(each.name.lower().replace("_", "-") for each in kind)
        raise UsageError(
            f"`{shown(word, 40)}` is not one of {words}", "docs/federate.md tells of them."
        ) from None
