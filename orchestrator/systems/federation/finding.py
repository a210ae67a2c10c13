"""Where federations are found, what their organizers say of them, and where a party's secrets are kept."""

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar

from orchestrator.bindings.federation import Created, Federation, FederationFactory
from orchestrator.chain import Account
from orchestrator.errors import DataError
from orchestrator.kernel import finding
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation import Template
from orchestrator.storage.cid import DAG_PB, RAW, Cid
from orchestrator.systems.federation.simulation.networks import Network, PrivateTraining, Training
from orchestrator.types import Digest

KIND = "federation"
DOMAIN = "DILN federation secrets"
LARGEST_BLOCK = 1 << 20
"""A longer file is a tree of blocks, whose CID has another codec."""

HIDING = "noise", "clip", "sampling", "delta"
"""What a descriptor says of noise."""

_SHA256 = re.compile("[0-9a-f]{64}")
_ADDRESS = re.compile("(0x[0-9a-fA-F]{40})?")

MOST_INPUTS, MOST_CLASSES, MOST_HIDDEN = 4096, 256, 1024


@dataclass(frozen=True)
class Descriptor(finding.Descriptor):
    """What an organizer says of a federation.

    The model is a softmax regression of `features` on `classes`, with `hidden` units between them if there
    are any; a party trains `epochs` over its rows, in batches, at `rate` in thousandths. With a `template`,
    the model has these arrays, in the words of `Template.to_json`, and an app of the parties trains it.
    `tests` are SHA-256 in hexadecimal: of each round's hidden test set, under the policy Learning. Where it
    is `sharded`, each of its parties stands for a federation of its own, whose descriptor has it as `upper`
    (see floors.py). Every `checkpoint` rounds, if it is not 0, the organizer publishes the model, and the
    parties sign it.

    With `noise`, training hides each row: `noise` in clipping norms, the norm `clip` and the chance
    `sampling` of a row at each step are in thousandths; δ is one in `delta`. On average, a row is then seen
    `epochs` times.
    """

    FORMAT: ClassVar[str] = "diln-federation/1"
    LONGEST: ClassVar[int] = 1 << 16
    OPTIONAL: ClassVar[frozenset[str]] = frozenset(
        {"template", "tests", "upper", "sharded", "checkpoint", *HIDING}
    )

    target: str = ""
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    hidden: int = 0
    epochs: int = 5
    rate: int = 300
    batch: int = 16
    source: str = ""
    template: str = ""
    tests: tuple[str, ...] = ()
    upper: str = ""
    sharded: bool = False
    checkpoint: int = 0
    noise: int = 0
    clip: int = 0
    sampling: int = 0
    delta: int = 0

    @property
    def network(self) -> Network:
        return Network(len(self.features), len(self.classes), self.hidden)

    @property
    def steps(self) -> int:
        """Of private training, in a round."""
        return -(-self.epochs * 1000 // self.sampling)

    @property
    def private_training(self) -> PrivateTraining:
        return PrivateTraining(
            self.steps, self.rate / 1000, self.sampling / 1000, self.clip / 1000, self.noise / 1000
        )

    @property
    def training(self) -> Training:
        return Training(self.epochs, self.rate / 1000, self.batch)

    def check(self) -> None:
        if self.template:
            Template.from_json(self.template)
        table = 0 < len(self.features) <= MOST_INPUTS and 1 < len(self.classes) <= MOST_CLASSES
        sound = (
            (not (self.features or self.classes) if self.template else table)
            and 0 <= self.hidden <= MOST_HIDDEN
            and 0 < self.epochs <= 1000
            and 0 < self.rate <= 100_000
            and 0 < self.batch <= 1 << 20
            and all(map(_SHA256.fullmatch, self.tests))
            and _ADDRESS.fullmatch(self.upper)
            and 0 <= self.checkpoint <= 1024
            and not (self.template and (self.upper or self.sharded))
            and _hides(self.noise, self.clip, self.sampling, self.delta)
        )
        if not sound:
            raise DataError(
                "what the descriptor says is not learned here, or its numbers are too large", finding.ASK
            )


def _hides(noise: int, clip: int, sampling: int, delta: int) -> bool:
    """Whether these numbers make sense; all are zero without noise."""
    if not noise:
        return not (clip or sampling or delta)
    bounded = 0 < noise <= 1_000_000 and 0 < clip <= 1_000_000
    return bounded and 0 < sampling <= 1000 and 1 < delta <= 10**12


def cid_of(digest: bytes, length: int = 0) -> str:
    """Where the file of `length` bytes is that the contract knows by this digest."""
    return str(Cid(1, RAW if length <= LARGEST_BLOCK else DAG_PB, digest))


def store(session: Session, data: bytes) -> Digest:
    """Pin a file; the digest by which `cid_of` finds it."""
    return Digest(Cid.parse(session.storage.put(data).cid).digest)


def alone(session: Session, federation: Federation, account: Account) -> AbstractContextManager[Any]:
    """Look, then send: nobody else does either for this account meanwhile."""
    return session.alone(f"federation {federation.address} {account.address}")


_FEDERATIONS = finding.Named(KIND, "created or joined", Federation, FederationFactory, Created, Descriptor)
factory_of, federations, open_federation = _FEDERATIONS.factory_of, _FEDERATIONS.all, _FEDERATIONS.open
find, descriptor_of, name_of = _FEDERATIONS.find, _FEDERATIONS.descriptor_of, _FEDERATIONS.name_of
names = _FEDERATIONS.names
secret_folder, parse_descriptor = _FEDERATIONS.secret_folder, Descriptor.parse
described = _FEDERATIONS.described
act, once = _FEDERATIONS.act, _FEDERATIONS.once
