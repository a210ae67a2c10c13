"""Prizes, bonds and deposits in a token: approved to the unit, taken once, paid out in full."""

from typing import Any

import pytest
from web3.contract import Contract

from orchestrator.bindings.competition import Mode
from orchestrator.chain.external import Erc20
from orchestrator.errors import ChainError, InsufficientFunds, NotDeployed, UsageError
from orchestrator.kernel.money import ETHER, approve, currency_of, parse_token, read_currency
from orchestrator.systems.competition import creating
from orchestrator.systems.competition.contracts import Competition
from orchestrator.systems.competition.creating import create, prepare
from orchestrator.systems.competition.duties import Role
from orchestrator.systems.competition.evaluating import claim
from orchestrator.systems.competition.finding import factory_of
from orchestrator.systems.competition.submitting import reveal
from orchestrator.systems.competition.testing import open_test
from orchestrator.systems.competition.training import challenge, training_data
from orchestrator.types import Wei
from tests.evm import artifact
from tests.unit.competition.stage import Stage, offer_of, write_points
from tests.unit.competition.test_workflows import FAIR, GOOD, enter

UNIT = 10**18


@pytest.fixture
def token(stage: Stage) -> Contract:
    """A token of which organizer, anna, ben and refuter have 100 units each."""
    compiled = artifact("CompetitionToken")
    factory = stage.session.chain.web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    receipt = stage.session.chain.send(factory.constructor(0), stage.account("stranger"))
    assert receipt.contract_address
    bound = factory(receipt.contract_address)
    for role in ("organizer", "anna", "ben", "refuter"):
        mint = bound.functions.mint(stage.account(role).address, 100 * UNIT)
        stage.session.chain.send(mint, stage.account("stranger"))
    return bound


def held(stage: Stage, token: Contract, role: str) -> int:
    return int(stage.session.chain.call(token.functions.balanceOf(stage.account(role).address)))


def allowed(stage: Stage, token: Contract, role: str, spender: Any) -> int:
    return int(stage.session.chain.call(token.functions.allowance(stage.account(role).address, spender)))


def in_tokens(stage: Stage, token: Contract, **changes: Any) -> Competition:
    return stage.create(token=token.address, prize=Wei(10 * UNIT), **changes)


def test_competition__in_a_token__every_unit_comes_back_and_no_approval_stays(
    stage: Stage, token: Contract
) -> None:
    found = in_tokens(stage, token, optimistic=True)
    terms = found.terms
    assert (terms.token, terms.mode) == (token.address, Mode.OPTIMISTIC)
    assert held(stage, token, "organizer") == 100 * UNIT - terms.prize - terms.bond
    for_training = next(iter(training_data(stage.session, found).groups))
    challenge(stage.session, found, for_training, stage.account("refuter"))
    with pytest.raises(ChainError, match="has been challenged"):
        challenge(stage.session, found, for_training, stage.account("refuter"))
    enter(stage, found, "anna", GOOD)
    enter(stage, found, "ben", FAIR)
    assert held(stage, token, "anna") == 100 * UNIT - terms.deposit
    stage.keep(found, "organizer", roles={Role.ORGANIZER})
    stage.pass_until(found.schedule().training)
    for role in ("anna", "ben"):
        reveal(stage.session, found, stage.account(role))
    stage.pass_until(found.schedule().reveal)
    open_test(stage.session, found, stage.account("organizer"))
    claim(stage.session, found, 0, stage.account("anna"))
    claim(stage.session, found, 0, stage.account("anna"))
    assert held(stage, token, "anna") == 100 * UNIT - terms.deposit - terms.claim_bond
    stage.pass_until(found.result_of(0).done + terms.refute)
    stage.pass_until(found.schedule().final)
    for role, duties in (("anna", Role.SUBMITTER), ("ben", Role.SUBMITTER), ("organizer", Role.ORGANIZER)):
        said = stage.keep(found, role, roles={duties})
        assert not any(sentence.startswith("could not") for sentence in said), said
    stage.keep(found, "refuter", roles={Role.REFUTER})
    spenders = (found.address, factory_of(stage.session).address)
    roles = ("organizer", "anna", "ben", "refuter")
    assert {allowed(stage, token, role, spender) for role in roles for spender in spenders} == {0}
    assert stage.session.chain.call(token.functions.balanceOf(found.address)) == 0
    assert sum(held(stage, token, role) for role in roles) == 400 * UNIT
    assert held(stage, token, "anna") >= 100 * UNIT + terms.prize
    assert stage.session.chain.balance(found.address) == 0


def test_create__killed_after_sending__tokens_are_taken_and_approved_once(
    stage: Stage, token: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    organizer = stage.account("organizer")
    offer = offer_of(write_points(stage.folder / "points.csv"), token=token.address, prize=Wei(10 * UNIT))

    looks: list[None] = []

    def die(*_: Any, **__: Any) -> list[Competition]:
        """The first look finds nothing, the second comes after sending."""
        if looks:
            raise KeyboardInterrupt
        looks.append(None)
        return []

    with monkeypatch.context() as killed:
        killed.setattr(creating, "competitions", die)
        with pytest.raises(KeyboardInterrupt):
            create(stage.session, prepare(stage.session, offer, organizer), organizer)
    terms = create(stage.session, prepare(stage.session, offer, organizer), organizer).competition.terms
    assert held(stage, token, "organizer") == 100 * UNIT - terms.prize - terms.bond
    assert allowed(stage, token, "organizer", factory_of(stage.session).address) == 0


def test_submit__too_few_tokens__says_how_many(stage: Stage, token: Contract) -> None:
    found = in_tokens(stage, token)
    with pytest.raises(InsufficientFunds, match=r"dave .* has 0 TOK, but needs 0.1 TOK"):
        enter(stage, found, "cara")
    assert allowed(stage, token, "cara", found.address) == 0
    assert found.progress().committed == 0


def test_allow__something_else_is_allowed__set_to_the_unit(stage: Stage, token: Contract) -> None:
    anna, spender = stage.account("anna"), stage.account("stranger").address
    currency = currency_of(stage.session.chain, token.address)
    for amount in (5, 7, 7, 0, 6):
        approve(stage.session.chain, currency.of(amount), spender, anna)
        assert allowed(stage, token, "anna", spender) == amount


def test_money__no_token__says_so(stage: Stage) -> None:
    chain, nobody, no_token = (
        stage.session.chain,
        stage.account("anna").address,
        factory_of(stage.session).address,
    )
    with pytest.raises(NotDeployed, match="there is no contract at"):
        read_currency(chain, nobody)
    with pytest.raises(ChainError, match=r"is not an ERC-20 token"):
        read_currency(chain, no_token)
    assert currency_of(chain, no_token).show(7) == f"7 units of {no_token}"
    assert currency_of(chain, nobody).show(10**18) == f"{10**18} units of {nobody}"
    assert currency_of(chain, parse_token(None)) == ETHER
    with pytest.raises(UsageError, match="not an address"):
        parse_token("0x12")


@pytest.mark.parametrize(
    ("symbol", "shown"),
    [("USDC", "USDC"), *((each, "units of") for each in ("\x1b[31mX", "", "ether", "ETH", b"\xff", 7))],
)
def test_currency_of__a_symbol_that_plays_tricks__is_not_printed(
    stage: Stage, token: Contract, monkeypatch: pytest.MonkeyPatch, symbol: Any, shown: str
) -> None:
    monkeypatch.setattr(Erc20, "symbol", lambda _: symbol)
    assert currency_of(stage.session.chain, token.address).symbol.startswith(shown)
