"""Money at its worst, in every system that keeps balances (contracts/kernel/Funds.sol).

wallet
├── refuses ether: keeps only itself from its money, which goes elsewhere at its word
└── calls again while it is paid: gets its own once
balance
├── pushed out by another, more than there is, nothing: refused
└── ether that is forced in: nobody's
token
├── keeps a fee: credited with what arrives
├── returns false: refused, in and out, and still available once it behaves
├── returns nothing, as some do: fine
├── calls back: refused inside, nothing twice
├── is not a contract: refused
└── was approved by another: stays there
payment
└── of another value than the amount, or in ether where a token is due: refused
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from orchestrator.models.online.references import SparsePerceptron
from tests.contracts.federation import scenario as federations
from tests.contracts.tournament import scenario as tournaments
from tests.evm import EVERYTHING, Evm, Reverted
from tests.market_system import create as create_market
from tests.sum_system import ETHER, GWEI, HOUR, Terms, Workshop

COIN = 10**9 * GWEI
BURNT = "0x000000000000000000000000000000000000dEaD"
PLAIN, RETURNS_FALSE, RETURNS_NOTHING, CALLS_BACK = range(4)


def shared_model(evm: Evm, currency: str) -> Any:
    model = SparsePerceptron(41, rate=100, bits=8, limit=20).with_weights(np.zeros((1, 41)))
    return Workshop(evm).create(model, Terms(), token=currency).sum


def market(evm: Evm, currency: str) -> Any:
    return create_market(token=currency, shop=Workshop(evm)).market


def tournament(evm: Evm, currency: str) -> Any:
    return tournaments.Scenario.create(evm, currency=currency, funded=()).contract


def federation(evm: Evm, currency: str) -> Any:
    factory, ether = federations.deploy_factory(evm), currency == ETHER
    terms = federations.TERMS | {"genesis": b"\1" * 32, "start": evm.now + HOUR, "currency": currency}
    budget = terms["rounds"] * terms["reward"] * terms["unit"]
    if not ether:
        evm.send(evm.at("MarketRogueToken", currency).functions.approve(factory.address, budget))
    receipt = evm.send(factory.functions.create(terms, bytes(32)), value=budget if ether else 0)
    address = evm.events(factory, "Created", receipt)[0]["instance"]
    return federations.bind(evm, federations.NAMES[terms["policy"]], address)


SYSTEMS = (shared_model, market, tournament, federation)


@dataclass
class Held:
    """A contract with balances in `token`, or in ether."""

    evm: Evm
    contract: Any
    token: Any = None

    def send(self, name: str, *args: Any, sender: str = "alice", value: int = 0) -> None:
        self.evm.send(self.contract.functions[name](*args), sender, value)

    def data(self, name: str, *args: Any) -> bytes:
        return bytes.fromhex(self.contract.encode_abi(name, list(args))[2:])

    def fund(self, who: str, amount: int, sender: str = "alice") -> None:
        self.send("fund", who, amount, sender=sender, value=0 if self.token else amount)

    def of(self, who: str) -> int:
        """What `who` (an address) has inside."""
        kept = self.contract.functions
        return kept.account(who).call()[0] if hasattr(kept, "account") else kept.balanceOf(who).call()

    def owned(self, who: str) -> int:
        """What `who` has outside, of the token or of ether."""
        return (
            self.token.functions.balanceOf(who).call() if self.token else self.evm.web3.eth.get_balance(who)
        )

    def be(self, way: int, again: bytes = b"") -> None:
        """Let the token misbehave: `again` is what it calls."""
        self.evm.send(self.token.functions.be(way, self.contract.address, again))

    def endow(self, *roles: str) -> None:
        for role in roles:
            self.evm.send(self.token.functions.transfer(self.evm.role(role), 10 * COIN))
            self.evm.send(self.token.functions.approve(self.contract.address, 10 * COIN), role)


@pytest.fixture(scope="module", params=SYSTEMS)
def made(request: pytest.FixtureRequest) -> tuple[Held, Held, Callable[[Evm, str], Any]]:
    """A system in ether, in a token that misbehaves when it is told to, and what makes another."""
    evm, make = Evm(), request.param
    token = evm.deploy("MarketRogueToken")
    tokened = Held(evm, make(evm, token.address), token)
    tokened.endow("alice", "bob")
    return Held(evm, make(evm, ETHER)), tokened, make


@pytest.fixture(autouse=True)
def undone(made: Any) -> Iterator[None]:
    before = made[0].evm.snapshot()
    yield
    made[0].evm.revert(before)


@pytest.fixture
def held(made: Any) -> Held:
    return made[0]


@pytest.fixture
def tokened(made: Any) -> Held:
    return made[1]


def test_wallet__refuses_ether__keeps_only_itself_from_its_money(held: Held) -> None:
    wallet, bob = held.evm.deploy("MarketWallet"), held.evm.role("bob")
    for who in (wallet.address, bob):
        held.fund(who, COIN)
    stuck = wallet.functions.run(held.contract.address, 0, held.data("withdraw", wallet.address, COIN))
    with pytest.raises(Reverted):
        held.evm.send(stuck)
    assert held.of(wallet.address) == COIN
    before = held.owned(bob)
    held.evm.send(wallet.functions.run(held.contract.address, 0, held.data("withdraw", bob, EVERYTHING)))
    assert (held.of(wallet.address), held.of(bob), held.owned(bob)) == (0, COIN, before + COIN)


@pytest.mark.parametrize("again", ["withdraw", "withdrawFor", "fund"])
def test_wallet__calls_again_while_it_is_paid__gets_its_own_once(held: Held, again: str) -> None:
    thief, bob = held.evm.deploy("SumReentrant"), held.evm.role("bob")
    for who in (thief.address, bob):
        held.fund(who, 2 * COIN)
    first = held.data("withdraw", thief.address, COIN)
    more = held.data(again, thief.address, *{"withdraw": (COIN,), "fund": (0,)}.get(again, ()))
    held.evm.send(thief.functions.run(held.contract.address, first, more))
    assert thief.functions.refused().call()
    assert (held.owned(thief.address), held.of(thief.address), held.of(bob)) == (COIN, COIN, 2 * COIN)


def test_withdraw__in_parts_or_whole__to_whom_its_owner_says(held: Held) -> None:
    alice, receiver = held.evm.role("alice"), held.evm.web3.eth.account.create().address
    held.fund(alice, COIN, sender="bob")
    held.send("withdraw", receiver, GWEI)
    assert (held.owned(receiver), held.of(alice)) == (GWEI, COIN - GWEI)
    held.send("withdrawFor", alice)
    assert held.of(alice) == 0
    with pytest.raises(Reverted, match="Underfunded"):
        held.send("withdraw", receiver, GWEI)
    for name, args in (
        ("withdraw", (receiver, EVERYTHING)),
        ("withdrawFor", (alice,)),
        ("withdrawFor", (BURNT,)),
    ):
        with pytest.raises(Reverted, match="NothingOwed"):
            held.send(name, *args)


def test_balance__pushed_out_by_another__refused(held: Held) -> None:
    """Else anybody could take it away the moment before it is staked, or pays what is relayed."""
    held.fund(held.evm.role("alice"), COIN)
    with pytest.raises(Reverted, match="NotTheAccount"):
        held.send("withdrawFor", held.evm.role("alice"), sender="bob")


def test_ether__forced_in_or_sent_plain__is_nobodys(held: Held) -> None:
    evm, address = held.evm, held.contract.address
    before, sent = held.owned(address), {"from": evm.role("bob"), "gas": 10**6}
    held.fund(evm.role("alice"), COIN)
    plain = evm.web3.eth.send_transaction(sent | {"to": address, "value": 1})
    assert evm.web3.eth.get_transaction_receipt(plain)["status"] == 0
    dying = "0x73" + address[2:] + "ff"  # a constructor that gives all it has away
    with pytest.warns(DeprecationWarning, match="SELFDESTRUCT"):
        evm.web3.eth.send_transaction(sent | {"data": dying, "value": GWEI})
    assert (held.owned(address), held.of(evm.role("alice"))) == (before + COIN + GWEI, COIN)
    held.send("withdraw", evm.role("alice"), EVERYTHING)
    assert held.owned(address) == before + GWEI


@pytest.mark.parametrize(("amount", "value"), [(2, 1), (0, 1), (1, 0)])
def test_fund__value_is_not_the_amount__refused(held: Held, amount: int, value: int) -> None:
    with pytest.raises(Reverted, match="WrongPayment") as refused:
        held.send("fund", held.evm.role("alice"), amount * GWEI, value=value * GWEI)
    assert refused.value.values == (value * GWEI, amount * GWEI)


def test_token__ether_is_sent__refused(tokened: Held) -> None:
    with pytest.raises(Reverted, match="WrongPayment"):
        tokened.send("fund", tokened.evm.role("alice"), GWEI, value=GWEI)


def test_token__approved_by_another__stays_there(tokened: Held) -> None:
    tokened.evm.send(tokened.token.functions.transfer(tokened.evm.role("thief"), COIN))
    with pytest.raises(Reverted):
        tokened.fund(tokened.evm.role("thief"), COIN, sender="thief")


@pytest.mark.parametrize("way", [PLAIN, RETURNS_NOTHING])
def test_token__moves__in_and_out_whatever_it_returns(tokened: Held, way: int) -> None:
    alice = tokened.evm.role("alice")
    tokened.be(way)
    tokened.fund(alice, COIN)
    assert (tokened.of(alice), tokened.owned(alice)) == (COIN, 9 * COIN)
    tokened.send("withdraw", alice, EVERYTHING)
    assert (tokened.of(alice), tokened.owned(alice)) == (0, 10 * COIN)


def test_token__returns_false__refused_and_still_owed(tokened: Held) -> None:
    alice = tokened.evm.role("alice")
    tokened.fund(alice, COIN)
    tokened.be(RETURNS_FALSE)
    for name, args in (("fund", (alice, COIN)), ("withdraw", (alice, EVERYTHING)), ("withdrawFor", (alice,))):
        with pytest.raises(Reverted):
            tokened.send(name, *args)
    assert tokened.of(alice) == COIN
    tokened.be(PLAIN)
    tokened.send("withdraw", alice, EVERYTHING)
    assert tokened.owned(alice) == 10 * COIN


@pytest.mark.parametrize("again", ["fund", "withdraw", "withdrawFor"])
def test_token__calls_back__refused_inside(tokened: Held, again: str) -> None:
    alice, bob, token = tokened.evm.role("alice"), tokened.evm.role("bob"), tokened.token.address
    for who in (bob, token):  # the token has something inside, which it asks for again
        tokened.fund(who, COIN, sender="bob")
    data = tokened.data(again, *{"fund": (bob, 0), "withdraw": (token, COIN)}.get(again, (token,)))
    tokened.be(CALLS_BACK, data)
    tokened.fund(alice, COIN)
    tokened.send("withdraw", alice, EVERYTHING)
    assert not tokened.token.functions.reentered().call()
    assert (tokened.owned(alice), tokened.of(bob), tokened.of(token)) == (10 * COIN, COIN, COIN)


def test_token__keeps_a_fee__credited_with_what_arrives(made: Any) -> None:
    evm, make = made[0].evm, made[2]
    token = evm.deploy("SumToken", 10)
    if make is federation:  # it takes its budget in full, or is not made
        pytest.skip("no federation has a token with a fee: test_findings")
    held, alice = Held(evm, make(evm, token.address), token), evm.role("alice")
    evm.send(token.functions.mint(alice, COIN))
    evm.send(token.functions.approve(held.contract.address, COIN), "alice")
    held.fund(alice, COIN)
    assert held.of(alice) == held.owned(held.contract.address) == COIN * 9 // 10
    held.send("withdraw", alice, COIN // 2)
    assert (held.owned(alice), held.of(alice)) == (COIN * 45 // 100, COIN * 4 // 10)


def test_token__without_code__refused(made: Any) -> None:
    evm, make = made[0].evm, made[2]
    with pytest.raises(Reverted):
        Held(evm, make(evm, "0x" + "11" * 20), made[1].token).fund(evm.role("alice"), GWEI)
