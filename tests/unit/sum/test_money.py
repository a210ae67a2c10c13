"""A model that is paid in a token.

add, hide, relay
├── exactly what is needed is approved and paid in
└── no token, or too little of it: one clear error
parse
└── coins as the smallest units, or one clear error
"""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.chain.budget import Budget, spending
from orchestrator.chain.external import Erc20
from orchestrator.errors import (
    ChainError,
    InsufficientFunds,
    NotDeployed,
    OverBudget,
)
from orchestrator.kernel.money import Currency, approve, currency_of, read_currency
from orchestrator.models.online.clone import unit_of
from orchestrator.models.online.factory import factory_of
from orchestrator.models.online.funding import fill_up
from orchestrator.models.online.planning import Plan
from orchestrator.systems.sum.adding import add
from orchestrator.systems.sum.claiming import settle
from orchestrator.systems.sum.creating import create
from orchestrator.systems.sum.opening import open_model
from orchestrator.systems.sum.records import DAY
from orchestrator.systems.sum.relaying import relay
from orchestrator.systems.sum.replaying import replay
from orchestrator.types import ZERO_ADDRESS, Wei
from tests.evm import EVERYTHING
from tests.unit.sum.conftest import CITY, NATURE, TERMS, Village, review, table
from tests.unit.sum.giving import COIN, conceal, count, sample, signed_by, uncover


@pytest.fixture
def market(village: Village, planned: Plan) -> tuple[Village, object]:
    """A model that takes a token, and the token; contributor and poisoner have 100 coins each."""
    token = village.deploy("SumToken", 0)
    for role in ("contributor", "poisoner"):
        address = village.account(role).address
        village.session.chain.send(token.functions.mint(address, 100 * COIN), village.account("creator"))
    money = read_currency(village.session.chain, token.address)
    made = create(
        village.session,
        "tokens",
        planned,
        village.account("creator"),
        replace(TERMS, cost_weight=10**6),
        token=money.address,
        unit=unit_of(money),
    )
    return Village(village.session, open_model(village.session, made.address)), token


def test_add__token__exactly_the_deposit_is_approved_and_comes_back(market: tuple) -> None:
    village, token = market
    contributor, shared = village.account("contributor"), village.opened.shared
    price = shared.price()
    addition = add(village.session, village.opened, [sample(village)], contributor, maximum=price)
    [contribution] = addition.added
    deposit = contribution.facts.deposit * shared.unit
    held = token.functions.balanceOf(contributor.address).call()
    assert held == 100 * COIN - price
    assert village.balance("contributor") == price - deposit  # it fell while the token was paid in
    assert token.functions.allowance(contributor.address, shared.address).call() == 0
    village.session.chain.advance(2 * DAY)
    list(settle(village.session, village.opened, contributor, ("refund",)))
    village.session.chain.send(shared.contract.withdraw(contributor.address, EVERYTHING), contributor)
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

    for place in ("orchestrator.kernel.session.Session.send", "orchestrator.systems.sum.adding._purpose"):
        with monkeypatch.context() as patch:
            patch.setattr(place, dying)
            with pytest.raises(KeyboardInterrupt):
                add(village.session, village.opened, [sample(village)], contributor, maximum=price)
    add(village.session, village.opened, [sample(village)], contributor, maximum=price)
    assert token.functions.balanceOf(contributor.address).call() == 100 * COIN - price
    assert count(village) == 1


def test_hide_and_relay__token__paid_by_whom_they_say(market: tuple) -> None:
    village, token = market
    conceal(village, sample(village))
    village.session.chain.mine()
    assert len(uncover(village)) == 1
    signed = signed_by(village, sample(village, NATURE, 1, "nature"), maximum=100 * COIN)
    poisoner = village.account("poisoner")
    relay(village.session, village.opened, signed, poisoner, pay=True)
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
    home = ["--home", str(village.session.settings.home)]
    bob = ["--from", "bob", *home]
    create = ["create", "paid", "--csv", str(tmp_path / "walks.csv"), "--text-column", "text"]
    more = ["--token", token.address, "--cost-weight", "1000000", "--refund-wait", "1d", *home]
    assert run(["sum", *create, *more]) == 0
    give = ["add", "paid", "--text", review(CITY, 0), "--label", "city"]
    assert run(["sum", *give, "--max-price", "0.000001", *bob]) == 1
    assert "TKN now, above the maximum of 0.000001 TKN" in capsys.readouterr().err
    assert run(["sum", *give, "--max-price", "20", "--json", *bob]) == 0
    [added] = json.loads(capsys.readouterr().out)["contributions"]
    assert run(["sum", "refund", "paid", *bob]) == 0
    early = capsys.readouterr().out
    assert "nothing is due" in early
    assert re.search(r"contribution 1 is due \d{4}-\d\d-\d\d .* \(in ", early)
    assert run(["chain", "advance", "2d", *home]) == 0
    assert run(["sum", "refund", "paid", *bob]) == 0
    deposit = int(added["deposit"]["value"])
    assert added["deposit"]["currency"] == token.address
    assert f"{Currency().number(deposit)} TKN" in capsys.readouterr().out
    assert run(["sum", "withdraw", "paid", *bob]) == 0
    assert f"{Currency().number(deposit)} TKN" in capsys.readouterr().out  # no more than that was paid
    assert token.functions.balanceOf(village.account("contributor").address).call() == 100 * COIN


def test_fill_up__more_of_a_token_than_may_be_spent__nothing_is_approved(market: tuple) -> None:
    village, token = market
    contributor, shared = village.account("contributor"), village.opened.shared
    price = shared.price()
    limits = {ZERO_ADDRESS: 10**19, token.address: price + price // 2}
    with spending(Budget(limits)) as budget:
        add(village.session, village.opened, [sample(village)], contributor, maximum=price)
        assert budget.left(token.address) <= price // 2
        before = village.session.chain.count(contributor.address)
        with pytest.raises(OverBudget, match="of the token"):
            fill_up(village.session, shared, contributor.address, Wei(3 * price), contributor)
        assert village.session.chain.count(contributor.address) == before
    assert token.functions.allowance(contributor.address, shared.address).call() == 0


def test_add__an_older_approval_under_a_budget__is_taken_back(market: tuple) -> None:
    village, token = market
    contributor, shared = village.account("contributor"), village.opened.shared
    send = village.session.chain.send
    fill_up(village.session, shared, contributor.address, Wei(2 * shared.price()), contributor)
    send(token.functions.approve(shared.address, EVERYTHING), contributor)
    with spending(Budget({ZERO_ADDRESS: 10**19})):  # the balance there suffices, no token may leave
        add(village.session, village.opened, [sample(village)], contributor, maximum=shared.price())
    assert token.functions.allowance(contributor.address, shared.address).call() == 0


def test_fill_up__token_that_keeps_a_fee__pays_in_until_enough_arrived(
    village: Village, planned: Plan
) -> None:
    token = village.deploy("SumToken", 10)
    contributor = village.account("contributor")
    village.session.chain.send(
        token.functions.mint(contributor.address, 100 * COIN), village.account("creator")
    )
    made = create(
        village.session,
        "fees",
        planned,
        village.account("creator"),
        TERMS,
        token=token.address,
    )
    shared = open_model(village.session, made.address).shared
    receipts = fill_up(village.session, shared, contributor.address, Wei(10_000), contributor, 12_500)
    assert 10_000 <= shared.balance(contributor.address) <= 10_002
    assert len(receipts) == 4  # two payments, each approved
    assert fill_up(village.session, shared, contributor.address, Wei(10_000), contributor) == []


@pytest.mark.parametrize(("most", "paid"), [(None, 10_000), (12_500, 10_000), (10**9, 990_099)])
def test_fill_up__token_that_keeps_nearly_all__no_more_leaves_than_was_agreed(
    village: Village, planned: Plan, most: int | None, paid: int
) -> None:
    """It takes a hundred times the amount. Who agreed to less pays once, and is told."""
    shared, token = of_greedy_token(village, planned)
    contributor, session = village.account("contributor"), village.session
    if most == 10**9:
        fill_up(session, shared, contributor.address, Wei(10_000), contributor, most)
        assert shared.balance(contributor.address) >= 10_000
    else:
        with pytest.raises(InsufficientFunds, match="keeps a part of each payment"):
            fill_up(session, shared, contributor.address, Wei(10_000), contributor, most)
    left = token.functions.balanceOf(contributor.address).call()
    assert paid <= 100 * COIN - left <= paid * 102 // 100


def of_greedy_token(village: Village, planned: Plan) -> tuple[Any, Any]:
    """A model that is paid in a token which keeps 99 % of each transfer; the contributor has 100 coins."""
    token, creator = village.deploy("SumToken", 99), village.account("creator")
    contributor = village.account("contributor")
    village.session.chain.send(token.functions.mint(contributor.address, 100 * COIN), creator)
    made = create(village.session, "greedy", planned, creator, TERMS, token=token.address)
    return open_model(village.session, made.address).shared, token


def test_approve__another_allowance_stands__is_replaced_by_the_exact_one(market: tuple) -> None:
    village, token = market
    shared, contributor = village.opened.shared, village.account("contributor")
    for amount, transactions in ((7, 1), (9, 2), (9, 0)):
        sent = approve(village.session.chain, shared.money.of(amount), shared.address, contributor)
        assert len(sent) == transactions
        assert token.functions.allowance(contributor.address, shared.address).call() == amount


def test_add__too_little_of_the_token__says_who_lacks_what(market: tuple) -> None:
    village, _ = market
    with pytest.raises(InsufficientFunds, match=r"dave .* has 0 TKN, but needs"):
        add(village.session, village.opened, [sample(village)], village.account("keeper"))


def test_read_money__no_token__refused(village: Village) -> None:
    chain = village.session.chain
    with pytest.raises(NotDeployed):
        read_currency(chain, village.account("keeper").address)
    with pytest.raises(ChainError, match=r"not an ERC-20"):
        read_currency(chain, factory_of(village.session).address)


def test_read_money__node_keeps_the_decimals_to_itself__no_amount_is_taken_for_another(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no decimals, 5 coins would be 5 of the smallest units."""
    chain, token = village.session.chain, village.deploy("SumToken", 0).address

    def busy(contract: object) -> int:
        raise ChainError("the node refused: too many requests")

    monkeypatch.setattr(Erc20, "decimals", busy)
    with pytest.raises(ChainError, match="too many requests"):
        read_currency(chain, token)
    assert str(currency_of(chain, token).of(Wei(5))) == f"5 units of {token}"
