"""A federation in a token: what a party owes comes in with the act that it is owed for."""

import pytest

from orchestrator.bindings.federation import Federation
from orchestrator.chain.external import Erc20
from orchestrator.errors import InsufficientFunds
from orchestrator.kernel.session import Session
from orchestrator.systems.federation import aggregating, cranking, party
from orchestrator.systems.federation.joining import amount, join, withdraw
from orchestrator.types import Address
from tests.evm import artifact
from tests.unit.systems.federation.stage import begin, rows

PARTIES = ("alice", "bob", "carol")
COIN = 10**18
TERMS = {"policy": "trusted", "pay": "equal", "committee": 0, "rounds": 1}


@pytest.fixture
def token(session: Session) -> Address:
    """One of which the parties and the organizer have a hundred each."""
    compiled, chain = artifact("CompetitionToken"), session.chain
    factory = chain.web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    address = chain.send(factory.constructor(0), session.account("judy")).contract_address
    assert address
    for name in PARTIES:
        mint = factory(address).functions.mint(session.account(name).address, 100 * COIN)
        chain.send(mint, session.account("judy"))
    return address


def has(session: Session, token: Address, name: str) -> int:
    return Erc20(session.chain, token).balance_of(session.account(name).address)


def allowed(session: Session, federation: Federation, token: Address, name: str) -> int:
    return Erc20(session.chain, token).allowance(session.account(name).address, federation.address)


def test_join__brings_the_deposit_in_by_itself__and_allows_no_more(session, tmp_path, token):
    federation, heard = begin(session, tmp_path, **TERMS, token=token), []
    bob, deposit = session.account("bob"), amount(federation, federation.terms.deposit)
    before = has(session, token, "bob")
    for _ in range(2):
        join(session, federation, bob, rows(tmp_path, "bob"), lambda _, said: heard.extend(said))
    assert has(session, token, "bob") == before - deposit
    assert federation.party_of(bob.address).deposit == deposit
    assert allowed(session, federation, token, "bob") == 0
    assert sum("missing from your balance there, once and no more" in sentence for sentence in heard) == 1


def test_join__too_little_of_it__is_told_and_nothing_is_allowed(session, tmp_path, token):
    federation = begin(session, tmp_path, **TERMS, token=token)
    with pytest.raises(InsufficientFunds, match="has 0"):
        join(session, federation, session.account("frank"), rows(tmp_path, "frank"))
    assert allowed(session, federation, token, "frank") == 0


def test_round__bonds_come_in_too__and_everything_returns(session, tmp_path, token):
    federation = begin(session, tmp_path, *PARTIES, **TERMS, token=token)
    cranking.crank(session, federation, session.account("dave"))
    for act in (party.commit, party.reveal):
        for name in PARTIES:
            act(session, federation, session.account(name))
    before = has(session, token, "alice")
    aggregating.claim(session, federation, session.account("alice"))
    assert has(session, token, "alice") == before - amount(federation, federation.terms.bond)
    session.chain.advance_to(federation.clock().ends_at)
    cranking.crank(session, federation, session.account("dave"))
    for name in (*PARTIES, "dave"):
        withdraw(session, federation, session.account(name))
    assert Erc20(session.chain, token).balance_of(federation.address) == 0
    assert all(allowed(session, federation, token, name) == 0 for name in PARTIES)
