"""The terms of a federation, worked out from its offer."""

import re
from dataclasses import fields
from enum import IntEnum

from orchestrator.bindings.federation import Mode, Pay, Policy, Privacy, Rule, Terms
from orchestrator.errors import ContractReverted, UsageError
from orchestrator.kernel.money import Currency
from orchestrator.learning.aggregation.chunks import Integers, model_root
from orchestrator.systems.federation.offer import BOUNDS, Offer
from orchestrator.systems.federation.supplied import group_count
from orchestrator.text import shown
from orchestrator.times import seconds
from orchestrator.types import ZERO_ADDRESS, Address, Digest

PLACES = 9
"""Amounts have as many places behind the point as the currency has, or these: up to 17,592 coins."""

_AMOUNTS = "reward", "fee", "tip", "deposit", "fine", "bond", "stake"
_WAITS = "committing", "revealing", "judging", "turn", "challenge", "supply"
_LARGEST_COMMITTEE = 9
"""Of ten, nine are ruled by liars only if half of all lie: the experiment `poq-poison`."""


def terms_of(
    offer: Offer, organizer: Address, descriptor: Digest, model: Integers, cid: Digest, money: Currency
) -> Terms:
    """The terms, but for what is known only later: their start, and their ε.

    `model` (parameters,) is where it begins, and `cid` names its file. Raises UsageError.
    """
    words: dict[str, type[IntEnum]] = {
        kind.__name__.lower(): kind for kind in (Policy, Rule, Pay, Mode, Privacy)
    }
    kinds = {name: _member(kind, getattr(offer, name)) for name, kind in words.items()}
    masked = kinds["privacy"] is Privacy.MASKED
    if masked and (kinds["rule"] is not Rule.MEAN or offer.arrays or offer.sharded):
        raise UsageError(
            "what nobody sees can only be added up, and no app and no federation can join it",
            'Take rule = "mean", and rows of a table.',
        )
    unit = 10 ** min(max(money.decimals - PLACES, 0), 19)  # which 64 bits hold
    waits = {name: int(seconds(getattr(offer, name))) for name in _WAITS}
    if kinds["policy"] is Policy.TRUSTED and not masked:
        waits["judging"] = 0
    made = {each.name: getattr(offer, each.name) for each in fields(Terms) if hasattr(offer, each.name)}
    made |= kinds | waits | _amounts(offer, money, unit, len(model)) | {"start": 0, "epsilon": 0}
    if masked:
        made["width"] = 4
    if offer.policy == "quality" and not offer.committee:
        made["committee"] = (min(offer.seats, _LARGEST_COMMITTEE) - 1) | 1
    return Terms(
        organizer=organizer,
        currency=money.address,
        inviter=organizer if offer.invited else ZERO_ADDRESS,
        descriptor=descriptor,
        genesis=model_root(model),
        genesis_cid=cid,
        unit=unit,
        size=len(model),
        **made,
    )


def _amounts(offer: Offer, money: Currency, unit: int, size: int) -> dict[str, int]:
    """In units; those that the offer leaves out follow from reward and deposit."""
    found = {name: _units(money, unit, name, getattr(offer, name) or "0") for name in _AMOUNTS}
    found["fee"] = found["fee"] or found["reward"] // 10
    found["tip"] = found["tip"] or found["reward"] // 100
    found["fine"] = found["fine"] or found["deposit"] // 5
    found["bond"] = found["bond"] or found["deposit"]
    # To ask for all parts of an update costs half of the fine for withholding it.
    found["stake"] = found["stake"] or max(found["fine"] // (2 * group_count(size)), 1)
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


def _member(kind: type[IntEnum], word: str) -> IntEnum:
    try:
        return kind[word.upper().replace("-", "_").replace(" ", "_")]
    except KeyError:
        words = ", ".join(each.name.lower().replace("_", "-") for each in kind)
        raise UsageError(
            f"`{shown(word, 40)}` is not one of {words}", "docs/federate.md tells of them."
        ) from None


def in_words(error: ContractReverted) -> ContractReverted | UsageError:
    """Which term no federation can have, and what it can be."""
    if error.error != "InvalidTerms":
        return error
    field = bytes(error.values["field"]).rstrip(b"\0").decode("ascii", "replace")
    name = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", field)
    hint = f"It is {BOUNDS[name]}." if name in BOUNDS else "docs/federate.md tells of terms."
    if field == "width of a number":
        return UsageError(
            "no federation can have these terms: an amount or a number is too large", "Take less."
        )
    return UsageError(f"no federation can have these terms: `{shown(name, 40)}` is out of bounds", hint)
