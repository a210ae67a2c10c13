"""Serve a model over HTTP for as long as its checks against the chain hold."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from orchestrator import __version__
from orchestrator.errors import DataError, DilnError
from orchestrator.pipeline.guard import Guard
from orchestrator.pipeline.loading import PublishedModel, check
from orchestrator.pipeline.predicting import predict
from orchestrator.pipeline.workspace import Workspace
from orchestrator.provenance.canonical import check_depth

MOST_ROWS = 10_000

_SHAPE = 'Send {"rows": [{"column": value, …}, …]}.'


class Rows(BaseModel):
    """Rows to predict, each an object with a value for every feature."""

    rows: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_ROWS)


class Answer(BaseModel):
    """One prediction; `index` is its place in the log, for `diln prove`."""

    index: int
    label: Any
    probabilities: dict[str, float] | None = None


class Answers(BaseModel):
    """Predictions, and the anchored model that made them."""

    model: dict[str, Any]
    predictions: list[Answer]


def model_guard(
    workspace: Workspace, model: PublishedModel, *, interval: float = 60.0, poll: float = 1.0
) -> Guard:
    """Watch `model`: verify its file every `interval` seconds, and as soon as its status changes.

    The registry is asked for the status every `poll` seconds.
    """
    version = model.version
    seen = version.status, version.revision

    def changed() -> bool:
        nonlocal seen
        now = workspace.registry.version(version.project_id, version.artifact_hash)
        found = (now.status, now.revision) if now else None
        different, seen = found != seen, found or seen
        return different

    return Guard(
        lambda: check(workspace, model.path, version.project_id),
        changed,
        interval=interval,
        poll=poll,
    )


def create_app(workspace: Workspace, model: PublishedModel, guard: Guard) -> FastAPI:
    """The HTTP interface: `GET /health`, `GET /model`, `POST /predict`; its OpenAPI page is at `/docs`.

    While `guard`, which the caller enters, refuses the model, every answer but that of `/docs` is 503 with
    the reason.
    """
    app = FastAPI(
        title=f"DILN: {model.name}",
        version=__version__,
        description=f"SHA-256 {model.version.artifact_hash.hex()}, checked against the chain.",
    )

    @app.middleware("http")
    async def refuse(request: Request, call_next: Any) -> Any:
        if guard.refusal and request.url.path not in ("/docs", "/openapi.json"):
            return _problem(503, guard.refusal)
        body = await request.body()
        try:  # the parser that comes next would crash the process
            check_depth(body.decode(json.detect_encoding(body), "surrogatepass"))
        except ValueError as error:
            return _problem(422, DataError(f"The body: {error}", _SHAPE))
        return await call_next(request)

    @app.exception_handler(DilnError)
    async def explain(_: Request, error: DilnError) -> JSONResponse:
        return _problem(422 if isinstance(error, DataError) else 500, error)

    @app.exception_handler(HTTPException)
    async def explain_http(_: Request, error: HTTPException) -> JSONResponse:
        return _problem(error.status_code, DilnError(str(error.detail), "See /docs."))

    @app.exception_handler(RequestValidationError)
    async def explain_shape(_: Request, error: RequestValidationError) -> JSONResponse:
        return _problem(422, _shape_fault(error))

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok", "model": model.name}

    @app.get("/model")
    def describe() -> Mapping[str, Any]:
        predicate = model.manifest.predicate
        return {
            **model.to_json(),
            "features": [feature.model_dump() for feature in predicate.training.features],
            "metrics": dict(predicate.evaluation.metrics),
        }

    @app.post("/predict")
    def answer(body: Rows) -> Answers:
        predictions = predict(workspace, model, body.rows)
        return Answers(
            model=dict(model.to_json()),
            predictions=[Answer(index=each.index, **each.output) for each in predictions],
        )

    return app


def _shape_fault(error: RequestValidationError) -> DataError:
    """The first fault of a body that is not even a list of rows, with its place."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if part != "body"]
    if place[:1] == ["rows"] and len(place) > 1 and place[1].isdigit():
        place = [f"Row {int(place[1]) + 1}", *place[2:]]
    where = ", ".join(place) or "The body"
    return DataError(f"{where}: {first['msg'].lower()}", _SHAPE)


def _problem(status: int, error: DilnError) -> JSONResponse:
    return JSONResponse({"error": error.message, "hint": error.hint}, status)
