"""A market's contributions as its events tell: a look asks for somebody's, or reads all from the disk."""

from collections.abc import Sequence
from typing import Any

from orchestrator.bindings.market import Contributed, Hidden, PredictionMarket
from orchestrator.chain.indexes import IndexTable, Told, places
from orchestrator.systems.market.records import Contribution, Given
from orchestrator.types import Address

_START = "lower(hex(substr(commitment, 1, 12)))"
_CONTRIBUTIONS = IndexTable(
    "contributions",
    (
        *("number INTEGER", "contributor TEXT", "samples INTEGER"),
        *("batch BLOB", "commitment BLOB", "tx TEXT"),
    ),
    (
        "(number) WHERE ended IS NULL",
        "(contributor, number) WHERE ended IS NULL",
        f"({_START}) WHERE ended IS NULL AND batch IS NULL",
    ),
    ends=True,
)
"""A row ends when what is sealed is opened: another, with its data, comes instead."""
_ALL = "FROM contributions WHERE ended IS NULL"
AT_ONCE = 500


class ContributionIndex(Told[list[Hidden | Contributed]]):
    """What the events of `market` tell."""

    TABLES = (_CONTRIBUTIONS,)

    def __init__(self, market: PredictionMarket) -> None:
        self._market = market
        super().__init__(market)

    def all(self, contributor: Address | None = None) -> list[Contribution]:
        """Those of all, or of one, in their order."""
        one = "" if contributor is None else "AND contributor = ?"
        return self._found(f"{one} ORDER BY number", *([] if contributor is None else [contributor]))

    def sealed(self, contributor: Address, commitments: Sequence[str]) -> list[Contribution]:
        """Those not opened yet that are somebody's, or whose commitments (hex) begin so, in their order."""
        found = self._found("AND batch IS NULL AND contributor = ?", contributor)
        for start in range(0, len(commitments), AT_ONCE):
            part = commitments[start : start + AT_ONCE]
            found += self._found(f"AND batch IS NULL AND {_START} IN ({places(part)})", *part)
        return [each for _, each in sorted({each.index: each for each in found}.items())]

    def gave(self, who: Address) -> bool:
        """Whether `who` ever contributed."""
        return bool(self._index.value(f"SELECT 1 {_ALL} AND contributor = ? LIMIT 1", who))

    def given(self) -> dict[Address, Given]:
        """What each participant has given."""
        sums = "count(*), sum(samples), sum(CASE WHEN batch IS NULL THEN samples ELSE 0 END)"
        found = self._index.tuples(f"SELECT contributor, {sums} {_ALL} GROUP BY contributor")
        return {Address(who): Given(*counts) for who, *counts in found}

    def _found(self, where: str, *values: object) -> list[Contribution]:
        return [_contribution(row) for row in self._index.rows(f"SELECT * {_ALL} {where}", *values)]

    def _read(self, first: int, last: int) -> list[Hidden | Contributed]:
        told = self._market.events
        found: list[Hidden | Contributed] = [*told(Hidden, first, last), *told(Contributed, first, last)]
        return sorted(found, key=lambda each: each.place)

    def _write(self, told: list[Hidden | Contributed]) -> None:
        for each in told:
            batch = each.data if isinstance(each, Contributed) else None
            commitment = bytes(each.commitment) if isinstance(each, Hidden) else None
            transaction = each.tx_hash
            for earlier in self._found("AND number = ?", each.index):
                commitment, transaction = earlier.commitment, earlier.transaction
            self._index.end(_CONTRIBUTIONS, each.block_number, "number = ?", each.index)
            row = (each.index, each.contributor, each.samples, batch, commitment, transaction)
            self._index.insert(_CONTRIBUTIONS, each.block_number, *row)


def _contribution(row: tuple[Any, ...]) -> Contribution:
    _, _, number, contributor, samples, batch, commitment, transaction = row
    return Contribution(number, Address(contributor), samples, batch, commitment, transaction)
