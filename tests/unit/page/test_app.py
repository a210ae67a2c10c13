"""
the page's server
├── files: the built ones under their policy; nothing else is anywhere
├── blocks: those of the storage, as gateways answer
├── settings: the chain and its contracts
├── who may ask: `Host`, verbs
└── release: a page by its CID, against its list, this package and the registry
"""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.chain import migrate
from orchestrator.chain.visitors import Visitors
from orchestrator.config import load_settings
from orchestrator.errors import IntegrityError
from orchestrator.kernel.session import Session
from orchestrator.page import release
from orchestrator.page.app import POLICY, STATIC
from orchestrator.page.serving import page_of
from orchestrator.provenance import ModelRegistry
from orchestrator.provenance.records import Digest

VISITORS = Visitors.of(8600)
HOST = {"host": "127.0.0.1:8600"}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(load_settings(home=tmp_path / "state", environ={})) as opened:
        yield opened


def get(
    session: Session, path: str, headers: dict[str, str] = HOST, verb: str = "GET", body: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    app, sent = page_of(session, VISITORS, public=False), []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    path, _, query = path.partition("?")
    scope = {"type": "http", "method": verb, "path": path, "query_string": query.encode(), "headers": fields}
    asyncio.run(app(scope, receive, send))
    start, content = sent
    return start["status"], {n.decode(): v.decode() for n, v in start["headers"]}, content["body"]


def test_files__built_ones__come_with_their_policy(session: Session) -> None:
    status, headers, body = get(session, "/")
    assert (status, body) == (200, (STATIC / "index.html").read_bytes())
    assert headers["content-security-policy"] == POLICY
    assert headers["cache-control"] == "no-cache"
    [script] = [path.name for path in (STATIC / "assets").glob("worker-*.js")]
    status, headers, _ = get(session, f"/assets/{script}")
    assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert "immutable" in headers["cache-control"]


@pytest.mark.parametrize("path", ["/../app.py", "/assets/../../app.py", "/%2e%2e/app.py", "/nothing", "//"])
def test_files__others__are_nowhere(session: Session, path: str) -> None:
    assert get(session, path)[0] == 404


def test_host__another_name__is_refused_everywhere(session: Session) -> None:
    for path in ("/", "/diln.json", "/ipfs/bafkqaaa", "/assets/x"):
        assert get(session, path, {"host": "evil.example:8600"})[0] == 403
    assert get(session, "/rpc", {"host": "evil.example"}, "POST")[0] == 403
    assert get(session, "/", HOST, "POST")[0] == 405
    assert get(session, "/", HOST | {"origin": "https://elsewhere.example"})[0] == 200  # a link


def test_rpc__beside_the_page__answers(session: Session) -> None:
    headers = HOST | {"content-type": "application/json", "origin": "http://127.0.0.1:8600"}
    body = b'{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}'
    status, _, content = get(session, "/rpc", headers, "POST", body)
    assert (status, json.loads(content)["result"]) == (200, "0x0")


def test_blocks__of_the_storage__are_raw(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_bytes(b"{}")
    cid = session.storage.put(file).cid
    status, headers, body = get(session, f"/ipfs/{cid}")
    assert (status, body, headers["content-type"]) == (200, b"{}", "application/vnd.ipld.raw")
    assert get(session, "/ipfs/nonsense")[0] == 400
    missing = "/ipfs/bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
    assert get(session, missing)[0] == 404
    status, _, body = get(session, f"{missing}?format=raw&missing=204")
    assert (status, body) == (204, b"")


def test_settings__after_a_migration__name_the_contracts(session: Session) -> None:
    before = json.loads(get(session, "/diln.json")[2])
    assert (before["network"], before["chainId"], before["contracts"]) == ("embedded", 1145654350, {})
    assert before["development"] is True
    assert before["page"] == session.storage.put(STATIC).cid
    migrate(session.settings, session.chain, session.account("alice"), ["registry"])
    contracts = json.loads(get(session, "/diln.json")[2])["contracts"]
    assert contracts["ModelRegistry"] == {
        "address": session.registry.address,
        "block": contracts["ModelRegistry"]["block"],
    }


@pytest.fixture
def published(session: Session, tmp_path: Path) -> tuple[str, Path]:
    """A small page that is a version of `diln-page`: its CID and its folder."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "assets" / "a.js").write_text("1")
    files = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("index.html", "assets/a.js")
    }
    (folder / release.LIST).write_text(json.dumps({"version": "1", "files": files}))
    alice = session.account("alice")
    migrate(session.settings, session.chain, alice, ["registry"])
    registry = session.registry
    session.send(registry.contract.create_project(release.PROJECT, [], [], 0), alice)
    project = registry.project_id(alice.address, release.PROJECT)
    digest = Digest(hashlib.sha256((folder / release.LIST).read_bytes()).digest())
    session.send(registry.publish(publication(project, digest), []), alice)
    return session.storage.put(folder).cid, folder


def publication(project: Digest, digest: Digest) -> Any:
    from orchestrator.bindings.registry import CidKind, Publication

    return Publication(project, digest, Digest(b"\1" * 32), CidKind.NONE, Digest(bytes(32)), (), False)


def outcomes(session: Session, cid: str, static: Path) -> dict[str, str]:
    return {each.name: str(each.outcome) for each in release.check(session, cid, static).checks}


def test_release__published_page__passes(session: Session, published: tuple[str, Path]) -> None:
    cid, folder = published
    assert set(outcomes(session, cid, folder).values()) == {"passed"}
    alice = session.account("alice")
    registry: ModelRegistry = session.registry
    project = registry.project_id(alice.address, release.PROJECT)
    digest = hashlib.sha256((folder / release.LIST).read_bytes()).digest()
    session.send(registry.contract.revoke(project, digest, "broken"), alice)
    assert outcomes(session, cid, folder)["published"] == "failed"


def test_release__changed_page__fails(session: Session, published: tuple[str, Path]) -> None:
    _, folder = published
    (folder / "assets" / "a.js").write_text("2")
    changed = session.storage.put(folder).cid
    found = outcomes(session, changed, folder)
    assert found == {"files": "failed", "package": "passed", "published": "passed"}
    (folder / release.LIST).write_text(json.dumps({"version": "2", "files": {}}))
    found = outcomes(session, session.storage.put(folder).cid, STATIC)
    assert found == {"files": "failed", "package": "failed", "published": "failed"}


def test_release__no_page__says_so(session: Session, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_text("a")
    with pytest.raises(IntegrityError, match=r"holds no page\.json"):
        release.check(session, session.storage.put(tmp_path / "folder").cid)


def test_page_json__names_every_file_of_this_package() -> None:
    files = json.loads((STATIC / release.LIST).read_text())["files"]
    there = {
        path.relative_to(STATIC).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in STATIC.rglob("*")
        if path.is_file() and path.name != release.LIST
    }
    assert files == there
