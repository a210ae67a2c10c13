"""A tournament's rounds and entries as its events tell: a look asks for few, however many there are."""

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from orchestrator.bindings import tournament as abi
from orchestrator.bindings.tournament import State, Tournament
from orchestrator.chain.bound import Event
from orchestrator.chain.indexes import IndexTable, Told, places
from orchestrator.types import Address

_ROUNDS = IndexTable(
    "rounds",
    ("round INTEGER", "state INTEGER"),
    ("(round) WHERE ended IS NULL", "(state, round) WHERE ended IS NULL"),
    ends=True,
)
_ENTRIES = IndexTable(
    "entries",
    ("round INTEGER", "who TEXT"),
    ("(round, who) WHERE ended IS NULL", "(who) WHERE ended IS NULL"),
    ends=True,
)
_STATES: dict[type[Event], State] = {
    abi.Opened: State.OPEN,
    abi.Revealed: State.REVEALED,
    abi.Closed: State.CLOSED,
    abi.Voided: State.VOID,
}
_KINDS = (*_STATES, abi.Entered, abi.Scored, abi.Expired, abi.Refunded)
FARTHEST = 1 << 62
"""Rounds from here on are left out: an organizer may open any, and no clock reaches these."""


class RoundIndex(Told[list[Any]]):
    """What the events of `tournament` tell."""

    TABLES = (_ROUNDS, _ENTRIES)

    def __init__(self, tournament: Tournament) -> None:
        self._tournament = tournament
        super().__init__(tournament)

    def rounds(
        self, states: Sequence[State] = (), first: int = 0, last: int | None = None, newest: int | None = None
    ) -> list[tuple[int, State]]:
        """The rounds `first` to `last` that are in one of `states` (any); only the `newest` so many."""
        where, values = "ended IS NULL AND round >= ?", list[object]([first])
        if states:
            where, values = f"{where} AND state IN ({places(states)})", [*values, *map(int, states)]
        if last is not None:
            where, values = f"{where} AND round <= ?", [*values, last]
        query = f"SELECT * FROM rounds WHERE {where} ORDER BY round DESC LIMIT ?"  # noqa: S608
        found = self._index.rows(query, *values, -1 if newest is None else newest)
        return [(number, State(state)) for _, _, number, state in reversed(found)]

    def next_round(self, state: State, first: int) -> int | None:
        """The first round from `first` on that is in `state`."""
        query = "SELECT min(round) FROM rounds WHERE ended IS NULL AND state = ? AND round >= ?"
        found = self._index.value(query, int(state), first)
        return None if found is None else int(found)

    def unsettled(self, who: Address | None = None) -> list[tuple[int, Address]]:
        """Rounds and entrants (only `who`, if given) of entries that are not scored, expired or refunded."""
        one, values = ("", []) if who is None else ("AND who = ?", [who])
        query = f"SELECT * FROM entries WHERE ended IS NULL {one} ORDER BY rowid"  # noqa: S608
        return [(number, Address(entrant)) for _, _, number, entrant in self._index.rows(query, *values)]

    def waiting(self, numbers: Sequence[int], besides: Address, most: int) -> list[tuple[int, Address]]:
        """The oldest of those in rounds `numbers` that are not of `besides`."""
        where = f"ended IS NULL AND round IN ({places(numbers)}) AND who != ?"
        query = f"SELECT * FROM entries WHERE {where} ORDER BY rowid LIMIT ?"  # noqa: S608
        found = self._index.rows(query, *numbers, besides, most)
        return [(number, Address(entrant)) for _, _, number, entrant in found]

    def _read(self, first: int, last: int) -> list[Any]:
        told: list[Any] = []
        for kind in _KINDS:
            told += self._tournament.events(kind, first, last)
        return sorted((each for each in told if each.round < FARTHEST), key=lambda each: each.place)

    def _write(self, told: list[Any]) -> None:
        insert, end = self._index.insert, self._index.end
        for each in told:
            if state := _STATES.get(type(each)):
                end(_ROUNDS, each.block_number, "round = ?", each.round)
                insert(_ROUNDS, each.block_number, each.round, int(state))
                continue
            end(_ENTRIES, each.block_number, "round = ? AND who = ?", each.round, each.who)
            if isinstance(each, abi.Entered):
                insert(_ENTRIES, each.block_number, each.round, each.who)


def index_of(tournament: Tournament) -> RoundIndex:
    """The index of a tournament, up to the latest block. Raises ChainError."""
    found = _indexes.get(tournament)
    if found is None:
        found = _indexes[tournament] = RoundIndex(tournament)
    return found.refresh()


_indexes: WeakKeyDictionary[Tournament, RoundIndex] = WeakKeyDictionary()
