"""What sources say beyond an ABI: the members of enums, the names of interfaces, and NatSpec."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_IMPORT = re.compile(r'^import\s+(?:[^"]*?from\s+)?"([^"]+)"', re.MULTILINE)
_DECLARATION = re.compile(
    r"^[ \t]*(?:abstract\s+)?(enum|struct|event|error|function|contract|interface|library)\s+(\w+)"
)
_PUBLIC = re.compile(r"^[ \t]*[^/*\n]*\bpublic\b[^;=({]*?(\w+)\s*(?:=[^\n]*)?;")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Declaration:
    """Something that a source declares: its `notice` in one line, and the text of its body or signature.

    `notes` say what members of a struct or an enum are, as far as the source does.
    """

    kind: str
    name: str
    notice: str
    text: str
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def members(self) -> list[str]:
        """The members of an enum."""
        return re.findall(r"\w+", self.text[self.text.index("{") :])

    @property
    def signature(self) -> tuple[list[str], list[str]]:
        """The names of a function's parameters and of what it returns; empty where there is no name."""
        head, _, returned = self.text.partition("returns")
        return _names(head), _names(returned) if returned else []


def declarations(root: Path, source: str) -> list[Declaration]:
    """All that `source` (a path below `root`) and what it imports from there declare, the nearest first."""
    waiting, seen = [source], {source}
    found: list[Declaration] = []
    while waiting:
        path = waiting.pop(0)
        text = (root / path).read_text(encoding="utf-8")
        found += _declared(text)
        for name in _IMPORT.findall(text):
            target = (root / path).parent / name
            below = target.resolve().relative_to(root.resolve()).as_posix() if name.startswith(".") else ""
            if below and below not in seen:
                seen.add(below)
                waiting.append(below)
    return found


def _declared(text: str) -> Iterator[Declaration]:
    comment: list[str] = []
    at, block = 0, False
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        if block or bare.startswith(("///", "/**")):
            comment.append(bare)
            block = (block or bare.startswith("/**")) and "*/" not in bare
        elif declared := _DECLARATION.match(line):
            kind, name = declared.groups()
            notes = _notes(comment, text[at:].partition("}")[0]) if kind in ("enum", "struct") else {}
            yield Declaration(kind, name, _notice(comment), _body(text[at:], kind), notes)
            comment = []
        elif public := _PUBLIC.match(line):
            yield Declaration("function", public[1], _notice(comment), "")
            comment = []
        elif not bare.startswith("//"):
            comment = []
        at += len(line)


def _body(text: str, kind: str) -> str:
    plain = _COMMENT.sub("", text)
    ends = {"enum": "}", "struct": "}", "function": "[;{]"}.get(kind, ";")
    return re.split(ends, plain, maxsplit=1)[0]


def _bare(comment: Sequence[str]) -> str:
    return "\n".join(re.sub(r"^(///|/\*\*|\*/|\*)|\*/$", "", line).strip() for line in comment)


def _notes(comment: Sequence[str], body: str) -> dict[str, str]:
    """What `@param` says of members, or a comment behind each."""
    tagged = re.findall(r"@param\s+(\w+)\s+(.*?)(?=\n\s*@|\Z)", _bare(comment), re.DOTALL)
    behind = re.findall(r"(\w+)[;,]?[ \t]*//[ \t]*([^\n]+)", body)
    return {name: " ".join(said.split()) for name, said in (*behind, *tagged)}


def _notice(comment: Sequence[str]) -> str:
    """The text before the first tag, or behind `@notice`."""
    text = _bare(comment)
    tagged = re.search(r"@notice\s(.*?)(?=\n\s*@|\n\n|\Z)", text, re.DOTALL)
    said = tagged[1] if tagged else re.split(r"(?:^|\n)\s*@", text, maxsplit=1)[0]
    return " ".join(said.split())


def _names(text: str) -> list[str]:
    """The names in the first parentheses."""
    inside = text[text.find("(") + 1 : text.rfind(")")]
    words = [part.split() for part in inside.split(",") if part.strip()]
    return [part[-1] if len(part) > 1 and part[-1] not in _PLACES else "" for part in words]


_PLACES = ("calldata", "memory", "storage", "payable")
