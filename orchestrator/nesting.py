"""JSON that would crash whoever parses it.

The parser recurses, and py-evm raises Python's recursion limit beyond what the C stack holds: a hundred
kilobytes of brackets from a stranger would end the process.
"""

import re

_ESCAPED = re.compile(r"\\.", re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")


def is_nested_deeper(text: str, levels: int) -> bool:
    """Tell whether the JSON in `text` nests lists and objects more than `levels` deep."""
    outside_strings = "".join(_ESCAPED.sub("", text).split('"')[::2])
    depth = 0
    for bracket in _BRACKET.findall(outside_strings):
        depth += 1 if bracket in "[{" else -1
        if depth > levels:
            return True
    return False


__all__ = ["is_nested_deeper"]
