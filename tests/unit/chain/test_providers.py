"""
Events from providers with limits
├── a limit on blocks, in each provider's words: met once in a connection, then kept to
├── a limit on results: fewer blocks where much happened, more again afterwards
├── too many requests: waited out in gaps, and told if it does not end
└── long readings: told, bounded, and gone on with by the next command
"""

import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from web3.contract import Contract

from orchestrator.chain import Account, Chain, events, ranges
from orchestrator.chain.ranges import Ranges, allowed_range
from orchestrator.config import Settings
from orchestrator.errors import ChainError, NodeUnavailable
from tests.unit.chain.faults import Line, chain_behind, refusal
from tests.unit.chain.probe import bind_probe

BLOCKS = 200
VALUES = [0, 1, 2, 3]
ALCHEMY = (
    "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range. Based on your "
    "parameters, this block range should work: [0x0, 0x9]. Upgrade to PAYG for expanded block range."
)
LIMITS = {
    ALCHEMY: 10,
    "You can make eth_getLogs requests with up to a 2K block range. "
    "Based on your parameters, this block range should work: [0x1, 0x2]": 2000,
    "Log response size exceeded. You can make eth_getLogs requests with up to a 2,000 block range and no "
    "limit on the response size, or any block range with a cap of 10K logs in the response.": 2000,
    "range 1000000 exceeds limit of 10000": 10_000,  # Infura
    "eth_getLogs is limited to a 10,000 range": 10_000,  # QuickNode
    "eth_getLogs is limited to a 5 block range": 5,
    "eth_getLogs is limited to 0 - 50 blocks range": 50,
    "exceed maximum block range: 50000": 50_000,  # publicnode, BNB
    "query exceeds max block range 100000": 100_000,
    "too wide blocks range, the limit is 100": 100,
    "requested too many blocks from 0 to 16777216, maximum is set to 2048": 2048,
    "ranges over 10000 blocks are not supported on freetier": 10_000,  # dRPC
    "Log response size exceeded. Maximum allowed number of requested blocks is 1000": 1000,
    "block range is too wide (maximum 3000)": 3000,  # Ankr
    "block range exceeds 10000": 10_000,
    "Requested range exceeds maximum RPC range limit": None,  # Besu
    "block range too large": None,
    "query returned more than 10000 results": None,  # of results, not of blocks
    "query exceeds max results 20000, retry with the range 24383075-24383096": None,
    "logs matched by query exceeds limit of 10000": None,
    "query returned more than 10000 results. Try with this block range [0xCB3D, 0x7B737].": None,
    "query timeout exceeded": None,
}


@pytest.mark.parametrize("message", LIMITS)
def test_allowed_range__words_of_a_provider__are_read(message: str) -> None:
    assert allowed_range(message.lower()) == LIMITS[message]


@pytest.fixture
def quiet_chain(chain: Chain, alice: Account, probe: Contract) -> Contract:
    """A few events, far apart."""
    for number in VALUES:
        chain.send(probe.functions.set(number), alice)
        chain.mine(BLOCKS // len(VALUES))
    return probe


@pytest.fixture
def remote(line: Line, settings: Settings, quiet_chain: Contract) -> Chain:
    return chain_behind(line, settings.home)


def read(chain: Chain, probe: Contract, **options: Any) -> list[int]:
    return [
        each["args"]["value"]
        for each in chain.events(bind_probe(chain, probe.address).events.ValueSet, **options)
    ]


def limited(longest: int, message: str, refusals: list[int]) -> Callable[[Any, str, Any], Any]:
    """A provider that tells of `longest` blocks; notes how many each refused question was about."""

    def fault(ask: Any, method: str, params: Any) -> Any:
        if method == "eth_getLogs":
            first, last = (int(str(params[0][key]), 0) for key in ("fromBlock", "toBlock"))
            if last - first + 1 > longest:
                refusals.append(last - first + 1)
                return refusal(message, -32600)
        return ask(method, params)

    return fault


@pytest.mark.parametrize(
    "message", [ALCHEMY, "eth_getLogs is limited to a 10 range", "exceed maximum block range: 10"]
)
def test_events__provider_names_its_limit__one_question_is_refused(
    remote: Chain, line: Line, quiet_chain: Contract, message: str
) -> None:
    refusals: list[int] = []
    line.fault = limited(10, message, refusals)
    for _ in range(3):
        assert read(remote, quiet_chain) == VALUES
    assert len(refusals) == 1
    questions = math.ceil((remote.head().number + 1) / 10)
    assert line.asked.count("eth_getLogs") == 1 + 3 * questions


def test_events__provider_names_no_limit__is_found_once(
    remote: Chain, line: Line, quiet_chain: Contract
) -> None:
    refusals: list[int] = []
    line.fault = limited(10, "block range too large", refusals)
    assert read(remote, quiet_chain) == VALUES
    found = len(refusals)
    assert found <= math.log2(ranges.LONGEST_RANGE)
    line.asked.clear()
    assert read(remote, quiet_chain) == VALUES
    assert len(refusals) == found
    assert line.asked.count("eth_getLogs") <= (remote.head().number + 1) / 10 * 1.25


def test_ranges__many_results_in_one_part__few_questions_are_refused() -> None:
    learned, refused, asked, at = Ranges(), 0, 0, 0
    while at < 2_000_000:  # a tenth of it holds so much that 700 blocks are the most
        busy = 500_000 <= at < 700_000
        asked += 1
        if busy and learned.length > 700:
            refused += 1
            assert learned.refused("query returned more than 10000 results", at, learned.length)
        else:
            at += learned.length
            learned.accepted(learned.length)
    assert refused < asked / 3
    assert learned.length > ranges.LONGEST_RANGE * 0.8


def test_ranges__a_range_is_suggested__is_taken() -> None:
    learned = Ranges()
    message = "query returned more than 10000 results. Try with this block range [0x64, 0xC7]."
    assert learned.refused(message, 100, 5000)
    assert learned.length == 100
    assert learned.refused("query exceeds max results 20000, retry with the range 100-109", 100, 100)
    assert learned.length == 10
    assert learned.refused("retry with the range 9-109: too many results", 100, 10)  # of another question
    assert learned.length == 5
    assert not learned.refused("too many results", 100, 1)


@pytest.mark.parametrize(
    "lie", ["limited to a 0 range", "limited to a 999999999999999999999999 range", "limited to a 50 range"]
)
def test_events__provider_names_a_limit_that_is_none__ends_all_the_same(
    remote: Chain, line: Line, quiet_chain: Contract, lie: str
) -> None:
    line.fault = limited(7, lie, [])
    assert read(remote, quiet_chain) == VALUES


def test_events__too_many_requests_for_ever__says_so(
    remote: Chain, line: Line, quiet_chain: Contract
) -> None:
    words = "Your app has exceeded its compute units per second capacity"
    line.fault = lambda ask, method, params: (
        refusal(words, 429) if method == "eth_getLogs" else ask(method, params)
    )
    with pytest.raises(NodeUnavailable, match="fewer questions at a time: Your app"):
        read(remote, quiet_chain)
    assert line.asked.count("eth_getLogs") == 1  # asking for fewer blocks would not help


@pytest.fixture
def no_final_tag() -> Callable[[Callable[[Any, str, Any], Any]], Callable[[Any, str, Any], Any]]:
    def over(inner: Callable[[Any, str, Any], Any]) -> Callable[[Any, str, Any], Any]:
        return lambda ask, method, params: (
            refusal("unknown block tag") if "finalized" in params else inner(ask, method, params)
        )

    return over


def test_events__long_reading__the_next_command_reads_new_blocks_only(
    remote: Chain,
    line: Line,
    settings: Settings,
    quiet_chain: Contract,
    no_final_tag: Any,
    monkeypatch: pytest.MonkeyPatch,
    chain: Chain,
    alice: Account,
) -> None:
    monkeypatch.setattr(events, "MANY", 5)
    line.fault = no_final_tag(limited(4, "block range exceeds 4", []))
    assert read(remote, quiet_chain) == VALUES
    first = line.asked.count("eth_getLogs")
    chain.send(quiet_chain.functions.set(9), alice)
    line.asked.clear()
    again = chain_behind(line, settings.home)
    assert read(again, quiet_chain) == [*VALUES, 9]
    assert line.asked.count("eth_getLogs") < first / 2  # 64 blocks are not final yet
    assert read(again, quiet_chain, from_block=60, to_block=110) == [2]
    assert read(again, quiet_chain, filters={"value": 3}) == [3]
    kept = [
        (event["blockNumber"], event["transactionHash"], event["logIndex"], dict(event["args"]))
        for event in again.events(bind_probe(again, quiet_chain.address).events.ValueSet)
    ]
    line.fault = None
    fresh = chain_behind(line, settings.home.parent / "elsewhere")
    assert kept == [
        (event["blockNumber"], event["transactionHash"], event["logIndex"], dict(event["args"]))
        for event in fresh.events(bind_probe(fresh, quiet_chain.address).events.ValueSet)
    ]


def test_events__more_questions_than_are_bearable__goes_on_at_the_next_run(
    remote: Chain, line: Line, settings: Settings, quiet_chain: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MANY", 5)
    monkeypatch.setattr(events, "MOST", 20)
    line.fault = limited(4, "block range exceeds 4", [])
    for _ in range(2):
        with pytest.raises(ChainError, match="still to be read, and the node gives 4 at a time") as caught:
            read(chain_behind(line, settings.home), quiet_chain)
        assert "goes on from here" in caught.value.hint
    assert read(chain_behind(line, settings.home), quiet_chain) == VALUES


def kept_file(settings: Settings) -> Path:
    (path,) = settings.home.glob("logs/*/*.jsonl")
    return path


@pytest.mark.parametrize("damage", [b"{", b"\xff\xfe", b'{"first": 0}\n', b"[]\n", b""])
def test_events__what_was_kept_is_damaged__is_read_again(
    remote: Chain,
    line: Line,
    settings: Settings,
    quiet_chain: Contract,
    monkeypatch: pytest.MonkeyPatch,
    damage: bytes,
) -> None:
    monkeypatch.setattr(events, "MANY", 5)
    line.fault = limited(4, "block range exceeds 4", [])
    assert read(remote, quiet_chain) == VALUES
    path = kept_file(settings)
    whole = path.read_bytes()
    for content in (damage, whole + damage, whole[: len(whole) // 2]):
        path.write_bytes(content)
        assert read(chain_behind(line, settings.home), quiet_chain) == VALUES


def test_events__kept_blocks_were_dropped_by_the_chain__are_read_again(
    remote: Chain, line: Line, settings: Settings, quiet_chain: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MANY", 5)
    line.fault = limited(4, "block range exceeds 4", [])
    assert read(remote, quiet_chain) == VALUES
    path = kept_file(settings)
    lines = path.read_text().splitlines()
    other = lines[-1].replace(lines[-1].split('"block_hash": "')[1][:66], "0x" + "ab" * 32)
    path.write_text("\n".join([*lines[:-1], other]) + "\n")
    assert read(chain_behind(line, settings.home), quiet_chain) == VALUES
    assert "ab" * 32 not in kept_file(settings).read_text()


def test_events__another_node__is_asked_anew(
    remote: Chain, line: Line, settings: Settings, quiet_chain: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestrator.config import Network

    monkeypatch.setattr(events, "MANY", 5)

    def nothing(ask: Any, method: str, params: Any) -> Any:
        answer = limited(4, "block range exceeds 4", [])(ask, method, params)
        return {**answer, "result": []} if method == "eth_getLogs" and "result" in answer else answer

    line.fault = nothing
    assert read(remote, quiet_chain) == []
    assert kept_file(settings)
    line.fault = None
    other = Chain(Network("remote", "http://honest.example"), line, settings.home)
    assert read(other, quiet_chain) == VALUES


def test_events__long_reading__is_told(
    remote: Chain,
    line: Line,
    quiet_chain: Contract,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(events, "SILENT", -1.0)
    line.fault = limited(50, "block range exceeds 50", [])
    with caplog.at_level(logging.WARNING):
        read(remote, quiet_chain)
    assert "reading events: 50 of 206 blocks, 50 at a time" in caplog.text
