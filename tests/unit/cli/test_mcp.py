"""`diln mcp`, asked by the protocol's own client, and the budget that holds for it."""

import json
import os
import sys
import tomllib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import typer

pytest.importorskip("mcp", reason="needs mcp")

from eth_account import Account
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters

from orchestrator.chain.budget import Budget, at_play, current, reserved, spending, tokens_in
from orchestrator.chain.outbox import Fees
from orchestrator.chain.pricing import signed_by
from orchestrator.cli import dispatch, tools
from orchestrator.cli.dispatch import run
from orchestrator.cli.host import mcp
from orchestrator.config import load_settings
from orchestrator.errors import AccountError, DataError, DilnError, OverBudget, UsageError
from orchestrator.kernel.money import Currency
from orchestrator.kernel.scenarios import read_scenario
from orchestrator.learning.inspection import inspect
from orchestrator.models.online.training import read_table
from orchestrator.systems.federation import demo
from orchestrator.systems.federation.aligning import align
from orchestrator.systems.market.simulation.scenario import MarketScenario
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
            told(await client.call_tool("sum_add", {"model": "walks"})),
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


def test_budget__signed_settled_and_raised__counts_each_nonce_once_by_the_dearest() -> None:
    budget, call = Budget({ZERO_ADDRESS: 100}), {"chainId": 1, "value": 50}
    budget.sign(TOKEN, 1, call, 10)
    budget.sign(TOKEN, 1, call, 20)  # higher fees for the same nonce
    with pytest.raises(OverBudget, match="30 may still be spent"):
        budget.sign(TOKEN, 2, call, 0)
    with pytest.raises(OverBudget, match="30 may still be spent"):
        budget.sign(TOKEN, 1, {**call, "chainId": 2}, 0)  # both can be mined
    with pytest.raises(OverBudget, match="of the token"):
        budget.reserve(TOKEN, 1, 3)
    budget.settle(1, TOKEN, 1, 51)  # by the node's word
    assert budget.left() == 30
    budget.settle(1, TOKEN, 1, 90)
    assert budget.left() == 10


def test_at_play__steps__spend_nothing_of_the_budget() -> None:
    def story() -> Iterator[Budget | None]:
        yield current()
        yield current()

    with spending(Budget({})) as budget:
        found = [(step, current()) for step in at_play(story())]
    assert found == [(None, budget)] * 2


def test_federation_demo__on_a_chain_of_its_own__spends_nothing_of_the_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def play(session: Any, folder: Path) -> Iterator[Any]:
        yield current(), session.chain.network.embedded

    monkeypatch.setattr(demo, "_play", play)
    with spending(Budget({})):
        assert list(demo.demo(load_settings(home=tmp_path, environ={}), tmp_path)) == [(None, True)]


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


@pytest.mark.parametrize(
    ("data", "amount"),
    [
        ("0x", 0),
        (b"", 0),
        ("0x095ea7b3" + "00" * 12 + "22" * 20 + f"{7:064x}", 7),  # approve
        (bytes.fromhex("a9059cbb" + "00" * 12 + "22" * 20 + f"{7:064x}"), 7),  # transfer
        ("0x23b872dd" + "11" * 32 + "22" * 32 + f"{7:064x}", 7),  # transferFrom
        ("0x39509351" + "22" * 32 + f"{7:064x}", 7),  # increaseAllowance
        ("0x095ea7b3" + "22" * 32 + "07", 7 << 248),  # read as the chain reads it: zeros follow
        ("0xa22cb465" + "22" * 32 + f"{1:064x}", 2**256 - 1),  # setApprovalForAll
        ("0x12345678" + f"{7:064x}" * 3, 0),
    ],
)
def test_tokens_in__calls__say_what_they_let_go(data: Any, amount: int) -> None:
    assert tokens_in(data) == amount


def test_signing__tokens__count_where_they_are_signed() -> None:
    class Anybody:
        address = "0x" + "22" * 20

        def sign_transaction(self, _: Any) -> bytes:
            signed: bytes = Account.create().sign_transaction(
                {"nonce": 0, "gas": 10, "gasPrice": 10, "to": TOKEN, "value": 0, "chainId": 1}
            )["raw_transaction"]
            return signed

    def send(nonce: int, amount: int) -> None:
        data = "0xa9059cbb" + "00" * 12 + "33" * 20 + f"{amount:064x}"
        call = {"value": 0, "gas": 10, "to": TOKEN, "data": data}
        signed_by(Anybody(), call, nonce, Fees(Wei(10), Wei(1)))  # type: ignore[arg-type]

    with spending(Budget({ZERO_ADDRESS: 1000, TOKEN: 10})) as _:
        send(0, 6)
        send(0, 6)  # for more of a fee
        with pytest.raises(OverBudget, match="4 may still be spent"):
            send(1, 5)
        send(1, 4)
        with reserved(TOKEN, 9):
            send(2, 9)
            with pytest.raises(OverBudget):
                send(3, 8)


def test_spend_at_most__of_ether_and_tokens__are_read_with_their_decimals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coin = Currency(TOKEN, "coin", 6)
    monkeypatch.setattr(mcp.money, "read_currency", lambda chain, token: coin)
    settings = load_settings(home=tmp_path, environ={})
    made = mcp._budget(settings, ["0.5", f"100:{TOKEN}"], allow_send=True)
    assert (made.left(), made.left(TOKEN)) == (5 * 10**17, 100 * 10**6)
    assert mcp._budget(settings, ["1ether", "3wei"], allow_send=True).left() == 3
    with pytest.raises(UsageError, match="not an amount of coin"):
        mcp._budget(settings, [f"0.0000001:{TOKEN}"], allow_send=True)
    with pytest.raises(UsageError, match="nothing is spent"):
        mcp._budget(settings, [f"1:{TOKEN}"], allow_send=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with state, secrets and links in it, and something beside it."""
    here = tmp_path / "here"
    secrets = ("../beside.csv", ".diln/keystore/lab.json", ".env", "brownie-config.yaml", "sub/.git/config")
    for name in (*secrets, "UTC--2026-lab", "data.csv"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text("KEY=1234\n")
    (here / "brownie-config.yaml").write_text("{}")
    (here / "link.csv").symlink_to(tmp_path / "beside.csv")
    (here / "linked").symlink_to(tmp_path)
    monkeypatch.chdir(here)
    return here


NOT_FOR_TOOLS = (
    "../beside.csv",
    "..",
    ".",
    "",
    "/etc/passwd",
    "/dev/stdin",
    ".diln",
    ".diln/keystore/lab.json",
    "sub/../.diln/new.json",
    ".DILN/keystore/lab.json",
    ".bashrc",
    ".env",
    "brownie-config.yaml",
    "UTC--2026-lab",
    "keystore/lab.json",
    "link.csv",
    "linked/beside.csv",
    "linked/new.csv",
    "sub",
    "a\0b",
    "\ud800",
)


@pytest.mark.parametrize("named", NOT_FOR_TOOLS)
def test_files__outside_or_secret__are_refused_as_every_path(folder: Path, named: str) -> None:
    tried = 0
    for tool in tools.tools(changing=True).values():
        for each in tool._own():
            if tools._one_of(each.type_descriptor.annotation) is Path and str(each.default) != named:
                value = (
                    [named] if tool.takes["properties"][tool.names[each.name]]["type"] == "array" else named
                )
                with pytest.raises(UsageError, match=r"is not for tools|names no file"):
                    tool.call({each.name: value}, {})
                tried += 1
    assert tried > 50


def test_files__named_by_texts_that_may_be_files__are_refused(folder: Path) -> None:
    made = tools.tools(changing=True)
    for named in (".env", "../beside.csv", "link.csv", ".diln/keystore/lab.json", ".", ""):
        for name, given in (
            ("verify", {"file": ["data.csv", named]}),
            ("diff", {"a": named, "b": named}),
            ("lineage", {"model": named}),
            ("publish", {"run": named}),
            ("describe", {"path": "data.csv", "data": [named]}),
            ("market_create", {"name": "m", "test": "data.csv", "bounty": "1", "model": named}),
            ("market_simulate", {"name": named}),
        ):
            with pytest.raises(UsageError, match="is not for tools"):
                made[name].call(given, {})


def test_arguments__as_the_command_line_calls_them__and_errors_too(folder: Path) -> None:
    made = tools.tools(changing=True)
    assert list(made["sum_show"].takes["properties"]) == ["model", "encoder"]
    assert "max_price" in made["sum_add"].takes["properties"]
    with pytest.raises(UsageError, match="takes no `nonsense`") as refused:
        made["verify"].call({"nonsense": 1}, {})
    assert refused.value.hint.startswith("It takes file, ")
    with pytest.raises(DilnError) as refused:
        made["sum_predict"].call({"model": "walks", "text": "a", "features": "1"}, {})
    assert "--" not in refused.value.message


def test_files__below_the_folder__are_taken(folder: Path) -> None:
    made = tools.tools(changing=True)
    done = made["pin_add"].call({"path": "data.csv"}, {})
    assert made["pin_get"].call({"cid": done["cid"], "dest": "sub/new.csv"}, {})["file"] == "sub/new.csv"
    with pytest.raises(UsageError, match="is not for tools"):
        made["pin_add"].call({"path": "data.csv"}, {"home": str(folder)})
    with pytest.raises(DilnError):
        made["pin_get"].call({"cid": "../written", "dest": "."}, {})
    assert not (folder.parent / "written").exists()


@pytest.mark.parametrize(
    "secret",
    ['{"crypto": {"cipher": "aes"}}', "AGE-SECRET-KEY-1" + "Q" * 58, "TOKEN=sk-1234", "0123abcd" * 8],
)
def test_hints__of_a_file_that_is_no_table__tell_no_secret(folder: Path, secret: str) -> None:
    file = folder / "data.csv"
    file.write_text(f"{secret}\n")
    for look in (
        lambda: read_table(file, "text", None),
        lambda: inspect(folder, file="data.csv", target="y"),
        lambda: align(folder, file, [], 2, folder, "name"),
    ):
        with pytest.raises((DataError, UsageError)) as refused:
            look()
        assert secret[:12] not in f"{refused.value.message} {refused.value.hint}"
    file.write_text("text,label (old),0123,KEY=1\n")
    with pytest.raises(DataError) as told:
        read_table(file, "x", None)
    assert told.value.hint == "It has text, label (old) and 2 more."


def test_init__any_name__is_a_text_in_the_spec(folder: Path) -> None:
    name = 'x"\ntouch pwned\n# "\\'
    tools.tools(changing=True)["init"].call({"dataset": "iris", "name": name, "spec": "made.toml"}, {})
    assert tomllib.loads((folder / "made.toml").read_text())["project"]["name"] == name


def test_scenario__by_a_way_out_of_those_that_ship__is_none(tmp_path: Path) -> None:
    (tmp_path / "shipped").mkdir()
    (tmp_path / "secret.toml").write_text("key = 1")
    with pytest.raises(DilnError, match="there is no scenario"):
        read_scenario(MarketScenario, "../secret", tmp_path / "shipped", "the page")


def test_tools__what_gives_away_runs_an_app_or_signs_for_others__is_not_offered() -> None:
    made = tools.tools(changing=True)
    assert not made.keys() & {"project_members", "project_transfer", "federation_first_model", "sign"}
    taken = {name for tool in made.values() for name in tool.takes["properties"]}
    assert not taken & {"signer", "signer_url", "calldata", "engine", "address", "sender", "network"}
    with pytest.raises(UsageError, match="takes no `signer`"):
        made["mark"].call({"model": "p@1", "status": "deployable", "signer": ["bob"]}, {})


def test_call__command_that_is_ended__fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(_: Any) -> int:
        raise typer.Abort

    monkeypatch.setattr(dispatch, "_run", ends)
    with pytest.raises(UsageError, match="ended before it was done"):
        tools.tools()["log"].call({}, {})


def test_fixed__network_with_a_name__keeps_what_is_known_of_it(folder: Path) -> None:
    node = "http://127.0.0.1:9/secret"
    known = {"url": node, "chain_id": 1, "genesis": "0x" + "11" * 32, "confirmations": 5, "timeout": 7.0}
    (folder / "brownie-config.yaml").write_text(json.dumps({"diln": {"networks": {"mine": known}}}))
    for name in ("mine", "embedded", node):
        settings = load_settings(network=name, account="bob", environ={})
        given = mcp.fixed(settings)
        assert load_settings(network=given["network"], environ={}).network == settings.network
        assert given["sender"] == "bob"


def test_calldata_and_signer__given_to_the_server__hold_for_its_tools(folder: Path) -> None:
    assert run(["migrate", "registry", "--json"]) == 0

    async def create(client: Client) -> Any:
        return told(await client.call_tool("project_create", {"name": "one"}))

    sends = ("--allow-send", "--spend-at-most", "1ether")
    assert set(asked(folder, "--calldata", *sends, of=create)) == {"chainId", "from", "to", "value", "data"}
    signed = load_settings(signer="http://127.0.0.1:9", account="alice", environ={})
    with spending(Budget({ZERO_ADDRESS: 10**18})), pytest.raises(AccountError):
        tools.tools(changing=True)["project_create"].call({"name": "two"}, mcp.fixed(signed))
    assert tools.tools()["project_list"].call({}, mcp.fixed(signed)) == []
