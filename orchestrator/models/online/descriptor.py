"""What is published with a shared model: its encoder, its labels, its test set.

A descriptor is canonical JSON, at most a block long, so its CID follows from its SHA-256. That digest is the
salt that the factory creates the model with, and the model's address follows from the salt: whoever knows the
address can tell whether a descriptor is the one that its creator published, and nobody can change it later.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.errors import ModelError
from orchestrator.models.online.encoders import Encoder, encoder_from_json
from orchestrator.models.online.weights import ModelParams
from orchestrator.provenance.canonical import NotCanonical, decode, encode
from orchestrator.storage.cid import RAW, Cid
from orchestrator.text import shown
from orchestrator.types import Digest

FORMAT = "diln-shared-model/1"
TEST_FORMAT = "diln-shared-model-test/1"
LONGEST = 1 << 20
LONGEST_NAME = 100
_NAMES = "Use printable names that differ; a number only for the label that it counts (0, 1, …)."
_BAD = "Ask the model's creator for the descriptor that was published with it."


@dataclass(frozen=True)
class Quality:
    """Accuracy on `rows` samples: the model as it was trained, and the integers made of it.

    `unseen`: whether the creator's machine could tell that no training sample is among them.
    """

    rows: int
    trained: float
    quantized: float
    unseen: bool = True

    @property
    def loss(self) -> float:
        """What the integers cost, as a share of the samples."""
        return self.trained - self.quantized


@dataclass(frozen=True)
class Descriptor:
    """`model` is the on-chain model's name, `test` the CID of the published test set ("": there is none).

    `sealed` is the CID of a market's secret test set.
    """

    name: str
    model: str
    labels: tuple[str, ...]
    encoder: Encoder
    test: str = ""
    quality: Quality | None = None
    sealed: str = ""

    def check_names(self) -> None:
        """Raise ModelError for a name or label that cannot be shown, or could be taken for another."""
        for text in (self.name, *self.labels):
            if not text.isprintable() or not 0 < len(text) <= LONGEST_NAME:
                raise ModelError(f"`{shown(text, LONGEST_NAME)}` is not a name that can be shown", _NAMES)
        if len(set(self.labels)) < len(self.labels):
            raise ModelError("two labels have the same name", _NAMES)
        for number, label in enumerate(self.labels):
            if label.isdecimal() and label != str(number):
                raise ModelError(f"label {number} is called `{shown(label)}`, as if it were another", _NAMES)

    def to_bytes(self) -> bytes:
        """Canonical JSON. Raises ModelError where that is longer than a block."""
        content: dict[str, Any] = {
            "format": FORMAT,
            "name": self.name,
            "model": self.model,
            "labels": list(self.labels),
            "encoder": self.encoder.to_json(),
            "test": self.test,
            "quality": vars(self.quality) if self.quality else None,
        }
        if self.sealed:
            content["sealed"] = self.sealed
        try:
            data = encode(content)
        except NotCanonical as error:
            raise ModelError(f"the encoder cannot be published: {error}", "Train it without.") from error
        if len(data) > LONGEST:
            raise ModelError(f"the encoder has {len(data)} bytes; at most {LONGEST} do", "Use fewer words.")
        return data

    @property
    def digest(self) -> Digest:
        return Digest(hashlib.sha256(self.to_bytes()).digest())

    def label(self, text: str) -> int:
        """The number of a label, by its name or as a number. Raises ModelError."""
        if text in self.labels:
            return self.labels.index(text)
        if text.isdecimal() and int(text) < len(self.labels):
            return int(text)
        raise ModelError(f"there is no label `{shown(text)}`", f"The labels are {', '.join(self.labels)}.")

    def check_params(self, params: ModelParams) -> None:
        """Raise ModelError where the model takes other features or labels than this says."""
        dims = self.encoder.features + (0 if self.encoder.kind == "scaled" else 1)
        if (dims, len(self.labels)) != (params.dims, params.classes):
            raise ModelError(
                f"the descriptor is for {dims} features and {len(self.labels)} labels, the model "
                f"on the chain has {params.dims} and {params.classes}",
                _BAD,
            )


def descriptor_cid(digest: Digest) -> str:
    """Where the descriptor of this digest is to be found."""
    return str(Cid(1, RAW, digest))


def parse_descriptor(data: bytes) -> Descriptor:
    """Read what `to_bytes` wrote. Raises ModelError."""
    content = _content(data, FORMAT)
    encoder = encoder_from_json(content.get("encoder"))
    try:
        quality = _quality(content["quality"])
        name, model, test = (str(content[key]) for key in ("name", "model", "test"))
        sealed = str(content.get("sealed", ""))
        labels = tuple(str(label) for label in content["labels"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"the descriptor is malformed: {shown(str(error), 200)}", _BAD) from error
    descriptor = Descriptor(name, model, labels, encoder, test, quality, sealed)
    descriptor.check_names()
    return descriptor


def _quality(content: Mapping[str, Any] | None) -> Quality | None:
    if not content:
        return None
    rows, unseen = int(content["rows"]), bool(content.get("unseen", True))
    return Quality(rows, float(content["trained"]), float(content["quantized"]), unseen)


@dataclass(frozen=True)
class TestSet:
    """Encoded samples and their labels, published so that everybody measures the same."""

    __test__ = False  # no test of pytest's

    xs: tuple[bytes, ...]
    labels: tuple[int, ...]

    def to_bytes(self) -> bytes:
        samples = [[x.hex(), label] for x, label in zip(self.xs, self.labels, strict=True)]
        return encode({"format": TEST_FORMAT, "samples": samples})


def parse_test_set(data: bytes) -> TestSet:
    """Read what `TestSet.to_bytes` wrote. Raises ModelError."""
    content = _content(data, TEST_FORMAT)
    try:
        pairs = [(bytes.fromhex(x), int(label)) for x, label in content["samples"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"the test set is malformed: {error}", _BAD) from error
    return TestSet(tuple(x for x, _ in pairs), tuple(label for _, label in pairs))


def _content(data: bytes, expected: str) -> Any:
    try:
        content = decode(data)
    except NotCanonical as error:
        raise ModelError(f"this is not a {expected.split('/')[0]} file: {error}", _BAD) from error
    if not isinstance(content, dict) or content.get("format") != expected:
        raise ModelError(f"this is not a {expected} file", _BAD)
    return content
