"""What a scorer does: measure every update on its own rows, commit to the scores, reveal them."""

import numpy as np

from orchestrator.bindings.federation import Federation
from orchestrator.chain import Account
from orchestrator.errors import AccountError, DataError, StorageError
from orchestrator.kernel.secrets import derive
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation import apply
from orchestrator.learning.aggregation.chunks import padded
from orchestrator.learning.aggregation.template import UNIT
from orchestrator.systems.federation.finding import DOMAIN, act, alone, secret_folder
from orchestrator.systems.federation.floors import is_sharded
from orchestrator.systems.federation.joining import require_seat
from orchestrator.systems.federation.party import rows_of
from orchestrator.systems.federation.releasing import has_tests, test_rows
from orchestrator.systems.federation.rounds import (
    ballot_of,
    current_model,
    read_update,
    revealed_in,
    seats_of,
)
from orchestrator.systems.federation.rows import Rows
from orchestrator.systems.federation.sharding import source_of
from orchestrator.systems.federation.simulation.judging import SCALE, score
from orchestrator.systems.federation.simulation.networks import Floats
from orchestrator.types import Digest

BATCH = 1 << 12
"""Rows of a test set that are asked at once: a stranger's MiB has 260,000, by up to 1024 hidden units."""


def scores(session: Session, federation: Federation, scorer: Account) -> int:
    """A word with the mean absolute error of the model after each update, on the scorer's rows.

    Under the policy Learning it is the share of wrong answers on the round's test set. What cannot be fetched
    has the worst score, and all have it without a test set, or the model before: acceptance attests that an
    update can be fetched, and a scorer that says nothing pays the fine. So has what a party sends that stands
    for a federation and is not of it.
    """
    tested, sharded = has_tests(federation), is_sharded(session, federation)
    rows = test_rows(session, federation) if tested else rows_of(session, federation, scorer.address)
    seats, size, word = seats_of(federation), federation.terms.size, 0
    try:
        model = current_model(session, federation)
    except (DataError, StorageError):
        if not tested:
            raise
        rows, model = None, padded(np.zeros(size, np.int64))
    for each in revealed_in(federation, federation.state().round):
        if each.party == scorer.address or each.party not in seats:
            continue
        try:
            stands = not sharded or source_of(session, federation, each, seats[each.party], model)
            update = padded(read_update(session, federation, each).values)
            after = apply(model, update)[:size] / UNIT
            found = _measured(rows, after, tested=tested) if rows and stands else SCALE
        except (DataError, StorageError):
            found = SCALE
        word |= found << 16 * seats[each.party]
    return word


def _measured(rows: Rows, model: Floats, *, tested: bool) -> int:
    """A model's score. The worst one of a test set is kept for what is not available."""
    network, count, right = rows.descriptor.network, len(rows.labels), 0
    with np.errstate(over="ignore", invalid="ignore"):  # rows so large that nothing can be said
        if not tested:
            return score(network.absolute_error(model, rows.features, rows.labels))
        for at in range(0, count, BATCH):
            said = network.probabilities(model, rows.features[at : at + BATCH]).argmax(axis=1)
            right += int((said == rows.labels[at : at + BATCH]).sum())
    return min(score(1 - right / count), SCALE - 1)


def commit_scores(session: Session, federation: Federation, scorer: Account, word: int | None = None) -> bool:
    """Measure, unless a `word` is given, and commit; False if that was done before.

    The first of all scores draw the committee; where not all revealed, this fixes by which block.
    """
    with alone(session, federation, scorer):
        seat, number = require_seat(federation, scorer).seat, federation.state().round
        ballot = ballot_of(federation)
        if ballot is None:
            act(session, federation.draw(), scorer, "draw", number)
            ballot = ballot_of(federation)
        if ballot is None or not (ballot.committee & ~ballot.spoke) >> seat & 1:
            return False
        found = scores(session, federation, scorer) if word is None else word
        salt = _salt(session, federation, scorer, number, found)
        secret_folder(session, federation.address).write(
            _name(scorer, number), {"word": hex(found), "salt": salt.hex()}
        )
        commitment = federation.scores_commitment_of(number, seat, found, salt)
        act(session, federation.commit_score(commitment), scorer, "scores", number)
        return True


def reveal_scores(session: Session, federation: Federation, scorer: Account) -> bool:
    """Reveal the scores; False if that was done before.

    Where their file is lost they are measured again. Raises AccountError where others come out.
    """
    with alone(session, federation, scorer):
        seat, number = require_seat(federation, scorer).seat, federation.state().round
        ballot = ballot_of(federation)
        if ballot is None or not (ballot.spoke & ~ballot.judged) >> seat & 1:
            return False
        found = secret_folder(session, federation.address).read(_name(scorer, number))
        if found:
            word, salt = int(found["word"], 16), bytes.fromhex(found["salt"])
        else:
            word = scores(session, federation, scorer)
            salt = _salt(session, federation, scorer, number, word)
            commitment = federation.scores_commitment_of(number, seat, word, salt)
            if commitment != federation.scores_of(seat):
                raise AccountError(
                    f"the scores of {scorer.name} for round {number} are not here, and computing them again "
                    "gives others",
                    "It costs the fine.",
                )
        entry = bytes([seat]) + word.to_bytes(32, "big") + salt
        act(session, federation.reveal_scores(entry), scorer, "reveal-scores", number)
        return True


def _salt(session: Session, federation: Federation, scorer: Account, number: int, word: int) -> bytes:
    about = Digest(word.to_bytes(32, "big"))
    return derive(scorer, DOMAIN, session.chain.chain_id, f"scores {number}", about, federation.address)


def _name(scorer: Account, number: int) -> str:
    return f"scores-{scorer.address}-{number}"
