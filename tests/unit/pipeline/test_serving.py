"""The server without a socket; the guard is turned by hand."""

import asyncio
import threading
from typing import Any

import httpx
import pytest

from orchestrator.config import Network
from orchestrator.errors import DilnError, NodeUnavailable, VerificationFailed
from orchestrator.pipeline.guard import PATIENCE, Guard
from orchestrator.pipeline.loading import load_published
from orchestrator.pipeline.marking import mark
from orchestrator.pipeline.predicting import prediction_log
from orchestrator.pipeline.references import find_version
from orchestrator.pipeline.serving import create_app, model_guard
from orchestrator.provenance import Status, Version
from tests.unit.chain.faults import Line, chain_behind
from tests.unit.pipeline.desk import PROJECT, Desk
from tests.unit.provenance.samples import DEEP


class Client:
    """Asks the application itself."""

    __test__ = False

    def __init__(self, app: Any) -> None:
        self._app = app

    def get(self, path: str) -> httpx.Response:
        return asyncio.run(self._ask("GET", path))

    def post(self, path: str, **content: Any) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, **content))

    async def _ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await client.request(method, path, **content)


class Server:
    """A served model, its guard, and a client."""

    def __init__(self, desk: Desk, version: Version) -> None:
        self.desk = desk
        self.version = version
        self.model = load_published(desk.workspace, f"{PROJECT}@1", desk.who("alice").address)
        self.guard = model_guard(desk.workspace, self.model)
        self.client = Client(create_app(desk.workspace, self.model, self.guard))

    def predict(self, *rows):
        return self.client.post("/predict", json={"rows": list(rows)})


@pytest.fixture
def server(desk, published):
    return Server(desk, published)


def test_health__model_checked__ok(server):
    assert server.client.get("/health").json() == {"status": "ok", "model": f"{PROJECT}@1"}


def test_model__describes__version_hash_anchor_and_features(server):
    found = server.client.get("/model").json()
    assert found["name"] == f"{PROJECT}@1"
    assert found["sha256"] == server.version.artifact_hash.hex()
    assert found["manifest"] == server.version.manifest_digest.hex()
    assert found["status"] == "deployable"
    assert found["anchor"]["registry"] == server.desk.workspace.registry.address
    assert found["anchor"]["project"] == server.version.project_id.hex()
    assert [feature["name"] for feature in found["features"]] == ["length", "width", "spots"]
    assert found["metrics"] == server.model.manifest.predicate.evaluation.metrics


def test_predict__rows__carry_the_anchor_and_are_logged(server):
    answer = server.predict(server.desk.row, {**server.desk.row, "spots": None}).json()
    assert answer["model"]["sha256"] == server.version.artifact_hash.hex()
    assert answer["model"]["anchor"]["transaction"].startswith("0x")
    assert [each["index"] for each in answer["predictions"]] == [0, 1]
    assert answer["predictions"][0]["label"] == "lily"
    assert set(answer["predictions"][0]["probabilities"]) == {"lily", "rose"}
    entries = list(prediction_log(server.desk.settings, server.version.project_id).entries())
    assert [entry.output["label"] for entry in entries] == ["lily", "lily"]


def test_predict__by_many_at_once__each_is_logged_once(server):
    threads = [threading.Thread(target=server.predict, args=(server.desk.row,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = list(prediction_log(server.desk.settings, server.version.project_id).entries())
    assert [entry.index for entry in entries] == list(range(8))


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            {"rows": [{"length": 1, "width": 2, "spots": 3}, {"length": "x", "width": 2, "spots": 3}]},
            "Row 2, column 'length'",
        ),
        ({"rows": [{"length": 1, "width": 2}]}, "Row 1, column 'spots': the column is missing"),
        ({"rows": [{"length": [1], "width": 2, "spots": 3}]}, "Row 1, column 'length'"),
        ({"rows": [{"length": 1}, 5]}, "Row 2: input should be"),
        ({"rows": []}, "rows: list should have at least 1 item"),
        ({"row": 1}, "rows: field required"),
        ([], "The body: input should be"),
    ],
)
def test_predict__malformed__is_422_with_a_sentence(server, body, sentence):
    answer = server.client.post("/predict", json=body)
    assert answer.status_code == 422
    assert sentence in answer.json()["error"]
    assert len(prediction_log(server.desk.settings, server.version.project_id)) == 0


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"\xff",
        b'{"rows": [{"length": NaN, "width": Infinity, "spots": 1}]}',
        b'{"rows": ' + DEEP,
        ('["\u2241",' + DEEP.decode()).encode("utf-16-le"),  # quotes as halves
    ],
    ids=["cut off", "not UTF-8", "not finite", "deep", "deep in UTF-16"],
)
def test_predict__not_json_or_not_finite__is_refused_with_a_sentence(server, content):
    answer = server.client.post("/predict", content=content, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert set(answer.json()) == {"error", "hint"}


def test_get__unknown_path__is_404_in_the_same_shape(server):
    answer = server.client.get("/nothing")
    assert (answer.status_code, set(answer.json())) == (404, {"error", "hint"})


def test_predict__revoked_by_another_process__is_503_with_the_reason(server):
    with server.desk.again().workspace as elsewhere:
        version = find_version(elsewhere, f"{PROJECT}@1")
        mark(elsewhere, version, Status.REVOKED, elsewhere.account("alice"), reason="data leak")
    server.guard.look()
    for answer in (
        server.predict(server.desk.row),
        server.client.get("/health"),
        server.client.get("/model"),
    ):
        assert answer.status_code == 503
        assert "revoked: data leak" in answer.json()["error"]
    assert server.client.get("/openapi.json").status_code == 200
    assert len(prediction_log(server.desk.settings, server.version.project_id)) == 0
    server.guard.look()
    assert server.client.get("/health").status_code == 503


def test_health__deprecated__is_served_on(server):
    mark(server.desk.workspace, server.version, Status.DEPRECATED, server.desk.who("alice"))
    server.guard.look()
    assert server.client.get("/health").status_code == 200


def test_health__file_changed_under_the_server__is_503(server):
    server.model.path.write_bytes(b"something else")
    server.guard._passed -= 60
    server.guard.look()
    answer = server.client.get("/health")
    assert (answer.status_code, "changed" in answer.json()["error"]) == (503, True)


def test_health__file_removed__is_503(server):
    server.model.path.unlink()
    server.guard._passed -= 60
    server.guard.look()
    assert "is gone" in server.client.get("/health").json()["error"]


def test_health__node_gone_and_back__is_503_then_200(server):
    line = Line(server.desk.settings.chain_file)
    chain = chain_behind(line, server.desk.settings.home)
    workspace = server.desk.again().workspace
    workspace.__dict__["chain"] = chain

    def gone(*_):
        raise NodeUnavailable("the node cannot be reached", "Start it.")

    try:
        guard = model_guard(workspace, server.model)
        client = Client(create_app(workspace, server.model, guard))
        guard.look()
        assert client.get("/health").status_code == 200
        line.fault = gone
        guard.look()
        answer = client.get("/health")
        assert answer.status_code == 503
        assert answer.json() == {"error": "the node cannot be reached", "hint": "Start it."}
        line.fault = None
        guard.look()
        assert client.get("/health").status_code == 200
    finally:
        line.chain.close()
    assert chain.network == Network("remote", "http://node.example")


def test_model_guard__entered__checks_first_and_watches(server):
    with model_guard(server.desk.workspace, server.model, poll=0.01) as guard:
        assert guard.refusal is None
        mark(server.desk.workspace, server.version, Status.REVOKED, server.desk.who("alice"), reason="leak")
        for _ in range(500):
            if guard.refusal:
                break
            threading.Event().wait(0.02)
        assert "leak" in guard.refusal.message


def test_model_guard__revoked_before__does_not_start(server):
    mark(server.desk.workspace, server.version, Status.REVOKED, server.desk.who("alice"), reason="leak")
    with (
        pytest.raises(VerificationFailed, match="leak"),
        model_guard(server.desk.workspace, server.model),
    ):
        pytest.fail("it was entered")


# the guard alone, with a clock that is moved by hand


class Watch:
    """A guard whose clock and checks the test decides on."""

    def __init__(self, **options: float) -> None:
        self.time = 0.0
        self.checks = 0
        self.changed = False
        self.fault: Exception | None = None
        self.guard = Guard(self._check, lambda: self.changed, clock=lambda: self.time, **options)

    def _check(self) -> None:
        self.checks += 1
        if self.fault:
            raise self.fault

    def after(self, seconds: float) -> int:
        """How many checks have been made once `seconds` have passed and the guard has looked."""
        self.time += seconds
        self.guard.look()
        return self.checks


def test_look__nothing_new__checks_at_the_interval_only():
    watch = Watch(interval=60)
    assert [watch.after(30), watch.after(29), watch.after(1), watch.after(59), watch.after(1)] == [
        0,
        0,
        1,
        1,
        2,
    ]


def test_look__changed__checks_at_once():
    watch = Watch(interval=60)
    watch.changed = True
    assert watch.after(1) == 1


def test_look__failed__checks_at_each_turn_until_it_passes():
    watch = Watch(interval=60)
    watch.fault = VerificationFailed("bad")
    assert watch.after(60) == 1
    assert watch.guard.refusal is watch.fault
    assert watch.after(1) == 2
    watch.fault = None
    assert watch.after(1) == 3
    assert watch.guard.refusal is None
    assert watch.after(1) == 3


@pytest.mark.parametrize(
    "fault", [KeyError("x"), OSError(5, "Input/output error"), ValueError("?"), MemoryError()]
)
def test_look__check_breaks_in_any_way__refuses_and_goes_on(fault):
    watch = Watch(interval=60)
    watch.fault = fault
    watch.after(60)
    assert isinstance(watch.guard.refusal, DilnError)
    assert type(fault).__name__ in watch.guard.refusal.message
    watch.fault = None
    watch.after(1)
    assert watch.guard.refusal is None


def test_refusal__check_never_ends__is_refused_when_too_old():
    watch = Watch(interval=60, poll=1)
    watch.time = 60 * PATIENCE + 1
    assert watch.guard.refusal is None
    watch.time += 1
    assert "last checked 182 s ago" in watch.guard.refusal.message
    watch.guard.look()
    assert watch.guard.refusal is None


def test_enter__first_check_fails__raises():
    watch = Watch()
    watch.fault = VerificationFailed("bad")
    with pytest.raises(VerificationFailed), watch.guard:
        pytest.fail("it was entered")
