"""What an organizer decides of a federation: the offer, and what in it makes no sense."""

from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.kernel import offers
from orchestrator.provenance.canonical import LARGEST
from orchestrator.text import shown
from orchestrator.times import seconds

_LATEST = 10 * 365 * 86400
BOUNDS = {
    "bond": "more than one billionth of a coin",
    "bound": "0, unless the rule clips",
    "challenge": "at least four times `supply`, from a minute to 30 days",
    "committee": "odd, 3 to `seats`, with policy quality or learning; 1 to `seats` with delegates; else 0",
    "committing": "from a minute to 30 days",
    "deposit": "at least `fine`, and less than 17,592 coins",
    "difficulty": "0, unless the policy is work",
    "faulty": "at least 1 with the rule multi-krum, and 2 * faulty + 3 <= quorum; else 0",
    "fine": "more than 0, and at most the deposit",
    "judging": "from a minute to 30 days; masked, at least twice `supply`",
    "keep": "1 to `quorum` with the rules multi-krum and nearest; else 0",
    "max_voids": "1 to 10",
    "max_weight": "1 to 65535; 1 where pay, mode, privacy or an epsilon wants equal weights",
    "mode": "optimistic where updates are masked, and with the policy learning",
    "obliged": "false with the policy learning",
    "pay": "quality with the policy quality alone; alignment where all weigh the same; else equal",
    "policy": "trusted where updates are masked or have an epsilon; not work in the mode direct",
    "quorum": "1 to `seats`; at least 3 with the policy quality, or where updates are masked",
    "revealing": "from a minute to 30 days",
    "reward": "at least fee and tip together, and less than 17,592 coins",
    "rounds": "1 to 1024",
    "rule": "mean where updates are masked, in the mode direct, and with the policy learning",
    "seats": "2 to 16; with the policy learning, at least committee and quorum together",
    "shift": "0 to 24 in the mode direct; else 0",
    "size": "a model of at most 524,288 numbers; 16,384 in the mode direct",
    "stake": "more than 0, and for all parts of an update together at most the fine",
    "supply": "from a minute to 30 days, and a second for each 256 numbers of the model",
    "trim": "at least 1 with the rule trimmed-mean, and less than half of quorum + 1; else 0",
    "turn": "at least twice `supply`, from a minute to 30 days",
    "width": "1, 2 or 4; 1 in the mode direct, 4 where updates are masked",
}
"""What the contract wants of each term (FederationTerms.sol), in the words of an offer."""


@dataclass(frozen=True)
class Offer:
    """What an organizer decides. Amounts are in coins, durations as `12h`; `rate` in thousandths.

    With `mode = "direct"`, the contract adds small updates up by itself: the rule is then the mean, and every
    update is times 2 to the power of `shift`.

    Without more, the model is a softmax regression of `features` on `classes`, every update is in, the rule
    is the clipped mean, pay is equal, and fee, tip, fine, bond and stake follow from reward and deposit.
    With the policy quality, the committee is the largest odd number of seats up to nine, unless it is given.
    With `privacy = "masked"`, nobody sees an update, and the rule is the mean.
    With `sharded`, each party stands for a federation of its own, whose offer names this one as `upper`.
    Every `checkpoint` rounds, the model goes to the registry with the parties' signatures.
    With `epsilon`, all rounds together hide each row within (ε, `delta`): a step takes each row with the
    chance `sampling`, shortens its gradient to `clip`, and adds noise of `noise` such lengths, or of as many
    as it takes.
    With `arrays`, an npz file, the model begins as these arrays, and apps of the parties train it. With
    `policy = "learning"`, `tests` are CSV files that nobody else sees before a round's models are revealed:
    one for each round, and for each void one that does not close it.
    """

    name: str
    reward: str
    deposit: str
    target: str = ""
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    arrays: str = ""
    tests: tuple[str, ...] = ()
    rounds: int = 5
    seats: int = 16
    quorum: int = 3
    policy: str = "trusted"
    rule: str = "clipped-mean"
    pay: str = "equal"
    mode: str = "optimistic"
    privacy: str = "open"
    committee: int = 0
    trim: int = 0
    faulty: int = 0
    keep: int = 0
    difficulty: int = 0
    shift: int = 0
    bound: int = 0
    width: int = 1
    max_weight: int = 1
    max_voids: int = 3
    obliged: bool = False
    invited: bool = False
    hidden: int = 0
    epochs: int = 5
    rate: int = 300
    batch: int = 16
    source: str = ""
    upper: str = ""
    sharded: bool = False
    checkpoint: int = 0
    epsilon: float = 0.0
    delta: float = 1e-5
    noise: float = 0.0
    clip: float = 1.0
    sampling: float = 0.1
    fee: str = ""
    tip: str = ""
    fine: str = ""
    bond: str = ""
    stake: str = ""
    token: str = ""
    start: str = "1d"
    committing: str = "12h"
    revealing: str = "2h"
    judging: str = "4h"
    turn: str = "2h"
    challenge: str = "4h"
    supply: str = "1h"


def read_offer(file: Path) -> Offer:
    """An offer in a TOML file. Raises SpecError that names the key."""
    return offers.read_offer(Offer, file, "docs/federate.md")


def require_sound(offer: Offer) -> None:
    """Raises UsageError for numbers that make sense in no offer, and for empty words."""
    for name, value in vars(offer).items():
        least = 1 if name in ("epochs", "rate", "batch") else 0
        if not isinstance(value, int | float) or least <= value < LARGEST:
            continue
        hint = f"It is {BOUNDS[name]}." if name in BOUNDS else "docs/federate.md tells what it can be."
        raise UsageError(f"`{name}` is {shown(str(value), 40)}, and no federation can have that", hint)
    for name in ("name", "reward", "deposit"):
        if not getattr(offer, name).strip():
            raise UsageError(f"`{name}` is empty", "docs/federate.md has an example.")
    if seconds(offer.start) > _LATEST:
        raise UsageError("`start` is further away than ten years", "Write 90s, 30m, 12h, 7d, 2w or 1d12h.")
    for name in ("features", "classes"):
        if not all(word.strip() for word in getattr(offer, name)):
            raise UsageError(f"one of the {name} is empty", "Name all of them.")


def require_table(offer: Offer) -> None:
    """Raises UsageError for a table of which nothing can be learned: no term can be changed later."""
    for what, names in ("features", offer.features), ("classes", offer.classes):
        if twice := next((each for place, each in enumerate(names) if each in names[:place]), None):
            raise UsageError(f"`{shown(twice, 80)}` is among the {what} twice", "Name each once.")
    if offer.target in offer.features:
        raise UsageError(
            f"the target `{shown(offer.target, 80)}` is among the features",
            "Leave it out there: the model is to tell it from the others.",
        )
    if len(offer.classes) < 2:
        raise UsageError("a model of one class says nothing", "Name all values that the target may have.")
