"""What the factory refuses.

create
├── organizer, squares: set by the factory
├── rows, multiplier, money, times: within bounds
├── tables: kept as code, antisymmetric, ascending, of the right length
└── salt: one's own address, once
"""

import numpy as np
import pytest

from orchestrator.systems.tournament import tables
from tests.contracts.tournament.scenario import ETHER, HOUR, MONEY, NOBODY, keep_table, terms_of
from tests.evm import Reverted

YEAR = 366 * 24 * HOUR


def refused_field(create, **changes) -> str:
    with pytest.raises(Reverted, match="InvalidTerms") as refused:
        create(funded=(), **changes)
    return refused.value.values[0].rstrip(b"\0").decode()


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("pot", {"pot": 0}),
        ("bond", {"bond": ETHER - 1}),
        ("bond", {"pot": 1, "bond": 1}),
        ("threshold", {"threshold": 0}),
        ("multipliers", {"corr_multiplier": 0}),
        ("corrMultiplier", {"corr_multiplier": 100 * 10**9 + 1}),
        ("contributionMultiplier", {"contribution_multiplier": 100 * 10**9 + 1}),
        ("clip", {"clip": 0}),
        ("clip", {"clip": 10**9 + 1}),
        ("drag", {"drag": 10**9 + 1}),
        ("drag", {"clip": 10**9, "drag": 1}),
        ("leastStake", {"leastStake": 0}),
        ("tip", {"leastStake": 100, "tip": 96}),
        ("period", {"period": HOUR - 1}),
        ("entering", {"entering": YEAR + 1}),
        ("resolving", {"resolving": HOUR - 1}),
        ("scoring", {"scoring": 0}),
        ("start", {"start": 1}),
        ("normals", {"normals": "0x" + "11" * 20}),
    ],
)
def test_create__field_out_of_bounds__is_named(create, field, changes):
    assert refused_field(create, **changes) == field


@pytest.mark.parametrize("rows", [0, 15, 6144, 2**256 - 1])
def test_create__rows_out_of_bounds__are_refused(create, rows):
    s = create(funded=())
    terms = terms_of(s.evm, s.factory, MONEY, 16, s.evm.now + HOUR) | {"rows": rows}
    with pytest.raises(Reverted, match="InvalidTerms"):
        s.evm.send(s.factory.functions.create(terms, bytes(32)))


def test_create__start_too_far__is_refused(create):
    assert refused_field(create, start=create(funded=()).evm.now + YEAR + HOUR) == "start"


def test_create__greatest_tip_beside_the_worst_loss__is_allowed(create):
    assert create(leastStake=100, tip=95)


FLAT = np.zeros(16, dtype=np.int64)
FORGED = {
    "short": lambda table: tables.powers(17)[:15],
    "long": lambda table: tables.powers(17),
    "descending": lambda table: table[::-1],
    "lopsided": lambda table: table + np.eye(1, 16, 3, dtype=np.int64)[0],
    "flat": lambda table: FLAT,
    "all zero": lambda table: FLAT - tables.ZERO,
}


@pytest.mark.parametrize("fault", FORGED)
@pytest.mark.parametrize("name", ["powers", "normals"])
def test_create__forged_table__is_refused(create, fault, name):
    s = create(funded=())
    forged = tables.encode(FORGED[fault](getattr(tables, name)(16)))
    chunk = keep_table(s.evm, s.factory, forged)
    assert refused_field(create, contribution_multiplier=1, **{name: chunk}) == name


@pytest.mark.parametrize("where", ["nobody", "a contract"])
def test_create__table_that_is_no_chunk__is_refused(create, where):
    s = create(funded=())
    with pytest.raises(Reverted, match="NotAChunk"):
        create(powers=NOBODY if where == "nobody" else s.factory.address)


def test_create__middle_of_an_odd_table__must_be_zero(create):
    s = create(funded=())
    chunk = keep_table(
        s.evm, s.factory, tables.encode(tables.powers(17) + np.eye(1, 17, 8, dtype=np.int64)[0])
    )
    assert refused_field(create, rows=17, powers=chunk) == "powers"


def test_create__table_that_is_not_the_normals__passes_and_shows(create):
    """The contract only makes sure that it can score by it; entrants compare its bytes with the reference."""
    s = create(funded=())
    table = tables.encode(np.arange(16) * 2 - 15)
    s = create(powers=keep_table(s.evm, s.factory, table))
    assert s.evm.web3.eth.get_code(s.call("terms")[4])[1:] == table != tables.encode(tables.powers(16))


def test_keep_table__twice__is_one_at_a_known_address(create):
    s = create(funded=())
    table = tables.encode(tables.powers(18))
    where = s.evm.call(s.factory.functions.tableOf(table))
    assert keep_table(s.evm, s.factory, table) == keep_table(s.evm, s.factory, table) == where
    assert s.evm.web3.eth.get_code(where)[1:] == table


def test_create__squares_and_organizer__are_the_factorys(create):
    s = create(rows=20, contribution_multiplier=1)
    terms = s.call("terms")
    assert terms[0] == s.evm.role("organizer")
    assert terms[6:8] == tuple(int(t @ t) for t in (tables.powers(20), tables.normals(20)))


def test_create__address__is_foretold_and_ones_own(create):
    s = create(funded=())
    terms = terms_of(s.evm, s.factory, MONEY, 16, s.evm.now + HOUR)
    for who in ("organizer", "alice"):
        foretold = s.evm.call(s.factory.functions.addressOf(terms, s.evm.role(who), b"\5" * 32))
        receipt = s.evm.send(s.factory.functions.create(terms, b"\5" * 32), who)
        event = s.evm.events(s.factory, "Created", receipt)[0]
        assert (event["instance"], event["creator"]) == (foretold, s.evm.role(who))
        assert s.evm.call(s.factory.functions.isTournament(foretold))
    with pytest.raises(Reverted):
        s.evm.send(s.factory.functions.create(terms, b"\5" * 32), "alice")


def test_implementation__by_itself__does_nothing(create):
    s = create(funded=())
    own = s.evm.at("Tournament", s.evm.call(s.factory.functions.IMPLEMENTATION()))
    for call in (own.functions.open(0, bytes(32)), own.functions.fund(s.evm.role("alice"), 0)):
        with pytest.raises(Reverted, match="NotAClone"):
            s.evm.send(call)
