"""Content whose CIDs were recorded from another implementation (goldens.json, record.mjs)."""

import json
import random
import sys
from pathlib import Path

from orchestrator.storage import PROFILES
from orchestrator.storage.unixfs import Profile

KIB = 1024
GOLDENS = json.loads((Path(__file__).parent / "goldens.json").read_text())

# Three links a node and four bytes a chunk: deep trees from few bytes.
TINY = {
    "tiny-raw": Profile("tiny-raw", 4, 3, 1, True, "block"),
    "tiny-wrapped": Profile("tiny-wrapped", 4, 3, 0, False, "links"),
}
TINY_SIZES = (
    0,
    1,
    3,
    4,
    5,
    8,
    11,
    12,
    13,
    24,
    35,
    36,
    37,
    48,
    72,
    107,
    108,
    109,
    144,
    216,
    323,
    324,
    325,
    1000,
)


def content(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def file_sizes(profile: Profile) -> list[int]:
    """The boundaries of chunks, and of nodes where they are within reach."""
    if profile.name in TINY:
        return list(TINY_SIZES)
    sizes = [
        0,
        1,
        profile.chunk - 1,
        profile.chunk,
        profile.chunk + 1,
        2 * profile.chunk,
        3 * profile.chunk + 7,
    ]
    full = profile.chunk * profile.width
    return sizes + ([full, full + 1, full + profile.chunk] if full < 64 * KIB * KIB else [])


def folders() -> dict[str, dict[str, bytes]]:
    """Folder → path → content. A path that ends in a slash is an empty folder."""
    return {
        "flat": {"b.txt": b"bee", "a.txt": b"ay", "empty": b"", ".hidden": b"seen"},
        "nested": {
            "model/weights.bin": content(300 * KIB),
            "model/deep/er/x": b"x",
            "hollow/": b"",
            "n": b"n",
        },
        "unicode": {"żółć.txt": b"1", "数据/模型": b"2", "emoji 🦉": b"3", "Ä": b"4", "z": b"5"},
        "sharded": {f"entry-{number:05}": str(number).encode() for number in range(6000)},
    }


def write_folder(folder: Path, entries: dict[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, data in entries.items():
        path = folder / name
        if name.endswith("/"):
            path.mkdir()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def write_all(target: Path) -> None:
    """Write every case below `target`, for another implementation to read."""
    for profile in (*PROFILES.values(), *TINY.values()):
        (target / profile.name).mkdir(parents=True)
        for size in file_sizes(profile):
            (target / profile.name / str(size)).write_bytes(content(size))
    for name, entries in folders().items():
        write_folder(target / "folders" / name, entries)


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
