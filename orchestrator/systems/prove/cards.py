"""A model's card for people, out of its manifest alone.

What strangers wrote is shown escaped: in Markdown as code, which nothing in it ends, in YAML quoted.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.errors import ChainError, ModelError
from orchestrator.kernel.session import Session
from orchestrator.provenance import Anchor, Manifest, Version
from orchestrator.provenance.formats import format_named
from orchestrator.provenance.predicate import DataRecord
from orchestrator.systems.prove.fetching import manifest_of
from orchestrator.systems.prove.references import find_version
from orchestrator.systems.prove.runs import own_run
from orchestrator.text import shown

LONGEST = 300
MOST_LISTED = 200
SPDX = {
    "0BSD",
    "AFL-3.0",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC-BY-4.0",
    "CC-BY-NC-4.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "GPL-2.0-only",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "ISC",
    "LGPL-3.0-only",
    "MIT",
    "MPL-2.0",
    "Unlicense",
}
_LIBRARIES = {
    "skops": "sklearn",
    "keras": "keras",
    "keras-h5": "keras",
    "pytorch": "pytorch",
    "onnx": "onnx",
    "hugging-face": "transformers",
    "gguf": "gguf",
    "safetensors": "safetensors",
    "xgboost-json": "xgboost",
    "xgboost-ubj": "xgboost",
    "lightgbm": "lightgbm",
}


_TASKS = {"classification": "tabular-classification", "regression": "tabular-regression"}
_TAG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+", re.ASCII)
"""What Hugging Face calls a task, such as text-generation."""


@dataclass(frozen=True)
class Card:
    """What is known of a model; `version` and `anchor` are None for one that was not published.

    `home` is the name of the project that it was published in, where the manifest does not tell it.
    """

    manifest: Manifest
    version: Version | None
    anchor: Anchor | None
    home: str | None = None

    @property
    def project(self) -> str:
        return self.home or self.manifest.predicate.project

    @property
    def title(self) -> str:
        """The project's name, and the version's number."""
        return f"{self.project}@{self.version.number}" if self.version else self.project

    @property
    def facts(self) -> dict[str, str]:
        """What identifies the model, and where it is anchored."""
        predicate = self.manifest.predicate
        found = {
            str(next(iter(self.manifest.subject[0].digest))): self.manifest.artifact_hash.hex(),
            "cid": self.manifest.artifact_cid,
            "manifest": self.manifest.digest.hex(),
            "format": predicate.artifact.format,
        }
        if not self.manifest.private:
            found |= {"size": str(predicate.artifact.size), "created": predicate.created or ""}
        if self.version:
            found["status"] = self.version.status.word
        if self.anchor:
            found |= {
                "chain": str(self.anchor.chain_id),
                "registry": self.anchor.registry,
                "project": self.anchor.project_id.hex(),
                "block": str(self.anchor.block_number),
                "transaction": self.anchor.transaction,
                "signers": " ".join(self.anchor.signers),
            }
        return found

    @property
    def metrics(self) -> dict[str, float]:
        """All metrics that are one number; those within others by both names, but for `values`."""
        return dict(_numbers(self.manifest.predicate.evaluation.metrics, ""))


def card_of(session: Session, reference: str) -> Card:
    """The card of a run, or of a published version (NAME@NUMBER, a hash, a file).

    Raises ModelError, StorageError where its manifest is nowhere at hand, ManifestError.
    """
    run = own_run(session.settings, reference)
    if run:
        return _published(session, run.manifest)
    version = find_version(session, reference, session.viewer)
    return _anchored(session, manifest_of(session, version), version)


def _published(session: Session, manifest: Manifest) -> Card:
    """The card of a run, with its anchor if it was published and the chain can be asked."""
    try:
        version = find_version(session, manifest.artifact_hash.hex(), session.viewer)
        if version.manifest_digest == manifest.digest:
            return _anchored(session, manifest, version)
    except (ChainError, ModelError):
        pass
    return Card(manifest, None, None)


def _anchored(session: Session, manifest: Manifest, version: Version) -> Card:
    home = session.registry.project(version.project_id) if manifest.private else None
    return Card(manifest, version, session.registry.anchor_of(version), home.name if home else None)


def markdown(card: Card) -> str:
    """A model card with the front matter that Hugging Face reads."""
    predicate = card.manifest.predicate
    training = predicate.training
    sections: dict[str, Mapping[str, Any]] = {
        "Model": {"algorithm": training.algorithm, "task": training.task, "target": training.target}
        | {"licence": predicate.licence, "steps": ", ".join(training.steps)},
        "Proof": card.facts,
        "Metrics": card.metrics,
        "Gate": {
            f"{each.metric} {each.relation} {each.threshold:g}": "passed" if each.passed else "not passed"
            for each in (predicate.evaluation.gate.conditions if predicate.evaluation.gate else ())
        },
        "Data": {each.source: _data_line(each) for each in predicate.data},
        "Features": {each.name: each.type for each in training.features},
        "Hyper-parameters": training.hyperparameters,
        "Libraries": {"python": predicate.environment.python, **predicate.environment.libraries},
        "Made from": {
            each.artifact: "in the registry" if each.manifest else "" for each in predicate.parents
        },
        "Signed elsewhere": {each.sha256: f"{each.type} key {each.key}" for each in predicate.attestations},
    }
    lines = [f"# {_code(card.title)}", "", _reservation(card), ""]
    for heading, facts in sections.items():
        lines += _section(heading, facts)
    return f"---\n{_front_matter(card)}---\n\n" + "\n".join(lines)


def _front_matter(card: Card) -> str:
    import yaml

    predicate = card.manifest.predicate
    licence = predicate.licence
    told = predicate.training.task or ""
    task = _TASKS.get(told, told if _TAG.fullmatch(told) else None)
    found: dict[str, Any] = {"tags": ["diln"]}
    if licence:
        known = licence.lower() in {each.lower() for each in SPDX}
        found |= (
            {"license": licence.lower()} if known else {"license": "other", "license_name": line_of(licence)}
        )
    library = _LIBRARIES.get(format_named(predicate.artifact.format).name)
    found |= {"library_name": library} if library else {}
    found |= {"pipeline_tag": task} if task else {}
    if _held_out(card) and (predicate.data or card.manifest.folder):
        found["model-index"] = [{"name": line_of(card.title), "results": [_result(card, task or "other")]}]
    return yaml.safe_dump(found, sort_keys=False, width=float("inf"), allow_unicode=False)


def _result(card: Card, task: str) -> dict[str, Any]:
    data = card.manifest.predicate.data
    source = line_of(data[0].source) if data else "not told"
    return {
        "task": {"type": task},
        "dataset": {"type": "diln", "name": source},
        "metrics": [{"type": line_of(name), "value": value} for name, value in _held_out(card).items()],
    }


def _held_out(card: Card) -> dict[str, float]:
    """What a leaderboard may show: no baselines, no metrics of training rows, no numbers of rows."""
    return {
        name: value
        for name, value in card.metrics.items()
        if not name.startswith(("baseline.", "training.")) and name not in ("rows", "training_rows")
    }


def _reservation(card: Card) -> str:
    where = (
        "Check this card with `diln verify`: it was made from the manifest that is anchored below."
        if card.anchor
        else "This card names no anchor: nobody but its maker vouches for what it says."
    )
    if card.manifest.private:
        return f"{where} It is private: its manifest holds commitments, of which its owner can disclose any."
    if format_named(card.manifest.predicate.artifact.format).runs_code:
        where += " Loading a model of this format as usual runs code that it holds."
    return where


def _section(heading: str, facts: Mapping[str, Any]) -> list[str]:
    known = [(name, value) for name, value in facts.items() if value not in (None, "")]
    if not known:
        return []
    more = [f"- and {len(known) - MOST_LISTED} more"] if len(known) > MOST_LISTED else []
    lines = [f"- {_code(name)}: {_code(plain(value))}" for name, value in known[:MOST_LISTED]]
    return [f"## {heading}", "", *lines, *more, ""]


def _data_line(data: DataRecord) -> str:
    rows = "" if data.rows is None else f"{data.rows} rows, "
    return f"{rows}SHA-256 {data.sha256}"


def _numbers(found: Mapping[str, Any], before: str) -> Iterator[tuple[str, float]]:
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{before}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{before}{name}".removeprefix("values."), value


def plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=dict)


def line_of(text: str) -> str:
    return shown(text, LONGEST)


def _code(text: str) -> str:
    """As code of one line, which Markdown does not look into: nothing in it may end it."""
    inner = line_of(text).replace("`", "'").strip()
    return f"`{inner or '-'}`"
