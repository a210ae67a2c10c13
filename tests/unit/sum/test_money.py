"""A model that is paid in a token.

add, hide, relay
├── exactly what is needed is approved and paid in
└── no token, or too little of it: one clear error
parse
└── coins as the smallest units, or one clear error
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import (
    ChainError,
    InsufficientFunds,
    NotDeployed,
    UsageError,
)
from orchestrator.sum.adding import add
from orchestrator.sum.claiming import settle
from orchestrator.sum.creating import Plan, create
from orchestrator.sum.money import Money, approve, fill_up, read_money
from orchestrator.sum.opening import open_model
from orchestrator.sum.records import DAY
from orchestrator.sum.relaying import relay
from orchestrator.sum.replaying import replay
from orchestrator.types import Wei
from tests.unit.sum.conftest import CITY, NATURE, TERMS, Village, review, table
from tests.unit.sum.giving import COIN, conceal, count, deploy, sample, signed_by, uncover


@pytest.fixture
def market(village: Village, planned: Plan) -> tuple[Village, object]:
    """A model that takes a token, and the token; contributor and poisoner have 100 coins each."""
    token = deploy(village, "SumToken", 0)
    for role in ("contributor", "poisoner"):
        address = village.account(role).address
        village.connection.chain.send(token.functions.mint(address, 100 * COIN), village.account("creator"))
    money = read_money(village.connection.chain, token.address)
    made = create(
        village.connection,
        "tokens",
        planned,
        village.account("creator"),
        replace(TERMS, cost_weight=10**6),
        token=money.token,
        unit=money.unit,
    )
    return Village(village.connection, open_model(village.connection, made.address)), token


def test_add__token__exactly_the_deposit_is_approved_and_comes_back(market: tuple) -> None:
    village, token = market
    contributor, shared = village.account("contributor"), village.opened.shared
    price = shared.price()
    addition = add(village.connection, village.opened, [sample(village)], contributor, maximum=price)
    [contribution] = addition.added
    deposit = contribution.facts.deposit * shared.unit
    held = token.functions.balanceOf(contributor.address).call()
    assert held == 100 * COIN - price
    assert village.balance("contributor") == price - deposit  # it fell while the token was paid in
    assert token.functions.allowance(contributor.address, shared.address).call() == 0
    village.connection.chain.advance(2 * DAY)
    list(settle(village.connection, village.opened, contributor, ("refund",)))
    village.connection.chain.send(shared.withdraw(contributor.address), contributor)
    assert token.functions.balanceOf(contributor.address).call() == 100 * COIN
    assert token.functions.balanceOf(shared.address).call() == 0
    assert replay(village.opened).contributions == 1
    assert shared.money.show(deposit).endswith(" TKN")


def test_add__token_killed_between_approval_and_payment__pays_once(
    market: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    village, token = market
    contributor = village.account("contributor")
    price = village.opened.shared.price()

    def dying(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for place in ("orchestrator.chain.journal.Journal.send", "orchestrator.sum.adding._purpose"):
        with monkeypatch.context() as patch:
            patch.setattr(place, dying)
            with pytest.raises(KeyboardInterrupt):
                add(village.connection, village.opened, [sample(village)], contributor, maximum=price)
    add(village.connection, village.opened, [sample(village)], contributor, maximum=price)
    assert token.functions.balanceOf(contributor.address).call() == 100 * COIN - price
    assert count(village) == 1


def test_hide_and_relay__token__paid_by_whom_they_say(market: tuple) -> None:
    village, token = market
    conceal(village, sample(village))
    village.connection.chain.mine()
    assert len(uncover(village)) == 1
    signed = signed_by(village, sample(village, NATURE, 1, "nature"), maximum=100 * COIN)
    poisoner = village.account("poisoner")
    relay(village.connection, village.opened, signed, poisoner, pay=True)
    assert token.functions.balanceOf(poisoner.address).call() < 100 * COIN
    assert [each.facts.contributor for each in village.opened.shared.contributions()] == [
        village.account("contributor").address
    ] * 2


def test_commands__create_with_a_token__amounts_are_its_coins(
    market: tuple, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestrator.cli.dispatch import run

    village, token = market
    rows = zip(table().samples, table().labels, strict=True)
    (tmp_path / "walks.csv").write_text("\n".join(["text,label", *(",".join(row) for row in rows)]))
    home = ["--home", str(village.connection.settings.home)]
    bob = ["--from", "bob", *home]
    create = ["create", "paid", "--csv", str(tmp_path / "walks.csv"), "--text-column", "text"]
    more = ["--token", token.address, "--cost-weight", "1000000", "--refund-wait", "1d", *home]
    assert run(["sum", *create, *more]) == 0
    give = ["add", "paid", "--text", review(CITY, 0), "--label", "city"]
    assert run(["sum", *give, "--max-price", "0.000001", *bob]) == 1
    assert "TKN now, above the maximum of 0.000001 TKN" in capsys.readouterr().err
    assert run(["sum", *give, "--max-price", "20", "--json", *bob]) == 0
    [added] = json.loads(capsys.readouterr().out)["contributions"]
    assert run(["chain", "advance", "2d", *home]) == 0
    assert run(["sum", "refund", "paid", *bob]) == 0
    assert f"{Money().number(added['deposit'])} TKN" in capsys.readouterr().out
    assert run(["sum", "withdraw", "paid", *bob]) == 0
    assert f"{Money().number(added['deposit'])} TKN" in capsys.readouterr().out  # no more than that was paid
    assert token.functions.balanceOf(village.account("contributor").address).call() == 100 * COIN


def test_fill_up__token_that_keeps_a_fee__pays_in_until_enough_arrived(
    village: Village, planned: Plan
) -> None:
    token = deploy(village, "SumToken", 10)
    contributor = village.account("contributor")
    village.connection.chain.send(
        token.functions.mint(contributor.address, 100 * COIN), village.account("creator")
    )
    made = create(
        village.connection,
        "fees",
        planned,
        village.account("creator"),
        TERMS,
        token=token.address,
    )
    shared = open_model(village.connection, made.address).shared
    receipts = fill_up(village.connection, shared, contributor.address, Wei(10_000), contributor)
    assert 10_000 <= shared.balance(contributor.address) <= 10_002
    assert len(receipts) == 4  # two payments, each approved
    assert fill_up(village.connection, shared, contributor.address, Wei(10_000), contributor) == []


def test_approve__another_allowance_stands__is_replaced_by_the_exact_one(market: tuple) -> None:
    village, token = market
    shared, contributor = village.opened.shared, village.account("contributor")
    for amount, transactions in ((7, 1), (9, 2), (9, 0)):
        sent = approve(village.connection.chain, shared.money, shared.address, amount, contributor)
        assert len(sent) == transactions
        assert token.functions.allowance(contributor.address, shared.address).call() == amount


def test_add__too_little_of_the_token__says_who_lacks_what(market: tuple) -> None:
    village, _ = market
    with pytest.raises(InsufficientFunds, match=r"dave .* has 0 TKN, but needs"):
        add(village.connection, village.opened, [sample(village)], village.account("keeper"))


def test_read_money__no_token__refused(village: Village) -> None:
    chain = village.connection.chain
    with pytest.raises(NotDeployed):
        read_money(chain, village.account("keeper").address)
    with pytest.raises(ChainError, match=r"no ERC-20"):
        read_money(chain, village.connection.factory.address)


@pytest.mark.parametrize(
    ("money", "text", "amount"),
    [(Money(), "0.25", COIN // 4), (Money(decimals=6), "1.000001", 1_000_001), (Money(decimals=0), "7", 7)],
)
def test_parse__coins__are_the_smallest_units(money: Money, text: str, amount: int) -> None:
    assert money.parse(text) == amount
    assert money.number(amount) == text


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "1e99", "0.0000001"])
def test_parse__no_amount__refused(text: str) -> None:
    with pytest.raises(UsageError):
        Money(decimals=6).parse(text)
