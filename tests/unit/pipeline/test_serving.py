"""The server without a socket; the guard is turned by hand."""

import asyncio
import gc
import json
import os
import re
import socket
import threading
import time
import tracemalloc
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from orchestrator.config import Network, load_settings
from orchestrator.errors import DilnError, NodeUnavailable, UsageError, VerificationFailed
from orchestrator.learning.data import Feature, Reading
from orchestrator.provenance import Status, Version
from orchestrator.systems.prove import page
from orchestrator.systems.prove.answering import Answerer, prediction_log
from orchestrator.systems.prove.batching import Batcher
from orchestrator.systems.prove.bodies import Bodies, BodyRefused, Limits
from orchestrator.systems.prove.guard import Guard
from orchestrator.systems.prove.listening import bind, impatient
from orchestrator.systems.prove.loading import load_published
from orchestrator.systems.prove.marking import mark
from orchestrator.systems.prove.openapi import example_row
from orchestrator.systems.prove.references import find_version
from orchestrator.systems.prove.rows import Inputs
from orchestrator.systems.prove.serving import create_app, model_guard
from orchestrator.systems.prove.training import train
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
        self.model = load_published(desk.session, f"{PROJECT}@1", desk.who("alice").address)
        self.guard = model_guard(desk.session, self.model)
        self.batcher = Batcher(Answerer(desk.settings, self.model))
        self.client = Client(create_app(self.model, self.guard, self.batcher))

    def predict(self, *rows):
        return self.client.post("/predict", json={"rows": list(rows)})


@pytest.fixture
def server(desk, published):
    found = Server(desk, published)
    with found.batcher:
        yield found


def test_health__model_checked__ok(server):
    assert server.client.get("/health").json() == {"status": "ok", "model": f"{PROJECT}@1"}


def test_model__describes__version_hash_anchor_and_features(server):
    found = server.client.get("/model").json()
    assert found["name"] == f"{PROJECT}@1"
    assert found["sha256"] == server.version.artifact_hash.hex()
    assert found["manifest"] == server.version.manifest_digest.hex()
    assert found["status"] == "deployable"
    assert found["anchor"]["registry"] == server.desk.session.registry.address
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
        ({"rows": [{"length": 1, "width": 2, "spots": 3}, 5]}, "Row 2 is a int, not an object"),
        ({"rows": []}, "rows: 0 rows; from 1 to 10000"),
        ({"row": 1}, "rows: the list of rows is missing"),
        ([], "The body is not an object"),
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
    with server.desk.again().session as elsewhere:
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
    mark(server.desk.session, server.version, Status.DEPRECATED, server.desk.who("alice"))
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
    session = server.desk.again().session
    session.__dict__["chain"] = chain

    def gone(*_):
        raise NodeUnavailable("the node cannot be reached", "Start it.")

    try:
        guard = model_guard(session, server.model)
        client = Client(create_app(server.model, guard, server.batcher))
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


def test_model_guard__node_takes_questions_and_is_silent__503_within_the_interval_and_back(server):
    line = Line(server.desk.settings.chain_file)
    session = server.desk.again().session
    session.__dict__["chain"] = chain_behind(line, server.desk.settings.home)
    speaks = threading.Event()

    def silent(ask, method, params):
        speaks.wait(30)
        return ask(method, params)

    interval = 3.0
    try:
        with model_guard(session, server.model, interval=interval) as guard:
            client = Client(create_app(server.model, guard, server.batcher))
            assert client.get("/health").status_code == 200
            line.fault, began = silent, time.monotonic()
            while client.get("/health").status_code == 200:
                assert time.monotonic() - began < interval + 1
                time.sleep(0.05)
            assert (
                "nothing was heard"
                in client.post("/predict", json={"rows": [server.desk.row]}).json()["error"]
            )
            line.fault = None
            speaks.set()
            while client.get("/health").status_code == 503:
                assert time.monotonic() - began < 20
                time.sleep(0.05)
    finally:
        speaks.set()
        line.chain.close()
    assert len(log_of(server)) == 0


def test_impatient__time_outs__end_a_look_within_about_an_interval(server):
    settings = server.desk.settings
    assert settings.network.timeout == 30.0
    assert impatient(settings, 60.0).network.timeout == 10.0
    assert impatient(settings, 1.0).network.timeout == 1.0
    assert impatient(settings, 600.0).network.timeout == 30.0
    searches = [impatient(settings, interval).storage.timeout for interval in (1.0, 20.0, 60.0, 600.0)]
    assert searches == [1.0, 10.0, 30.0, 30.0]


def test_model_guard__entered__checks_first_and_watches(server):
    with model_guard(server.desk.session, server.model, poll=0.01) as guard:
        assert guard.refusal is None
        mark(server.desk.session, server.version, Status.REVOKED, server.desk.who("alice"), reason="leak")
        for _ in range(500):
            if guard.refusal:
                break
            threading.Event().wait(0.02)
        assert "leak" in guard.refusal.message


def test_model_guard__revoked_before__does_not_start(server):
    mark(server.desk.session, server.version, Status.REVOKED, server.desk.who("alice"), reason="leak")
    with (
        pytest.raises(VerificationFailed, match="leak"),
        model_guard(server.desk.session, server.model),
    ):
        pytest.fail("it was entered")


# answered together


def answer(server, *bodies):
    """What bodies that wait together are answered with."""
    return [(body.status, json.loads(body.content)) for body in server.batcher._answer(bodies)]


def body(*rows):
    return json.dumps({"rows": rows}).encode()


def log_of(server):
    return prediction_log(server.desk.settings, server.version.project_id)


def test_answer__bad_bodies_among_good__cost_only_themselves(server):
    row = server.desk.row
    found = answer(server, body(row), b"{", body({**row, "length": "x"}), body(row, row), b"[]")
    assert [status for status, _ in found] == [200, 422, 422, 200, 422]
    indexes = [[each["index"] for each in said.get("predictions", [])] for _, said in found]
    assert indexes == [[0], [], [], [1, 2], []]
    assert len(log_of(server)) == 3


def test_answer__one_that_the_model_cannot_compute__costs_only_itself(server, monkeypatch):
    """As a number that single precision cannot hold does to a tree: the library refuses the whole batch."""
    row = server.desk.row
    predict, asked = server.model.pipeline[-1].predict, []

    def narrow(scaled):
        asked.append(len(scaled))
        if (scaled > 1e38).any():
            raise ValueError("Input X contains a value too large for dtype('float32').")
        return predict(scaled)

    monkeypatch.setattr(server.model.pipeline[-1], "predict", narrow)
    bodies = [body(row)] * 20
    bodies[13] = body({**row, "length": 1e300})
    found = answer(server, *bodies)
    assert [status for status, _ in found] == [422 if number == 13 else 200 for number in range(20)]
    assert "too large" in found[13][1]["error"]
    assert [entry.index for entry in log_of(server).entries()] == list(range(19))
    assert len(asked) <= 2 * 5 + 1  # halves, and not each for itself


@pytest.mark.parametrize(
    "hostile",
    [
        '{"rows":"' + "a" * 1_000_000 + '\U0001f600"}',  # four bytes in memory for each of its letters
        '{"rows":[' + "{}," * 349_000 + "{}]}",
    ],
    ids=["a text", "rows"],
)
def test_answer__refused_bodies__are_not_kept_until_a_collection(server, hostile):
    """A cycle through an error's frames would hold each until then, and a server collects seldom."""
    data = hostile.encode()
    with uncollected():
        answer(server, data)
        tracemalloc.start()
        statuses = {answer(server, data)[0][0] for _ in range(10)}
        grown = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    assert statuses == {422}
    assert grown < 1 << 20


def test_answer__bodies_that_the_model_cannot_compute__are_not_kept_until_a_collection(server, monkeypatch):
    def refuse(_):
        raise ValueError("Input X contains a value too large for dtype('float32').")

    monkeypatch.setattr(server.model.pipeline[-1], "predict", refuse)
    data = body(*[server.desk.row] * 500)
    with uncollected():
        statuses = {status for status, _ in answer(server, data, data)}
        rows = [
            each
            for each in gc.get_objects()
            if isinstance(each, dict) and each.keys() == server.desk.row.keys()
        ]
    assert statuses == {422}
    assert len(rows) < 10


@contextmanager
def uncollected():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_answer__log_cannot_be_written__nobody_is_answered(server, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.write", full)
        found = answer(server, body(server.desk.row), b"{")
    assert [status for status, _ in found] == [500, 500]
    assert "No space left" in found[0][1]["error"]
    assert len(log_of(server)) == 0
    assert answer(server, body(server.desk.row))[0][0] == 200


def test_answer__something_unforeseen__is_500_and_the_batcher_goes_on(server, monkeypatch, caplog):
    with monkeypatch.context() as patch:
        patch.setattr(server.model.pipeline[-1], "predict", lambda _: 1 / 0)
        assert server.predict(server.desk.row).status_code == 500
    assert "ZeroDivisionError" in caplog.text
    assert server.predict(server.desk.row).status_code == 200


def test_predict__by_fifty_at_once__takes_few_writes_and_each_is_answered(server, monkeypatch):
    """Throughput does not fall with clients: what waits is predicted and written together."""
    syncs, fsync = [], os.fsync

    def slow(descriptor):
        syncs.append(descriptor)
        time.sleep(0.02)
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", slow)

    async def ask_all():
        transport = httpx.ASGITransport(server.client._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            rows = {"rows": [server.desk.row]}
            return await asyncio.gather(*[client.post("/predict", json=rows) for _ in range(50)])

    answers = asyncio.run(ask_all())
    indexes = [each.json()["predictions"][0]["index"] for each in answers]
    assert sorted(indexes) == list(range(50))
    assert len(syncs) <= 15


def test_read__more_waits_than_memory_is_set_aside_for__is_503(server):
    limits = Limits(body=1000, waiting=1500)
    bodies = Bodies(limits)
    asked = {"content-type": "application/json"}

    async def part():
        return {"type": "http.request", "body": b" " * 900, "more_body": False}

    async def both():
        first = await bodies.read(part, asked)
        with pytest.raises(BodyRefused) as refused:
            await bodies.read(part, asked)
        bodies.release(first)
        return refused.value.status, len(await bodies.read(part, asked)), bodies.held

    assert asyncio.run(both()) == (503, 900, 900)


# what it says of itself


def test_openapi__names_the_features_and_its_example_is_answered(server):
    found = server.client.get("/openapi.json").json()
    schemas = found["components"]["schemas"]
    row = schemas["Row"]
    assert {name: each["type"] for name, each in row["properties"].items()} == {
        "length": ["number", "null"],
        "width": ["number", "null"],
        "spots": ["number", "null"],
    }
    assert row["required"] == ["length", "width", "spots"]
    example = schemas["Rows"]["example"]
    answered = server.client.post("/predict", json=example)
    assert answered.status_code == 200
    assert set(found["paths"]) == {"/predict", "/health", "/model"}


def test_example__of_a_row__holds_values_of_the_data_only_where_they_are_published(tmp_path):
    (tmp_path / "town.csv").write_text(
        "town,age,y\n"
        + "".join(f"{'Oslo' if n % 2 else 'Rome'},{n},{'a' if n < 20 else 'b'}\n" for n in range(40))
    )
    spec = tmp_path / "diln.toml"
    spec.write_text(
        '[project]\nname = "towns"\n[data]\nfile = "town.csv"\ntarget = "y"\n'
        '[model]\nestimator = "logistic_regression"\n'
    )
    settings = load_settings(home=tmp_path / ".diln", environ={})
    examples = []
    for told in (False, True):
        run, _ = train(settings, spec, publish_statistics=told)
        model = SimpleNamespace(manifest=run.manifest)
        examples.append(example_row(model, Inputs.of(run.manifest)))
    assert examples == [{"town": "text", "age": 0.0}, {"town": "Oslo", "age": pytest.approx(19.5, abs=5)}]


def test_docs__name_the_features_and_come_from_here_alone(server):
    page = server.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert all(f'name="{name}"' in page.text for name in ("length", "width", "spots"))
    assert "://" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for asset in re.findall(r'(?:src|href)="(docs/[^"]+)"', page.text):
        assert server.client.get(f"/{asset}").status_code == 200


def test_docs__features_named_by_a_stranger__are_shown_as_text(server):
    evil = '"><script>alert(1)</script>\u202e'
    inputs = Inputs((Feature(evil, "numeric", True),), Reading())
    html = page.render(server.model, inputs, {evil: 0.0})
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u202e" in html


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


def test_refusal__nothing_heard_for_an_interval__is_refused_until_it_is():
    watch = Watch(interval=60, poll=1)
    watch.time = 60
    assert watch.guard.refusal is None
    watch.time += 0.5
    assert "nothing was heard of the model's status for 60 s" in watch.guard.refusal.message
    watch.guard.look()
    assert watch.guard.refusal is None


def test_refusal__node_falls_silent_during_a_look__within_the_interval():
    silent, asked = threading.Event(), threading.Event()

    def ask() -> bool:
        asked.set()
        silent.wait(30)  # as a node does that takes the question and never answers
        return False

    with Guard(lambda: None, ask, interval=0.5, poll=0.01) as guard:
        assert asked.wait(5)
        began = time.monotonic()
        while guard.refusal is None:
            assert time.monotonic() - began < 1
            time.sleep(0.01)
        silent.set()
        while guard.refusal:
            assert time.monotonic() - began < 5
            time.sleep(0.01)


def test_enter__first_check_fails__raises():
    watch = Watch()
    watch.fault = VerificationFailed("bad")
    with pytest.raises(VerificationFailed), watch.guard:
        pytest.fail("it was entered")


def test_bind__shared__each_connection_is_somebodys():
    with bind("127.0.0.1", 0, shared=True) as one:
        port = one.getsockname()[1]
        with pytest.raises(UsageError, match="in use"):
            bind("127.0.0.1", port)
        with bind("127.0.0.1", port, shared=True) as other:
            one.setblocking(False)
            other.setblocking(False)
            asked = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(64)]
            answered = [_accepted(each) for each in (one, other)]
            assert sum(answered) == 64
            assert min(answered) > 0  # in 2^63 of 2^64 of all cases
            for each in asked:
                each.close()


def _accepted(listener: socket.socket) -> int:
    count = 0
    with suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            count += 1
    return count
