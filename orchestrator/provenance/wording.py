"""How values are put in sentences."""

from orchestrator.provenance.reading import RegistryReader
from orchestrator.provenance.records import Anchor
from orchestrator.times import utc

DEVELOPMENT_CHAIN = (
    "That the record is final: this is a development chain, and whoever runs it can rewrite it."
)
ONE_NODE = "That the node told the truth about the chain: ask another one to be sure."


def short(digest: bytes) -> str:
    """The first twelve hexadecimal digits of a hash."""
    return f"{digest.hex()[:12]}…"


def moment(seconds: int) -> str:
    """A Unix time, as `2026-01-31 12:00:00 UTC`."""
    return utc(seconds).strftime("%Y-%m-%d %H:%M:%S UTC")


def place(anchor: Anchor) -> str:
    """Where something was recorded."""
    return f"block {anchor.block_number} of chain {anchor.chain_id} ({moment(anchor.time)})"


def count(number: int, noun: str) -> str:
    """`1 parent`, `2 parents`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def chain_caveats(registry: RegistryReader) -> list[str]:
    """What a record on this chain does not prove."""
    return [DEVELOPMENT_CHAIN if registry.chain.development else ONE_NODE]
