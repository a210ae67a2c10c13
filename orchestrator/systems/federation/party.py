"""What a party does in a round: train, commit to the update, reveal it when all have committed.

The update is on disk before its commitment is sent, and is published only when it is revealed. Where its file
is lost, the same rows give it again and the wallet its salt; an update of an app's is lost with its file, and
costs the fine. One whose training took longer than the round's time for commitments comes with the next.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from eth_utils.crypto import keccak

from orchestrator.bindings.federation import Federation, Mode, Phase
from orchestrator.chain import Account
from orchestrator.errors import AccountError, ChainError, DataError, StorageError
from orchestrator.kernel.secrets import derive
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation import Update
from orchestrator.learning.aggregation.template import LARGEST, UNIT
from orchestrator.storage.adding import digest_bytes
from orchestrator.storage.cid import Cid
from orchestrator.systems.federation import accounting
from orchestrator.systems.federation.envelopes import reveal_entry
from orchestrator.systems.federation.finding import DOMAIN, act, alone, descriptor_of, secret_folder, store
from orchestrator.systems.federation.floors import is_sharded
from orchestrator.systems.federation.joining import data_of, require_seat
from orchestrator.systems.federation.masking import Sheet, is_masked, masked
from orchestrator.systems.federation.rounds import NOTHING, current_model, phase_of, quantized, update_of
from orchestrator.systems.federation.rows import Rows, read_rows
from orchestrator.systems.federation.sharding import Passed, base_model, passed_up
from orchestrator.systems.federation.simulation.networks import train
from orchestrator.types import Address, Digest

MOST_STALE = 3
"""By so many rounds an update may be late."""


@dataclass(frozen=True)
class Held:
    """An update that its party has committed to, or is about to."""

    update: Update
    weight: int
    cid: Digest
    salt: bytes
    files: tuple[bytes, ...] = ()
    """What is pinned beside the update's own file: where it is masked, its shares and its sheet."""

    @property
    def digest(self) -> Digest:
        return self.update.digest(self.weight, self.cid)

    def entry(self, party: Address) -> bytes:
        """What reveals it."""
        return reveal_entry(party, self.update.root, self.weight, self.update.shift, self.cid, self.salt)


def rows_of(session: Session, federation: Federation, party: Address) -> Rows:
    """The rows that a party joined with. Raises AccountError where they are not known, DataError."""
    file = data_of(session, federation, party)
    if file is None:
        raise AccountError(
            "nothing is known of this party's data here",
            f"`diln federation join --federation {federation.address} --data FILE` says it again, and pays "
            "nothing twice; a model of apps is trained by `federation flower APP`.",
        )
    return read_rows(session, federation, file)


def trained(session: Session, federation: Federation, party: Account) -> Update:
    """The update of one round of training on the party's rows; with noise, where the terms promise an ε.

    Raises DataError where training leads to numbers that are not finite, or that fit no update.
    """
    rows, model = rows_of(session, federation, party.address), current_model(session, federation)
    base, size, number = base_model(session, federation), federation.terms.size, federation.state().round
    start = base[:size] / UNIT
    with np.errstate(over="ignore", invalid="ignore"):  # seen below
        if accounting.noisy(session, federation):
            after = accounting.train_hidden(session, federation, party, number, rows, start)
        else:
            seed = keccak(bytes.fromhex(party.address[2:]) + number.to_bytes(4, "big"))[:8]
            rng, said = np.random.default_rng(int.from_bytes(seed, "big")), rows.descriptor
            after = train(said.network, start, rows.features, rows.labels, rng, said.training)
    if not (np.abs(after) < LARGEST / UNIT).all():  # NaN, too
        raise DataError(
            "training on these rows leads beyond the numbers that a model has",
            "Scale the features: their values should be about 1.",
        )
    moved = np.rint((after - start) * UNIT).astype(np.int64)
    return quantized(federation, moved + (base - model)[:size])


def accuracy(session: Session, federation: Federation, party: Address) -> float | None:
    """The share of a party's own rows on which the present model is right; None where nobody can tell."""
    try:
        rows, model = rows_of(session, federation, party), current_model(session, federation)
    except (AccountError, DataError, StorageError):
        return None
    network = rows.descriptor.network
    with np.errstate(over="ignore", invalid="ignore"):  # rows so large that nothing can be said
        said = network.probabilities(model[: network.size] / UNIT, rows.features).argmax(axis=1)
    return float((said == rows.labels).mean())


def passed(session: Session, federation: Federation, party: Address) -> Iterator[Passed]:
    """What a party may send that stands for a federation of its own; the newest first."""
    model, number = current_model(session, federation), federation.state().round
    return passed_up(session, federation, party, number, model)


def commit(
    session: Session,
    federation: Federation,
    party: Account,
    update: Update | None = None,
    rows: int | None = None,
) -> bool:
    """Train, unless an `update` is given, and commit to it; False if that was done before in this round.

    `rows` are those that an `update` from elsewhere was made of; without, those that the party joined with.
    Where parties stand for federations, it is what its own has finalized.

    Raises ChainError outside the time for it, and where nothing is finalized below; AccountError, DataError.
    """
    with alone(session, federation, party):
        seat = require_seat(federation, party).seat
        state = federation.state()
        if state.committed >> seat & 1:
            return False
        if phase_of(federation) is not Phase.COMMITTING:
            raise ChainError(
                "commitments to this round are not taken now", "`diln federation status` tells when."
            )
        held = kept(session, federation, party.address, state.round)
        if held is None and update is None and is_sharded(session, federation):
            found = next(passed(session, federation, party.address), None)
            if found is None:
                raise ChainError(
                    "no federation of yours has finalized a round since this one began",
                    "`diln federation step --federation NAME` tells what is due there.",
                )
            update, rows = found.update, found.weight
        elif held is None and update is None:
            update, rows = _late(session, federation, party.address, state.round) or (None, rows)
        # Two updates under the same masks would tell their difference.
        other = update is not None and held is not None and held.update.root != update.root
        if held is None or (other and not is_masked(federation)):
            accounting.require_budget(session, federation, party)
            held = _made(session, federation, party, state.round, update, rows)
            _keep(session, federation, party.address, state.round, held)
            if federation.state().round != state.round or phase_of(federation) is not Phase.COMMITTING:
                raise ChainError(
                    f"training took longer than round {state.round} waits for commitments",
                    "The update is kept, and goes into the next round.",
                )
        commitment = federation.commitment_of(state.round, party.address, held.digest, held.salt)
        act(session, federation.commit(state.round, commitment), party, "commit", state.round)
        return True


def reveal(session: Session, federation: Federation, party: Account) -> bool:
    """Publish the update and reveal it; False if that was done before.

    Raises AccountError or DataError where it is lost and does not come out again, ChainError outside the time
    for it.
    """
    with alone(session, federation, party):
        seat, state = require_seat(federation, party).seat, federation.state()
        if state.revealed >> seat & 1:
            return False
        held = kept(session, federation, party.address, state.round) or _again(
            session, federation, party, state.round
        )
        for data in (held.update.data, *held.files):
            store(session, data)
        act(session, federation.reveal(held.entry(party.address)), party, "reveal", state.round)
        return True


def kept(session: Session, federation: Federation, party: Address, number: int) -> Held | None:
    """What a party holds for round `number`. Raises AccountError if it is damaged."""
    found = secret_folder(session, federation.address).read(_name(party, number))
    if not found:
        return None
    try:
        update = update_of(federation, bytes.fromhex(found["data"]), int(found["shift"]))
        salt, cid = bytes.fromhex(found["salt"]), Digest(bytes.fromhex(found["cid"]))
        files = tuple(bytes.fromhex(each) for each in found.get("files", "").split())
        return Held(update, int(found["weight"]), cid, salt, files)
    except (KeyError, ValueError) as error:
        raise AccountError(
            "a kept update is damaged", "Move it away, and train again if there is time."
        ) from error


def _late(session: Session, federation: Federation, party: Address, number: int) -> tuple[Update, int] | None:
    """The update of a round before that came too late to be committed to, and what it weighs now.

    It stands on an older model: w becomes ⌊w / (1 + s)⌋ after s rounds (Nguyen et al., 2022, have a root in
    its place). Masked ones fit their round only, and so does what an ε counts; below another federation, an
    update leads to its model as well, and would do so twice.
    """
    below = descriptor_of(session, federation).upper
    if below or is_masked(federation) or accounting.noisy(session, federation):
        return None
    sent = accounting.rounds_of(federation, party, number)
    for stale in range(1, MOST_STALE + 1):
        held = kept(session, federation, party, number - stale)
        if held:
            return None if number - stale in sent else (held.update, held.weight // (1 + stale))
    return None


def _again(session: Session, federation: Federation, party: Account, number: int) -> Held:
    """The update whose file is lost, if the same comes out again. Raises AccountError, DataError if not."""
    committed = federation.party_of(party.address).kept[:-1]
    candidates: Iterable[tuple[Update | None, int | None]] = [(None, None)]
    if is_sharded(session, federation):
        candidates = ((each.update, each.weight) for each in passed(session, federation, party.address))
    for update, weight in candidates:
        held = _made(session, federation, party, number, update, weight)
        if federation.commitment_of(number, party.address, held.digest, held.salt)[:-1] == committed:
            return held
    raise AccountError(
        f"the update of {party.name} for round {number} is not here, and training gives another one",
        "Were there other rows? It costs the fine.",
    )


def _made(
    session: Session,
    federation: Federation,
    party: Account,
    number: int,
    update: Update | None,
    given: int | None,
) -> Held:
    made = update or trained(session, federation, party)
    file = data_of(session, federation, party.address)
    most, count = federation.terms.max_weight, given or 1
    if given is None and file and most > 1:
        count = len(read_rows(session, federation, file).labels)
    files: tuple[bytes, ...] = ()
    if is_masked(federation):
        hidden = masked(session, federation, party, number, made)
        made = hidden.update
        sheet = Sheet(_cid(made.data), _cid(hidden.shares), hidden.hashes)
        files = hidden.shares, sheet.to_bytes()
    about = keccak(number.to_bytes(32, "big") + made.root)
    salt = derive(party, DOMAIN, session.chain.chain_id, "update", about, federation.address)
    salt = accounting.sealed(salt, accounting.budget_of(session, federation, party.address))
    # A vector's root says already where its file is.
    direct = federation.terms.mode is Mode.DIRECT
    cid = NOTHING if direct else _cid(files[-1] if files else made.data)
    return Held(made, min(max(count, 1), most), cid, salt, files)


def _keep(session: Session, federation: Federation, party: Address, number: int, held: Held) -> None:
    secret_folder(session, federation.address).write(
        _name(party, number),
        {
            "data": held.update.data.hex(),
            "shift": str(held.update.shift),
            "weight": str(held.weight),
            "cid": held.cid.hex(),
            "salt": held.salt.hex(),
            "files": " ".join(each.hex() for each in held.files),
        },
    )


def _cid(data: bytes) -> Digest:
    """By which the file will be found, which nobody is to see before it is revealed."""
    return Digest(Cid.parse(digest_bytes(data).cid).digest)


def _name(party: Address, number: int) -> str:
    return f"update-{party}-{number}"
