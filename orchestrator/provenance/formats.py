"""What kind of model a file or folder holds, told by its bytes, and whether loading it runs code.

Nothing is loaded here: a few bytes, and of an archive the names in it, are looked at.
"""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

_HEAD = 4096
_CODE = {".py", ".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".so", ".dll"}


@dataclass(frozen=True)
class Format:
    """`name` goes into the manifest. `runs_code` says that loading it as usual may run code that it holds."""

    name: str
    runs_code: bool = False


UNKNOWN = Format("unknown", runs_code=True)
FOLDER = Format("folder", runs_code=True)
FORMATS = {
    each.name: each
    for each in (
        Format("skops"),
        Format("onnx"),
        Format("safetensors"),
        Format("xgboost-json"),
        Format("xgboost-ubj"),
        Format("lightgbm"),
        Format("gguf"),
        Format("tflite"),
        Format("npz"),
        Format("hugging-face"),
        Format("keras", runs_code=True),  # Lambda layers
        Format("keras-h5", runs_code=True),
        Format("pytorch", runs_code=True),  # a pickle in an archive
        Format("pickle", runs_code=True),
        Format("joblib", runs_code=True),
        FOLDER,
        UNKNOWN,
    )
}


_MAGIC = (
    (0, b"GGUF", "gguf"),
    (4, b"TFL3", "tflite"),
    (0, b"\x89HDF\r\n\x1a\n", "keras-h5"),
    (0, b"tree\nversion=", "lightgbm"),
)


def recognize(path: Path) -> Format:
    """The format of the model at `path`; UNKNOWN where it is none of FORMATS. Raises OSError."""
    return FORMATS[_folder(path) if path.is_dir() else _file(path)]


def contradicts(found: Format, told: Format) -> bool:
    """Whether bytes in the format `found` are not what was `told`.

    A format that is told to be harmless has to be recognized. Between formats that run code nothing is
    decided, as they are much alike.
    """
    if told.runs_code:
        return told is not UNKNOWN and not found.runs_code
    return found is not told


def format_named(name: str) -> Format:
    """The format that a manifest names (a private model's without `+age`), or UNKNOWN."""
    return FORMATS.get(name.removesuffix("+age"), UNKNOWN)


def _folder(path: Path) -> str:
    files = [each for each in path.rglob("*") if each.is_file()]
    known = (path / "config.json").is_file() and any(each.suffix == ".safetensors" for each in files)
    return "hugging-face" if known and not any(map(_is_code, files)) else "folder"


def _is_code(path: Path) -> bool:
    """Whether a file of a folder is code, or a model whose loading runs code, by its name or its bytes."""
    if path.suffix.lower() in _CODE:
        return True
    found = FORMATS[_file(path)]
    return found.runs_code and found is not UNKNOWN


def _file(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for start, magic, name in _MAGIC:
        if head[start : start + len(magic)] == magic:
            return name
    if head.startswith(b"PK\x03\x04"):
        return _archive(path)
    if _safetensors(head):
        return "safetensors"
    if head.lstrip()[:1] == b"{" and b"learner" in head:
        return "xgboost-json" if b'"learner"' in head else "xgboost-ubj"
    return _pickled(head, path.suffix) or ("onnx" if _onnx(head) else "unknown")


def _onnx(head: bytes) -> bool:
    """The first field is the version of the format, a small number, and a string or message follows.

    No pickle begins so, of whatever protocol: 8 is none of its codes.
    """
    return head[:1] == b"\x08" and head[1:2] < b"\x80" and head[2:3] in (b"\x12", b"\x1a", b"\x3a", b"\x42")


def _pickled(head: bytes, suffix: str) -> str | None:
    if head[:1] == b"\x80" and head[1:2] <= b"\x05":
        return "joblib" if suffix == ".joblib" or b"joblib" in head else "pickle"
    compressed = suffix == ".joblib" and head[:1] == b"\x78"
    return "joblib" if compressed else None


def _archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return "unknown"
    last = {name.rpartition("/")[2] for name in names}
    if "schema.json" in names:
        return "skops"
    if "data.pkl" in last:
        return "pytorch"
    if {"config.json", "metadata.json"} <= set(names):
        return "keras"
    return "npz" if names and all(name.endswith(".npy") for name in names) else "unknown"


def _safetensors(head: bytes) -> bool:
    """Eight bytes of a length, then a JSON object that is so long."""
    length = int.from_bytes(head[:8], "little")
    if not 2 <= length <= 100_000_000 or head[8:9] != b"{":
        return False
    if len(head) < 8 + length:
        return True  # the header goes on beyond what was read
    try:
        return isinstance(json.loads(head[8 : 8 + length]), dict)
    except ValueError:
        return False
