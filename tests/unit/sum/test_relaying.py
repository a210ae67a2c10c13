"""Samples that are signed by one and sent by another.

sign, relay
├── anybody relays; the contributor's balance pays, or the relayer
├── twice: nothing happens twice
└── altered, too late, out of order, for another model: refused, nothing sent
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.bindings.sum import Funded
from orchestrator.chain.typeddata import message_digest
from orchestrator.errors import (
    ChainError,
    DataError,
    DilnError,
    InsufficientFunds,
    SignatureRefused,
    WrongChain,
)
from orchestrator.models.online.funding import fill_up
from orchestrator.models.online.planning import Plan
from orchestrator.systems.sum.creating import create
from orchestrator.systems.sum.opening import open_model
from orchestrator.systems.sum.relaying import SignedContribution, read_signed, relay
from orchestrator.types import ZERO_ADDRESS
from tests.unit.sum.conftest import CITY, NATURE, TERMS, Village, review
from tests.unit.sum.giving import COIN, count, sample, signed_by


def pass_on(village: Village, signed: SignedContribution, **options):
    return relay(village.session, village.opened, signed, village.account("keeper"), **options)


def test_relay__paid_by_the_contributors_balance__is_its_contribution(
    village: Village, tmp_path: Path
) -> None:
    contributor, shared = village.account("contributor"), village.opened.shared
    fill_up(village.session, shared, contributor.address, COIN, contributor)
    file = tmp_path / "signed.json"
    file.write_bytes(signed_by(village, sample(village), sample(village, NATURE, 1, "nature")).to_bytes())
    before = village.session.chain.balance(contributor.address)
    added = pass_on(village, read_signed(file)).added
    assert village.session.chain.balance(contributor.address) == before
    assert {each.facts.contributor for each in added} == {contributor.address}
    assert village.balance("contributor") == COIN - sum(each.facts.deposit for each in added) * shared.unit
    assert len(added) == count(village) == 2


def test_relay__paid_by_the_relayer__only_if_it_wants(village: Village) -> None:
    signed = signed_by(village)
    with pytest.raises(InsufficientFunds, match="with the model") as caught:
        pass_on(village, signed)
    assert "--pay" in caught.value.hint
    assert count(village) == 0
    [added] = pass_on(village, signed, pay=True).added
    assert added.facts.contributor == village.account("contributor").address


def test_relay__dearer_than_the_relayer_pays__nothing_leaves(village: Village) -> None:
    """The maximum in the file is the signer's, who may be a stranger; it gains by what others pay."""
    signed, keeper = signed_by(village, sample(village), sample(village, NATURE, 1, "nature")), "keeper"
    price = 2 * village.opened.shared.price(2)
    before = village.session.chain.balance(village.account(keeper).address)
    with pytest.raises(ChainError, match="at most"):
        pass_on(village, signed, pay=True, maximum=price // 2)
    assert village.session.chain.balance(village.account(keeper).address) == before
    assert len(pass_on(village, signed, pay=True, maximum=price).added) == 2


def test_relay__twice__happens_once(village: Village) -> None:
    signed = signed_by(village)
    first = pass_on(village, signed, pay=True)
    second = relay(village.session, village.opened, signed, village.account("poisoner"), pay=True)
    assert (second.added, [each.id for each in second.known]) == ((), [first.added[0].id])
    assert count(village) == 1


def test_relay__two_signed_at_once__in_their_order(village: Village) -> None:
    first, second = signed_by(village), signed_by(village, sample(village, NATURE, 1, "nature"), ahead=1)
    with pytest.raises(ChainError, match="signed before"):
        pass_on(village, second, pay=True)
    pass_on(village, first, pay=True)
    pass_on(village, second, pay=True)
    assert count(village) == 2


def test_sign__more_than_a_transaction_holds__refused(village: Village) -> None:
    with pytest.raises(DataError, match="26 samples"):
        signed_by(village, *[sample(village)] * 26)


def test_relay__after_the_deadline__refused(village: Village) -> None:
    signed = signed_by(village, lasts=60)
    village.session.chain.advance(120)
    with pytest.raises(ChainError, match="deadline"):
        pass_on(village, signed, pay=True)


def test_relay__dearer_than_signed__refused(village: Village) -> None:
    with pytest.raises(ChainError, match="above the maximum"):
        pass_on(village, signed_by(village, maximum=1), pay=True)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"maximum": 10**30}, SignatureRefused),
        ({"chain_id": 1}, WrongChain),
        ({"contract": ZERO_ADDRESS}, SignatureRefused),
        ({"samples": ()}, SignatureRefused),
        ({"signature": bytes(65)}, SignatureRefused),
        ({"signature": b""}, SignatureRefused),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else each.__name__,
)
def test_relay__altered__refused(village: Village, change: dict, error: type[DilnError]) -> None:
    with pytest.raises(error):
        pass_on(village, replace(signed_by(village), **change), pay=True)
    assert count(village) == 0


def test_relay__contract_wallet_says_yes__is_the_wallets_contribution(village: Village) -> None:
    wallet = village.deploy("SumWallet")
    signed = signed_by(village, wallet=wallet.address)
    digest = message_digest(signed.message())
    village.session.chain.send(wallet.functions.allow(digest), village.account("keeper"))
    [added] = pass_on(village, signed, pay=True).added
    assert added.facts.contributor == wallet.address


@pytest.mark.parametrize("coins", ["ether", "token"])
def test_relay__contract_wallet_says_no__nothing_is_paid(village: Village, planned: Plan, coins: str) -> None:
    keeper, chain = village.account("keeper"), village.session.chain
    if coins == "token":
        token = village.deploy("SumToken", 0)
        chain.send(token.functions.mint(keeper.address, 100 * COIN), village.account("creator"))
        made = create(
            village.session,
            "paid",
            planned,
            village.account("creator"),
            TERMS,
            token=token.address,
            unit=1,
        )
        village.opened = open_model(village.session, made.address)
    wallet = village.deploy("SumWallet").address
    signed = replace(signed_by(village, wallet=wallet), signature=b"\x11" * 65)
    with pytest.raises(SignatureRefused):
        pass_on(village, signed, pay=True)
    assert village.opened.shared.balance(wallet) == 0
    assert count(village) == 0
    if coins == "token":
        assert token.functions.balanceOf(keeper.address).call() == 100 * COIN


def test_relay__token_and_a_signer_that_withdraws__the_deposit_is_pulled_with_the_samples(
    village: Village, planned: Plan
) -> None:
    keeper, chain = village.account("keeper"), village.session.chain
    token = village.deploy("SumToken", 0)
    chain.send(token.functions.mint(keeper.address, 100 * COIN), village.account("creator"))
    made = create(
        village.session, "paid", planned, village.account("creator"), TERMS, token=token.address, unit=1
    )
    village.opened = open_model(village.session, made.address)
    [added] = pass_on(village, signed_by(village), pay=True).added
    assert token.functions.balanceOf(keeper.address).call() == 100 * COIN - added.facts.deposit
    assert village.opened.shared.balance(village.account("contributor").address) == 0  # never anything there
    assert next(village.opened.shared.contract.events(Funded)).amount == added.facts.deposit


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"chainId": 1}', b"[" * 200_000])
def test_read_signed__malformed__refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "signed.json"
    file.write_bytes(data)
    with pytest.raises(SignatureRefused):
        read_signed(file)


def test_commands__sealed_signed_and_funded__run(
    village: Village, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestrator.cli.dispatch import run

    home = ["--home", str(village.session.settings.home), "--json"]

    def diln(*words: str) -> object:
        assert run(["sum", *words, *home]) == 0
        return json.loads(capsys.readouterr().out)

    text, file = ["--text", review(CITY, 0), "--label", "city"], str(tmp_path / "signed.json")
    assert diln("add", "walks", *text, "--sealed", "--max-price", "1", "--from", "bob")["commitments"]
    village.session.chain.mine()
    assert diln("reveal", "walks", "--from", "bob")[0]["done"] is True
    assert diln("sign", "walks", *text, "--from", "carol", "-o", file)["samples"] == 1
    assert diln("fund", "walks", "1", "--for", "carol", "--from", "dave")["balance"]["value"] == str(COIN)
    assert diln("fund", "walks", "1", "--for", "carol", "--from", "dave")["paid_in"]["value"] == "0"
    assert diln("relay", file, "--dry-run", "--from", "dave")["dry_run"]
    assert diln("relay", file, "--from", "dave")["contributions"][0]["state"] == "added"
    elsewhere = json.loads(Path(file).read_bytes()) | {"chainId": 1}
    Path(file).write_text(json.dumps(elsewhere))
    assert run(["sum", "relay", file, "--from", "dave", *home]) == 1
    assert json.loads(capsys.readouterr().out)["error"] == "WrongChain"
    assert count(village) == 2
