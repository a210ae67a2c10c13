"""Factory and Instance: clones with their arguments behind their code, at addresses of their creators' own.

├── any arguments, with or without value → the clone tells them, holds the value, and stands where foretold
├── another creator, salt, implementation, arguments, factory → another address
├── the same again → refused
└── the implementation itself → NotAClone
"""

import pytest
from web3.contract import Contract

from tests.contracts.registry.world import refused
from tests.evm import Evm, Reverted

SALT = b"\x07" * 32


@pytest.fixture
def parts(evm: Evm) -> tuple[Contract, Contract]:
    return evm.deploy("FactoryProbe"), evm.deploy("InstanceProbe")


@pytest.mark.parametrize(("length", "value"), [(0, 0), (1, 0), (256, 5), (20_000, 1)])
def test_create__any_arguments__behind_the_code_of_the_clone(
    evm: Evm, parts: tuple[Contract, Contract], length: int, value: int
) -> None:
    factory, implementation = parts
    args = bytes(index % 256 for index in range(length))
    create = factory.functions.create(implementation.address, args, SALT)
    foretold = evm.call(factory.functions.locate(implementation.address, args, evm.role("creator"), SALT))
    (made,) = evm.events(factory, "Created", evm.send(create, "creator", value))
    assert made == {
        "instance": foretold,
        "implementation": implementation.address,
        "creator": evm.role("creator"),
        "args": args,
    }
    clone = evm.at("InstanceProbe", made["instance"])
    assert evm.call(clone.functions.argumentsOf()) == args
    assert evm.web3.eth.get_balance(made["instance"]) == value
    assert evm.web3.eth.get_balance(factory.address) == 0
    with pytest.raises(Reverted):
        evm.send(create, "creator", value)


def test_locate__anything_else__elsewhere(evm: Evm, parts: tuple[Contract, Contract]) -> None:
    factory, implementation = parts
    creator, stranger = evm.role("creator"), evm.role("stranger")
    other = evm.deploy("FactoryProbe")
    asked = [
        (factory, implementation.address, b"args", creator, SALT),
        (factory, implementation.address, b"args", stranger, SALT),
        (factory, implementation.address, b"args", creator, bytes(32)),
        (factory, implementation.address, b"arg", creator, SALT),
        (factory, other.address, b"args", creator, SALT),
        (other, implementation.address, b"args", creator, SALT),
    ]
    found = {evm.call(each.functions.locate(*arguments)) for each, *arguments in asked}
    assert len(found) == len(asked)


def test_create__anothers_salt__does_not_take_its_place(evm: Evm, parts: tuple[Contract, Contract]) -> None:
    factory, implementation = parts
    create = factory.functions.create(implementation.address, b"args", SALT)
    evm.send(create, "stranger")
    (made,) = evm.events(factory, "Created", evm.send(create, "creator"))
    assert made["creator"] == evm.role("creator")


def test_check_clone__the_implementation__refused(evm: Evm, parts: tuple[Contract, Contract]) -> None:
    with refused("NotAClone"):
        evm.call(parts[1].functions.argumentsOf())
