"""Prizes, bonds and deposits in a token: approved to the unit, taken once, paid out in full."""

from typing import Any

import pytest
from web3.contract import Contract

from orchestrator.competition.contracts import Competition
from orchestrator.competition.creating import create, prepare
from orchestrator.competition.evaluating import claim
from orchestrator.competition.money import ETHER, Money, Token, money_of, parse_token
from orchestrator.competition.records import Mode
from orchestrator.competition.submitting import reveal
from orchestrator.competition.testing import open_test
from orchestrator.competition.training import challenge, training_data
from orchestrator.competition.watching import Role
from orchestrator.errors import ChainError, InsufficientFunds, UsageError
from orchestrator.types import Wei
from tests.evm import artifact
from tests.unit.competition.stage import Stage, offer_of, write_points
from tests.unit.competition.test_workflows import FAIR, GOOD, enter

UNIT = 10**18


@pytest.fixture
def token(stage: Stage) -> Contract:
    """A token of which organizer, anna, ben and refuter have 100 units each."""
    compiled = artifact("CompetitionToken")
    factory = stage.venue.chain.web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    receipt = stage.venue.chain.send(factory.constructor(0), stage.account("stranger"))
    assert receipt.contract_address
    bound = factory(receipt.contract_address)
    for role in ("organizer", "anna", "ben", "refuter"):
        mint = bound.functions.mint(stage.account(role).address, 100 * UNIT)
        stage.venue.chain.send(mint, stage.account("stranger"))
    return bound


def held(stage: Stage, token: Contract, role: str) -> int:
    return int(stage.venue.chain.call(token.functions.balanceOf(stage.account(role).address)))


def allowed(stage: Stage, token: Contract, role: str, spender: Any) -> int:
    return int(stage.venue.chain.call(token.functions.allowance(stage.account(role).address, spender)))


def in_tokens(stage: Stage, token: Contract, **changes: Any) -> Competition:
    return stage.create(token=token.address, prize=Wei(10 * UNIT), **changes)


def test_competition__in_a_token__every_unit_comes_back_and_no_approval_stays(
    stage: Stage, token: Contract
) -> None:
    found = in_tokens(stage, token, optimistic=True)
    terms = found.terms
    assert (terms.token, terms.mode) == (token.address, Mode.OPTIMISTIC)
    assert held(stage, token, "organizer") == 100 * UNIT - terms.prize - terms.bond
    for_training = next(iter(training_data(stage.venue, found).groups))
    challenge(stage.venue, found, for_training, stage.account("refuter"))
    with pytest.raises(ChainError, match="has been challenged"):
        challenge(stage.venue, found, for_training, stage.account("refuter"))
    enter(stage, found, "anna", GOOD)
    enter(stage, found, "ben", FAIR)
    assert held(stage, token, "anna") == 100 * UNIT - terms.deposit
    stage.keep(found, "organizer", Role.ORGANIZER)
    stage.pass_until(found.deadlines().training)
    for role in ("anna", "ben"):
        reveal(stage.venue, found, stage.account(role))
    stage.pass_until(found.deadlines().reveal)
    open_test(stage.venue, found, stage.account("organizer"))
    claim(stage.venue, found, 0, stage.account("anna"))
    claim(stage.venue, found, 0, stage.account("anna"))
    assert held(stage, token, "anna") == 100 * UNIT - terms.deposit - terms.claim_bond
    stage.pass_until(found.result(0).done + terms.refute)
    stage.pass_until(found.deadlines().final)
    for role, duties in (("anna", Role.SUBMITTER), ("ben", Role.SUBMITTER), ("organizer", Role.ORGANIZER)):
        said = stage.keep(found, role, duties)
        assert not any(sentence.startswith("could not") for sentence in said), said
    stage.keep(found, "refuter", Role.REFUTER)
    spenders = (found.address, stage.venue.factory.address)
    roles = ("organizer", "anna", "ben", "refuter")
    assert {allowed(stage, token, role, spender) for role in roles for spender in spenders} == {0}
    assert stage.venue.chain.call(token.functions.balanceOf(found.address)) == 0
    assert sum(held(stage, token, role) for role in roles) == 400 * UNIT
    assert held(stage, token, "anna") >= 100 * UNIT + terms.prize
    assert stage.venue.chain.balance(found.address) == 0


def test_create__killed_after_sending__tokens_are_taken_and_approved_once(
    stage: Stage, token: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    organizer = stage.account("organizer")
    offer = offer_of(write_points(stage.folder / "points.csv"), token=token.address, prize=Wei(10 * UNIT))

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(type(stage.venue.factory), "competitions", die)
        with pytest.raises(KeyboardInterrupt):
            create(stage.venue, prepare(stage.venue, offer, organizer), organizer)
    terms = create(stage.venue, prepare(stage.venue, offer, organizer), organizer).competition.terms
    assert held(stage, token, "organizer") == 100 * UNIT - terms.prize - terms.bond
    assert allowed(stage, token, "organizer", stage.venue.factory.address) == 0


def test_submit__too_few_tokens__says_how_many(stage: Stage, token: Contract) -> None:
    found = in_tokens(stage, token)
    with pytest.raises(InsufficientFunds, match=r"dave has 0 TOK; 0.1 TOK are needed"):
        enter(stage, found, "cara")
    assert allowed(stage, token, "cara", found.address) == 0
    assert found.progress().committed == 0


def test_allow__something_else_is_allowed__set_to_the_unit(stage: Stage, token: Contract) -> None:
    anna, spender = stage.account("anna"), stage.account("stranger").address
    for amount, allowance in ((5, 5), (7, 7), (6, 7)):  # what is enough stays as it is
        Token(stage.venue.chain, token.address).allow(anna, spender, amount)
        assert allowed(stage, token, "anna", spender) == allowance


def test_money__no_token__says_so(stage: Stage) -> None:
    chain, nobody, no_token = stage.venue.chain, stage.account("anna").address, stage.venue.factory.address
    with pytest.raises(ChainError, match="there is no token at"):
        _ = Token(chain, nobody).money
    with pytest.raises(ChainError, match=r"is no ERC-20 token"):
        _ = Token(chain, no_token).money
    assert money_of(chain, no_token).show(7) == f"7 units of {no_token}"
    assert money_of(chain, nobody).show(10**18) == f"{10**18} units of {nobody}"
    assert money_of(chain, parse_token(None)) == ETHER
    with pytest.raises(UsageError, match="no address"):
        parse_token("0x12")


@pytest.mark.parametrize(
    ("symbol", "shown"),
    [("USDC", "USDC"), *((each, "tokens of") for each in ("\x1b[31mX", "", "ether", "ETH", b"\xff", 7))],
)
def test_money_of__a_symbol_that_plays_tricks__is_not_printed(
    stage: Stage, token: Contract, monkeypatch: pytest.MonkeyPatch, symbol: Any, shown: str
) -> None:
    monkeypatch.setattr(Token, "_read", lambda _, function: 6 if function == "decimals" else symbol)
    assert money_of(stage.venue.chain, token.address).symbol.startswith(shown)


@pytest.mark.parametrize(("amount", "shown"), [(1_500_000, "1.5 USDC"), (0, "0 USDC"), (1, "0.000001 USDC")])
def test_show__amounts_of_six_decimals__are_parsed_again(amount: int, shown: str) -> None:
    money = Money("USDC", 6)
    assert money.show(amount) == shown
    assert money.parse(shown.removesuffix(" USDC")) == amount
