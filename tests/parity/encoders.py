"""What encoders make of many samples, for readers in other languages; `python -m tests.parity.encoders`."""

import hashlib
import json
import random
import re
from pathlib import Path
from typing import Any

from orchestrator.errors import DataError
from orchestrator.models.online.alphabet import known
from orchestrator.models.online.encoders import (
    TOKENS,
    BinnedEncoder,
    Encoder,
    HashingEncoder,
    ScaledEncoder,
    VocabularyEncoder,
    Words,
)

FILE = Path(__file__).with_name("vectors") / "encoders.json"
POOL = (
    "abcXYZ019_ -.,;'\n\tÄöüßİıΣσςΟΔΥΣéÉñçŁøŒ中文字日本かなカナ한국어АБВгдعربيהעברהिन्दी"
    "①²½Ⅷ𝔸𐐀🙂\u0301\u200d\u00ad"
    "\u1c89\ua7cb\ua7dc\U00010d50\U0001e5d0\U00031350\u0378"  # assigned after Unicode 14, or never
)
TEXTS = [
    "ΟΔΥΣΣΕΥΣ ΟΔΥΣΣΕΥΣ. ΑΣ'Α",
    "İstanbul IŞIK",
    "e\u0301te\u0301 café",
    "don't stop",
    "a b c",
    "ﬁn ﬂy",
    "x" * 500,
    "",
]
COLUMNS = 6


def vectors() -> dict[str, Any]:
    """The digests of all code points, and each encoder's specification with samples and their bytes, as hex.

    A sample that an encoder refuses has no bytes.
    """
    draw = random.Random(7)
    texts = TEXTS + ["".join(draw.choices(POOL, k=draw.randint(0, 40))) for _ in range(250)]
    known_words = {word for text in texts for word in TOKENS.findall(known(text).lower())}
    vocabulary = tuple(sorted(known_words)[:300])
    encoders: list[tuple[Encoder, list[Any]]] = [
        (VocabularyEncoder(vocabulary), texts),
        (VocabularyEncoder(vocabulary, Words(lowercase=False, ngrams=(1, 2))), texts),
        (HashingEncoder(512), texts),
        (HashingEncoder(1000, False, Words(ngrams=(1, 3))), texts),
        _scaled(draw),
        _binned(draw),
    ]
    rows = [
        {"encoder": encoder.to_json(), "cases": [[each, encoded(encoder, each)] for each in samples]}
        for encoder, samples in encoders
    ]
    return {"words": digest_of_words(), "lower": digest_of_lower_case(), "rows": rows}


def encoded(encoder: Encoder, sample: Any) -> str:
    try:
        return encoder.encode(sample).hex()
    except DataError:
        return ""


def digest_of_words() -> str:
    """SHA-256 of the code points that are part of words, each as hex and a line end."""
    return _digest(f"{point:x}\n" for point in points() if re.match(r"\w", known(chr(point))))


def digest_of_lower_case() -> str:
    """SHA-256 of the code points whose lower case is another, each as hex with that of the lower case."""
    found = ((point, known(chr(point)).lower()) for point in points())
    return _digest(
        f"{point:x} {' '.join(f'{ord(each):x}' for each in low)}\n"
        for point, low in found
        if low not in (chr(point), " ")
    )


def points() -> Any:
    """All code points that a text may hold."""
    return (point for point in range(0x110000) if not 0xD800 <= point < 0xE000)


def _digest(lines: Any) -> str:
    return hashlib.sha256("".join(lines).encode("ascii")).hexdigest()


def _scaled(draw: random.Random) -> tuple[Encoder, list[Any]]:
    offsets = [draw.uniform(-10, 10) for _ in range(COLUMNS)]
    steps = [draw.choice([0.5, 0.1, 1 / 3, draw.uniform(1e-6, 2)]) for _ in range(COLUMNS)]
    names = tuple(f"column {number}" for number in range(COLUMNS))
    rows = [
        [
            offset
            + step * draw.choice([draw.randint(-5, 260) + 0.5, draw.uniform(-20, 300), draw.randint(0, 255)])
            for offset, step in zip(offsets, steps, strict=True)
        ]
        for _ in range(250)
    ]
    return ScaledEncoder(names, tuple(offsets), tuple(steps)), rows


def _binned(draw: random.Random) -> tuple[Encoder, list[Any]]:
    edges = [sorted({round(draw.uniform(-5, 5), 3) for _ in range(15)}) for _ in range(COLUMNS)]
    names = tuple(f"column {number}" for number in range(COLUMNS))
    rows = [[draw.choice([draw.choice(each), draw.uniform(-6, 6)]) for each in edges] for _ in range(250)]
    return BinnedEncoder(names, tuple(map(tuple, edges))), rows


def main() -> None:
    FILE.write_text(json.dumps(vectors(), indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
