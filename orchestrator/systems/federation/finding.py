"""Where federations are found, what their organizers say of them, and where a party's secrets are kept."""

import hashlib
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.bindings.federation import Created, Federation, FederationFactory
from orchestrator.errors import DataError
from orchestrator.kernel import secrets
from orchestrator.kernel.finding import Directory
from orchestrator.kernel.secrets import SecretFolder
from orchestrator.kernel.session import Session
from orchestrator.learning.aggregation import Template
from orchestrator.provenance.canonical import decode, encode
from orchestrator.storage.cid import DAG_PB, RAW, Cid
from orchestrator.systems.federation.simulation.networks import Network, PrivateTraining, Training
from orchestrator.text import shown
from orchestrator.types import Address, Digest

if TYPE_CHECKING:
    from orchestrator.chain import Account, Receipt
    from orchestrator.chain.bound import Call

KIND = "federation"
FORMAT = "diln-federation/1"
DOMAIN = "DILN federation secrets"
LONGEST = 1 << 16
LARGEST_BLOCK = 1 << 20
"""A longer file is a tree of blocks, whose CID has another codec."""

_NOISE = "noise", "clip", "sampling", "delta"
_OPTIONAL = "template", "tests", "upper", "sharded", "checkpoint", *_NOISE
_SHA256 = re.compile("[0-9a-f]{64}")
_ADDRESS = re.compile("(0x[0-9a-fA-F]{40})?")

MOST_INPUTS, MOST_CLASSES, MOST_HIDDEN = 4096, 256, 1024


@dataclass(frozen=True)
class Descriptor:
    """What an organizer says of a federation: canonical JSON whose SHA-256 is in the terms.

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

    name: str
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

    def to_bytes(self) -> bytes:
        lists = {name: list(getattr(self, name)) for name in ("features", "classes", "tests")}
        body = {"format": FORMAT, **asdict(self), **lists}
        return encode({key: value for key, value in body.items() if key not in _OPTIONAL or value})

    @property
    def digest(self) -> Digest:
        return Digest(hashlib.sha256(self.to_bytes()).digest())

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


def parse_descriptor(data: bytes) -> Descriptor:
    """Read what `to_bytes` wrote, of strangers. Raises DataError."""
    try:
        content = decode(data)
        texts = {name: str(content[name]) for name in ("name", "target", "source")}
        template, upper = (str(content.get(name, "")) for name in ("template", "upper"))
        sharded, checkpoint = bool(content.get("sharded", False)), int(content.get("checkpoint", 0))
        tests = tuple(map(str, list(content.get("tests", ()))))
        features, classes = (tuple(map(str, list(content[name]))) for name in ("features", "classes"))
        numbers = {name: int(content[name]) for name in ("hidden", "epochs", "rate", "batch")}
        numbers |= {name: int(content.get(name, 0)) for name in _NOISE}
        known = content["format"] == FORMAT
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"the descriptor is malformed: {shown(str(error), 200)}", _ASK) from error
    if template:
        Template.from_json(template)
    table = 0 < len(features) <= MOST_INPUTS and 1 < len(classes) <= MOST_CLASSES
    sound = (
        (not (features or classes) if template else table)
        and 0 <= numbers["hidden"] <= MOST_HIDDEN
        and 0 < numbers["epochs"] <= 1000
        and 0 < numbers["rate"] <= 100_000
        and 0 < numbers["batch"] <= 1 << 20
        and all(map(_SHA256.fullmatch, tests))
        and _ADDRESS.fullmatch(upper)
        and 0 <= checkpoint <= 1024
        and not (template and (upper or sharded))
        and _hides(**{name: numbers[name] for name in _NOISE})
    )
    if not known or not sound:
        raise DataError(f"the descriptor is not a {FORMAT}, or its numbers are too large", _ASK)
    given: dict[str, Any] = {**texts, **numbers, "upper": upper, "sharded": sharded}
    given["checkpoint"] = checkpoint
    return Descriptor(features=features, classes=classes, template=template, tests=tests, **given)


def _hides(noise: int, clip: int, sampling: int, delta: int) -> bool:
    """Whether these numbers make sense; all are zero without noise."""
    if not noise:
        return not (clip or sampling or delta)
    bounded = 0 < noise <= 1_000_000 and 0 < clip <= 1_000_000
    return bounded and 0 < sampling <= 1000 and 1 < delta <= 10**12


def secret_folder(session: Session, federation: Address | None = None) -> SecretFolder:
    """Where a party's secrets are kept; without a federation, what is to be created again after a kill."""
    return secrets.secret_folder(session, "federations", federation)


def act(session: Session, call: "Call", account: "Account", *what: object, value: int = 0) -> "Receipt":
    """Send what can happen only once: `what` names it within its federation."""
    return session.send(call, account, value=value, once=once(call, account, *what))


def once(call: "Call", account: "Account", *what: object) -> str:
    """The name of what can happen only once."""
    return "-".join(map(str, ("federation", call.address, account.address, *what)))


def cid_of(digest: bytes, length: int = 0) -> str:
    """Where the file of `length` bytes is that the contract knows by this digest."""
    return str(Cid(1, RAW if length <= LARGEST_BLOCK else DAG_PB, digest))


def store(session: Session, data: bytes) -> Digest:
    """Pin a file; the digest by which `cid_of` finds it."""
    return Digest(Cid.parse(session.storage.put(data).cid).digest)


_FEDERATIONS = Directory(
    KIND, "created or joined", Federation, FederationFactory, Created, parse_descriptor, LONGEST
)
factory_of, federations, open_federation = _FEDERATIONS.factory_of, _FEDERATIONS.all, _FEDERATIONS.open
find, descriptor_of, name_of = _FEDERATIONS.find, _FEDERATIONS.descriptor_of, _FEDERATIONS.name_of

_ASK = "Ask the federation's organizer."
