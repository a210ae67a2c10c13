"""What an organizer decides, and the terms and data that follow from it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from eth_utils.crypto import keccak

from orchestrator.bindings.competition import Metric, Mode, Scheme
from orchestrator.errors import DataError, UsageError
from orchestrator.models.integer import (
    METRICS,
    encode_samples,
    pass_mark,
    sample_size,
    score,
)
from orchestrator.storage import PutResult
from orchestrator.storage.cid import Cid
from orchestrator.systems.competition.bounds import require_sound
from orchestrator.systems.competition.encoding import Table, read_table
from orchestrator.systems.competition.records import SAFE_BOND, Terms
from orchestrator.systems.competition.tree import Data
from orchestrator.types import ZERO_ADDRESS, Address, Digest, Seconds, Wei

MAX_GROUPS, MAX_FEATURES, MAX_CLASSES = 256, 4096, 256
MAX_GROUP_BYTES, MAX_SAMPLES, MAX_CLAIM, MAX_COUNTED = 24_575, 1_000_000, 65_536, 8_192
MAX_GROUP_SIZE = 8_192
DAY, WEEK = Seconds(86_400), Seconds(604_800)


@dataclass(frozen=True)
class Offer:
    """What an organizer decides. What is None follows from the prize, the rows or `training`.

    Amounts are in wei, or in the smallest units of `token`.

    `criterion` is a share of 1 (accuracy, macro-F1) or a mean error in the labels' own unit (MAE); `shares`
    of the places sum to 1.
    """

    file: Path
    target: str
    prize: Wei
    criterion: float
    metric: str = "accuracy"
    name: str = ""
    groups: int = 20
    test_groups: int | None = None
    group_size: int | None = None
    label_unit: float | None = None
    drop_missing: bool = False
    optimistic: bool = False
    by_score: bool = False
    organizer_may_enter: bool = False
    shares: tuple[float, ...] = (1.0,)
    bond: Wei | None = None
    deposit: Wei | None = None
    tip: Wei | None = None
    stake: Wei | None = None
    claim_bond: Wei | None = None
    token: Address = ZERO_ADDRESS
    max_model_bytes: int = 32_768
    training: Seconds = WEEK
    reveal: Seconds = DAY
    opening: Seconds = DAY
    evaluation: Seconds = DAY
    refute: Seconds = DAY
    answer: Seconds | None = None

    @property
    def numbers(self) -> bool:
        """Whether labels are numbers."""
        return self.metric == "mae"

    @property
    def title(self) -> str:
        return self.name or self.file.stem


@dataclass(frozen=True)
class Shape:
    """How many groups of how many samples; `unused` rows are left over."""

    groups: int
    test_groups: int
    group_size: int
    unused: int


def read_offer(offer: Offer) -> Table:
    """Read the offer's file. Raises DataError and UsageError."""
    if offer.metric not in METRICS:
        raise UsageError(f"`{offer.metric}` is not a metric", f"Choose one of {', '.join(METRICS)}.")
    table = read_table(
        offer.file, offer.target, numbers=offer.numbers, unit=offer.label_unit, drop=offer.drop_missing
    )
    if len(table.encoding.features) > MAX_FEATURES:
        raise DataError(
            f"{len(table.encoding.features)} columns are more than {MAX_FEATURES}", "Leave some out."
        )
    if len(table.encoding.classes) > MAX_CLASSES:
        raise DataError(
            f"{len(table.encoding.classes)} classes are more than {MAX_CLASSES}",
            "Choose --metric mae if the labels are numbers.",
        )
    return table


def shape_of(offer: Offer, table: Table) -> Shape:
    """Cut the rows into groups. Raises DataError if they are too few, or a group would be too long."""
    rows, groups = len(table.labels), offer.groups
    if not 2 <= groups <= MAX_GROUPS:
        raise DataError(f"{groups} groups are not 2…{MAX_GROUPS}", "Choose another number with --groups.")
    tests = max(1, groups // 5) if offer.test_groups is None else offer.test_groups
    if not 0 < tests < groups:
        raise DataError(f"{tests} of {groups} groups cannot be for testing", "Leave some for training.")
    size = offer.group_size or rows // groups
    if size == 0 or size * groups > rows:
        needed = max(size, 1) * groups
        raise DataError(
            f"{rows} rows are too few for {groups} groups of {max(size, 1)}: {needed} are needed",
            "Choose fewer or smaller groups with --groups and --group-size.",
        )
    _check_sizes(offer, table, size, tests)
    return Shape(groups, tests, size, rows - groups * size)


def _check_sizes(offer: Offer, table: Table, size: int, tests: int) -> None:
    stride = sample_size(len(table.encoding.features), len(table.encoding.classes))
    if size * stride > MAX_GROUP_BYTES:
        raise DataError(
            f"a group of {size} samples has {size * stride} bytes; a transaction opens {MAX_GROUP_BYTES}",
            f"Choose --group-size {MAX_GROUP_BYTES // stride} at most, or more --groups.",
        )
    if size > MAX_GROUP_SIZE:
        raise DataError(
            f"a group of {size} samples is more than a transaction opens ({MAX_GROUP_SIZE})",
            "Choose more --groups.",
        )
    most = MAX_SAMPLES
    if offer.optimistic:
        most = MAX_CLAIM if offer.metric == "accuracy" else MAX_COUNTED
    if tests * size > most:
        raise DataError(f"{tests * size} test samples are more than {most}", "Choose fewer --test-groups.")
    if offer.metric == "macro-f1":
        score(offer.metric, len(table.encoding.classes), [0], [0])  # refuses more than 64 classes
        if tests * size >> (128 // len(table.encoding.classes)):
            raise DataError(
                f"macro-F1 cannot count {tests * size} test samples of {len(table.encoding.classes)} classes",
                "Choose accuracy, or fewer --test-groups.",
            )


def encode_groups(table: Table, shape: Shape, salts: tuple[bytes, ...], order: bytes) -> Data:
    """The groups, filled with rows in an order that only `order` (32 secret bytes) tells."""
    mixed = table.shuffled(order)
    used, classes = shape.groups * shape.group_size, len(table.encoding.classes)
    data = encode_samples(mixed.features[:used], mixed.labels[:used], classes)
    size = len(data) // shape.groups
    groups = tuple(data[i : i + size] for i in range(0, len(data), size))
    return Data(groups, salts, len(table.encoding.features), classes, shape.group_size)


def terms_of(offer: Offer, table: Table, shape: Shape, root: Digest, stored: PutResult) -> Terms:
    """The terms; the factory sets organizer and seed block. Raises UsageError for unsound ones."""
    cid = Cid.parse(stored.cid)
    prize = int(offer.prize)
    deposit = prize // 100 if offer.deposit is None else offer.deposit
    terms = Terms(
        organizer=ZERO_ADDRESS,
        token=offer.token,
        root=root,
        cid_digest=Digest(cid.digest),
        cid_codec=cid.codec,
        metric=Metric(METRICS.index(offer.metric)),
        mode=Mode.OPTIMISTIC if offer.optimistic else Mode.DIRECT,
        scheme=Scheme.BY_SCORE if offer.by_score else Scheme.RANKED,
        organizer_may_enter=offer.organizer_may_enter,
        groups=shape.groups,
        test_groups=shape.test_groups,
        group_size=shape.group_size,
        features=len(table.encoding.features),
        classes=len(table.encoding.classes),
        max_model_bytes=offer.max_model_bytes,
        seed_block=0,
        prize=offer.prize,
        bond=Wei(SAFE_BOND * prize if offer.bond is None else offer.bond),
        deposit=Wei(deposit),
        tip=Wei(deposit // 10 if offer.tip is None else offer.tip),
        stake=Wei(prize // 100 if offer.stake is None else offer.stake),
        claim_bond=Wei(max(2, prize // 20) if offer.claim_bond is None else offer.claim_bond),
        shares=_shares(offer.shares),
        criterion=_criterion(offer, table),
        training=offer.training,
        reveal=offer.reveal,
        opening=offer.opening,
        evaluation=offer.evaluation,
        refute=offer.refute if offer.optimistic else Seconds(0),
        answer=Seconds(min(DAY, offer.training // 2)) if offer.answer is None else offer.answer,
    )
    require_sound(terms)
    return terms


def draft_key(offer: Offer, organizer: str, chain: str) -> str:
    """Equal for equal offers on equal data: after an interruption the same salts are used."""
    content = offer.file.read_bytes()
    return keccak(repr((offer, organizer, chain)).encode() + hashlib.sha256(content).digest()).hex()[:24]


def _criterion(offer: Offer, table: Table) -> int:
    if offer.numbers:
        wanted = round(offer.criterion / table.encoding.unit * 10**6)
        if not 0 <= wanted < 2**63:
            raise UsageError(f"a mean error of {offer.criterion:g} cannot be a criterion", "Give 0 or more.")
        return wanted
    if not 0 <= offer.criterion <= 1:
        raise UsageError(
            f"a criterion of {offer.criterion:g} is not a share of 1", "Write 90 % as --criterion 0.9."
        )
    return pass_mark(offer.metric, offer.criterion)


def _shares(shares: tuple[float, ...]) -> tuple[int, int, int, int]:
    whole = [round(share * 10_000) for share in shares]
    if not 1 <= len(whole) <= 4 or min(whole) <= 0 or sum(whole) != 10_000:
        raise UsageError(
            f"shares of {', '.join(f'{share:g}' for share in shares)} cannot be paid",
            "Give one to four shares above zero that sum to 1, such as 0.6,0.3,0.1.",
        )
    first, second, third, fourth = [*whole, 0, 0, 0][:4]
    return first, second, third, fourth
