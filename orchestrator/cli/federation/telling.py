"""A federation's events for machines: what the contract packs into numbers, as docs/json.md writes it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from orchestrator.cli.showing import Row, arguments, choice
from orchestrator.console import lazy_imports
from orchestrator.times import instant

with lazy_imports():
    from orchestrator.bindings import federation as abi
    from orchestrator.systems.federation import finding, joining, masking, outcomes, overview, rounds
    from orchestrator.systems.federation.simulation import judging

if TYPE_CHECKING:
    from orchestrator.bindings.federation import Federation
    from orchestrator.chain.bound import Event
    from orchestrator.kernel.money import Currency

CLIP = 2**15
"""The unit of factors is one of so many parts."""

Form = Callable[[Any], object]


def told(found: "Federation", events: "Sequence[Event]") -> list[Row]:
    """Their arguments: amounts and times, masks as lists of seats, words as lists by seat."""
    money = joining.money_of(found)
    forms: dict[str, Form] = {
        **dict.fromkeys(overview.AMOUNTS, money.json),
        **dict.fromkeys(overview.MASKS, masking.seats_in),
        **_words(found),
    }
    return [arguments(each, forms | _own(found, money, each)) for each in events]


def _own(found: "Federation", money: "Currency", event: "Event") -> dict[str, Form]:
    """What depends on the event."""
    if isinstance(event, abi.Fined):  # which tells multiples of the unit
        return {"amount": lambda units: money.json(joining.amount(found, units))}
    return {"cid": partial(_cid, found, event)}


def _words(found: "Federation") -> dict[str, Form]:
    """How numbers are told that are no amounts."""

    def lanes(word: int) -> list[int]:
        return outcomes.lanes(word, found.terms.seats)

    return {
        "deadline": instant,
        "disagreed": lambda word: [masking.seats_in(lane) for lane in lanes(word)],
        "epsilon": lambda thousandths: thousandths / 1000,
        "factors": lambda word: [lane / CLIP for lane in lanes(word)],
        "leader": lambda seat: None if seat == rounds.NO_SEAT else seat,
        "merits": lanes,
        "part": choice,
        "scores": lambda word: [lane / judging.SCALE for lane in lanes(word)],
    }


def _cid(found: "Federation", event: "Event", digest: bytes) -> str | None:
    """Of the model, the update, or the sheet that goes with a masked one."""
    if found.terms.mode is abi.Mode.DIRECT:  # nobody publishes a model; a vector's root is its file's digest
        return finding.cid_of(event.root, found.terms.size) if isinstance(event, abi.Revealed) else None
    if isinstance(event, abi.Revealed):
        sheet = masking.is_masked(found)
        return finding.cid_of(digest, 0 if sheet else rounds.update_length(found))
    return finding.cid_of(digest, rounds.model_length(found))
