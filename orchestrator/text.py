"""Text that strangers wrote, from chains, descriptors, files and tokens: decoded leniently, shown escaped."""

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, localcontext

_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
LONGEST_SHOWN = 2_000
_COLUMN = re.compile(r"[^\W\d][\w .()/%-]{0,29}")


def decoded(raw: bytes) -> str:
    """UTF-8 as text; bytes that are not UTF-8 become U+FFFD, so that nobody's bytes end a reader."""
    return raw.decode("utf-8", errors="replace")


def shown(text: str, longest: int = LONGEST_SHOWN) -> str:
    r"""`text` as one line that a terminal prints and never obeys, cut after `longest` characters.

    Control, format (also bidirectional), surrogate and private characters and line separators are shown as
    `\x1b`, `\u202e` or `\U000e0001`.
    """
    cut = text if len(text) <= longest else text[:longest] + "…"
    if cut.isascii() and cut.isprintable():
        return cut
    return "".join(_escaped(char) if unicodedata.category(char) in _INVISIBLE else char for char in cut)


def shown_names(names: Sequence[object], most: int = 12) -> str:
    """Names of columns for a sentence; what does not look like one is counted only.

    A file that is no table may have a key where the names should stand.
    """
    told = [name for name in map(str, names) if _COLUMN.fullmatch(name)][:most]
    if not told:
        return "none that look like names"
    more = len(names) - len(told)
    return ", ".join(told) + (f" and {more} more" if more else "")


def coins(amount: int, decimals: int = 18) -> str:
    """An amount in smallest units (wei) as coins (ether), exactly."""
    with localcontext(prec=90):
        told = f"{Decimal(amount).scaleb(-decimals):f}"
    return told.rstrip("0").rstrip(".") if "." in told else told


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
