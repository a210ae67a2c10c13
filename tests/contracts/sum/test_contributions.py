"""Adding data: the data handler.

add
├── given malformed features or an unknown label: refused
├── given too little money or too low a maximum: refused
├── given too much money: the change is credited
└── given enough: recorded, learned, announced
commit, reveal, release
addFor (relayed)
tokens: what arrives, and what no balance can hold
"""

from collections.abc import Callable
from typing import Any

import pytest
from eth_account import Account
from eth_utils.crypto import keccak

from orchestrator.models.online.features import encode_sparse
from orchestrator.models.online.references import SparsePerceptron
from tests.evm import EVERYTHING, Reverted
from tests.sum_system import ANY, DAY, ETHER, GWEI, HOUR, Facts, System, Terms, Workshop

X = encode_sparse([1, 5, 40])
BAD = {
    "empty": b"",
    "odd length": b"\0\1\0",
    "repeated": b"\0\5\0\5",
    "unsorted": b"\0\5\0\4",
    "the intercept": b"\0\0\0\4",
    "out of range": b"\0\5\0\x29",
    "far out of range": b"\0\5\xff\xff",
    "too many": encode_sparse(range(1, 22)),
    "repeated hundreds of times": b"\0\5" * 500,
}


@pytest.mark.parametrize("x", BAD.values(), ids=BAD.keys())
def test_add__malformed_features__refused(system: System, x: bytes) -> None:
    with pytest.raises(Reverted, match="BadFeatures"):
        system.add(x, 1)
    with pytest.raises(Reverted, match="BadFeatures"):
        system.evm.call(system.do.predict(x))


@pytest.mark.parametrize("y", [2, 255, 256, 2**255])
def test_add__unknown_label__refused(system: System, y: int) -> None:
    with pytest.raises(Reverted, match="UnknownLabel"):
        system.add(X, y)


def test_add__exact_deposit__recorded_learned_announced(system: System) -> None:
    system.evm.advance(HOUR)
    added = system.add(X, 1)
    facts = Facts(added.facts)
    assert (facts.label, facts.surprise, facts.certainty, facts.time) == (1, True, 8, system.evm.now)
    assert facts.deposit == 1_000 * 3_600 // 60
    assert system.do.record(added.slot).call()[1:] == [facts.deposit, 0]
    assert system.do.predict(X).call() == 1
    assert system.do.status().call() == [1, system.evm.now, 0]


def test_add__price_above_maximum__refused(system: System) -> None:
    price = system.price()
    with pytest.raises(Reverted, match="PriceAboveMaximum"):
        system.evm.send(system.do.add(X, 1, price - 1), "contributor", price)


def test_add__too_little__refused(system: System) -> None:
    with pytest.raises(Reverted, match="Underfunded"):
        system.evm.send(system.do.add(X, 1, ANY), "contributor", system.price() - 1)


def test_add__too_much__change_is_credited_and_pays_the_next(system: System) -> None:
    price = system.price()
    system.evm.send(system.do.add(X, 1, ANY), "contributor", price + 10**15)
    assert system.balance("contributor") == 10**15
    system.evm.advance(DAY)
    due = system.price()
    system.evm.send(system.do.add(X, 1, ANY), "contributor")
    assert system.balance("contributor") == 10**15 - due


@pytest.mark.parametrize(("samples", "labels"), [(0, 0), (1, 2), (2, 1)])
def test_add_batch__labels_do_not_fit__refused(system: System, samples: int, labels: int) -> None:
    with pytest.raises(Reverted, match="BadBatch"):
        system.evm.send(system.do.addBatch([X] * samples, bytes(labels), ANY), "contributor", ANY)


def test_add_batch__one_sample_bad__nothing_happens(system: System) -> None:
    with pytest.raises(Reverted, match="BadFeatures"):
        system.evm.send(system.do.addBatch([X, b""], bytes(2), ANY), "contributor", ANY)
    assert system.do.status().call()[0] == 0


def test_price__batch__as_if_at_even_intervals(system: System) -> None:
    system.evm.advance(HOUR)
    pending = system.evm.web3.eth.get_block("pending")["timestamp"]
    elapsed = pending - system.do.status().call()[1]
    assert system.price(4) == int(3_600_000 // int((elapsed // 4) ** 0.5)) * GWEI


def test_add__token_model_with_ether__refused(workshop: Workshop, create: Callable[..., System]) -> None:
    token = workshop.evm.deploy("SumToken", 0)
    system = create(token=token.address, unit=1)
    with pytest.raises(Reverted, match="WrongPayment"):
        system.evm.send(system.do.add(X, 1, ANY), "contributor", 1)
    with pytest.raises(Reverted, match="WrongPayment"):
        system.evm.send(system.do.fund(system.evm.role("contributor"), 5), "contributor", 1)
    workshop.evm.send(token.functions.mint(workshop.evm.role("contributor"), 10**9))
    workshop.evm.send(token.functions.approve(system.sum.address, 10**9), "contributor")
    system.evm.send(system.do.fund(system.evm.role("contributor"), 10**9), "contributor")
    with pytest.raises(Reverted, match="WrongPayment"):  # nor as a unit of the token, where there is enough
        system.evm.send(system.do.add(X, 1, ANY), "contributor", 1)


def test_withdraw_for__anothers_balance__refused_but_what_is_burnt(system: System) -> None:
    """A balance waits for the next contribution: whoever sent it away would stop that."""
    contributor = system.evm.role("contributor")
    burnt = "0x000000000000000000000000000000000000dEaD"
    for who in (contributor, burnt):
        system.evm.send(system.do.fund(who, 5), "contributor", 5)
    with pytest.raises(Reverted, match="NotTheAccount"):
        system.evm.send(system.do.withdrawFor(contributor), "stranger")
    system.evm.send(system.do.withdrawFor(contributor), "contributor")
    system.evm.send(system.do.withdrawFor(burnt), "stranger")
    assert system.balance("contributor") == 0
    assert system.evm.web3.eth.get_balance(burnt) == 5


@pytest.mark.parametrize("fee", [0, 10])
def test_fund__token__credits_what_arrives(
    workshop: Workshop, create: Callable[..., System], fee: int
) -> None:
    evm, token = workshop.evm, workshop.evm.deploy("SumToken", fee)
    system = create(token=token.address, unit=1)
    contributor = evm.role("contributor")
    evm.send(token.functions.mint(contributor, 10**9))
    evm.send(token.functions.approve(system.sum.address, 10**9), "contributor")
    evm.send(system.do.fund(contributor, 10**8), "contributor")
    assert system.balance("contributor") == 10**8 * (100 - fee) // 100
    assert token.functions.balanceOf(system.sum.address).call() == system.balance("contributor")
    price = system.price()
    evm.send(system.do.add(X, 1, ANY), "contributor")
    rest = system.balance("contributor")
    assert rest == 10**8 * (100 - fee) // 100 - price
    evm.send(system.do.withdraw(contributor, EVERYTHING), "contributor")
    assert token.functions.balanceOf(system.sum.address).call() == price


@pytest.mark.parametrize("lacks", ["all", "a part", "nothing"])
def test_add__token__pulls_just_what_the_balance_lacks(
    workshop: Workshop, create: Callable[..., System], lacks: str
) -> None:
    evm, token = workshop.evm, workshop.evm.deploy("SumToken", 0)
    system = create(token=token.address, unit=1)
    contributor = evm.role("contributor")
    evm.send(token.functions.mint(contributor, 10**9))
    evm.send(token.functions.approve(system.sum.address, 10**9), "contributor")
    before = {"all": 0, "a part": 1_000, "nothing": 3_600_000}[lacks]
    if before:
        evm.send(system.do.fund(contributor, before), "contributor")
    if lacks == "nothing":
        evm.send(system.do.withdraw(contributor, before - system.price()), "contributor")
    price = system.price()
    assert (price <= system.balance("contributor")) == (lacks == "nothing")
    pulled = max(0, price - system.balance("contributor"))
    held, left = token.functions.balanceOf(contributor).call(), max(0, system.balance("contributor") - price)
    receipt = evm.send(system.do.add(X, 1, ANY), "contributor")
    assert Facts(system.added(receipt)[0].facts).deposit == price
    assert held - token.functions.balanceOf(contributor).call() == pulled
    assert system.balance("contributor") == left
    assert [each["amount"] for each in evm.events(system.sum, "Funded", receipt)] == [pulled] * (pulled > 0)


def test_add__token_that_adds_meanwhile__pays_no_older_price(
    workshop: Workshop, create: Callable[..., System]
) -> None:
    """Each one in the same second is dearer than the one before: one inside another saves nothing."""
    evm, token = workshop.evm, workshop.evm.deploy("SumOddToken", "calls back")
    system = create(token=token.address, unit=1)
    contributor = evm.role("contributor")
    for who in (contributor, evm.role("deployer")):
        evm.send(token.functions.mint(who, 10**12))
    evm.send(system.do.fund(token.address, 10**11))
    inner = system.do.add(X, 0, ANY)._encode_transaction_data()
    evm.send(token.functions.attack(system.sum.address, bytes.fromhex(inner[2:])))
    evm.advance(HOUR)
    with pytest.raises(Reverted, match="Reentrancy"):
        evm.send(system.do.add(X, 1, ANY), "contributor")
    evm.send(token.functions.attack(ETHER, b""))
    evm.send(system.do.add(X, 1, ANY), "contributor")


def test_refund__balance_would_not_fit__refused_and_nothing_is_lost(
    workshop: Workshop, create: Callable[..., System]
) -> None:
    """A token of 2^128 units: the refund would overflow into the reputation beside the balance."""
    evm, token = workshop.evm, workshop.evm.deploy("SumToken", 0)
    system = create(token=token.address, unit=1)
    contributor, most = evm.role("contributor"), 2**128 - 1
    evm.send(token.functions.mint(contributor, 2 * most))
    evm.send(token.functions.approve(system.sum.address, 2 * most), "contributor")
    evm.send(system.do.fund(contributor, 10**9), "contributor")
    [contribution] = system.added(evm.send(system.do.add(X, 1, ANY), "contributor"))
    evm.send(system.do.fund(contributor, most - system.balance("contributor")), "contributor")
    account = system.account("contributor")
    assert account[0] == most
    with pytest.raises(Reverted):
        evm.send(system.do.fund(contributor, 1), "contributor")
    system.due(contribution)
    with pytest.raises(Reverted):
        system.claim("refund", contribution)
    assert system.account("contributor") == account
    evm.send(system.do.withdraw(contributor, EVERYTHING), "contributor")
    system.claim("refund", contribution)
    assert system.balance("contributor") == Facts(contribution.facts).deposit


# -- commit first, reveal later -----------------------------------------------------------------------------

SALT = b"\7" * 32


def commitment(system: System, y: int = 1, role: str = "contributor") -> bytes:
    return system.do.commitmentOf(system.evm.role(role), X, y, SALT).call()


def test_reveal__a_block_later__learned_at_the_committed_price(system: System) -> None:
    price = system.price()
    system.evm.send(system.do.commit(commitment(system), ANY), "contributor", price)
    receipt = system.evm.send(system.do.reveal(X, 1, SALT, ANY), "contributor")
    assert Facts(system.added(receipt)[0].facts).deposit * GWEI == price
    with pytest.raises(Reverted, match="NotCommitted"):
        system.evm.send(system.do.reveal(X, 1, SALT, ANY), "contributor")


def test_reveal__in_the_block_of_the_commitment__refused(workshop: Workshop, system: System) -> None:
    """Whoever sees a label in the mempool cannot commit to it and open that before its author."""
    copier = workshop.evm.deploy("SumAttacker", sender="attacker")
    sealed = system.do.commitmentOf(copier.address, X, 1, SALT).call()
    calls = [
        bytes.fromhex(system.sum.encode_abi(name, args)[2:])
        for name, args in (("commit", [sealed, ANY]), ("reveal", [X, 1, SALT, ANY]))
    ]
    price = system.price()
    with pytest.raises(Reverted, match="TooEarly"):
        workshop.evm.send(copier.functions.run(system.sum.address, calls, [price, 0]), "attacker", price)


@pytest.mark.parametrize("spoiled", ["domain", "chain", "contract", "contributor", "payload", "salt"])
def test_commitment__binds_each_part(system: System, spoiled: str) -> None:
    from eth_abi import encode

    keccak = system.evm.web3.keccak
    parts = {
        "domain": keccak(text="DILN sum contribution"),
        "chain": system.evm.web3.eth.chain_id,
        "contract": system.sum.address,
        "contributor": system.evm.role("contributor"),
        "payload": keccak(encode(["bytes32", "uint256"], [keccak(X), 1])),
        "salt": SALT,
    }
    kinds = ["bytes32", "uint256", "address", "address", "bytes32", "bytes32"]
    assert keccak(encode(kinds, list(parts.values()))) == commitment(system)
    wrong = {
        "chain": 1,
        "contract": system.evm.role("copier"),
        "contributor": system.evm.role("copier"),
        "domain": keccak(text="DILN market contribution"),
        "payload": keccak(encode(["bytes32", "uint256"], [keccak(X), 0])),
        "salt": bytes(32),
    }
    sealed = keccak(encode(kinds, list((parts | {spoiled: wrong[spoiled]}).values())))
    system.evm.send(system.do.commit(sealed, ANY), "contributor", system.price())
    with pytest.raises(Reverted, match="NotCommitted"):
        system.evm.send(system.do.reveal(X, 1, SALT, ANY), "contributor")


@pytest.mark.parametrize(("sender", "y"), [("copier", 1), ("contributor", 0)])
def test_reveal__other_sender_or_label__refused(system: System, sender: str, y: int) -> None:
    system.evm.send(system.do.commit(commitment(system), ANY), "contributor", system.price())
    with pytest.raises(Reverted, match="NotCommitted"):
        system.evm.send(system.do.reveal(X, y, SALT, ANY), sender)


def test_commit__twice__refused_and_a_copied_one_is_useless(system: System) -> None:
    system.evm.send(system.do.commit(commitment(system), ANY), "copier", system.price())
    system.evm.send(system.do.commit(commitment(system), ANY), "contributor", system.price())
    with pytest.raises(Reverted, match="CommittedAlready"):
        system.evm.send(system.do.commit(commitment(system), ANY), "contributor", system.price())
    with pytest.raises(Reverted, match="NotCommitted"):
        system.evm.send(system.do.reveal(X, 1, SALT, ANY), "copier")
    system.evm.send(system.do.reveal(X, 1, SALT, ANY), "contributor")


def test_release__locked_as_long_as_a_deposit(system: System) -> None:
    price = system.price()
    system.evm.send(system.do.commit(commitment(system), ANY), "contributor", price)
    call = system.do.release(system.evm.role("contributor"), commitment(system))
    system.evm.advance(7 * DAY - 10)
    with pytest.raises(Reverted, match="TooEarly"):
        system.evm.send(call, "keeper")
    system.evm.advance(20)
    system.evm.send(call, "keeper")
    assert system.balance("contributor") == price
    with pytest.raises(Reverted, match="NotCommitted"):
        system.evm.send(call, "keeper")


# -- signed and relayed -------------------------------------------------------------------------------------


def message(system: System, contributor: str, **changes: Any) -> dict[str, Any]:
    fields = {"samples": [X, X], "labels": b"\0\1", "maximum": ANY, "nonce": 0, "deadline": 2**40}
    domain = {
        "name": "DILN Shared Model",
        "version": "1",
        "chainId": system.evm.web3.eth.chain_id,
        "verifyingContract": system.sum.address,
    }
    kinds = {
        "contributor": "address",
        "samples": "bytes[]",
        "labels": "bytes",
        "maximum": "uint256",
        "nonce": "uint256",
        "deadline": "uint256",
    }
    return {
        "domain_data": domain,
        "message_types": {"Contribution": [{"name": n, "type": t} for n, t in kinds.items()]},
        "message_data": {"contributor": contributor} | fields | changes,
    }


def relay(
    system: System, value: int = ANY, deadline: int = 2**40, signer: str = "contributor", **changes: Any
) -> Any:
    """Send two samples that the contributor signed, or `changes` of them."""
    contributor = system.evm.role("contributor")
    data = message(system, contributor, deadline=deadline, **changes)
    signature = Account.sign_typed_data(system.evm.key(signer), **data).signature
    call = system.do.addFor(contributor, [X, X], b"\0\1", ANY, deadline, signature, False)
    return system.evm.send(call, "relayer", value)


def relay_samples(system: System, xs: list[bytes]) -> Any:
    """Send samples that the contributor signed, all labelled 1."""
    contributor = system.evm.role("contributor")
    fields = {"samples": xs, "labels": bytes([1] * len(xs)), "nonce": system.account("contributor")[2]}
    signature = Account.sign_typed_data(
        system.evm.key("contributor"), **message(system, contributor, **fields)
    )
    call = system.do.addFor(contributor, xs, fields["labels"], ANY, 2**40, signature.signature, False)
    return system.evm.send(call, "relayer")


def test_add_for__signed__contributor_gets_the_records_and_the_change(system: System) -> None:
    cost = 2 * system.price(2)
    added = system.added(relay(system))
    assert [fact.facts >> 96 for fact in added] == [int(system.evm.role("contributor"), 16)] * 2
    assert system.account("contributor")[:3] == (ANY - cost, 0, 1)


def test_add_for__replayed__refused(system: System) -> None:
    relay(system)
    with pytest.raises(Reverted, match="BadSignature"):
        relay(system)
    relay(system, nonce=1)


@pytest.mark.parametrize("field", ["chainId", "verifyingContract", "name", "version"])
def test_add_for__signed_for_another_chain_or_model__refused(
    create: Callable[..., System], field: str
) -> None:
    system, other = create(), create()
    assert other.sum.address != system.sum.address
    contributor = system.evm.role("contributor")
    data = message(system, contributor)
    data["domain_data"][field] = {
        "chainId": 1,
        "verifyingContract": other.sum.address,
        "name": "Another",
        "version": "2",
    }[field]
    signature = Account.sign_typed_data(system.evm.key("contributor"), **data).signature
    call = system.do.addFor(contributor, [X, X], b"\0\1", ANY, 2**40, signature, False)
    with pytest.raises(Reverted, match="BadSignature"):
        system.evm.send(call, "relayer", ANY)
    if field == "verifyingContract":  # where it belongs, it is good: but once, and only with its nonce
        call = other.do.addFor(contributor, [X, X], b"\0\1", ANY, 2**40, signature, False)
        other.evm.send(call, "relayer", ANY)
        with pytest.raises(Reverted, match="BadSignature"):
            other.evm.send(call, "relayer", ANY)


def test_add_for__relayer_waited_for_a_higher_price__refused(system: System) -> None:
    """The contributor's money goes no further than the signed maximum, whoever pays for the gas."""
    contributor, maximum = system.evm.role("contributor"), system.price(2) - 1
    system.evm.send(system.do.fund(contributor, ANY), "contributor", ANY)
    data = message(system, contributor, maximum=maximum)
    signature = Account.sign_typed_data(system.evm.key("contributor"), **data).signature
    call = system.do.addFor(contributor, [X, X], b"\0\1", maximum, 2**40, signature, False)
    with pytest.raises(Reverted, match="PriceAboveMaximum"):
        system.evm.send(call, "relayer")
    assert system.balance("contributor") == ANY
    system.evm.advance(DAY)  # patience makes it cheaper
    assert len(system.added(system.evm.send(call, "relayer"))) == 2


@pytest.mark.parametrize(
    "changes", [{"signer": "stranger"}, {"labels": b"\1\1"}, {"maximum": 1}, {"samples": [X]}], ids=str
)
def test_add_for__signed_for_something_else__refused(system: System, changes: dict[str, Any]) -> None:
    with pytest.raises(Reverted, match="BadSignature"):
        relay(system, **changes)


def test_add_for__late__refused(system: System) -> None:
    with pytest.raises(Reverted, match="SignatureExpired"):
        relay(system, deadline=system.evm.now - 1)


def test_add_for__contract_wallet__by_erc1271(workshop: Workshop, system: System) -> None:
    from eth_account.messages import _hash_eip191_message, encode_typed_data

    wallet = workshop.evm.deploy("SumWallet")
    data = encode_typed_data(**message(system, wallet.address))
    call = system.do.addFor(wallet.address, [X, X], b"\0\1", ANY, 2**40, b"", False)
    with pytest.raises(Reverted, match="BadSignature"):
        workshop.evm.send(call, "relayer", ANY)
    workshop.evm.send(wallet.functions.allow(_hash_eip191_message(data)))
    assert len(system.added(workshop.evm.send(call, "relayer", ANY))) == 2


# -- creating -----------------------------------------------------------------------------------------------


def test_initialize__again__refused(system: System) -> None:
    with pytest.raises(Reverted, match="AlreadyInitialized"):
        system.evm.send(system.do.initialize(), "stranger")


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (Terms(cost_weight=2**47), "costWeight"),
        (Terms(refund_wait=DAY - 1, take_gap=DAY // 2), "refundWait"),
        (Terms(refund_wait=DAY, take_gap=DAY + 1), "refundWait"),
        (Terms(refund_wait=90 * DAY + 1), "refundWait"),
        (Terms(take_gap=DAY // 2 - 1), "takeGap"),
        (Terms(creator_wait=2 * DAY - 1), "creatorWait"),
        (Terms(any_wait=13 * DAY), "anyWait"),
        (Terms(any_wait=365 * DAY + 1), "anyWait"),
    ],
)
def test_create__terms_that_make_no_sense__refused(
    create: Callable[..., System], terms: Terms, field: str
) -> None:
    with pytest.raises(Reverted) as refused:
        create(terms)
    assert field in str(refused.value)


@pytest.mark.parametrize(
    "terms",
    [
        Terms(refund_wait=DAY, take_gap=DAY, creator_wait=2 * DAY, any_wait=2 * DAY),
        Terms(take_gap=DAY // 2, any_wait=365 * DAY),
        Terms(refund_wait=90 * DAY),
    ],
)
def test_create__terms_at_their_bounds__taken(create: Callable[..., System], terms: Terms) -> None:
    assert create(terms).do.settings().call()[0] == terms.pack()


def test_create__money_without_a_unit__refused(create: Callable[..., System]) -> None:
    with pytest.raises(Reverted, match="unit"):
        create(unit=0)


def test_create__model_that_learns_nothing__refused(workshop: Workshop) -> None:
    with pytest.raises(Reverted) as refused:
        workshop.create(SparsePerceptron(41, rate=0, limit=20).with_weights([[0] * 41]), Terms())
    assert "rate" in str(refused.value)


def test_create__when_32_bit_times_end__refused(workshop: Workshop, create: Callable[..., System]) -> None:
    workshop.evm.advance(2**32 - workshop.evm.now)
    with pytest.raises(Reverted) as refused:
        create()
    assert str(keccak(text="Full()")[:4]) in str(refused.value)  # the factory passes it on


def test_create__foretold_address__same(workshop: Workshop, create: Callable[..., System]) -> None:
    from tests.sum_system import arguments

    system = create()
    factory, made = workshop.deployed["SumFactory"], workshop.deployed["SparsePerceptronStake"]
    args = arguments(system.reference, Terms())
    salt = (workshop.evm.web3.eth.block_number - 1).to_bytes(32, "big")
    foretold = factory.functions.addressOf(made.address, workshop.evm.role("creator"), salt, args).call()
    assert foretold == system.sum.address
    assert system.do.creator().call() == workshop.evm.role("creator")
