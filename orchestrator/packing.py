"""Words of 256 bits that contracts pack small fields into: field name → bits, the lowest field first."""

from collections.abc import Mapping

Layout = Mapping[str, int]


def pack(layout: Layout, values: Mapping[str, int]) -> int:
    """The word that holds the layout's fields of `values`. Raises ValueError for one that does not fit."""
    word, at = 0, 0
    for name, width in layout.items():
        value = values[name]
        if not 0 <= value < 1 << width:
            raise ValueError(f"{name} = {value} does not fit {width} bits")
        word |= value << at
        at += width
    return word


def unpack(layout: Layout, word: int) -> dict[str, int]:
    """The fields of a word; what is above them is left out."""
    found = {}
    for name, width in layout.items():
        found[name] = word & (1 << width) - 1
        word >>= width
    return found
