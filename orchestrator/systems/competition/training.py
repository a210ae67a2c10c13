"""The split, and training data: opened off-chain under the root, or on demand on-chain."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.bindings.competition import Answered, Challenged, Group, Phase
from orchestrator.chain import Account
from orchestrator.errors import AccountError, ChainError, DataError, IntegrityError, StorageError
from orchestrator.kernel.money import currency_of
from orchestrator.kernel.secrets import Master, salts_from
from orchestrator.kernel.session import Consent, Session
from orchestrator.provenance import canonical
from orchestrator.storage.cid import Cid
from orchestrator.systems.competition.archive import LONGEST, Archive, check_group
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.finding import factory_of, secret_folder
from orchestrator.systems.competition.records import Terms
from orchestrator.systems.competition.samples import Samples
from orchestrator.systems.competition.secrets import derive
from orchestrator.systems.competition.timing import require_phase
from orchestrator.systems.competition.tree import Data
from orchestrator.types import Digest, Wei

DATA = "competition data"
LABEL = "training data"
"""What the batch in the registry is called."""

LARGEST_OPENING = 1 << 20
DEEP = 64
"""Blocks under which a seed counts as final where the node does not say what is: two epochs."""


@dataclass(frozen=True)
class TrainingData:
    """What the organizer has opened so far, checked against the root; `missing` groups are not open yet."""

    archive: Archive
    groups: Mapping[int, Group] = field(repr=False)
    missing: tuple[int, ...]

    def samples(self, terms: Terms) -> Samples:
        """Raises DataError if nothing is open."""
        if not self.groups:
            raise DataError(
                "no training group is open yet",
                "The organizer runs `diln competition data`; demand a group with --challenge.",
            )
        return Samples.of(self.groups.values(), terms, self.archive.encoding.features)


def draw(session: Session, competition: Competition, sender: Account) -> bool:
    """Draw the split; anyone may. False if it was drawn before. Raises ContractReverted if too early."""
    if competition.progress().drawn_at:
        return False
    session.send(competition.draw_split(), sender)
    return True


def read_archive(session: Session, competition: Competition) -> Archive:
    """The sealed data. Raises StorageError if they are not found, DataError if they are malformed."""
    return Archive.parse(session.storage.read(competition.terms.cid, limit=LONGEST), competition.terms)


def organizers_data(session: Session, competition: Competition, organizer: Account) -> Data:
    """All groups, with the salts of `.diln`, or derived from the wallet where that file is lost.

    Raises AccountError for somebody else, IntegrityError if the salts are not those of the root.
    """
    terms = competition.terms
    if organizer.address != terms.organizer:
        raise AccountError(
            f"{organizer.name} is not the organizer of this competition", f"Use --from {terms.organizer}."
        )
    archive = read_archive(session, competition)
    folder = secret_folder(session, competition.address)
    try:
        if kept := folder.kept("organizer", Master):
            return archive.data(terms, salts_from(kept.master, terms.groups))
    except (AccountError, IntegrityError):
        pass  # changed or damaged; the wallet knows better
    master = derive(organizer, session.chain.chain_id, DATA, archive.nonce, factory_of(session).address)
    data = archive.data(terms, salts_from(master, terms.groups))
    folder.keep("organizer", Master(master))
    return data


def open_training(session: Session, competition: Competition, organizer: Account) -> str:
    """Publish the salts of all training groups, pinned and anchored in the model registry; returns the CID.

    The anchor is a batch under the root of the data, in a project of the organizer that is named after the
    competition: so everybody finds it, and nobody else can put another in its place.
    """
    data = organizers_data(session, competition, organizer)
    if missing := blocks_until_final(session, competition):
        raise ChainError(
            f"the seed must lie {missing} blocks deeper, or a reorganization could test with public salts",
            "Run `diln competition data` again later, or keep `keep --role organizer` running.",
        )
    tests = set(competition.test_groups())
    salts = {str(n): data.salts[n].hex() for n in range(len(data.salts)) if n not in tests}
    content = {"competition": competition.address, "salts": salts}
    stored = session.storage.put(json.dumps(content, sort_keys=True).encode())
    project = _project(session, competition)
    if session.registry.batch(project, Digest(competition.terms.root)) is None:
        known = session.registry.project(project)
        if known is None:
            create = session.registry.contract.create_project(
                _project_name(competition), [], [organizer.address], 1
            )
            session.send(create, organizer, once=f"project-{competition.address}")
        anchor = session.registry.anchor_batch(
            project, Digest(competition.terms.root), len(salts), LABEL, Cid.parse(stored.cid)
        )
        session.send(anchor, organizer, once=f"training-{competition.address}")
    return stored.cid


def blocks_until_final(session: Session, competition: Competition) -> int:
    """How many blocks the seed must still be buried under, so that no reorganization draws another split.

    None on development chains, and where the node says that the seed's block is final.
    """
    seed = competition.terms.seed_block
    if session.chain.development or seed <= _finalized(session):
        return 0
    return max(0, seed + DEEP - session.chain.head().number)


def _finalized(session: Session) -> int:
    """The last block that the node calls final; -1 if it calls none so."""
    try:
        return int(session.chain.web3.eth.get_block("finalized")["number"])
    except Exception:  # many nodes know no such block, and each says so in its own way
        return -1


def training_is_open(session: Session, competition: Competition) -> bool:
    """Whether the organizer has published the salts of the training groups in the registry."""
    return session.registry.batch(_project(session, competition), Digest(competition.terms.root)) is not None


def training_data(session: Session, competition: Competition, opening: str | None = None) -> TrainingData:
    """Fetch the training groups and check each against the root.

    `opening` is the CID of the published salts, where it is not taken from the registry. Groups that were
    answered on-chain count as open. Raises ChainError before the split is drawn, StorageError if the sealed
    data are not found, IntegrityError for a group that does not match the root.
    """
    if not competition.progress().drawn_at:
        raise ChainError(
            "the split is not drawn yet, so nobody knows which groups are for training",
            "Draw it: diln competition data.",
        )
    archive = read_archive(session, competition)
    tests = set(competition.test_groups())
    wanted = [number for number in range(competition.terms.groups) if number not in tests]
    groups = _answered(competition)
    for number, salt in _published(session, competition, opening).items():
        if number in wanted and number not in groups:
            groups[number] = archive.open(competition.terms, number, salt)
    ordered = {number: groups[number] for number in wanted if number in groups}
    return TrainingData(archive, ordered, tuple(number for number in wanted if number not in groups))


def write_csv(training: TrainingData, terms: Terms, file: Path) -> int:
    """Write the open samples as bytes and label numbers, as models are to take them; returns the rows."""
    import pandas as pd

    samples, encoding = training.samples(terms), training.archive.encoding
    table = pd.DataFrame(samples.features, columns=list(encoding.features))
    table[encoding.target] = samples.labels
    part = file.with_name(f"{file.name}.part")
    table.to_csv(part, index=False)
    part.replace(file)
    return len(table)


def challenge(
    session: Session, competition: Competition, group: int, sender: Account, consent: Consent | None = None
) -> None:
    """Demand, with the stake and after `consent`, that a withheld group be opened on-chain."""
    require_phase(competition, Phase.TRAINING, what="challenging")
    if competition.challenge_of(group).deadline:
        raise ChainError(
            f"group {group} has been challenged", "The organizer must answer: `diln competition data`."
        )
    terms = competition.terms
    if consent:
        stake = currency_of(session.chain, terms.token).show(terms.stake)
        said = f"A stake of {stake} goes from {sender.name} to competition {competition.address}"
        consent(Wei(terms.stake), [f"{said}; if group {group} is opened in time, it is the organizer's."])
    session.pay(competition.challenge(group), sender, currency_of(session.chain, terms.token).of(terms.stake))


def answer_all(session: Session, competition: Competition, organizer: Account) -> list[int]:
    """Answer every pending challenge; returns the groups."""
    pending, now = session.chain.look(lambda: (_pending(competition), session.chain.now()))
    if not pending:
        return []
    data = organizers_data(session, competition, organizer)
    for number, deadline in pending.items():
        if deadline > now:
            session.send(competition.answer(number, data.opened(number)), organizer)
    return list(pending)


def _pending(competition: Competition) -> dict[int, int]:
    """The groups whose challenges were not answered, each with the time until when they can be."""
    found = {number: competition.challenge_of(number) for number in challenged(competition)}
    return {number: each.deadline for number, each in found.items() if not each.answered}


def challenged(competition: Competition) -> list[int]:
    """Groups that were ever challenged."""
    return [event.group for event in competition.events(Challenged)]


def _answered(competition: Competition) -> dict[int, Group]:
    found = {}
    for event in competition.events(Answered):
        found[event.group] = check_group(competition.terms, event.group, event.opened)
    return found


def _published(session: Session, competition: Competition, opening: str | None) -> dict[int, bytes]:
    """Salts by group; none if nothing was published, or what was is not found anywhere."""
    if opening is None:
        batch = session.registry.batch(_project(session, competition), Digest(competition.terms.root))
        opening = batch.cid if batch else None
    if opening is None:
        return {}
    try:
        found = canonical.parse(session.storage.read(opening, limit=LARGEST_OPENING))
        return {int(number): bytes.fromhex(salt) for number, salt in found["salts"].items()}
    except StorageError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{opening} does not hold salts of training groups", "Ask the organizer for another CID."
        ) from error


def _project_name(competition: Competition) -> str:
    return f"competition-{competition.address}"


def _project(session: Session, competition: Competition) -> Digest:
    return session.registry.project_id(competition.terms.organizer, _project_name(competition))
