"""Test data: opened on-chain by the organizer, read back from there by everybody."""

from orchestrator.bindings.competition import Group, Mode, Phase, TestOpened
from orchestrator.chain import Account
from orchestrator.errors import ChainError
from orchestrator.kernel.session import Session
from orchestrator.systems.competition.archive import check_group
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.timing import require_phase
from orchestrator.systems.competition.training import organizers_data
from orchestrator.types import Report

LARGEST_CODE, LARGEST_CALL = 24_575, 90_000
"""Bytes of groups that one call may open: what fits into a code (direct), into a transaction (optimistic)."""


def open_test(
    session: Session, competition: Competition, organizer: Account, progress: Report | None = None
) -> int:
    """Open all test groups, as many in one call as fit; returns how many were opened now.

    Interrupted, it goes on with the first that is still closed. Raises ChainError that says when it opens.
    """
    terms, done = competition.terms, competition.progress().opened
    tests = competition.test_groups()
    if done == terms.test_groups > 0:
        return 0
    require_phase(competition, Phase.OPENING, what="opening the test data")
    data = organizers_data(session, competition, organizer)
    room = LARGEST_CODE if terms.mode is Mode.DIRECT else LARGEST_CALL
    count = max(1, min(room // terms.group_bytes, 64))
    first = done
    while done < len(tests):
        chunk = tests[done : done + count]
        session.send(competition.open_test(done, [data.opened(number) for number in chunk]), organizer)
        done += len(chunk)
        if progress:
            progress(done, len(tests))
    return done - first


def opened_tests(competition: Competition) -> list[Group]:
    """The test groups in order, each checked against the root. Raises ChainError while some are closed."""
    terms, progress = competition.terms, competition.progress()
    if not terms.test_groups == progress.opened:
        raise ChainError(
            f"{progress.opened} of {terms.test_groups} test groups are open", "The organizer opens them."
        )
    return [check_group(terms, each.group, each.opened) for each in competition.events(TestOpened)]
