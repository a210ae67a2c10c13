"""Bound contracts: typed values, events and calls, read from one block."""

from dataclasses import dataclass

import pytest

from orchestrator.bindings.competition import CompetitionFactory, Terms
from orchestrator.bindings.tournament import Tournament
from orchestrator.chain import Account, Chain
from orchestrator.chain.bound import Bound, Call, ContractEnum, Event, plain, value_of
from orchestrator.errors import ChainError
from orchestrator.types import Address
from tests.evm import artifact
from tests.unit.chain.probe import deploy_probe


class Colour(ContractEnum):
    RED = 0
    GREEN = 1


@dataclass(frozen=True)
class Inner:
    colour: Colour
    proof: tuple[bytes, ...]


@dataclass(frozen=True)
class Outer:
    who: Address
    inner: Inner


@dataclass(frozen=True)
class ValueSet(Event):
    signature = "ValueSet"

    by: Address
    round: int
    value: int


class Probe(Bound):
    ABI = artifact("ChainProbe")["abi"]

    def set(self, value: int) -> Call:
        return self._call("set", value)

    def value(self) -> int:
        return self._read(int, "value")


@pytest.fixture
def bound(chain: Chain, alice: Account) -> Probe:
    return Probe(chain, deploy_probe(chain, alice).address)


def test_value_of__nested_struct__is_what_plain_takes_apart() -> None:
    value = Outer(Address("0x" + "11" * 20), Inner(Colour.GREEN, (b"a", b"b")))
    assert plain(value) == ("0x" + "11" * 20, (1, [b"a", b"b"]))
    assert value_of(Outer, plain(value)) == value


def test_value_of__struct_of_an_event__has_names() -> None:
    found = {"colour": 1, "proof": [b"a"]}
    assert value_of(Inner, found) == Inner(Colour.GREEN, (b"a",))


@pytest.mark.parametrize("found", [(7, []), (0,), (0, [], 0), None], ids=["member", "short", "long", "none"])
def test_value_of__what_is_none__refused(found: object) -> None:
    with pytest.raises(ChainError, match="cannot be used"):
        value_of(Inner, found)


def test_at__an_earlier_block__all_reads_are_from_it(chain: Chain, alice: Account, bound: Probe) -> None:
    chain.send(bound.set(1), alice)
    then = bound.at(chain.head().number)
    chain.send(bound.set(2), alice)
    assert (then.value(), bound.value()) == (1, 2)
    assert [each.value for each in then.events(ValueSet)] == [1]
    assert [each.value for each in bound.events(ValueSet)] == [1, 2]


def test_events__filtered__typed_with_their_place(
    chain: Chain, alice: Account, bob: Account, bound: Probe
) -> None:
    chain.send(bound.set(1), alice)
    receipt = chain.send(bound.set(2), bob)
    [found] = bound.events(ValueSet, by=bob.address)
    assert found == ValueSet(receipt.block_number, receipt.tx_hash, 0, bob.address, 2, 2)
    assert not list(bound.events(ValueSet, value=[3]))
    assert len(list(bound.logs(ValueSet, by=bob.address))) == 1


def test_emitted__of_another_contract__is_not_told(chain: Chain, alice: Account, bound: Probe) -> None:
    receipt = chain.send(bound.set(5), alice)
    assert [each.value for each in bound.emitted(ValueSet, receipt)] == [5]
    assert not Probe(chain, alice.address).emitted(ValueSet, receipt)


def test_events__from_the_block_of_deployment__no_earlier(chain: Chain, alice: Account, bound: Probe) -> None:
    chain.send(bound.set(1), alice)
    later = Probe(chain, bound.address, chain.head().number + 1)
    chain.send(bound.set(2), alice)
    assert [each.value for each in later.events(ValueSet)] == [2]


@pytest.mark.parametrize("amount", [2**256, -1])
def test_call__number_without_room__refused_by_its_name(chain: Chain, amount: int) -> None:
    bound = Tournament(chain, Address("0x" + "11" * 20))
    with pytest.raises(ChainError, match=f"amount: {amount} is beyond"):
        bound.withdraw(bound.address, amount)


def test_call__struct_with_a_number_without_room__refused_by_its_name(chain: Chain) -> None:
    factory = CompetitionFactory(chain, Address("0x" + "11" * 20))
    nobody, digest = factory.address, bytes(32)
    terms = Terms(nobody, nobody, digest, digest, *[0] * 12, 10**39, *[0] * 5, (1, 0, 0, 0), *[0] * 7)
    with pytest.raises(ChainError, match=f"prize: {10**39} is beyond"):
        factory.create(terms)
