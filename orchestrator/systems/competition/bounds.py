"""Which terms a competition may have: the reference of `check` in contracts/competition/TermsCodec.sol.

So that whoever creates one reads what is wrong, in a sentence, before anything is sent.
"""

from collections.abc import Iterator

from orchestrator.bindings.competition import Mode
from orchestrator.errors import UsageError
from orchestrator.systems.competition.records import Terms

MAX_GROUPS, MAX_FEATURES, MAX_CLASSES, MAX_GROUP_SIZE, MAX_GROUP_BYTES = 256, 4096, 256, 8_192, 24_575
MAX_SAMPLES, MAX_CLAIM, MAX_COUNTED, MAX_MODEL_BYTES = 1_000_000, 65_536, 8_192, 49_152
SHARES, ONE, MAX_COUNTED_CLASSES = 10_000, 10**9, 64
MIN_PHASE, MAX_LENGTH = 60, 3650 * 86_400
BOND_SHARE = 10
GAS_A_SECOND = 1_000_000
GROUP_GAS, SAMPLE_GAS, BYTE_GAS, KEPT_BYTE_GAS = 100_000, 600, 40, 300
RUN_GAS, RUN_BYTE_GAS = 10_000, 70
CHECKED_A_SECOND = 10_000_000
CODECS = (0x55, 0x70)
_MACRO_F1, _MAE = 1, 2

Rule = tuple[str, bool, str, str]
"""The field that the contract names, whether it is sound, what is wrong otherwise, and what to do."""


def require_sound(terms: Terms) -> None:
    """Raises UsageError, with one sentence, for terms under which somebody could be stuck or cheated."""
    broken = first_broken(terms)
    if broken:
        _, _, said, hint = broken
        raise UsageError(said, hint)


def first_broken(terms: Terms) -> Rule | None:
    """The rule that the contract would name; None if it takes the terms."""
    return next((rule for rule in _rules(terms) if not rule[1]), None)


def _rules(t: Terms) -> Iterator[Rule]:
    """In the contract's order; a later one may rest on an earlier one."""
    yield "root", t.root != bytes(32), "the data have no root", "Create the competition from a file of data."
    yield "cidCodec", t.cid_codec in CODECS, "the data's CID names no file", "Pin the data with DILN."
    yield from _amounts(t)
    yield from _shape(t)
    yield from _metric(t)
    yield from _shares(t)
    yield from _times(t)
    if t.mode is Mode.OPTIMISTIC:
        yield (
            "claimBond",
            1 < t.claim_bond <= t.prize,
            f"a claim's bond of {t.claim_bond} is not between 2 and the prize, {t.prize}",
            "Choose another --claim-bond.",
        )
        most = MAX_COUNTED if t.metric else MAX_CLAIM
        yield (
            "testGroups",
            t.test_samples <= most,
            f"{t.test_samples} test samples are more than one claim can post, {most}",
            "Choose fewer --test-groups.",
        )


def _amounts(t: Terms) -> Iterator[Rule]:
    yield "prize", t.prize > 0, "there is no prize", "Give one with --prize."
    yield (
        "bond",
        t.bond > 1 and t.bond >= t.prize // BOND_SHARE,
        f"a bond of {t.bond} is less than a tenth of the prize: withholding data would cost next to nothing",
        f"Choose a --bond of {max(2, t.prize // BOND_SHARE)} or more.",
    )
    yield (
        "deposit",
        t.deposit <= t.prize,
        f"a deposit of {t.deposit} is more than the prize, {t.prize}: nobody could afford to enter",
        "Choose a smaller --deposit.",
    )
    yield (
        "tip",
        t.tip <= t.deposit,
        f"a tip of {t.tip} is more than the deposit that it is paid from, {t.deposit}",
        "Choose a smaller --tip.",
    )
    yield (
        "stake",
        t.stake <= t.bond // 2,
        f"a challenge's stake of {t.stake} is more than half of the bond, which is what a challenger can win",
        f"Choose a --stake of {t.bond // 2} at most.",
    )


def _shape(t: Terms) -> Iterator[Rule]:
    yield "groups", 1 < t.groups <= MAX_GROUPS, f"{t.groups} groups are not 2…256", "Choose other --groups."
    sound = 0 < t.test_groups < t.groups
    said = f"{t.test_groups} of {t.groups} groups cannot be for testing"
    yield "testGroups", sound, said, "Choose other --test-groups."
    sound = 0 < t.features <= MAX_FEATURES
    yield "features", sound, f"{t.features} columns are not 1…{MAX_FEATURES}", "Leave some out."
    sound = 0 < t.group_size <= MAX_GROUP_SIZE and t.group_bytes <= MAX_GROUP_BYTES
    said = f"a group of {t.group_size} samples is more than a transaction opens"
    yield "groupSize", sound, said, "Choose a smaller --group-size, or more --groups."
    said = f"{t.test_samples} test samples are more than {MAX_SAMPLES}"
    yield "testGroups", t.test_samples <= MAX_SAMPLES, said, "Choose fewer --test-groups."
    said = f"models of {t.max_model_bytes} bytes are not 1…{MAX_MODEL_BYTES}"
    yield "maxModelBytes", 0 < t.max_model_bytes <= MAX_MODEL_BYTES, said, "Choose other --max-model-bytes."


def _metric(t: Terms) -> Iterator[Rule]:
    if t.metric == _MAE:
        yield "classes", t.classes == 0, "errors are measured on numbers, not on classes", "Choose accuracy."
        return
    sound = 1 < t.classes <= MAX_CLASSES
    yield "classes", sound, f"{t.classes} classes are not 2…{MAX_CLASSES}", "Choose --metric mae for numbers."
    yield (
        "criterion",
        t.criterion <= ONE,
        "the criterion is more than everything right",
        "Write 0.9 for 90 %.",
    )
    countable = t.classes <= MAX_COUNTED_CLASSES and t.test_samples < 1 << (128 // t.classes)
    said = f"macro-F1 cannot count {t.test_samples} test samples of {t.classes} classes"
    yield "metric", t.metric != _MACRO_F1 or countable, said, "Choose accuracy, or fewer --test-groups."


def _shares(t: Terms) -> Iterator[Rule]:
    gap = any(before == 0 != share for before, share in zip(t.shares, t.shares[1:], strict=False))
    sound = not gap and sum(t.shares) == SHARES
    yield "shares", sound, "the shares of the places do not sum to 1", "Give one to four, such as 0.6,0.4."


def _times(t: Terms) -> Iterator[Rule]:
    direct = t.mode is Mode.DIRECT
    group = GROUP_GAS + SAMPLE_GAS * t.group_size + BYTE_GAS * t.group_bytes
    test = group + (KEPT_BYTE_GAS - BYTE_GAS) * t.group_bytes if direct else group
    run = RUN_GAS + RUN_BYTE_GAS * t.max_model_bytes if direct else 0
    yield _long_enough("answer", t.answer, group * (t.groups - t.test_groups), "answers to all challenges")
    yield (
        "training",
        t.training // 2 >= t.answer,
        f"training of {t.training} s is less than twice the {t.answer} s that an answer may take",
        f"Choose a --training of {2 * t.answer}s or more, or a shorter --answer.",
    )
    yield _long_enough("reveal", t.reveal, 0, "reveals")
    yield _long_enough("opening", t.opening, test * t.test_groups, "opening all test groups")
    said = f"running a model of {t.max_model_bytes} bytes on {t.test_samples} test samples"
    yield _long_enough("evaluation", t.evaluation, run * t.test_samples, said)
    checked = t.test_samples * t.max_model_bytes // CHECKED_A_SECOND
    said = "checking a claim of the largest model"
    yield _long_enough(
        "refute", t.refute if not direct else MIN_PHASE + checked, checked * GAS_A_SECOND, said
    )
    length = t.training + t.reveal + t.opening + t.evaluation + 2 * t.refute
    yield "training", length <= MAX_LENGTH, "all phases together take more than ten years", "Choose less."


def _long_enough(field: str, seconds: int, gas: int, what: str) -> Rule:
    """A fifth of a chain's gas must do for the work of a phase."""
    needed = MIN_PHASE + gas // GAS_A_SECOND
    said = f"{seconds} s are too short for {what}, which may take {needed} s on a busy chain"
    return field, seconds >= needed, said, f"Choose a --{field} of {needed}s or more, or less work in it."
