"""The page at /docs: what the model takes, a form to try it, and the same for a script; no other site."""

import json
import shlex
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from orchestrator.learning.data import Feature
from orchestrator.systems.prove.loading import PublishedModel
from orchestrator.systems.prove.rows import Inputs
from orchestrator.text import shown

ASSETS = {"page.css": "text/css", "page.js": "text/javascript"}
POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'none'"
"""For browsers: nothing comes from, or goes to, another site. Names of features are strangers'."""


def asset(name: str) -> str:
    """The text of a file of the page."""
    return files("orchestrator.systems.prove").joinpath(name).read_text(encoding="utf-8")


def render(model: PublishedModel, inputs: Inputs, example: dict[str, Any]) -> str:
    """The page as HTML."""
    rows = [_field(each, str(example[each.name])) for each in inputs.features]
    body = shlex.quote(json.dumps({"rows": [example]}))
    return Template(asset("page.html")).substitute(
        title=_text(model.name),
        description=f"{model.known_by}, checked against the chain.",
        features="\n".join(rows),
        curl=escape(f"curl -H 'Content-Type: application/json' -d {body} ADDRESS/predict"),
    )


def _field(feature: Feature, value: str) -> str:
    name, kind = escape(feature.name), escape(feature.type)
    told = f"{_text(feature.type)}{', may be missing' if feature.optional else ''}"
    field = f'<input name="{name}" data-type="{kind}" value="{escape(value)}">'
    return f"<tr><td>{_text(feature.name)}</td><td>{told}</td><td>{field}</td></tr>"


def _text(text: str) -> str:
    return escape(shown(text))
