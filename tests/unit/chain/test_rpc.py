"""
JSON-RPC over HTTP
├── methods: each against its shape; parameters that do not fit are refused by name
├── bodies: hostile ones are answered by a sentence, and the process lives (examples and a fuzzer)
├── batches and notifications
├── who may ask: Host, Origin, Content-Type, verb
└── other networks: an allow-list; their secrets stay here
"""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account as EthAccount
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from web3.contract import Contract

from orchestrator.chain import Account, Chain
from orchestrator.chain.development import private_key
from orchestrator.chain.embedded import CHAIN_ID, EmbeddedProvider
from orchestrator.chain.rpc import LARGEST_BODY, PASSED_ON, SLOWEST_BATCH, Rpc, methods_of
from orchestrator.chain.transport import RetryingProvider
from orchestrator.chain.visitors import Visitors, is_loopback
from orchestrator.cli.host.listen import Listen
from orchestrator.config import Network

ALICE = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
NOBODY = "0x" + "77" * 20
NONE = "0x" + "00" * 32
HUGE = "0x" + "f" * 30
VISITORS = Visitors.of(8600)
JSON = {"host": "127.0.0.1:8600", "content-type": "application/json"}

QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]*)")
DATA = re.compile(r"0x([0-9a-f]{2})*")
HASH = re.compile(r"0x[0-9a-f]{64}")
ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def fits(shape: Any, value: Any) -> bool:
    """Whether a JSON value has a shape: a pattern, a type, a list of one shape, or an object of shapes."""
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.fullmatch(value) is not None
    if isinstance(shape, list) and shape:
        return isinstance(value, list) and bool(value) and all(fits(shape[0], each) for each in value)
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(
            key in value and fits(each, value[key]) for key, each in shape.items()
        )
    return isinstance(value, shape) if isinstance(shape, type) else value == shape


PLACE = {"blockHash": HASH, "blockNumber": QUANTITY, "transactionIndex": QUANTITY}
TRANSACTION = PLACE | {"hash": HASH, "from": ADDRESS, "nonce": QUANTITY, "gas": QUANTITY, "value": QUANTITY}
TRANSACTION |= {"input": DATA, "type": QUANTITY, "v": QUANTITY, "r": QUANTITY, "s": QUANTITY}
LOG = PLACE | {"address": ADDRESS, "topics": [HASH], "data": DATA, "logIndex": QUANTITY, "removed": False}
RECEIPT = PLACE | {
    "transactionHash": HASH,
    "status": "0x1",
    "gasUsed": QUANTITY,
    "cumulativeGasUsed": QUANTITY,
}
RECEIPT |= {"effectiveGasPrice": QUANTITY, "logs": [LOG], "logsBloom": DATA, "type": QUANTITY}
HEADER = {"number": QUANTITY, "hash": HASH, "parentHash": HASH, "timestamp": QUANTITY, "gasLimit": QUANTITY}
HEADER |= {
    "gasUsed": QUANTITY,
    "baseFeePerGas": QUANTITY,
    "logsBloom": DATA,
    "miner": ADDRESS,
    "size": QUANTITY,
}


class Client:
    """Asks an application without a network."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc

    def post(
        self, body: bytes, headers: dict[str, str] | None = None, verb: str = "POST"
    ) -> tuple[int, dict[str, str], bytes]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        fields = [
            (name.encode(), value.encode()) for name, value in (JSON if headers is None else headers).items()
        ]
        asyncio.run(self.rpc({"type": "http", "method": verb, "headers": fields}, receive, send))
        start, content = sent
        return start["status"], {n.decode(): v.decode() for n, v in start["headers"]}, content["body"]

    def raw(self, body: bytes) -> Any:
        status, _, content = self.post(body)
        assert status == 200
        return json.loads(content)

    def ask(self, method: str, *params: Any) -> Any:
        answer = self.raw(
            json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).encode()
        )
        assert answer["id"] == 7
        return answer["result"] if "result" in answer else answer["error"]


@pytest.fixture
def client(chain: Chain) -> Client:
    return Client(Rpc(chain.web3.provider, VISITORS))


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """A client of a chain that several examples share."""
    return Client(Rpc(EmbeddedProvider(tmp_path_factory.mktemp("rpc") / "chain.sqlite"), VISITORS))


@pytest.fixture
def mined(chain: Chain, alice: Account, probe: Contract) -> Any:
    """The receipt of a transaction with a log."""
    return chain.send(probe.functions.set(7), alice)


def test_methods__each__answers_in_the_shape_of_the_specification(
    client: Client, chain: Chain, mined: Any, probe: Contract
) -> None:
    number, digest = hex(mined.block_number), "0x" + chain.block_hash(mined.block_number).hex()
    call = {"from": ALICE, "to": probe.address, "data": probe.encode_abi("set", args=[9])}
    shapes: dict[str, tuple[tuple[Any, ...], Any]] = {
        "web3_clientVersion": ((), str),
        "net_version": ((), str(CHAIN_ID)),
        "net_listening": ((), True),
        "eth_chainId": ((), hex(CHAIN_ID)),
        "eth_accounts": ((), []),
        "eth_syncing": ((), False),
        "eth_blockNumber": ((), number),
        "eth_gasPrice": ((), QUANTITY),
        "eth_maxPriorityFeePerGas": ((), QUANTITY),
        "eth_feeHistory": (
            ("0x2", "latest", [25, 75]),
            {
                "oldestBlock": QUANTITY,
                "baseFeePerGas": [QUANTITY],
                "gasUsedRatio": [float],
                "reward": [[QUANTITY]],
            },
        ),
        "eth_getBalance": ((ALICE, "latest"), QUANTITY),
        "eth_getCode": ((probe.address, "latest"), DATA),
        "eth_getTransactionCount": ((ALICE, "pending"), QUANTITY),
        "eth_getStorageAt": ((probe.address, "0x0", "latest"), HASH),
        "eth_getBlockByNumber": ((number, True), HEADER | {"transactions": [TRANSACTION]}),
        "eth_getBlockByHash": ((digest, False), HEADER | {"transactions": [HASH]}),
        "eth_getBlockTransactionCountByNumber": ((number,), "0x1"),
        "eth_getBlockTransactionCountByHash": ((digest,), "0x1"),
        "eth_getTransactionByBlockNumberAndIndex": ((number, "0x0"), TRANSACTION),
        "eth_getTransactionByBlockHashAndIndex": ((digest, "0x0"), TRANSACTION),
        "eth_getBlockReceipts": ((number,), [RECEIPT]),
        "eth_getTransactionByHash": ((mined.tx_hash,), TRANSACTION),
        "eth_getTransactionReceipt": ((mined.tx_hash,), RECEIPT),
        "eth_call": ((call, "latest"), DATA),
        "eth_estimateGas": ((call,), QUANTITY),
        "eth_getLogs": (({"fromBlock": "0x0", "address": probe.address},), [LOG]),
        "evm_increaseTime": (("0x5",), int),
        "evm_mine": ((), HASH),
        "eth_sendRawTransaction": ((signed_transfer(chain),), HASH),
    }
    assert set(shapes) == methods_of(Network("embedded"), public=False)
    wrong = {
        method: found
        for method, (params, shape) in shapes.items()
        if not fits(shape, found := client.ask(method, *params))
    }
    assert wrong == {}


def signed_transfer(chain: Chain) -> str:
    key = EthAccount.from_key(private_key("bob"))
    signed = key.sign_transaction(
        {"chainId": CHAIN_ID, "nonce": 0, "to": NOBODY, "value": 1, "gas": 21000, "maxFeePerGas": 10**10}
        | {"maxPriorityFeePerGas": 10**9, "type": 2, "data": b""}
    )
    return str(signed.raw_transaction.to_0x_hex())


def test_fee_history__more_than_there_are__begins_with_the_first(client: Client, mined: Any) -> None:
    found = client.ask("eth_feeHistory", HUGE, "latest", [])
    blocks = mined.block_number + 1
    assert found["oldestBlock"] == "0x0"
    assert (len(found["baseFeePerGas"]), len(found["gasUsedRatio"])) == (blocks + 1, blocks)
    assert found["gasUsedRatio"][-1] > 0
    older = client.ask("eth_feeHistory", "0x1", "0x0", [])
    assert older["baseFeePerGas"] == found["baseFeePerGas"][:2]


def test_block__by_eip_1898__is_that_block(client: Client, chain: Chain, mined: Any) -> None:
    digest = "0x" + chain.block_hash(0).hex()
    first = client.ask("eth_getBalance", ALICE, {"blockNumber": "0x0"})
    assert first == client.ask("eth_getBalance", ALICE, {"blockHash": digest, "requireCanonical": True})
    assert first != client.ask("eth_getBalance", ALICE, "latest")


def test_get__what_is_not_there__is_null(client: Client) -> None:
    for method, params in {
        "eth_getBlockByNumber": ["0x99999", False],
        "eth_getBlockByHash": [NONE, False],
        "eth_getBlockReceipts": ["0x99999"],
        "eth_getBlockTransactionCountByNumber": ["0x99999"],
        "eth_getTransactionByBlockNumberAndIndex": ["0x0", "0x5"],
        "eth_getTransactionByHash": [NONE],
        "eth_getTransactionReceipt": [NONE],
    }.items():
        assert client.raw(json.dumps({"id": 1, "method": method, "params": params}).encode()) == {
            "jsonrpc": "2.0",
            "id": 1,
            "result": None,
        }


REFUSED = {
    "missing": ("eth_getBalance", [], "`address` is missing"),
    "too many": ("eth_chainId", [1], "takes none"),
    "an object for an address": ("eth_getBalance", [{"a": 1}], "`address` must be an address"),
    "short address": ("eth_getBalance", ["0xf39f", "latest"], "`address` must be an address"),
    "block above 2^63 in a range": ("eth_getLogs", [{"fromBlock": HUGE}], "`filter.fromBlock`"),
    "block by another word": ("eth_getBalance", [ALICE, "newest"], "`block` must be a block"),
    "both number and hash": ("eth_getBalance", [ALICE, {"blockNumber": "0x0", "blockHash": NONE}], "`block`"),
    "block hash too short": ("eth_getBalance", [ALICE, {"blockHash": "0x00"}], "`block.blockHash`"),
    "five topics": ("eth_getLogs", [{"topics": [None] * 4 + [NONE]}], "`filter.topics` must be a list"),
    "short topic": ("eth_getLogs", [{"topics": ["0x00"]}], "`filter.topics[0]` must be a hash"),
    "too many addresses": ("eth_getLogs", [{"address": [ALICE] * 1001}], "at most 1000"),
    "range and hash": ("eth_getLogs", [{"blockHash": NONE, "toBlock": "0x1"}], "no range"),
    "filter is a list": ("eth_getLogs", [[1]], "`filter` must be an object"),
    "unknown key": ("eth_call", [{"to": ALICE, "blob\u202es": 1}], "`transaction.blob\\u202es`"),
    "odd hex": ("eth_call", [{"to": ALICE, "data": "0x123"}], "`transaction.data`"),
    "negative value": ("eth_call", [{"to": ALICE, "value": "-0x1"}], "`transaction.value`"),
    "value of 257 bits": ("eth_call", [{"to": ALICE, "value": "0x1" + "0" * 64}], "`transaction.value`"),
    "state overrides": ("eth_call", [{"to": ALICE}, "latest", {}], "`stateOverrides` is not supported"),
    "number for a truth": ("eth_getBlockByNumber", ["0x0", 1], "`hydrated transactions`"),
    "percentiles fall": ("eth_feeHistory", ["0x1", "latest", [9, 1]], "`rewardPercentiles` must rise"),
    "time backwards": ("evm_increaseTime", [-5], "`seconds`"),
    "no transaction": ("eth_sendRawTransaction", ["cafe"], "`transaction`"),
    "params by name": ("eth_chainId", {"a": 1}, "`params` must be a list"),
    "params are text": ("eth_chainId", "abc", "`params` must be a list"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_params__do_not_fit__are_refused_by_name(lasting: Client, case: str) -> None:
    method, params, words = REFUSED[case]
    answer = lasting.raw(json.dumps({"id": 1, "method": method, "params": params}).encode())
    assert answer["error"]["code"] == -32602
    assert words in answer["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [b"[" * 200_000, b'{"a":' * 60_000, b"", b"nonsense", b"\xff\xfe", b"NaN", b"9" * 5000, b'{"id":1e999}'],
)
def test_body__hostile__is_a_sentence(lasting: Client, body: bytes) -> None:
    answer = lasting.raw(body)
    assert answer["error"]["code"] in (-32700, -32600)
    assert len(answer["error"]["message"]) < 100


@pytest.mark.parametrize("request_", [3, None, "x", {}, {"method": 3}, {"method": "eth_chainId", "id": {}}])
def test_request__malformed__is_refused(lasting: Client, request_: Any) -> None:
    assert lasting.raw(json.dumps(request_).encode())["error"]["code"] == -32600


def test_method__unknown__is_not_found(lasting: Client) -> None:
    for method in ("eth_subscribe", "personal_sign", "eth_sendTransaction", "x" * 10_000, "\ud800"):
        assert lasting.ask(method)["code"] == -32601


def test_call__endless_loop_with_huge_gas__ends(client: Client) -> None:
    burn = {"data": "0x5b" + "600056", "gas": "0xffffffffffffffff"}
    assert "OutOfGas" in client.ask("eth_call", burn)["message"]


def test_call__more_value_than_there_is__is_refused(lasting: Client) -> None:
    assert lasting.ask("eth_call", {"from": NOBODY, "to": ALICE, "value": "0x" + "f" * 64})["code"] == -32000


ANY = some.recursive(
    some.one_of(
        some.none(),
        some.booleans(),
        some.integers(),
        some.floats(),
        some.text(max_size=20),
        some.sampled_from([ALICE, NONE, HUGE, "0x", "0x0", "latest", "pending", "earliest", "0x" + "f" * 64]),
    ),
    lambda inner: some.one_of(
        some.lists(inner, max_size=5),
        some.dictionaries(
            some.sampled_from(
                [
                    "from",
                    "to",
                    "data",
                    "gas",
                    "value",
                    "topics",
                    "address",
                    "fromBlock",
                    "toBlock",
                    "blockHash",
                ]
            )
            | some.text(max_size=8),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    method=some.sampled_from(sorted(methods_of(Network("embedded"), public=False))),
    params=some.lists(ANY, max_size=4) | ANY,
)
def test_request__any_parameters__are_answered(lasting: Client, method: str, params: Any) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    answer = json.loads(lasting.rpc.answer(body))
    assert "result" in answer or answer["error"]["code"] in (-32602, -32600, -32700, -32000, 3)
    assert "damaged" not in json.dumps(answer)


@settings(max_examples=200)
@given(body=some.binary(max_size=200) | some.text(alphabet='[]{}",:0truefalsnmethodparams', max_size=200))
def test_body__any_bytes__are_answered(lasting: Client, body: bytes | str) -> None:
    content = lasting.rpc.answer(body if isinstance(body, bytes) else body.encode())
    assert not content or json.loads(content)


def test_batch__answers_each_in_order_and_leaves_out_notifications(client: Client) -> None:
    requests = [
        {"id": 1, "method": "eth_chainId"},
        {"method": "evm_mine"},
        {"id": "b", "method": "eth_blockNumber", "params": []},
        5,
    ]
    answers = client.raw(json.dumps(requests).encode())
    assert [each["id"] for each in answers] == [1, "b", None]
    assert answers[1]["result"] == "0x1"


def test_batch__too_long_or_empty__is_refused(lasting: Client) -> None:
    for count in (0, 101):
        body = json.dumps([{"id": 1, "method": "eth_chainId"}] * count).encode()
        assert lasting.raw(body)["error"]["code"] == -32600


def test_batch__that_takes_too_long__is_not_gone_on_with(lasting: Client) -> None:
    """A hundred calls that each use up a block's gas would keep a thread for half an hour."""
    times = iter([0.0, 1.0, SLOWEST_BATCH, SLOWEST_BATCH + 1, SLOWEST_BATCH + 2])
    rpc = Rpc(lasting.rpc._provider, VISITORS, clock=lambda: next(times))
    asked = [{"id": number, "method": "eth_chainId"} for number in range(3)]
    answers = json.loads(rpc.answer(json.dumps([*asked, {"method": "eth_chainId"}]).encode()))
    assert [("result" in each, each["id"]) for each in answers] == [(True, 0), (True, 1), (False, 2)]
    assert "send fewer" in answers[2]["error"]["message"]


@pytest.mark.parametrize("content", ["c0" * 1000, "f8" * 50_000, "c1" * 200_000])
def test_transaction__that_nests_without_end__is_none_and_the_chain_is_not_damaged(
    lasting: Client, content: str
) -> None:
    body = {"id": 1, "method": "eth_sendRawTransaction", "params": ["0x" + content]}
    answer = json.loads(lasting.rpc.answer(json.dumps(body).encode()))
    assert answer["error"]["message"].startswith("this is not a transaction")


def test_listen__behind_a_proxy__is_for_others() -> None:
    """Who is reached under a name of its own moves nobody's time, wherever it listens."""
    assert Listen(8600, "127.0.0.1", ["lab.example"]).public
    assert not Listen(8600, "127.0.0.1", None).public


def test_notification__alone__is_answered_with_nothing(lasting: Client) -> None:
    assert lasting.post(b'{"jsonrpc":"2.0","method":"eth_chainId"}')[::2] == (204, b"")


CHAIN_ID_BODY = b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost:8600"}, 200),
        ({"host": "[::1]:8600"}, 200),
        ({"host": "evil.example:8600"}, 403),
        ({"host": "127.0.0.1"}, 403),
        ({"host": "127.0.0.1:8601"}, 403),
        ({"host": "127.0.0.1:8600.evil.example"}, 403),
        ({"origin": "http://127.0.0.1:8600"}, 200),
        ({"origin": "http://localhost:8600"}, 200),
        ({"origin": "chrome-extension://nkbihfbeogaeaoehlefnkodbefgpgknn"}, 200),
        ({"origin": "moz-extension://f00"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://localhost:3000"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": ""}, 415),
        ({"content-type": "application/json; charset=utf-8"}, 200),
    ],
)
def test_headers__by_who_asks__are_let_in_or_not(
    lasting: Client, headers: dict[str, str], status: int
) -> None:
    found, answered, _ = lasting.post(CHAIN_ID_BODY, JSON | headers)
    assert found == status
    allowed = headers.get("origin") if status == 200 else None
    assert answered.get("access-control-allow-origin") == allowed


def test_verbs__other_than_post__are_refused(lasting: Client) -> None:
    assert lasting.post(b"", verb="GET")[0] == 405
    assert lasting.post(b"", JSON | {"origin": "https://evil.example"}, "OPTIONS")[0] == 403
    assert lasting.post(b"", JSON | {"origin": "http://127.0.0.1:8600"}, "OPTIONS")[0] == 204


def test_body__too_long__is_refused(lasting: Client) -> None:
    assert lasting.post(b" " * (LARGEST_BODY + 1))[0] == 413


def test_visitors__allowed_name__is_let_in_with_its_origin() -> None:
    visitors = Visitors.of(8600, ["Lab.example"])
    assert visitors.refusal({"host": "lab.example", "origin": "https://lab.example"}) == ""
    assert visitors.refusal({"host": "lab.example:8600"}) == ""
    assert visitors.refusal({"host": "other.example"})


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("lab", False)],
)
def test_is_loopback__by_address(host: str, own: bool) -> None:
    assert is_loopback(host) is own


def test_methods_of__others_reach_it_or_another_node__time_stands() -> None:
    embedded, sepolia = Network("embedded"), Network("sepolia", "https://node.example/v3/key")
    assert "evm_mine" in methods_of(embedded, public=False)
    assert methods_of(embedded, public=True) == methods_of(sepolia, public=False) == PASSED_ON
    assert not any(each.startswith(("evm_", "debug_", "personal_", "admin_")) for each in PASSED_ON)


def test_upstream__node_does_not_answer__is_a_sentence_without_its_key(tmp_path: Path) -> None:
    network = Network("far", "http://127.0.0.1:9/v3/secret-key", timeout=1)
    client = Client(Rpc(RetryingProvider(network, sleep=lambda _: None), VISITORS, PASSED_ON))
    refused = client.ask("eth_chainId")
    assert refused["code"] == -32603
    assert "far" in refused["message"]
    assert "secret-key" not in refused["message"]
    assert client.ask("evm_mine")["code"] == client.ask("eth_sendTransaction")["code"] == -32601
