"""What a served model takes and answers, as OpenAPI 3.1 that names its features."""

from typing import Any

from orchestrator import __version__
from orchestrator.learning.columns import DATES
from orchestrator.learning.data import Feature
from orchestrator.systems.prove.batching import MOST_ROWS
from orchestrator.systems.prove.loading import PublishedModel
from orchestrator.systems.prove.rows import Inputs

_PROBLEM = {
    "type": "object",
    "properties": {"error": {"type": "string"}, "hint": {"type": "string"}},
    "required": ["error", "hint"],
}
_REFUSALS = {
    "408": "the body did not end in time",
    "413": "the body is too large",
    "415": "the body is not declared as JSON",
    "422": "a row does not fit the model; the sentence names row and column",
    "500": "the log cannot be written, so nothing is answered",
}
_REFUSED = "a check of the model against the chain failed, or too much is waiting"


def describe(model: PublishedModel, inputs: Inputs) -> dict[str, Any]:
    """The OpenAPI document."""
    example = example_row(model, inputs)
    ask = {
        "summary": "Predict rows; each prediction is logged",
        "requestBody": {"required": True, "content": _json({"$ref": "#/components/schemas/Rows"})},
        "responses": {
            "200": _answer("One prediction for each row, in order", "#/components/schemas/Answers"),
            **{status: _answer(why, "#/components/schemas/Problem") for status, why in _REFUSALS.items()},
            "503": _answer(_REFUSED, "#/components/schemas/Problem"),
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"DILN: {model.name}",
            "version": __version__,
            "description": f"{model.known_by}, checked against the chain.",
        },
        "paths": {
            "/predict": {"post": ask},
            "/health": {"get": _get("Whether the model may be used now")},
            "/model": {"get": _get("The model, its anchor, its features and metrics")},
        },
        "components": {"schemas": _schemas(model, inputs, example)},
    }


def example_row(model: PublishedModel, inputs: Inputs) -> dict[str, Any]:
    """A row that the model takes: the mean of each number and a category, where the manifest tells them."""
    columns = {key: value for data in model.manifest.predicate.data for key, value in data.columns.items()}
    return {each.name: _example(each, columns.get(each.name)) for each in inputs.features}


def _example(feature: Feature, statistics: object) -> float | str:
    told = statistics if isinstance(statistics, dict) else {}
    if feature.type in DATES:
        return "2026-01-31"
    if feature.type == "numeric":
        mean = told.get("mean")
        return float(f"{mean:.6g}") if isinstance(mean, int | float) else 0.0
    match told.get("top"):
        case [[str(category), _], *_]:
            return category
    return "text"


def _schemas(model: PublishedModel, inputs: Inputs, example: dict[str, Any]) -> dict[str, Any]:
    rows = {
        "type": "array",
        "minItems": 1,
        "maxItems": MOST_ROWS,
        "items": {"$ref": "#/components/schemas/Row"},
    }
    answer = {
        "type": "object",
        "properties": {
            "index": {"type": "integer", "description": "its place in the log, for `diln prove`"},
            "label": {"type": ["string", "number"]},
            "probabilities": {"type": "object", "additionalProperties": {"type": "number"}},
        },
        "required": ["index", "label"],
    }
    return {
        "Row": {
            "type": "object",
            "properties": {each.name: _property(each, example[each.name]) for each in inputs.features},
            "required": [each.name for each in inputs.features],
            "example": example,
        },
        "Rows": {
            "type": "object",
            "properties": {"rows": rows},
            "required": ["rows"],
            "example": {"rows": [example]},
        },
        "Answers": {
            "type": "object",
            "properties": {
                "model": {"type": "object", "example": model.to_json()},
                "predictions": {"type": "array", "items": answer},
            },
            "required": ["model", "predictions"],
        },
        "Problem": _PROBLEM,
    }


def _property(feature: Feature, example: float | str) -> dict[str, Any]:
    kind = "number" if feature.type == "numeric" else "string"
    if not feature.optional:
        return {"type": kind, "examples": [example]}
    return {"type": [kind, "null"], "examples": [example], "description": "null: not known"}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _answer(description: str, reference: str) -> dict[str, Any]:
    return {"description": description, "content": _json({"$ref": reference})}


def _get(summary: str) -> dict[str, Any]:
    described = {"description": summary, "content": _json({"type": "object"})}
    return {
        "summary": summary,
        "responses": {"200": described, "503": _answer(_REFUSED, "#/components/schemas/Problem")},
    }
