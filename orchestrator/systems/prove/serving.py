"""Serve a model over HTTP for as long as its checks against the chain hold.

connection (bounds on time and bytes) → body (bounded) → batcher (one thread) → log → answer
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orchestrator.chain.visitors import Visitors
from orchestrator.errors import DilnError
from orchestrator.kernel.session import Session
from orchestrator.systems.prove import page
from orchestrator.systems.prove.batching import Batcher, Body, problem
from orchestrator.systems.prove.bodies import Bodies, BodyRefused, ClientGone, Limits
from orchestrator.systems.prove.guard import Guard
from orchestrator.systems.prove.loading import PublishedModel, check
from orchestrator.systems.prove.openapi import describe, example_row
from orchestrator.text import shown

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


LogLine = Callable[[str], object]


def model_guard(
    session: Session, model: PublishedModel, *, interval: float = 60.0, poll: float | None = None
) -> Guard:
    """Watch `model`: verify its file every `interval` seconds, and as soon as its status changes.

    The registry is asked for the status every `poll` seconds (at most one, and a fifth of the interval).
    """
    version = model.version
    seen = version.status, version.revision

    def changed() -> bool:
        nonlocal seen
        now = session.registry.version(version.project_id, version.artifact_hash)
        found = (now.status, now.revision) if now else None
        different, seen = found != seen, found or seen
        return different

    return Guard(
        lambda: check(session, model.path, version.project_id),
        changed,
        interval=interval,
        poll=min(1.0, interval / 5) if poll is None else poll,
    )


def create_app(
    model: PublishedModel,
    guard: Guard,
    batcher: Batcher,
    *,
    limits: Limits | None = None,
    log: LogLine | None = None,
) -> "Server":
    """The HTTP interface: `GET /health`, `GET /model`, `POST /predict`; a page at `/docs`.

    While `guard`, which the caller enters as it does `batcher`, refuses the model, every answer but that of
    `/docs` is 503 with the reason. `log` takes a line for each request.
    """
    return Server(_Pages(model, guard, batcher, Bodies(limits or Limits())).app, log)


class Server:
    """The application, with a line for each request; `visitors` are who is answered, None: everybody."""

    def __init__(self, app: Starlette, log: LogLine | None) -> None:
        self._app = app
        self._log = log
        self.visitors: Visitors | None = None

    async def _answer(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        app: ASGIApp = self._app
        if self.visitors and (reason := self.visitors.refusal(Headers(scope=scope))):
            app = _response(problem(403, DilnError(reason, "Ask under its own name.")), close=True)
        await app(scope, receive, send)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if self._log is None or scope["type"] != "http":
            await self._answer(scope, receive, send)
            return
        began, status = time.perf_counter(), "gone"

        async def noted(message: "Message") -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._answer(scope, receive, noted)
        finally:
            client = (scope.get("client") or ("-",))[0]
            spent = f"{(time.perf_counter() - began) * 1000:.0f} ms"
            rows = scope.get("state", {}).get("rows")
            parts = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), client, scope["method"]]
            parts += [shown(scope["path"], 200), status, *([f"{rows} rows"] if rows else []), spent]
            self._log(" ".join(parts))


class _Pages:
    """What each path answers."""

    def __init__(self, model: PublishedModel, guard: Guard, batcher: Batcher, bodies: Bodies) -> None:
        self._guard = guard
        self._batcher = batcher
        self._bodies = bodies
        inputs = model.inputs
        predicate = model.manifest.predicate
        described = {
            **model.to_json(),
            "features": [feature.to_json() for feature in inputs.features],
            "metrics": {} if model.manifest.private else dict(predicate.evaluation.metrics),
        }
        html = page.render(model, inputs, example_row(model, inputs))
        assets = [
            Route(f"/docs/{name}", _fixed(page.asset(name).encode(), kind))
            for name, kind in page.ASSETS.items()
        ]
        self.app = Starlette(
            routes=[
                Route("/predict", self._predict, methods=["POST"]),
                Route("/health", self._while_good({"status": "ok", "model": model.name})),
                Route("/model", self._while_good(described)),
                Route("/openapi.json", _fixed(to_json(describe(model, inputs)))),
                Route("/docs", _fixed(html.encode(), "text/html", page.POLICY)),
                *assets,
            ],
            exception_handlers={HTTPException: _explain, Exception: _apologize},
        )

    async def _predict(self, request: Request) -> Response:
        if self._guard.refusal:
            return _refusal(self._guard.refusal, close=True)
        try:
            body = await self._bodies.read(request.receive, request.headers)
        except BodyRefused as error:
            return _response(problem(error.status, error.error), close=True)
        except ClientGone:
            return _Nothing()
        try:
            answer = await self._batcher.ask(body)
        finally:
            self._bodies.release(body)
        request.state.rows = answer.rows
        return _response(answer)

    def _while_good(self, content: dict[str, Any]) -> Any:
        """Answers `content` while the model may be used."""
        good = to_json(content)

        async def answer(_: Request) -> Response:
            refusal = self._guard.refusal
            return _refusal(refusal) if refusal else Response(good, media_type="application/json")

        return answer


class _Nothing(Response):
    """No answer: whoever asked is gone."""

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        pass


def _fixed(content: bytes, kind: str = "application/json", policy: str = "") -> Any:
    headers = {"Content-Security-Policy": policy} if policy else {}

    async def answer(_: Request) -> Response:
        return Response(content, media_type=kind, headers={"X-Content-Type-Options": "nosniff", **headers})

    return answer


def _refusal(error: DilnError, *, close: bool = False) -> Response:
    return _response(problem(503, error), close=close)


def _response(body: Body, *, close: bool = False) -> Response:
    headers = {"Connection": "close"} if close else {}
    if body.status == 503:
        headers["Retry-After"] = "1"
    return Response(body.content, body.status, headers, "application/json")


async def _explain(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    body = problem(error.status_code, DilnError(str(error.detail), "See /docs."))
    return Response(body.content, body.status, dict(error.headers or {}), "application/json")


async def _apologize(_: Request, __: Exception) -> Response:
    return _response(problem(500, DilnError("the server failed at this", "See its log.")))
