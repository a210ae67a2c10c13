"""
accounts
├── development accounts: ten names, everybody's keys, local chains only
├── keystores: encrypted, closed to others, never replaced, whole or not there
├── passwords: from the environment, else asked; wrong or missing: WrongPassword
└── signatures: transactions and EIP-712 messages
"""

import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account as EthAccount
from eth_account.messages import encode_typed_data

from orchestrator.chain import Account, Accounts, Chain, development, keystore
from orchestrator.chain.accounts import PASSWORD_VARIABLE
from orchestrator.config import Network, Settings
from orchestrator.errors import AccountError, WrongPassword

KEY = "0x" + "11" * 32
ADDRESS = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"


@pytest.fixture(autouse=True)
def cheap_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keystore, "SCRYPT_ROUNDS", 2)
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)


@pytest.fixture
def accounts(settings: Settings) -> Accounts:
    return Accounts(settings, lambda _: "right")


def test_development__addresses__follow_from_the_mnemonic() -> None:
    derived = [EthAccount.from_key(development.private_key(name)).address for name in development.NAMES]
    assert tuple(derived) == development.ADDRESSES


def test_private_key__unknown_name__is_a_key_error() -> None:
    with pytest.raises(KeyError):
        development.private_key("mallory")


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:8545", "http://localhost:8545"])
def test_list__local_chain__has_the_development_accounts(settings: Settings, url: str | None) -> None:
    local = Accounts(replace(settings, network=Network("here", url)))
    assert [account.name for account in local.list()] == list(development.NAMES)
    assert all(account.known_to_all for account in local.list())


def test_list__public_chain__has_none_of_them(settings: Settings) -> None:
    public = Accounts(replace(settings, network=Network("sepolia", "https://node.example")))
    assert public.list() == []
    with pytest.raises(AccountError, match="everybody knows its key"):
        public.get("alice")


def test_get__by_name_or_address__is_the_same(accounts: Accounts) -> None:
    by_name = accounts.get("bob")
    assert accounts.get(by_name.address).name == "bob"
    assert accounts.get(by_name.address.lower()).name == "bob"


def test_get__unknown__names_the_way_out(accounts: Accounts) -> None:
    with pytest.raises(AccountError, match="no account mallory") as caught:
        accounts.get("mallory")
    assert "diln account" in caught.value.hint


def test_new__a_name__is_kept_encrypted_and_closed(accounts: Accounts, settings: Settings) -> None:
    made = accounts.new("lab", "right")
    (path,) = settings.keystore_dir.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert json.loads(path.read_text())["crypto"]["kdf"] == "scrypt"
    assert accounts.get("lab").address == made.address
    assert not made.known_to_all


def test_new__folder_was_open_to_others__is_closed(accounts: Accounts, settings: Settings) -> None:
    settings.keystore_dir.mkdir(parents=True, mode=0o755)
    accounts.new("lab", "right")
    assert stat.S_IMODE(settings.keystore_dir.stat().st_mode) == 0o700


def test_new__open_umask__is_closed_all_the_same(accounts: Accounts, settings: Settings) -> None:
    before = os.umask(0)
    try:
        accounts.new("lab", "right")
    finally:
        os.umask(before)
    assert stat.S_IMODE((settings.keystore_dir / "lab.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("key", [KEY, KEY[2:], KEY + "\n", bytes.fromhex(KEY[2:])])
def test_import_key__each_form__is_that_key(accounts: Accounts, key: Any) -> None:
    assert accounts.import_key("lab", key, "right").address == ADDRESS


@pytest.mark.parametrize("key", ["", "0x12", "zz" * 32, "00" * 32, "ff" * 32, b"short"])
def test_import_key__no_key__is_refused_without_showing_it(accounts: Accounts, key: Any) -> None:
    with pytest.raises(AccountError, match="not a private key") as caught:
        accounts.import_key("lab", key, "right")
    if key:
        assert str(key) not in caught.value.message + caught.value.hint


def test_import_key__kept_already__names_it(accounts: Accounts) -> None:
    accounts.import_key("lab", KEY, "right")
    with pytest.raises(AccountError, match="kept already, as lab"):
        accounts.import_key("office", KEY, "right")


@pytest.mark.parametrize("name", ["", "A", "a b", "../x", "ä", "-x", "a" * 65, ".hidden"])
def test_new__bad_name__is_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(AccountError, match="cannot be an account's name"):
        accounts.new(name, "right")


def test_new__name_is_taken__nothing_is_replaced(accounts: Accounts, settings: Settings) -> None:
    kept = accounts.new("lab", "right").address
    with pytest.raises(AccountError, match="an account lab already"):
        accounts.new("lab", "other")
    assert accounts.get("lab").address == kept
    assert [path.name for path in settings.keystore_dir.iterdir()] == ["lab.json"]


def test_new__development_name_or_no_password__is_refused(accounts: Accounts) -> None:
    with pytest.raises(AccountError, match="development account"):
        accounts.new("alice", "right")
    with pytest.raises(AccountError, match="needs a password"):
        accounts.new("lab", "")


def test_new__folder_cannot_be_written__says_so(settings: Settings) -> None:
    settings.home.mkdir(parents=True)
    settings.keystore_dir.write_text("not a folder")
    with pytest.raises(AccountError, match="cannot be written"):
        Accounts(settings).new("lab", "right")


def test_new__interrupted__leaves_no_half_file(
    accounts: Accounts, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(KeyboardInterrupt):
        accounts.new("lab", "right")
    assert list(settings.keystore_dir.iterdir()) == []


def test_sign__right_password__signs(accounts: Accounts) -> None:
    lab = accounts.import_key("lab", KEY, "right")
    transaction = {
        "to": ADDRESS,
        "value": 1,
        "gas": 21_000,
        "nonce": 0,
        "maxFeePerGas": 1,
        "maxPriorityFeePerGas": 1,
        "chainId": 1,
    }
    assert EthAccount.recover_transaction(lab.sign_transaction(transaction)) == ADDRESS


def test_sign__many_times__asks_once(settings: Settings) -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "right"

    accounts = Accounts(settings, ask)
    accounts.import_key("lab", KEY, "right")
    lab = accounts.get("lab")
    for _ in range(3):
        lab.sign_typed_data(message())
    assert asked == ["Password of account lab"]


def message() -> dict[str, Any]:
    return {
        "types": {
            "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "chainId", "type": "uint256"}],
            "Claim": [{"name": "digest", "type": "bytes32"}],
        },
        "primaryType": "Claim",
        "domain": {"name": "DILN", "chainId": 1},
        "message": {"digest": b"\x01" * 32},
    }


def test_sign_typed_data__a_message__is_recoverable(alice: Account) -> None:
    signature = alice.sign_typed_data(message())
    assert len(signature) == 65
    signable = encode_typed_data(full_message=message())
    assert EthAccount.recover_message(signable, signature=signature) == alice.address


def test_sign__wrong_password__says_so(settings: Settings) -> None:
    Accounts(settings).import_key("lab", KEY, "right")
    with pytest.raises(WrongPassword, match="not the password of account lab"):
        Accounts(settings, lambda _: "wrong").get("lab").sign_typed_data(message())


def test_sign__nobody_to_ask__names_the_variable(settings: Settings) -> None:
    Accounts(settings).import_key("lab", KEY, "right")
    with pytest.raises(WrongPassword) as caught:
        Accounts(settings).get("lab").sign_typed_data(message())
    assert PASSWORD_VARIABLE in caught.value.hint


def test_sign__password_in_the_environment__is_used(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    Accounts(settings).import_key("lab", KEY, "right")
    monkeypatch.setenv(PASSWORD_VARIABLE, "right")
    assert Accounts(settings).get("lab").sign_typed_data(message())


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"address": 5}', '{"address": "zz"}', '{"address": "11"', "\x00"]
)
def test_list__damaged_keystore__is_named_and_stops_nobody(
    accounts: Accounts, settings: Settings, content: str
) -> None:
    before = [account.name for account in accounts.list()]
    settings.keystore_dir.mkdir(parents=True)
    (settings.keystore_dir / "lab.json").write_text(content)
    assert [account.name for account in accounts.list()] == before
    [damage] = accounts.damaged()
    assert "lab.json is damaged" in damage.message
    with pytest.raises(AccountError, match=r"lab\.json is damaged"):
        accounts.get("lab")
    with pytest.raises(AccountError, match=r"no account 0x11, but .*lab\.json is damaged"):
        accounts.get("0x11")


def test_sign__keystore_without_its_secret__is_damaged(accounts: Accounts, settings: Settings) -> None:
    accounts.import_key("lab", KEY, "right")
    path = settings.keystore_dir / "lab.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "crypto": {}}))
    with pytest.raises(AccountError, match="is damaged"):
        accounts.get("lab").sign_typed_data(message())


def test_list__keystore_of_another_wallet__is_read(
    accounts: Accounts, settings: Settings, tmp_path: Path
) -> None:
    settings.keystore_dir.mkdir(parents=True)
    content = EthAccount.encrypt(KEY, "right", kdf="pbkdf2", iterations=2)
    (settings.keystore_dir / "geth.json").write_text(json.dumps(content))
    assert accounts.get("geth").address == ADDRESS
    assert accounts.get("geth").sign_typed_data(message())


def test_repr__an_account__holds_no_secret(accounts: Accounts) -> None:
    lab = accounts.import_key("lab", KEY, "right")
    lab.sign_typed_data(message())
    assert repr(lab) == f"Account('lab', '{ADDRESS}')"


def test_send__from_a_keystore__works(chain: Chain, accounts: Accounts, alice: Account) -> None:
    from tests.unit.chain.probe import deploy_probe

    lab = accounts.import_key("lab", KEY, "right")
    chain.web3.eth.send_raw_transaction(
        alice.sign_transaction(
            {
                "to": lab.address,
                "value": 10**18,
                "gas": 21_000,
                "nonce": 0,
                "maxFeePerGas": 3 * 10**9,
                "maxPriorityFeePerGas": 10**9,
                "chainId": chain.chain_id,
            }
        )
    )
    assert deploy_probe(chain, lab).address


def test_get__another_keystore_is_damaged__still_finds_by_name(
    accounts: Accounts, settings: Settings
) -> None:
    accounts.import_key("lab", KEY, "right")
    (settings.keystore_dir / "broken.json").write_text("{")
    assert accounts.get("lab").address == ADDRESS
    assert accounts.get("alice").known_to_all
    with pytest.raises(AccountError, match=r"broken\.json is damaged"):
        accounts.get("broken")


@pytest.mark.parametrize("name", ["../chain", "/etc/passwd", "..", "", "."])
def test_get__a_path_for_a_name__leads_nowhere(accounts: Accounts, name: str) -> None:
    with pytest.raises(AccountError, match="there is no account"):
        accounts.get(name)
