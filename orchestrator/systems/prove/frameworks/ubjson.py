"""Universal Binary JSON, as XGBoost writes it: read into plain values, whatever its bytes are.

Arrays of one type become lists of numbers. Nothing is read beyond the bytes, and nesting is bounded.
"""

import struct
from typing import Any

DEEPEST = 64
MOST_EMPTY = 1_000
"""How many values that take no bytes arrays may hold, all of a file's together."""

_NUMBERS = {
    b"i": ">b", b"U": ">B", b"I": ">h", b"u": ">H", b"l": ">i", b"L": ">q", b"d": ">f", b"D": ">d"
}  # fmt: skip
_WORDS = {b"Z": None, b"T": True, b"F": False}


def loads(data: bytes) -> Any:
    """The one value that `data` holds. Raises ValueError."""
    reader = _Reader(data)
    value = reader.value(reader.take(1), 0)
    if reader.place != len(data):
        raise ValueError("bytes follow the value")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._empty = 0
        self.place = 0

    def take(self, size: int) -> bytes:
        found = self._data[self.place : self.place + size]
        if size < 0 or len(found) != size:
            raise ValueError(f"it ends within a value, at byte {self.place}")
        self.place += size
        return found

    def value(self, kind: bytes, depth: int) -> Any:
        if depth > DEEPEST:
            raise ValueError("it is nested too deeply")
        if kind in _NUMBERS:
            return self._number(kind)
        if kind in _WORDS:
            return _WORDS[kind]
        if kind == b"C":
            return self.take(1).decode("latin-1")
        if kind == b"S":
            return self._text()
        if kind == b"[":
            return self._array(depth)
        if kind == b"{":
            return self._object(depth)
        raise ValueError(f"{kind!r} at byte {self.place} is not a type")

    def _number(self, kind: bytes) -> int | float:
        form = _NUMBERS[kind]
        [number] = struct.unpack(form, self.take(struct.calcsize(form)))
        return number  # type: ignore[no-any-return]

    def _length(self) -> int:
        kind = self.take(1)
        length = self._number(kind) if kind in _NUMBERS else None
        if not isinstance(length, int) or length < 0:
            raise ValueError(f"no length at byte {self.place}")
        return length

    def _text(self) -> str:
        return self.take(self._length()).decode("utf-8")

    def _next(self, mark: bytes) -> bool:
        if self._data[self.place : self.place + 1] != mark:
            return False
        self.place += 1
        return True

    def _array(self, depth: int) -> list[Any]:
        if self._next(b"$"):
            kind = self.take(1)
            if not self._next(b"#"):
                raise ValueError("an array of one type without a length")
            return self._typed(kind, self._length(), depth)
        if self._next(b"#"):
            return [self.value(self.take(1), depth + 1) for _ in range(self._length())]
        found = []
        while not self._next(b"]"):
            found.append(self.value(self.take(1), depth + 1))
        return found

    def _typed(self, kind: bytes, count: int, depth: int) -> list[Any]:
        if kind in _NUMBERS:
            form = _NUMBERS[kind]
            size = struct.calcsize(form)
            return list(struct.unpack(f">{count}{form[1]}", self.take(count * size)))
        if kind in _WORDS:
            self._empty += count
            if self._empty > MOST_EMPTY:
                raise ValueError("arrays of many values that take no bytes")
            return [_WORDS[kind]] * count
        return [self.value(kind, depth + 1) for _ in range(count)]

    def _object(self, depth: int) -> dict[str, Any]:
        count = self._length() if self._next(b"#") else None
        found: dict[str, Any] = {}
        while (len(found) < count) if count is not None else not self._next(b"}"):
            key = self._text()
            if key in found:
                raise ValueError(f"{key!r} stands twice")
            found[key] = self.value(self.take(1), depth + 1)
        return found
