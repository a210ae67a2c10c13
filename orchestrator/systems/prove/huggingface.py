"""What a folder of Hugging Face tells of its model: the front matter of README.md, and config.json.

It is the word of whoever made the folder, as flags are; what is of another form than expected is passed over.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

from orchestrator.nesting import is_nested_deeper

_LARGEST_FILE = 1 << 20  # bytes
_LARGEST_FRONT = 64 << 10  # characters
_MAX_NESTING = 16
_MOST_METRICS = 50
_TOO_LARGE = 1e300  # for a float; NaN is not below it either
_LONGEST = 100  # characters of a word
_FRONT = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)
_CLASS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)


def told_by_folder(folder: Path) -> dict[str, Any]:
    """Fields of `About` that the folder tells: licence, task, metrics, algorithm, libraries; else nothing."""
    config = _config(folder / "config.json")
    if not config:
        return {}
    card = _front_matter(folder / "README.md")
    classes = config.get("architectures")
    first = classes[0] if isinstance(classes, list) and classes else None
    version = _word(config.get("transformers_version"))
    licence = card.get("license_name") if card.get("license") == "other" else card.get("license")
    told = {
        "licence": _word(licence),
        "task": _word(card.get("pipeline_tag")),
        "metrics": dict(_metrics(card.get("model-index"))),
        "algorithm": f"transformers.{first}" if isinstance(first, str) and _CLASS.fullmatch(first) else None,
        "libraries": {"transformers": version} if version else {},
    }
    return {name: value for name, value in told.items() if value}


def _metrics(index: object) -> Iterator[tuple[str, float]]:
    """Metrics of the first model; those of several results are named after their data sets, too."""
    first = index[0] if isinstance(index, list) and index else None
    results = _mappings(first.get("results") if isinstance(first, Mapping) else None)
    for result in results[:_MOST_METRICS]:
        data = result.get("dataset")
        where = _word(data.get("name")) if isinstance(data, Mapping) else None
        for metric in _mappings(result.get("metrics"))[:_MOST_METRICS]:
            name, value = _word(metric.get("type")), metric.get("value")
            if name and _is_finite(value):
                yield f"{name} on {where}" if where and len(results) > 1 else name, float(value)


def _is_finite(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _TOO_LARGE


def _mappings(found: object) -> list[Mapping[str, Any]]:
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _word(found: object) -> str | None:
    return found if isinstance(found, str) and 0 < len(found) <= _LONGEST and found.isprintable() else None


def _config(path: Path) -> dict[str, Any]:
    text = _text(path)
    if is_nested_deeper(text, _MAX_NESTING):
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _front_matter(path: Path) -> dict[str, Any]:
    """What stands between the first two lines of three dashes; no aliases, which may grow without end."""
    import yaml

    matter = _FRONT.match(_text(path))
    if matter is None or len(matter[1]) > _LARGEST_FRONT:
        return {}
    try:
        depth = 0
        for event in yaml.parse(matter[1], Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or depth > _MAX_NESTING:
                return {}
        found = yaml.safe_load(matter[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        return content.decode("utf-8-sig") if len(content) <= _LARGEST_FILE else ""
    except (OSError, UnicodeDecodeError):
        return ""
