"""
deployments and migrations
├── the proxy: brought once, by whoever needs it; never another contract in its place
├── a contract: at the same address for everybody, found without a file, deployed by one and used by all
├── what is chosen: jobs, contracts and what they need; with --fresh, contracts of one's own
├── killed: before sending, after sending, after mining: nothing is deployed twice
├── a restarted or reset chain: NotDeployed with what to do
└── records and migrations that are damaged: said plainly
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.chain import Account, Chain, Deployments, connect, delivery, load_artifact, migrate
from orchestrator.chain import artifact as artifacts
from orchestrator.chain import deployments as records
from orchestrator.chain import migrations as plans
from orchestrator.chain.deployments import ADDRESSES, fixed_addresses
from orchestrator.chain.deterministic import PROXY, PROXY_CODE, SALT, address_of
from orchestrator.chain.migrations import Plan, find_migrations, migrations_folder
from orchestrator.config import PUBLIC, Settings, load_settings
from orchestrator.errors import ChainError, NotDeployed, UsageError
from tests.evm import MOCKS
from tests.unit.chain.faults import Line, chain_behind, refusal

PROBE = "def migrate(deploy):\n    deploy('ChainProbe', 5)\n"
INNER = "def migrate(deploy):\n    deploy('ChainInner')\n"
LINKED = "def migrate(deploy):\n    deploy('ChainInner')\n    deploy('ChainProbe', 5, needs=['ChainInner'])\n"

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def mocks_are_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (plans, records):
        monkeypatch.setattr(module, "load_artifact", lambda name: load_artifact(name, MOCKS))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    folder = tmp_path / "migrations"
    folder.mkdir()

    def write(**files: str) -> Path:
        for name, content in files.items():
            (folder / f"{name}.py").write_text(content)
        return folder

    return write


def test_migrate__two_jobs__stand_where_the_plan_says(
    settings: Settings, chain: Chain, alice: Account, write: Write
) -> None:
    seen: list[tuple[int, int]] = []
    folder = write(m002_inner=INNER, m001_probe=PROBE, notes="raise AssertionError")
    deployed = migrate(
        settings, chain, alice, progress=lambda done, total: seen.append((done, total)), folder=folder
    )
    assert [each.name for each in deployed] == ["ChainProbe", "ChainInner"]
    probe = deployed[0]
    artifact = load_artifact("ChainProbe", MOCKS)
    assert probe.address == address_of(artifact.bytecode + (5).to_bytes(32, "big"), SALT)
    assert chain.receipt(probe.transaction)
    assert artifact.matches(chain.code(probe.address))
    assert seen == [(0, 2), (1, 2), (2, 2)]
    assert Deployments(settings, chain).get("ChainProbe") == probe.address
    assert chain.code(PROXY) == PROXY_CODE


def test_migrate__again__does_nothing(settings: Settings, chain: Chain, alice: Account, write: Write) -> None:
    folder = write(m001_probe=PROBE)
    first = migrate(settings, chain, alice, folder=folder)
    block = chain.head().number
    assert migrate(settings, chain, alice, folder=folder) == first
    assert chain.head().number == block


def test_migrate__by_another_person_in_another_folder__finds_the_same_and_sends_nothing(
    settings: Settings, chain: Chain, alice: Account, bob: Account, write: Write, tmp_path: Path
) -> None:
    folder = write(m001_probe=PROBE)
    [first] = migrate(settings, chain, alice, folder=folder)
    chain.mine(3)
    block = chain.head().number
    elsewhere = load_settings(home=tmp_path / "elsewhere", environ={})
    [second] = migrate(elsewhere, chain, bob, folder=folder)
    assert (second.address, second.block, second.code_hash) == (first.address, first.block, first.code_hash)
    assert chain.head().number == block


def test_entry__deployed_by_somebody_else__is_found_without_a_file(
    settings: Settings,
    chain: Chain,
    alice: Account,
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [first] = migrate(settings, chain, alice, folder=write(m001_probe=PROBE))
    monkeypatch.setattr(records, "fixed_addresses", lambda: {"ChainProbe": first.address})
    elsewhere = Deployments(load_settings(home=tmp_path / "elsewhere", environ={}), chain)
    assert elsewhere.entry("ChainProbe").block == first.block
    assert elsewhere.path.is_file()  # so that the next look asks the node once
    assert [each.name for each in elsewhere.list()] == ["ChainProbe"]


def test_entry__other_code_at_the_address__is_not_taken(
    settings: Settings, chain: Chain, alice: Account, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    [inner] = migrate(settings, chain, alice, folder=write(m001_inner=INNER))
    monkeypatch.setattr(records, "fixed_addresses", lambda: {"ChainProbe": inner.address})
    with pytest.raises(NotDeployed, match="ChainProbe is not deployed"):
        Deployments(settings, chain).get("ChainProbe")


@pytest.fixture
def shipped(
    settings: Settings,
    chain: Chain,
    alice: Account,
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A record of a probe, as the package ships it, and a few blocks after the probe."""
    [probe] = migrate(settings, chain, alice, folder=write(m001_probe=PROBE))
    monkeypatch.setattr(records, "fixed_addresses", lambda: {"ChainProbe": probe.address})
    chain.advance(1)
    file = tmp_path / "shipped" / f"{chain.chain_id}.json"
    file.parent.mkdir()
    assert Deployments(settings, chain).publish([replace(probe, transaction="")], file) == (probe,)
    return file


def from_elsewhere(chain: Chain, shipped: Path) -> Deployments:
    """As another person with this package sees the chain."""
    home = shipped.parents[1] / "elsewhere"
    return Deployments(load_settings(home=home, environ={}), chain, shipped.parent)


def no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Deployments, "_first_block", lambda *_: pytest.fail("old states were asked for"))


def test_publish__what_stands__says_chain_salt_and_transactions(
    settings: Settings, chain: Chain, shipped: Path
) -> None:
    content = json.loads(shipped.read_text())
    assert content.pop("commit") is None or len(content) == 6
    probe = Deployments(settings, chain).entry("ChainProbe")
    assert content == {
        "chainId": chain.chain_id,
        "genesis": chain.genesis_hash,
        "name": "embedded",
        "rpc": None,
        "salt": f"0x{SALT.hex()}",
        "contracts": {"ChainProbe": vars(probe)},
    }


def test_publish__package_installed_within_another_repository__names_no_commit(
    settings: Settings, chain: Chain, shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    installed = tmp_path / "site-packages" / "orchestrator" / "deployments"
    installed.mkdir(parents=True)
    (tmp_path / ".gitignore").write_text("*\n")
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "of somebody's project"]):
        subprocess.run([*git, *words], check=True)
    monkeypatch.setattr(records, "PUBLIC", installed)
    known = Deployments(settings, chain)
    known.publish([known.entry("ChainProbe")], shipped)
    assert json.loads(shipped.read_text())["commit"] is None


def test_publish__record_ships__keeps_its_node_and_other_contracts(
    settings: Settings, chain: Chain, shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Deployments(settings, chain)
    probe = known.entry("ChainProbe")
    content = json.loads(shipped.read_text()) | {"name": "ours", "rpc": "https://node.example"}
    other = vars(replace(probe, name="Other", address=PROXY))
    stale = vars(replace(probe, name="Stale", address=PROXY))
    content["contracts"] = {"Other": other, "Stale": stale}
    shipped.write_text(json.dumps(content))
    usual = {"ChainProbe": probe.address, "Other": PROXY, "Stale": probe.address}
    monkeypatch.setattr(records, "fixed_addresses", lambda: usual)
    dest = shipped.with_name("new.json")
    assert Deployments(settings, chain, shipped.parent).publish([probe], dest) == (probe,)
    written = json.loads(dest.read_text())
    assert (written["name"], written["rpc"]) == ("ours", "https://node.example")
    bare = {"name": "Stale", "address": probe.address, "block": None, "code_hash": None, "transaction": None}
    assert written["contracts"] == {"ChainProbe": vars(probe), "Other": other, "Stale": bare}


def test_refresh_records__new_addresses__drop_what_was_deployed_at_others(
    shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = json.loads(shipped.read_text()) | {"commit": "ab" * 20}
    shipped.write_text(json.dumps(content))
    records.refresh_records(shipped.parent)
    assert json.loads(shipped.read_text()) == content, "nothing changed"
    monkeypatch.setattr(records, "fixed_addresses", lambda: {"ChainProbe": PROXY})
    records.refresh_records(shipped.parent)
    bare = {"name": "ChainProbe", "address": PROXY, "block": None, "code_hash": None, "transaction": None}
    assert json.loads(shipped.read_text()) == content | {"commit": None, "contracts": {"ChainProbe": bare}}


def test_entry__shipped_record_without_a_transaction__is_no_deployment(
    settings: Settings, chain: Chain, shipped: Path
) -> None:
    content = json.loads(shipped.read_text())
    told = content["contracts"]["ChainProbe"]
    told |= {"block": None, "code_hash": None, "transaction": None}
    shipped.write_text(json.dumps(content))
    found = from_elsewhere(chain, shipped).entry("ChainProbe")
    assert found == replace(Deployments(settings, chain).entry("ChainProbe"), transaction="")


def test_entry__shipped_record_of_what_stands_nowhere__is_not_deployed(
    chain: Chain, shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "fixed_addresses", lambda: {"ChainProbe": "0x" + "77" * 20})
    records.refresh_records(shipped.parent)
    elsewhere = from_elsewhere(chain, shipped)
    with pytest.raises(NotDeployed):
        elsewhere.entry("ChainProbe")
    assert elsewhere.list() == []


@pytest.mark.parametrize("path", sorted(PUBLIC.glob("*.json")), ids=lambda path: path.stem)
def test_shipped__each_record__has_this_release_s_addresses_and_claims_no_more(
    path: Path, tmp_path: Path
) -> None:
    content = json.loads(path.read_text())
    assert path.name == f"{content['chainId']}.json"
    assert re.fullmatch("0x[0-9a-f]{64}", content["genesis"])
    assert re.fullmatch(r"https://[a-z.-]+", content["rpc"]), "no key"
    told = content["contracts"].values()
    assert {each["name"]: each["address"] for each in told} == dict(fixed_addresses())
    for each in told:
        unknown = [each[key] is None for key in ("block", "code_hash", "transaction")]
        assert all(unknown) or not any(unknown)
    (tmp_path / path.name).write_text(path.read_text())
    records.refresh_records(tmp_path)
    assert (tmp_path / path.name).read_text() == path.read_text(), "run `diln compile`"


def test_publish__of_this_folder_alone_or_without_its_transaction__is_refused(
    settings: Settings, chain: Chain, alice: Account, shipped: Path
) -> None:
    known = Deployments(settings, chain)
    probe = known.entry("ChainProbe")
    with pytest.raises(UsageError, match="is this folder's own"):
        known.publish([replace(probe, address=PROXY)], shipped)
    with pytest.raises(ChainError, match="no transaction of block"):
        known.publish([replace(probe, block=probe.block - 1, transaction="")], shipped)


def test_entry__shipped_record__tells_where_events_begin(
    settings: Settings, chain: Chain, shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_search(monkeypatch)
    elsewhere = from_elsewhere(chain, shipped)
    assert elsewhere.entry("ChainProbe") == Deployments(settings, chain).entry("ChainProbe")


@pytest.mark.parametrize(
    "lie",
    [
        {"block": 10**6},
        {"block": 0},
        {"transaction": "0x" + "ab" * 32},
        {"transaction": "nonsense"},
        {"transaction": ""},
        {"code_hash": "0x" + "ab" * 32, "transaction": ""},
        {"code_hash": "0x" + "ab" * 32},
        {"name": "ModelRegistry"},
        {"block": "as a float"},
        {"address": PROXY},
    ],
)
def test_entry__shipped_record_that_lies__is_not_believed(
    settings: Settings, chain: Chain, shipped: Path, lie: dict[str, object]
) -> None:
    content = json.loads(shipped.read_text())
    told = content["contracts"]["ChainProbe"]
    told |= {"block": float(told["block"])} if lie == {"block": "as a float"} else lie
    shipped.write_text(json.dumps(content))
    true = Deployments(settings, chain).entry("ChainProbe")
    found = from_elsewhere(chain, shipped).entry("ChainProbe")
    assert replace(found, transaction="") == replace(true, transaction="")
    assert type(found.block) is int


def test_migrate__fresh__is_of_this_folder_alone(
    settings: Settings, chain: Chain, alice: Account, bob: Account, write: Write, tmp_path: Path
) -> None:
    folder = write(m001_linked=LINKED)
    usual = migrate(settings, chain, alice, folder=folder)
    own = migrate(settings, chain, alice, folder=folder, fresh=True)
    assert not {each.address for each in own} & {each.address for each in usual}
    assert Deployments(settings, chain).get("ChainProbe") == own[1].address
    elsewhere = load_settings(home=tmp_path / "elsewhere", environ={})
    found = migrate(elsewhere, chain, bob, folder=folder)
    assert [each.address for each in found] == [each.address for each in usual]


def test_choose__a_contract__brings_what_it_needs(write: Write) -> None:
    plan = Plan(write(m001_linked=LINKED))
    assert [each.name for each in plan.choose(["ChainProbe"])] == ["ChainInner", "ChainProbe"]
    assert [each.name for each in plan.choose(["ChainInner"])] == ["ChainInner"]
    assert [each.name for each in plan.choose(["linked"])] == ["ChainInner", "ChainProbe"]


def test_choose__nothing_of_that_name__lists_what_there_is(write: Write) -> None:
    with pytest.raises(UsageError, match="nothing is named `nonsense`") as caught:
        Plan(write(m001_linked=LINKED)).choose(["nonsense"])
    assert "linked" in caught.value.hint


def test_bring_proxy__something_else_stands_there__is_refused(
    settings: Settings, line: Line, alice: Account, write: Write
) -> None:
    chain = chain_behind(line, settings.home)

    def other(ask: Any, method: str, params: Any) -> Any:
        answer = ask(method, params)
        if method == "eth_getCode" and params[0].lower() == PROXY.lower():
            answer["result"] = "0x6000"
        return answer

    line.fault = other
    with pytest.raises(ChainError, match="is not the deployment proxy"):
        migrate(settings, chain, alice, folder=write(m001_probe=PROBE))


@pytest.mark.parametrize("known", [False, True])  # whether somebody else handed it in before
def test_bring_proxy__mined_only_after_a_while__is_waited_for(
    settings: Settings,
    line: Line,
    alice: Account,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    known: bool,
) -> None:
    monkeypatch.setattr(delivery, "PAUSE", 0.001)
    chain, alice.known_to_all = chain_behind(line, settings.home), False
    sent, looks = 0, 0

    def slow(ask: Any, method: str, params: Any) -> Any:
        nonlocal sent, looks
        answer = ask(method, params)
        sent += method == "eth_sendRawTransaction"
        if method == "eth_sendRawTransaction" and sent == 2 and known:
            return refusal("already known")
        if method == "eth_getCode" and params[0].lower() == PROXY.lower() and sent == 2 and looks < 5:
            looks += 1
            answer["result"] = "0x"
        return answer

    line.fault = slow
    [deployed] = migrate(settings, chain, alice, folder=write(m001_probe=PROBE))
    assert (looks, chain.code(PROXY)) == (5, PROXY_CODE)
    assert chain.code(deployed.address)


def test_bring_proxy__never_mined__says_so(
    settings: Settings, line: Line, alice: Account, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "PAUSE", 0.001)
    chain, alice.known_to_all = chain_behind(line, settings.home), False
    deadline = 5.0

    def never(ask: Any, method: str, params: Any) -> Any:
        answer = ask(method, params)
        if method == "eth_getCode" and params[0].lower() == PROXY.lower():
            monkeypatch.setattr(delivery, "LONGEST_WAIT", -1.0)
            answer["result"] = "0x"
        else:
            monkeypatch.setattr(delivery, "LONGEST_WAIT", deadline)
        return answer

    line.fault = never
    with pytest.raises(ChainError, match="makes the deployment proxy, is not mined yet"):
        migrate(settings, chain, alice, folder=write(m001_probe=PROBE))


class Killed(BaseException):
    """Stands for kill -9: nothing catches it."""


def kill(*_: object, **__: object) -> None:
    raise Killed


def test_migrate__killed_before_it_is_recorded__goes_on_and_deploys_once(
    settings: Settings, chain: Chain, alice: Account, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(m001_probe=PROBE)
    with monkeypatch.context() as patched:
        patched.setattr(Deployments, "record", kill)
        with pytest.raises(Killed):
            migrate(settings, chain, alice, folder=folder)
    block = chain.head().number
    [deployed] = migrate(settings, chain, alice, folder=folder)
    assert chain.head().number == block
    assert deployed.block == block


@pytest.mark.parametrize("turn", [1, 2, 3])  # the proxy's fee, the proxy, the contract
def test_migrate__killed_before_the_node_got_it__is_sent_again(
    settings: Settings, line: Line, alice: Account, write: Write, turn: int
) -> None:
    chain = chain_behind(line, settings.home)
    sent = 0

    def die(ask: Any, method: str, params: Any) -> Any:
        nonlocal sent
        sent += method == "eth_sendRawTransaction"
        if method == "eth_sendRawTransaction" and sent == turn:
            raise Killed
        return ask(method, params)

    line.fault = die
    folder = write(m001_probe=PROBE)
    with pytest.raises(Killed):
        migrate(settings, chain, alice, folder=folder)
    line.fault = None
    migrate(settings, chain, alice, folder=folder)
    assert chain.head().number == 3


def restart(settings: Settings) -> None:
    """What happens to a development node that forgets its state."""
    for path in settings.home.glob("chain.sqlite*"):
        path.unlink()


def test_get__restarted_chain__not_deployed_says_what_to_do(
    settings: Settings, alice: Account, write: Write
) -> None:
    folder = write(m001_probe=PROBE)
    with connect(settings) as chain:
        migrate(settings, chain, alice, folder=folder)
    restart(settings)
    with connect(settings) as chain:
        with pytest.raises(NotDeployed) as caught:
            Deployments(settings, chain).get("ChainProbe")
        assert "diln migrate ChainProbe" in caught.value.hint
        migrate(settings, chain, alice, folder=folder)
        assert Deployments(settings, chain).get("ChainProbe")


def test_get__same_first_block_but_no_code__not_deployed(
    settings: Settings, alice: Account, write: Write, tmp_path: Path
) -> None:
    folder = write(m001_probe=PROBE)
    connect(settings).close()
    shutil.copy(settings.chain_file, tmp_path / "empty")
    with connect(settings) as chain:
        migrate(settings, chain, alice, folder=folder)
    restart(settings)
    shutil.copy(tmp_path / "empty", settings.chain_file)
    with connect(settings) as chain:
        with pytest.raises(NotDeployed):
            Deployments(settings, chain).get("ChainProbe")
        migrate(settings, chain, alice, folder=folder)
        assert Deployments(settings, chain).get("ChainProbe")


def test_get__never_deployed__says_what_to_do(settings: Settings, chain: Chain) -> None:
    with pytest.raises(NotDeployed, match="ChainProbe is not deployed on network `embedded`") as caught:
        Deployments(settings, chain).get("ChainProbe")
    assert "diln migrate ChainProbe" in caught.value.hint


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"contracts": []}', '{"genesis": ""}', "\xff"])
def test_get__damaged_record__is_named(settings: Settings, chain: Chain, content: str) -> None:
    deployments = Deployments(settings, chain)
    deployments.path.parent.mkdir(parents=True)
    deployments.path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ChainError, match=r"\.json is damaged"):
        deployments.get("ChainProbe")


def test_record__disk_fails__keeps_the_old_record(
    settings: Settings, chain: Chain, alice: Account, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    [probe] = migrate(settings, chain, alice, folder=write(m001_probe=PROBE))
    deployments = Deployments(settings, chain)
    before = deployments.path.read_text()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(ChainError, match="No space left on device"):
            deployments.record("ChainInner", probe.address, 1)
    assert deployments.path.read_text() == before
    assert [path for path in settings.deployments_dir.iterdir() if "part" in path.name] == []


def test_record__nothing_stands__is_refused(settings: Settings, chain: Chain) -> None:
    with pytest.raises(ChainError, match="there is no contract at"):
        Deployments(settings, chain).record("ChainProbe", PROXY, 1)


def test_find_migrations__shipped__are_well_formed() -> None:
    assert [job for job, _ in find_migrations(migrations_folder())] == [
        "registry",
        "sum",
        "market",
        "competition",
        "tournament",
        "federation",
    ]


def test_find_migrations__number_twice__is_refused(write: Write) -> None:
    with pytest.raises(ChainError, match="two migrations have the number m001"):
        list(find_migrations(write(m001_a=PROBE, m001_b=PROBE)))


def test_find_migrations__no_function__is_refused(write: Write) -> None:
    with pytest.raises(ChainError, match="has no function `migrate`"):
        list(find_migrations(write(m001_a="x = 1\n")))


def test_plan__unknown_contract__is_refused(write: Write) -> None:
    with pytest.raises(ChainError, match="no contract named Nonsense"):
        Plan(write(m001_a="def migrate(deploy):\n    deploy('Nonsense')\n"))


def test_addresses__as_shipped__are_those_of_the_artifacts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "load_artifact", load_artifact)
    planned = {each.name: each.address for each in Plan().contracts.values()}
    assert json.loads(ADDRESSES.read_text()) == planned == dict(fixed_addresses())


def test_load_artifact__each_shipped__is_whole() -> None:
    for name in artifacts.artifact_names():
        found = load_artifact(name)
        assert found.name == name
        assert found.bytecode
        assert found.matches(found.deployed_bytecode)
        assert not found.matches(found.deployed_bytecode + b"\0")


def test_load_artifact__unknown__lists_what_there_is() -> None:
    with pytest.raises(ChainError) as caught:
        load_artifact("Nonsense", MOCKS)
    assert "ChainProbe" in caught.value.hint


def test_matches__immutables__do_not_count() -> None:
    found = load_artifact("ChainProbe", MOCKS)
    assert found.immutables
    (start, length), *_ = found.immutables
    code = bytearray(found.deployed_bytecode)
    code[start : start + length] = b"\xaa" * length
    assert found.matches(bytes(code))
    code[0] ^= 1
    assert not found.matches(bytes(code))


def test_migrate__as_shipped__runs_and_matches_the_artifacts(
    settings: Settings, chain: Chain, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (plans, records):
        monkeypatch.setattr(module, "load_artifact", load_artifact)
    for deployed in migrate(settings, chain, alice):
        assert load_artifact(deployed.name).matches(chain.code(deployed.address))


def test_entry__shipped_record_of_another_chain_with_the_id__is_not_used(
    settings: Settings, chain: Chain, alice: Account, write: Write, tmp_path: Path
) -> None:
    migrate(settings, chain, alice, folder=write(m001_probe=PROBE))
    content = json.loads(Deployments(settings, chain).path.read_text())
    found = Deployments(settings, chain).entry("ChainProbe")
    content["contracts"]["ChainProbe"]["block"] = found.block + 7
    content["genesis"] = "0x" + "ab" * 32
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    (shipped / f"{chain.chain_id}.json").write_text(json.dumps(content))
    elsewhere = load_settings(home=tmp_path / "elsewhere", environ={})
    again = Deployments(elsewhere, chain, shipped).find("ChainProbe", found.address)
    assert again == replace(found, transaction="")  # it was looked for
