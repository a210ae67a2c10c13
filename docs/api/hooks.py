"""For mkdocs: the README is the first page, and links to files outside of docs/ must lead somewhere."""

import logging
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
_log = logging.getLogger("mkdocs.hooks.diln")


def on_files(files: Files, config: Any) -> Files:
    """Add the README, as seen from docs/."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace("](docs/", "](")
    text = re.sub(r"\]\((?!https?:|[a-z]+\.md)([^)#]+)", r"](../\1", text)
    files.append(File.generated(config, "index.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Of a link to a file outside of docs/, keep the text; warn where the file is not there."""
    docs = ROOT / "docs"

    def plain(link: re.Match[str]) -> str:
        text, target = link.groups()
        place = (docs / page.file.src_uri).parent / target
        if place.resolve().is_relative_to(docs):
            return link.group()
        if not place.exists():
            _log.warning("%s links to %s, which is not there", page.file.src_uri, target)
        return f"{text} (`{place.resolve().relative_to(ROOT)}`)"

    return re.sub(r"\[([^\]]+)\]\((\.\./[^)#]+)\)", plain, markdown)
