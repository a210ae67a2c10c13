"""A bill of materials for machines, out of a model's manifest alone; what strangers wrote is quoted."""

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator import __version__
from orchestrator.provenance.predicate import DataRecord
from orchestrator.systems.prove.cards import MOST_LISTED, SPDX, Card, line_of, plain


def cyclonedx(card: Card) -> str:
    """A machine-learning bill of materials: CycloneDX 1.6, JSON. The same manifest gives the same bytes."""
    predicate = card.manifest.predicate
    data = [_data_component(number, each) for number, each in enumerate(predicate.data)]
    libraries = [_library(name, version) for name, version in sorted(predicate.environment.libraries.items())]
    bom = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, 'ipfs://' + card.manifest.cid)}",
        "version": 1,
        "metadata": {
            **({"timestamp": predicate.created} if predicate.created else {}),
            "tools": {"components": [{"type": "application", "name": "diln", "version": __version__}]},
            "component": _model_component(card, data),
        },
        "components": [*data, *libraries],
        "dependencies": [
            {"ref": "model", "dependsOn": [each["bom-ref"] for each in (*data, *libraries)]},
            *({"ref": each["bom-ref"]} for each in (*data, *libraries)),
        ],
    }
    return json.dumps(bom, indent=2, ensure_ascii=False) + "\n"


def _model_component(card: Card, data: list[dict[str, Any]]) -> dict[str, Any]:
    manifest, predicate = card.manifest, card.manifest.predicate
    found: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": line_of(card.project),
        "version": str(card.version.number) if card.version else manifest.digest.hex()[:12],
        "externalReferences": [
            {"type": "distribution", "url": f"ipfs://{manifest.artifact_cid}"},
            {
                "type": "attestation",
                "url": f"ipfs://{manifest.cid}",
                "hashes": [_sha256(manifest.digest.hex())],
            },
        ],
        "modelCard": _model_card(card, data),
        "properties": [
            *({"name": f"diln:{name}", "value": value} for name, value in card.facts.items()),
            *_properties("hyperparameter", predicate.training.hyperparameters),
        ],
    }
    if "sha256" in manifest.subject[0].digest:
        found["hashes"] = [_sha256(manifest.artifact_hash.hex())]
    if predicate.licence:
        known = predicate.licence in SPDX
        found["licenses"] = [{"license": {"id" if known else "name": line_of(predicate.licence)}}]
    if predicate.parents:
        found["pedigree"] = {
            "ancestors": [
                {
                    "type": "machine-learning-model",
                    "name": each.artifact[:12],
                    "hashes": [_sha256(each.artifact)],
                }
                for each in predicate.parents
            ]
        }
    return found


def _model_card(card: Card, data: list[dict[str, Any]]) -> dict[str, Any]:
    training = card.manifest.predicate.training
    told = {"task": training.task, "modelArchitecture": training.algorithm}
    parameters: dict[str, Any] = {key: line_of(value) for key, value in told.items() if value}
    parameters["datasets"] = [{"ref": each["bom-ref"]} for each in data]
    parameters["inputs"] = [{"format": line_of(f"{each.name}: {each.type}")} for each in training.features]
    if training.target:
        parameters["outputs"] = [{"format": line_of(training.target)}]
    metrics = [{"type": line_of(name), "value": f"{value:.12g}"} for name, value in card.metrics.items()]
    return {"modelParameters": parameters, "quantitativeAnalysis": {"performanceMetrics": metrics}}


def _data_component(number: int, data: DataRecord) -> dict[str, Any]:
    facts = {"rows": data.rows, "cid": data.cid, "collected": data.collected}
    return {
        "type": "data",
        "bom-ref": f"data-{number}",
        "name": line_of(data.source),
        "hashes": [_sha256(data.sha256)],
        "properties": list(
            _properties("data", {key: each for key, each in facts.items() if each is not None})
        ),
    }


def _library(name: str, version: str) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": f"library-{line_of(name)}",
        "name": line_of(name),
        "version": line_of(version),
    }


def _sha256(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}


def _properties(kind: str, facts: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for name, value in list(facts.items())[:MOST_LISTED]:
        yield {"name": line_of(f"diln:{kind}:{name}"), "value": line_of(plain(value))}
