"""Times and lengths of phases as people write and read them."""

import re
from datetime import UTC, datetime

from orchestrator.competition.contracts import CompetitionReader
from orchestrator.competition.records import Phase
from orchestrator.errors import ChainError, ContractReverted, UsageError
from orchestrator.types import Seconds

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def parse_duration(text: str) -> Seconds:
    """`90s`, `30m`, `12h`, `1d`, `2w` or a sum such as `1d12h`. Raises UsageError."""
    parts = re.findall(r"(\d+)([smhdw])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UsageError(f"`{text}` is not a length of time", "Write it as 90s, 30m, 12h, 1d, 2w or 1d12h.")
    return Seconds(sum(int(number) * _UNITS[unit] for number, unit in parts))


def show_duration(seconds: int) -> str:
    """The two largest units."""
    parts = []
    for unit in "wdhms":
        count, seconds = divmod(seconds, _UNITS[unit])
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def show_time(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def show_moment(timestamp: int, now: int) -> str:
    """A time, and how far away it is."""
    away = show_duration(abs(timestamp - now))
    return f"{show_time(timestamp)} ({f'in {away}' if timestamp > now else f'{away} ago'})"


def require_phase(competition: CompetitionReader, *phases: Phase, what: str) -> None:
    """Raises ChainError that says when `what` opens, or when it closed."""
    phase = competition.phase()
    if phase in phases:
        return
    now = competition.chain.now()
    if phase is Phase.CLOSED:
        outcome = competition.progress().outcome.name.lower()
        raise ChainError(f"{what} is over: the competition is closed ({outcome})", "See `withdraw`.")
    if phase is Phase.SEEDING:
        raise ChainError(f"{what} is not open: the split is not drawn yet", "Draw it: diln competition data.")
    deadlines = competition.deadlines()
    opens = {
        Phase.REVEAL: deadlines.training,
        Phase.OPENING: deadlines.reveal,
        Phase.EVALUATION: deadlines.reveal,
    }
    closes = {Phase.TRAINING: deadlines.training, Phase.REVEAL: deadlines.reveal}
    if phase < min(phases):
        moment = show_moment(opens[min(phases)], now)
        raise ChainError(f"{what} is not open yet: it opens at {moment}", "Run this again then, or `watch`.")
    moment = show_moment(closes.get(max(phases), deadlines.opening), now)
    raise ChainError(f"{what} closed at {moment}", "See `diln competition show`.")


def in_words(error: ContractReverted, now: int) -> ContractReverted:
    """The same refusal with its times readable."""
    values = error.values
    for name, word, key in (("TooEarly", "opens", "opensAt"), ("TooLate", "closed", "closedAt")):
        if error.error == name and key in values:
            at = int(values[key])
            shown = show_moment(at, now) if at > 10**9 else f"block {at}"
            said = f"the contract refused: {words_for(name)}, it {word} at {shown}"
            return ContractReverted(said, error.hint, error=name, values=values)
    return error


def words_for(name: str) -> str:
    return {"TooEarly": "this is too early", "TooLate": "this is too late"}[name]
