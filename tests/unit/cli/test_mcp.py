"""`diln mcp`, asked by the protocol's own client, and the budget that holds for it."""

import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

pytest.importorskip("mcp", reason="needs mcp")

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters

from orchestrator.chain.budget import Budget, spending
from orchestrator.chain.outbox import Fees
from orchestrator.chain.pricing import signed_by
from orchestrator.cli import tools
from orchestrator.cli.dispatch import run
from orchestrator.errors import OverBudget, UsageError
from orchestrator.types import ZERO_ADDRESS, Wei
from tests.unit.cli.conftest import ROOT

TOKEN: Any = "0x" + "11" * 20


def asked(folder: Path, *options: str, of: Callable[[Client], Awaitable[Any]]) -> Any:
    """What `of` finds out from a server of its own in `folder`."""
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-c", "from orchestrator.cli import main; main()", "mcp", *options],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        cwd=folder,
    )

    async def talk() -> Any:
        async with Client(parameters) as client:
            return await of(client)

    return anyio.run(talk)


def told(answer: Any) -> Any:
    """An answer's JSON, and what a host shows of it."""
    [content] = answer.content
    value = json.loads(content.text)
    assert answer.is_error or answer.structured_content == {"result": value}
    return value


def test_reading__tools_and_answers__nothing_that_sends(tmp_path: Path) -> None:
    async def look(client: Client) -> Any:
        listed = (await client.list_tools()).tools
        return listed, [
            told(await client.call_tool("chain_show", {})),
            told(await client.call_tool("project_list", {})),
            told(await client.call_tool("log", {"project": "--all"})),
            told(await client.call_tool("log", {"home": "/"})),
            told(await client.call_tool("sum_add", {"reference": "walks"})),
        ]

    listed, [chain, failed, named, foreign, sends] = asked(tmp_path, of=look)
    assert {each.name for each in listed} == {
        each.replace(" ", "_").replace("-", "_") for each in tools.READING
    }
    assert all(each.annotations.read_only_hint and each.output_schema for each in listed)
    assert chain["network"] == "embedded"
    assert failed["error"] == named["error"] == "NotDeployed"
    assert (foreign["error"], sends["message"]) == ("UsageError", "there is no tool sum_add")


def test_sending__cap__holds_over_all_calls(tmp_path: Path) -> None:
    async def spend(client: Client) -> Any:
        listed = {each.name: each for each in (await client.list_tools()).tools}
        assert not listed["migrate"].annotations.read_only_hint
        assert not listed.keys() & {"sign", "keep", "account_new"}
        first = told(await client.call_tool("migrate", {"what": ["registry"]}))
        second = told(await client.call_tool("project_create", {"name": "dear"}))
        third = told(await client.call_tool("migrate", {"what": ["competition"]}))
        return first, second, third

    first, second, third = asked(tmp_path, "--allow-send", "--spend-at-most", "0.03ether", of=spend)
    assert first[0]["name"] == "ModelRegistry"
    assert set(second) == {"project", "transaction", "gas"}
    assert third["error"] == "OverBudget"
    assert "--spend-at-most" in third["hint"]


def test_tools__of_every_command__are_one_kind_or_known_as_none() -> None:
    everything = {name for name, _ in tools.commands()}
    assert everything >= tools.READING | tools.NEVER
    assert not tools.READING & tools.NEVER
    assert {each.command for each in tools.tools(changing=True).values()} == everything - tools.NEVER
    sending = {
        name for name, each in tools.commands() if {"calldata", "signer_url"} & {p.name for p in each.params}
    }
    assert not tools.READING & sending


def test_tools__that_look_again_and_again__look_once() -> None:
    """One that never ended would keep all others waiting."""
    for tool in tools.tools(changing=True).values():
        names = {each.name for each in tool.parameters}
        assert "interval" not in names or "once" in names, tool.command


def test_mcp__money_that_cannot_be_spent__usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["mcp", "--spend-at-most", "1ether"]) == 2
    assert "without --allow-send nothing is spent" in capsys.readouterr().err


def test_budget__reserved_settled_and_raised__counts_each_nonce_once() -> None:
    budget = Budget({ZERO_ADDRESS: 100})
    budget.reserve(ZERO_ADDRESS, 60, 1)
    budget.reserve(ZERO_ADDRESS, 90, 1)  # higher fees for the same nonce
    with pytest.raises(OverBudget, match="10 are left"):
        budget.reserve(ZERO_ADDRESS, 11, 2)
    with pytest.raises(OverBudget, match="of the token"):
        budget.reserve(TOKEN, 1, 3)
    budget.settle(ZERO_ADDRESS, 30, 1)
    assert budget.left() == 70
    budget.reserve(ZERO_ADDRESS, 70, 2)


def test_signing__more_than_the_budget__is_not_signed() -> None:
    class Never:
        address = TOKEN

        def sign_transaction(self, _: Any) -> bytes:
            raise AssertionError("was signed")

    call = {"value": 50, "gas": 10, "data": "0x"}
    with spending(Budget({ZERO_ADDRESS: 149})), pytest.raises(OverBudget):
        signed_by(Never(), call, 0, Fees(Wei(10), Wei(1)))  # type: ignore[arg-type]


def test_call__argument_that_is_none__usage_error() -> None:
    with pytest.raises(UsageError, match="takes no `sender`"):
        tools.tools()["log"].call({"sender": "mallory"}, {})
