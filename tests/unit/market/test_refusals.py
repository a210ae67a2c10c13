"""Bad input to markets: one clear error, nothing sent."""

from dataclasses import replace
from typing import Any

import pytest
from eth_utils.address import to_checksum_address

from orchestrator.chain import load_artifact
from orchestrator.errors import (
    ChainError,
    DataError,
    InsufficientFunds,
    ModelError,
    UsageError,
)
from orchestrator.models.online.factory import factory_of
from orchestrator.models.online.training import Table
from orchestrator.systems.market.creating import create, prepare
from orchestrator.systems.market.opening import open_market
from orchestrator.systems.market.participating import contribute
from orchestrator.systems.market.reference.market import Phase
from orchestrator.systems.market.reference.rules import DAY, HOUR
from orchestrator.systems.market.sealing import open_sealed
from orchestrator.systems.market.testset import SealedTest
from orchestrator.systems.sum.leaderboard import leaderboard
from orchestrator.systems.sum.opening import open_model
from orchestrator.systems.sum.replaying import converted as start_from
from tests.unit.market.stage import (
    ETHER,
    OFFER,
    RULES,
    Fair,
    draft,
    open_fair,
    secret_table,
)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"bounty": 0}, UsageError),
        ({"bond": 0}, UsageError),
        ({"rules": replace(RULES, stake=0)}, UsageError),
        ({"rules": replace(RULES, strikes=16)}, UsageError),
        ({"rules": replace(RULES, validation=2)}, UsageError),
        ({"rules": replace(RULES, threshold=1_001)}, UsageError),
        ({"rules": replace(RULES, margin=501)}, UsageError),
        ({"rules": replace(RULES, duration=HOUR - 1)}, UsageError),
        ({"rules": replace(RULES, open_wait=4 * HOUR)}, UsageError),
        ({"rules": replace(RULES, reveal_wait=(1 << 28) - 1)}, UsageError),
        ({"rules": replace(RULES, capacity=65_535, open_wait=30 * DAY, passes=4)}, UsageError),
        ({"rules": replace(RULES, portions=1)}, DataError),
        ({"rules": replace(RULES, portions=3, samples=100)}, DataError),
    ],
)
def test_prepare__offer_that_no_market_takes__refused(
    village: Any, planned: Any, change: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        draft(village.session, planned.converted, replace(OFFER, **change))


def test_prepare__model_or_test_set_that_does_not_fit__refused(village: Any, planned: Any) -> None:
    session, provider = village.session, village.account("creator")
    alien = Table(["quark lepton"], ["city"])
    with pytest.raises(DataError, match="no test sample"):
        prepare(session, "fair", planned.converted, alien, OFFER, provider)
    from orchestrator.models.online.references import DensePerceptron

    dense = replace(planned.converted, model=DensePerceptron(3))
    with pytest.raises(ModelError, match="no market for a DensePerceptron"):
        prepare(session, "fair", dense, secret_table(), OFFER, provider)


def test_create__dry_run__sends_nothing(village: Any, planned: Any) -> None:
    session = village.session
    made = create(session, draft(session, planned.converted), village.account("creator"), dry_run=True)
    assert made.gas_used > 0
    assert not session.chain.code(made.address)


def test_create__wallet_without_the_bounty__nothing_sent(village: Any, planned: Any) -> None:
    session = village.session
    drawn = draft(session, planned.converted, replace(OFFER, bounty=10**6 * ETHER))
    with pytest.raises(InsufficientFunds, match="1000000"):
        create(session, drawn, village.account("creator"))
    assert len(list(factory_of(session).created())) == 1


def test_create__another_market_of_that_name__refused(fair: Fair, planned: Any) -> None:
    again = draft(fair.session, planned.converted)
    with pytest.raises(ModelError, match="already"):
        create(fair.session, again, fair.account("provider"))


def test_start_from__shared_model__its_words_as_they_are(village: Any) -> None:
    converted = start_from(village.opened)
    assert converted.model.words() == village.opened.shared.words()


def test_contribute__bad_input__nothing_sent(fair: Fair) -> None:
    pauper = fair.session.accounts.new("pauper", "secret")
    with pytest.raises(InsufficientFunds, match="pauper"):
        contribute(fair.session, fair.opened, fair.plan(fair.lessons()[:1]), pauper)
    with pytest.raises(ChainError, match="above the maximum"):
        fair.give(fair.lessons()[:2], maximum=fair.market.stake)
    with pytest.raises(ChainError, match="takes 1000 more contributions"):
        fair.give([sample for _ in range(39) for sample in fair.lessons()], at_once=1, again=True)
    submission = fair.plan(fair.lessons())
    assert (len(submission.batches), submission.stake, submission.fee) == (
        1,
        26 * fair.market.stake,
        fair.market.fee,
    )
    with pytest.raises(DataError):
        fair.samples(("words that nobody knows", "city"))
    fair.pass_to(Phase.REVEALING)
    with pytest.raises(ChainError, match="takes no more contributions"):
        fair.give(fair.lessons()[:1])
    assert fair.market.state().contributions == 0


def test_contribute__where_nothing_is_sealed__refused(village: Any, planned: Any) -> None:
    offer = replace(OFFER, rules=replace(RULES, open_wait=0))
    fair = open_fair(village.session, planned.converted, offer)
    with pytest.raises(UsageError, match="nothing is sealed"):
        fair.give(fair.lessons()[:1], sealed=True)


def test_reveal__out_of_time__says_when(fair: Fair) -> None:
    with pytest.raises(ChainError, match="nothing to reveal"):
        fair.reveal()
    fair.give(fair.lessons()[:1])
    fair.pass_to(Phase.REVEALING)
    fair.reveal()
    with pytest.raises(ChainError, match="nothing to reveal"):
        fair.reveal()
    with pytest.raises(ChainError, match="nothing can be opened"):
        list(open_sealed(fair.session, fair.opened, fair.account("contributor")))


def test_open__market_or_model__each_knows_the_other(fair: Fair) -> None:
    with pytest.raises(ModelError, match="is a market"):
        open_model(fair.session, "fair")
    with pytest.raises(ModelError, match="not a market"):
        open_market(fair.session, "walks")
    assert leaderboard(open_model(fair.session, "walks")) == []


def test_open_market__measured_by_other_code__refused(fair: Fair) -> None:
    session, provider = fair.session, fair.account("poisoner")
    chain, composition = session.chain, load_artifact(fair.market.composition.name)
    measurer = fair.market.contract.measurer
    genuine = chain.code(fair.market.address)
    implementation = chain.code(to_checksum_address(genuine[10:30]))
    runtime = implementation.replace(bytes.fromhex(measurer[2:]), bytes.fromhex(provider.address[2:]))
    assert composition.matches(runtime)
    size = len(runtime).to_bytes(3, "big")
    deploying = bytes.fromhex("62") + size + bytes.fromhex("80600d6000396000f3") + runtime
    receipt = chain.send(chain.web3.eth.contract(abi=[], bytecode=deploying).constructor(), provider)
    assert chain.code(receipt.contract_address) == runtime
    created = fair.opened.created
    assert created
    function = factory_of(session).create(receipt.contract_address, bytes(32), created.arguments)
    chain.send(function, provider)
    fake = list(factory_of(session).created())[-1]
    with pytest.raises(ChainError, match="not of this package"):
        open_market(session, fake.address)


def sealed(lengths: list[int]) -> bytes:
    return SealedTest(bytes(32), tuple(bytes(length) for length in lengths)).to_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"format":"diln-market-test-set/1"}\n',
        b"\x80\x04.",
        sealed([]),
        sealed([1] * 255),
        sealed([24_576]),
    ],
)
def test_sealed_test__malformed__refused(content: bytes) -> None:
    with pytest.raises(DataError):
        SealedTest.parse(content)
