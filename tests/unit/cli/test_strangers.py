"""
What strangers wrote, in every list of registry and storage, and every command that shows it
├── no command ends for it: names, reasons, labels that are not text, dirty padding, copies of others' hashes
├── nothing of it reaches a terminal as it is: control and bidirectional characters, newlines, markup
└── a revocation cannot be made to look like a model that holds
"""

import re
import unicodedata
from typing import Any

import pytest
from eth_abi.abi import encode
from web3 import Web3

from orchestrator.bindings.registry import Batch, ProjectCreated, Publication
from orchestrator.console.printing import out, print_error, print_facts, print_json, print_table
from orchestrator.errors import ChainError
from orchestrator.provenance import Status
from orchestrator.storage import open_storage
from tests.unit.pipeline.desk import PROJECT, Desk

NO_TEXT = b"\xff\xfe\x80\xc3("
TRICK = "x\x1b[1A\x1b[2K\x1b[8m\u202eevil\r\n[red]It holds.[/red]\x07\x9b\u2028\U000e0041"
NAMES = [NO_TEXT, TRICK.encode()[:64], b"\x00", b"[/]", PROJECT.encode()]


def calldata(signature: str, values: list[Any]) -> bytes:
    """A call whose strings are any bytes, with padding that is not zero."""
    types = signature[signature.index("(") + 1 : -1].replace("string", "bytes").split(",")
    encoded = encode(types, values)
    for value, kind in zip(values, types, strict=True):
        if kind == "bytes" and len(value) % 32 and value.strip(b"\0"):
            rest = 32 - len(value) % 32
            encoded = encoded.replace(value + bytes(rest), value + b"\xee" * rest)
    return bytes(Web3.keccak(text=signature))[:4] + encoded


def send_raw(desk: Desk, name: str, data: bytes) -> None:
    """Send calldata to the registry as it is, from the account of this name."""
    chain, account = desk.session.chain, desk.who(name)
    transaction = {
        "to": desk.session.registry.address,
        "data": data,
        "gas": 1_000_000,
        "nonce": chain.web3.eth.get_transaction_count(account.address),
        "maxFeePerGas": 5 * 10**9,
        "maxPriorityFeePerGas": 10**9,
        "chainId": chain.chain_id,
    }
    sent = chain.web3.eth.send_raw_transaction(account.sign_transaction(transaction))
    assert chain.web3.eth.get_transaction_receipt(sent)["status"] == 1


@pytest.fixture
def planted(desk: Desk, published: Any) -> Desk:
    """The poisoner (judy) has created projects, copied the model into them, and revoked it there."""
    registry = desk.session.registry
    contract, judy = registry.contract, desk.who("judy")
    for name in NAMES:
        create = calldata("createProject(string,address[],address[],uint8)", [name, [], [], 0])
        send_raw(desk, "judy", create)
    logs = registry.contract.logs(ProjectCreated)
    judys = bytes.fromhex(judy.address[2:])
    homes = [bytes(log["topics"][1]) for log in logs if bytes(log["topics"][2])[12:] == judys]
    assert len(homes) == len(NAMES)
    for home, reason in zip(homes, (NO_TEXT, TRICK.encode()), strict=False):
        copied = (home, published.artifact_hash, published.manifest_digest, 0, bytes(32), [], True)
        desk.session.chain.send(contract.publish(Publication(*copied), []), judy)
        revoke = calldata("revoke(bytes32,bytes32,string)", [home, published.artifact_hash, reason])
        send_raw(desk, "judy", revoke)
        batch = (bytes(31) + b"\7", 1, b"\x1b[2J\xff\x9b".ljust(16, b"\0"), 0, bytes(32))
        desk.session.chain.send(contract.anchor_batch(home, Batch(*batch)), judy)
    with open_storage(desk.settings) as store:
        cid = store.put(b"pinned").cid
        store._table._db.execute("INSERT INTO waiting VALUES ('a mirror', ?, 'pin', ?)", (cid, TRICK))  # type: ignore[attr-defined]
    (desk.settings.keystore_dir).mkdir(parents=True, exist_ok=True)
    (desk.settings.keystore_dir / "broken.json").write_text("{")
    (desk.settings.keystore_dir / "broken.json").chmod(0o600)
    desk.settings.keystore_dir.chmod(0o700)
    return desk


def assert_harmless(text: str) -> None:
    """What a terminal prints and never obeys."""
    bad = {char for char in text if char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")}
    assert not bad, (sorted(map(hex, map(ord, bad))), text)


COMMANDS = (
    "project list",
    "project list --all",
    "project show alice/flowers",
    "log flowers",
    "log flowers --all",
    "log judy/flowers",
    "lineage flowers",
    "verify flowers",
    "verify latest",
    "verify {model} --project alice/flowers",
    "verify {hash}",
    "predict flowers row.csv",
    "predict flowers@1 row.csv",
    "diff latest flowers@1",
    "publish",
    "mark flowers@1 deprecated",
    "anchor-log flowers",
    "pin ls",
    "pin ls --all",
    "account list",
    "chain show",
    "project create another",
)


@pytest.mark.parametrize("form", ["for people", "--json"])
def test_command__among_what_strangers_wrote__goes_on_unharmed(planted, published, diln, form):
    for command in COMMANDS:
        named = command.format(model=planted.run.model, hash=published.artifact_hash.hex()).split()
        more = ["--json"] if form == "--json" and "mark" not in command else []  # `mark` has no such form
        said = diln(*named, *more)
        assert said.code == 0, (command, said.err + said.out)
        assert_harmless(said.out)
        assert_harmless(said.err)


def test_doctor__among_what_strangers_wrote__tells_of_the_keystore_and_the_queue_alone(planted, diln):
    said = diln("doctor")
    assert re.findall(r"^BAD  (\w+):", said.out, re.MULTILINE) == ["keystores", "storage"]
    assert_harmless(said.out)


def test_verify__copies_that_were_revoked__says_so_first_and_shows_no_trick(planted, diln):
    said = diln("verify", planted.run.model)
    assert said.code == 1
    [headline] = [line for line in said.out.splitlines() if line.startswith("BAD")]
    assert headline.startswith("BAD project: It was revoked: 3 projects have these bytes")
    assert r"\x1b[1A\x1b[2K\x1b[8m\u202eevil\x0d\x0a[red]It holds.[/red]\x07\x9b\u2028\U000e0041" in headline
    assert "\ufffd" in headline
    assert said.out.splitlines()[-1] == "It does not hold. Do not use it."
    assert "It holds." not in said.out.splitlines()
    assert_harmless(said.out)


def test_verify__revoked_with_a_trick_by_its_owner__does_not_hold(planted, published, diln):
    registry, alice = planted.session.registry, planted.who("alice")
    function = registry.contract.revoke(published.project_id, published.artifact_hash, TRICK)
    planted.session.chain.send(function, alice)
    assert registry.status_of(published.id) is Status.REVOKED
    for arguments in (["verify", planted.run.model, "--project", "alice/flowers"], ["log", "flowers"]):
        said = diln(*arguments)
        assert_harmless(said.out)
        assert "[red]It holds.[/red]" in said.out
        assert "It holds." not in said.out.splitlines()


@pytest.mark.parametrize(
    "show",
    [
        lambda: print_table([TRICK, "b"], [[TRICK, TRICK], ["1", "2"]]),
        lambda: print_facts({TRICK: TRICK, "list": [TRICK, TRICK]}),
        lambda: print_error(ChainError(TRICK, TRICK)),
        lambda: print_error(ChainError(TRICK, TRICK), as_json=True),
        lambda: print_json({TRICK: [TRICK + "\x7f"]}),
        lambda: out.print(TRICK),
        lambda: out.print(TRICK, style="bold"),
    ],
    ids=["table", "facts", "error", "error as JSON", "JSON", "line", "styled line"],
)
def test_print__what_a_stranger_wrote__is_shown(show, capsys):
    show()
    said = capsys.readouterr()
    assert "evil" in said.out + said.err
    assert_harmless(said.out + said.err)
    assert not [line for line in (said.out + said.err).splitlines() if line.startswith(("[red]", "It holds"))]


def test_print__tree_and_warning_of_a_stranger__are_shown(capsys, monkeypatch):
    import logging

    from rich.tree import Tree

    tree = Tree(TRICK)
    tree.add(TRICK)
    out.print(tree)
    logging.lastResort.handle(logging.LogRecord("x", logging.WARNING, "", 0, "%s", (TRICK,), None))
    said = capsys.readouterr()
    assert "[red]It holds.[/red]" in said.out
    assert_harmless(said.out + said.err)
