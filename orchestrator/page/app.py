"""Serve the page, and what it reads: an ASGI application for one chain and one storage.

/            the built files, with a policy under which they run nothing and reach nobody else
/rpc         the chain (orchestrator.chain.rpc)
/ipfs/<cid>  a block of the storage, as trustless gateways answer `?format=raw`; one that is missing is 404,
             or 204 where the page asks for that: browsers log a 404 as an error
/diln.json   the network, the chain's id, and where its contracts stand
"""

import json
from asyncio import to_thread
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.chain.rpc import Rpc
from orchestrator.chain.visitors import Visitors
from orchestrator.errors import CidError, DilnError, StorageError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOREVER = "max-age=31536000, immutable"

Answer = tuple[HTTPStatus, dict[str, str], bytes]


class PageApp:
    """`rpc` answers for the chain; `settle` says what /diln.json holds; `block` has the bytes of a CID."""

    def __init__(
        self,
        rpc: Rpc,
        visitors: Visitors,
        settle: Callable[[], Mapping[str, Any]],
        block: Callable[[str], bytes],
        static: Path = STATIC,
    ) -> None:
        self._rpc = rpc
        self._visitors = visitors
        self._settle = settle
        self._block = block
        self._files = _read(static)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["path"] == "/rpc":
            await self._rpc(scope, receive, send)
            return
        status, headers, content = await self._answer(scope)
        fields = [
            (name.lower().encode(), value.encode("latin-1"))
            for name, value in (_HEADERS | headers | {"Content-Length": str(len(content))}).items()
        ]
        await send({"type": "http.response.start", "status": int(status), "headers": fields})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})

    async def _answer(self, scope: "Scope") -> Answer:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        # A link from elsewhere may lead here: browsers say no origin then, and only `Host` tells.
        if reason := self._visitors.refusal({"host": headers.get("host", "")}):
            return _text(HTTPStatus.FORBIDDEN, reason)
        if scope["method"] not in ("GET", "HEAD"):
            return _text(HTTPStatus.METHOD_NOT_ALLOWED, "this server is read by GET")
        path: str = scope["path"]
        if path.startswith("/ipfs/"):
            missing = (
                HTTPStatus.NO_CONTENT if b"missing=204" in scope["query_string"] else HTTPStatus.NOT_FOUND
            )
            return await to_thread(self._raw_block, path.removeprefix("/ipfs/"), missing)
        if path == "/diln.json":
            return await to_thread(self._settings)
        return self._file(path)

    def _file(self, path: str) -> Answer:
        name = "index.html" if path == "/" else path.removeprefix("/")
        if name not in self._files:
            return _text(HTTPStatus.NOT_FOUND, "there is no such file")
        caching = _FOREVER if name.startswith("assets/") else "no-cache"
        kind = _KINDS.get(Path(name).suffix, "application/octet-stream")
        return HTTPStatus.OK, {"Content-Type": kind, "Cache-Control": caching}, self._files[name]

    def _settings(self) -> Answer:
        try:
            found = json.dumps(self._settle()).encode("ascii")
        except DilnError as error:
            return _text(HTTPStatus.BAD_GATEWAY, f"{error.message}. {error.hint}")
        return HTTPStatus.OK, {"Content-Type": "application/json", "Cache-Control": "no-store"}, found

    def _raw_block(self, cid: str, missing: HTTPStatus) -> Answer:
        try:
            found = self._block(cid)
        except CidError as error:
            return _text(HTTPStatus.BAD_REQUEST, error.message)
        except StorageError as error:
            return _text(missing, "" if missing is HTTPStatus.NO_CONTENT else error.message)
        kind = {"Content-Type": "application/vnd.ipld.raw", "Cache-Control": _FOREVER}
        return HTTPStatus.OK, kind, found


def _read(static: Path) -> dict[str, bytes]:
    """The built files by their paths in URLs; a path that is not among them is nowhere on the disk either."""
    return {
        path.relative_to(static).as_posix(): path.read_bytes()
        for path in sorted(static.rglob("*"))
        if path.is_file()
    }


def _text(status: HTTPStatus, sentence: str) -> Answer:
    return status, {"Content-Type": "text/plain; charset=utf-8"}, sentence.encode("utf-8", "replace")


__all__ = ["POLICY", "STATIC", "PageApp"]
