"""A pinning service that is told of pins: a double of the IPFS Pinning Service API on the loopback."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from orchestrator.config import StorageConfig
from orchestrator.errors import ConfigError
from orchestrator.storage import digest_bytes, remote
from orchestrator.storage.connecting import connect
from orchestrator.storage.mirrored import MirroredStore
from tests.integration.doubles import Request, Service, running

pytestmark = pytest.mark.integration


class Pinning:
    """Keeps requests; a new one gets `status`."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        self.status = "pinned"
        self.details = ""
        self.tokens: set[str | None] = set()

    def __call__(self, request: Request) -> None:
        self.tokens.add(request.headers["Authorization"])
        url = urlsplit(request.path)
        if request.command == "POST":
            request.answer(202, self._add(json.loads(request.body)))
        elif request.command == "DELETE":
            found = self.entries.pop(url.path.removeprefix("/psa/pins/"), None)
            request.answer(202 if found else 404)
        else:
            assert url.path == "/psa/pins"
            query = parse_qs(url.query)
            states = query.get("status", ["pinned"])[0].split(",")
            found = [each for each in self.entries.values() if each["pin"]["cid"] == query["cid"][0]]
            found = [each for each in found if each["status"] in states]
            request.answer(200, {"count": len(found), "results": found})

    def _add(self, pin: dict[str, Any]) -> dict[str, Any]:
        requestid = f"request {len(self.entries)}".replace(" ", "%20")  # opaque, so it may be odd
        self.entries[requestid.replace("%", "%25")] = entry = {
            "requestid": requestid,
            "status": self.status,
            "created": "2026-01-01T00:00:00Z",
            "pin": pin,
            "delegates": ["/dnsaddr/example.org"],
            "info": {"status_details": self.details},
        }
        return entry

    def pinned(self) -> list[str]:
        return [each["pin"]["cid"] for each in self.entries.values()]


@pytest.fixture
def pinning() -> Pinning:
    return Pinning()


@pytest.fixture
def service(pinning, monkeypatch) -> Iterator[Service]:
    monkeypatch.setattr(remote, "PAUSES", (0.0, 0.0, 0.0))
    with running(pinning) as service:
        yield service


@pytest.fixture
def store(tmp_path, service) -> Iterator[MirroredStore]:
    with connect(tmp_path / "store", config(service)) as store:
        yield store


def config(service: Service, **more: Any) -> StorageConfig:
    return StorageConfig(pinning=f"{service.url}/psa/", pinning_token="t", **more)


def test_put__service_has_it_at_once__asked_for_with_the_token(store, pinning):
    result = store.put(b"kept")

    assert result.queued == ""
    assert pinning.pinned() == [result.cid]
    assert pinning.tokens == {"Bearer t"}


def test_put__service_still_fetches__queued_with_its_words_then_told_once(store, pinning, service):
    pinning.status, pinning.details = "queued", "third in line"

    result = store.put(b"kept")
    store.push()

    assert "has not fetched" in result.queued
    assert "queued, third in line" in result.queued
    assert len(pinning.entries) == 1

    next(iter(pinning.entries.values()))["status"] = "pinned"
    store.push()
    assert [pin.queued for pin in store.pins()] == [""]
    service.requests.clear()
    store.push()
    assert service.requests == []


def test_push__service_failed_before__asks_anew(store, pinning):
    pinning.status, pinning.details = "failed", "nobody has it"
    result = store.put(b"kept")
    assert "failed, nobody has it" in result.queued

    pinning.status = "pinned"
    store.push()

    assert [pin.queued for pin in store.pins()] == [""]


def test_unpin__pinned_there__every_request_withdrawn(store, pinning):
    cid = store.put(b"short-lived").cid
    pinning._add({"cid": cid})
    other = store.put(b"other").cid

    store.unpin(cid)

    assert pinning.pinned() == [other]


@pytest.mark.parametrize(
    ("misbehave", "said"),
    [
        (lambda request: request.answer(401, {"error": {"reason": "UNAUTHORIZED"}}), "refuses access (401)"),
        (
            lambda request: request.answer(409, {"error": {"reason": "X", "details": "no credit"}}),
            "no credit",
        ),
        (lambda request: request.answer(400, b"<html>"), "status 400"),
        (lambda request: request.answer(503), "4 tries"),
        (lambda request: request.answer(200, b"<html>welcome</html>"), "does not speak"),
        (lambda request: request.answer(200, b"[" * 200_000), "does not speak"),
        (
            lambda request: request.answer(200, {"count": 1, "results": [{"status": "pinned"}]}),
            "does not speak",
        ),
        (
            lambda request: request.answer(
                200,
                {
                    "count": 1,
                    "results": [
                        {"status": "pinned", "requestid": "1", "pin": {"cid": digest_bytes(b"another").cid}}
                    ],
                },
            ),
            "does not speak",
        ),
    ],
    ids=["no access", "no credit", "no JSON error", "busy", "a page", "deep", "half an entry", "another CID"],
)
def test_put__service_misbehaves__kept_here_and_queued_with_the_reason(store, service, misbehave, said):
    service.misbehave = misbehave

    result = store.put(b"kept")

    assert said in result.queued
    assert store.read(result.cid) == b"kept"

    service.misbehave = None
    store.push()
    assert [pin.queued for pin in store.pins()] == [""]


def test_put__nobody_listens__queued(tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "PAUSES", (0.0, 0.0, 0.0))
    with connect(tmp_path, StorageConfig(pinning="http://127.0.0.1:9")) as store:
        assert "cannot be reached" in store.put(b"kept").queued


def test_connect__token_in_the_clear__config_error(tmp_path):
    with pytest.raises(ConfigError, match="in the clear"):
        connect(tmp_path, StorageConfig(pinning="http://example.org", pinning_token="t"))


def test_put__beside_a_real_kubo__kept_there_and_its_addresses_are_given(
    kubo_daemon, service, pinning, tmp_path
):
    both = config(service, kind="kubo", kubo=kubo_daemon.config.kubo)
    with connect(tmp_path / "store", both) as store:
        pinning.status = "pinning"
        result = store.put(b"kept by both")

    assert kubo_daemon.ipfs("cat", result.cid) == b"kept by both"
    assert pinning.pinned() == [result.cid]
    [entry] = pinning.entries.values()
    assert isinstance(entry["pin"]["origins"], list)  # empty: the daemon of these tests is offline
    assert result.queued.startswith("the pinning service")
    assert "; " not in result.queued  # Kubo has it
