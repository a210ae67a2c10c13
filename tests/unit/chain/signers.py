"""A JSON-RPC signer with alice's key, on a free port, that may misbehave."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from eth_account import Account as EthAccount

from orchestrator.chain.development import private_key

UNKNOWN = {"error": {"code": -32601, "message": "the method does not exist"}}


class FakeSigner:
    """`prefix` is `eth` as of nodes, `account` as of Clef; `twist` changes what is to be signed."""

    def __init__(self, prefix: str = "eth") -> None:
        self.key = EthAccount.from_key(private_key("alice"))
        self.prefix = prefix
        self.asked: list[tuple[str, Any]] = []
        self.twist: Callable[[Any], Any] = lambda asked: asked
        self.instead: Any = None

    def answer(self, method: str, params: list[Any]) -> dict[str, Any]:
        self.asked.append((method, params))
        if self.instead is not None:
            return dict(self.instead)
        if not method.startswith(f"{self.prefix}_"):
            return UNKNOWN
        word = method.split("_")[1].lower()
        if word in ("accounts", "list"):
            return {"result": [self.key.address.lower()]}
        if word == "signtransaction":
            asked = {key: value for key, value in params[0].items() if key != "from"}
            raw = "0x" + self.key.sign_transaction(self.twist(asked)).raw_transaction.hex()
            return {"result": {"raw": raw, "tx": {}}}
        message = json.loads(params[1]) if self.prefix == "eth" else params[1]
        return {"result": "0x" + self.key.sign_typed_data(full_message=self.twist(message)).signature.hex()}


@contextmanager
def served(signer: FakeSigner) -> Iterator[str]:
    """The URL under which it answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = signer.answer(asked["method"], asked["params"])
            content = json.dumps({"jsonrpc": "2.0", "id": asked["id"], **answer}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
