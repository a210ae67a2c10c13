"""
Commands off this machine's chains
├── reading names no sender, and asks for none
├── sending does
├── --calldata: what a Safe would send, on every command that sends
├── --signer: a key that is elsewhere
└── what is signed is shown, and what accounts have
"""

import pytest

from orchestrator.chain.development import ADDRESSES
from orchestrator.config import DEFAULT_SENDER, Network, load_settings
from orchestrator.kernel.money import ETHER
from tests.unit.chain.signers import FakeSigner, served
from tests.unit.pipeline.desk import PROJECT

TEXTS = "text,label\n" + 20 * "a market crowd,city\na deer in the wood,nature\na tram,city\na river,nature\n"


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chain counts as one of another machine, where nobody is `alice` by default."""
    monkeypatch.setattr(Network, "local", False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["project", "list"],
        ["project", "show", PROJECT],
        ["log", PROJECT],
        ["lineage", f"{PROJECT}@1"],
        ["diff", f"{PROJECT}@1", f"{PROJECT}@1"],
        ["verify", f"{PROJECT}@1"],
        ["predict", PROJECT, "row.csv"],
        ["chain", "show"],
        ["account", "list"],
    ],
)
@pytest.mark.usefixtures("published", "far")
def test_command__reads_only__asks_for_no_sender(diln, arguments):
    said = diln(*arguments)
    assert (said.code, said.err) == (0, "")


@pytest.mark.usefixtures("published")
def test_sum_show__far_from_here__asks_for_no_sender(diln, desk, monkeypatch):
    (desk.folder / "walks.csv").write_text(TEXTS)
    assert diln("migrate", "sum", "market").code == 0
    created = diln("sum", "create", "walks", "--csv", "walks.csv", "--text-column", "text")
    assert created.code == 0, created.err
    assert diln("sum", "show", "walks", "--json").json["your_balance"] == ETHER.json(0)
    monkeypatch.setattr(Network, "local", False)
    shown = diln("sum", "show", "walks", "--json")
    assert shown.code == 0
    assert shown.json["your_balance"] is None
    assert diln("sum", "list").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["migrate"],
        ["project", "create", "garden"],
        ["mark", f"{PROJECT}@1", "revoked"],
        ["anchor-log", PROJECT],
    ],
)
@pytest.mark.usefixtures("published", "far")
def test_command__sends__asks_for_a_sender(diln, arguments):
    said = diln(*arguments)
    assert said.code == 2
    assert "no sender was named" in said.err


@pytest.mark.parametrize(
    ("name", "sender"),
    [
        ("embedded", DEFAULT_SENDER),
        ("development", DEFAULT_SENDER),
        ("http://[::1]:8599", DEFAULT_SENDER),
        ("https://a.example", None),
    ],
)
def test_sender__nobody_named__is_alice_on_the_chains_of_this_machine(name, sender):
    assert load_settings(network=name, environ={}).sender == sender
    assert load_settings(network=name, account="lab", environ={}).sender == "lab"


@pytest.mark.parametrize(
    "arguments",
    [
        ["project", "create", "garden"],
        ["project", "transfer", PROJECT, "--to", "bob"],
        ["mark", f"{PROJECT}@1", "revoked", "--reason", "leaked"],
    ],
)
@pytest.mark.usefixtures("published")
def test_command__calldata__prints_what_others_may_send_and_sends_nothing(diln, desk, arguments):
    head = desk.session.chain.head()
    said = diln(*arguments, "--from", "alice", "--calldata")
    assert said.code == 0, said.err
    made = said.json
    assert (made["from"], made["to"]) == (ADDRESSES[0], desk.session.registry.address)
    assert made["value"] == "0"
    assert made["data"].startswith("0x")
    assert "nothing was sent" in said.err
    assert desk.session.chain.head().number == head.number
    assert diln(*arguments, "--from", "alice").code == 0  # not for the next command, too
    assert desk.session.chain.head().number == head.number + 1


@pytest.mark.usefixtures("published")
def test_command__calldata_of_an_address_without_a_key__is_made(diln, desk):
    said = diln("project", "create", "garden", "--from", "0x" + "5a" * 20, "--calldata")
    assert said.json["from"].lower() == "0x" + "5a" * 20


def test_command__signer__signs_and_sends(diln, desk):
    signer = FakeSigner()
    with served(signer) as url:
        said = diln("project", "create", "garden", "--signer", url)
        assert said.code == 0, said.err
        listed = diln("account", "list", "--signer", url, "--json").json
    assert "eth_signTransaction" in [method for method, _ in signer.asked]
    assert diln("project", "show", f"{ADDRESSES[0]}/garden", "--json").json["owner"] == ADDRESSES[0]
    assert [each["address"] for each in listed].count(ADDRESSES[0]) == 2


@pytest.mark.parametrize("arguments", [["log", PROJECT], ["chain", "show"], ["sign", "latest"]])
def test_command__sends_nothing__knows_no_calldata(diln, arguments):
    said = diln(*arguments, "--calldata")
    assert said.code == 2
    assert "No such option" in said.err


def test_sign__people__see_what_is_signed(diln):
    assert diln("project", "create", PROJECT).code == 0
    said = diln("sign", "latest")
    assert "alice signs " in said.err
    assert "verifyingContract" in said.err
    assert diln("sign", "latest", "--json").err == ""


def test_account_list__node_answers__tells_what_they_have(diln, desk):
    listed = diln("account", "list", "--json").json
    assert listed[0]["balance"] == ETHER.json(desk.session.chain.balance(ADDRESSES[0]))
    assert " ether" in diln("account", "list").out
    assert "balance" not in diln("account", "list", "--offline", "--json").json[0]


def test_account_list__nobody_answers__lists_them_all_the_same(diln):
    said = diln("account", "list", "--rpc-url", "http://127.0.0.1:1")
    assert said.code == 0
    assert ADDRESSES[0] in said.out
    assert "balances are not shown" in said.err


@pytest.mark.usefixtures("published")
def test_transfer__address_of_the_new_owner_is_mistyped__sends_nothing(diln, desk):
    head = desk.session.chain.head().number
    wrong = ADDRESSES[1][:-1] + ("d" if ADDRESSES[1][-1] != "d" else "e")
    for given in (wrong, ADDRESSES[1].lower()):
        said = diln("project", "transfer", PROJECT, "--to", given)
        assert said.code == 2
        assert "checksum" in said.err
    assert desk.session.chain.head().number == head
