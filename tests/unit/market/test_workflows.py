"""The life of a market on the embedded chain, with good and bad input.

create, contribute, open, reveal, settle, watch
├── each does what it says, and what is paid is what the Python reference says
├── killed and done again, nothing happens twice
├── lost secrets are restored by the wallet
└── bad input: one clear error, nothing sent
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from web3 import Web3

from orchestrator.chain import Account, load_artifact
from orchestrator.errors import (
    AccountError,
    ChainError,
    ContractReverted,
    DataError,
    InsufficientFunds,
    IntegrityError,
    SignatureRefused,
    VerificationFailed,
)
from orchestrator.kernel.keeper import Keeper
from orchestrator.kernel.money import Currency, read_currency
from orchestrator.models.online.encoding import encode_row
from orchestrator.models.online.factory import factory_of
from orchestrator.models.online.training import Table, train
from orchestrator.systems.market.contract import proof_of
from orchestrator.systems.market.creating import create, prepare
from orchestrator.systems.market.duties import SYSTEM
from orchestrator.systems.market.forecasting import forecast
from orchestrator.systems.market.opening import open_market
from orchestrator.systems.market.participating import contribute
from orchestrator.systems.market.provider import secret_test
from orchestrator.systems.market.reference.market import Outcome, Phase
from orchestrator.systems.market.reference.samples import encode_batch
from orchestrator.systems.market.relaying import relay, shortfall, sign
from orchestrator.systems.market.sealing import open_sealed
from orchestrator.systems.market.secrets import folder_of
from orchestrator.systems.market.testset import SealedTest
from tests.evm import EVERYTHING
from tests.unit.market.stage import (
    ETHER,
    OFFER,
    ROLES,
    RULES,
    Fair,
    draft,
    open_fair,
    secret_table,
    untaught,
)
from tests.unit.sum.conftest import table


def killed(monkeypatch: pytest.MonkeyPatch, action: Callable[[], Any]) -> None:
    """Do it in a process that dies after its first transaction went out."""

    def dying(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("orchestrator.chain.delivery.Delivery.complete", dying)
        with pytest.raises(KeyboardInterrupt):
            action()


# -- what is paid ------------------------------------------------------------------------------------------


def test_settle__good_and_bad_data__pays_to_the_wei_what_the_reference_says(fair: Fair) -> None:
    fair.give(fair.lessons(), "contributor")
    fair.give(fair.lessons(wrong=True), "poisoner", at_once=5)
    expected = fair.leaderboard()
    fair.pass_to(Phase.REVEALING)
    assert len(fair.reveal()) == 2
    assert fair.settle()[-1] == "pay"
    paid = fair.leaderboard()
    assert paid.final
    assert paid.rows == expected.rows
    for row, role in zip(paid.rows, ("contributor", "poisoner"), strict=True):
        assert row.who == fair.account(role).address
        assert row.amount == fair.balance(role)
    assert paid.rows[0].gain >= -paid.rows[0].fees  # type: ignore[operator]
    assert paid.rows[1].gain < 0  # type: ignore[operator]
    assert paid.settlement
    assert fair.balance("provider") == paid.settlement.provider
    assert fair.settle() == []


def test_settle__in_small_steps_past_somebody_who_drops_out__goes_on(
    fair: Fair, monkeypatch: pytest.MonkeyPatch
) -> None:
    fair.give(fair.lessons(), "contributor", at_once=13)
    fair.give(fair.lessons(wrong=True), "poisoner", at_once=6)
    fair.give(fair.lessons()[:8], "stranger", at_once=4)
    fair.pass_to(Phase.REVEALING)
    fair.reveal()
    for name in ("FIRST_WORK", "MOST_WORK"):
        monkeypatch.setattr(f"orchestrator.systems.market.settling.{name}", 5)
    assert fair.settle().count("crank") > 8
    paid = fair.leaderboard()
    assert paid.final
    assert any(row.dropped for row in paid.rows if row.who == fair.account("poisoner").address)


def test_settle__validation_hinge_and_tips__as_the_reference_says(village: Any, planned: Any) -> None:
    rules = replace(RULES, portions=4, samples=5, validation=1, weighted=0, loss=2, tip=1_000, strikes=2)
    offer = replace(OFFER, rules=rules, tips=10**13)
    fair = open_fair(village.session, planned.converted, offer)
    fair.give(fair.lessons(), at_once=26)
    fair.give(fair.lessons(wrong=True)[:6], "poisoner", at_once=2)
    fair.pass_to(Phase.REVEALING)
    fair.reveal()
    fair.settle()
    paid = fair.leaderboard()
    assert paid.final
    assert paid.settlement
    assert fair.balance("keeper") == paid.settlement.tips > 0
    assert paid.settlement.last <= paid.settlement.first  # type: ignore[operator]


def test_settle__naive_bayes_by_f1__as_the_reference_says(village: Any) -> None:
    trained = train(table(), "bayes")
    from orchestrator.models.online.planning import plan

    offer = replace(OFFER, rules=replace(RULES, loss=1))
    session, provider = village.session, village.session.account(ROLES["provider"])
    drawn = prepare(session, "bayes", plan(trained).converted, secret_table(), offer, provider)
    fair = Fair(session, open_market(session, create(session, drawn, provider).address))
    assert fair.market.composition.name == "NaiveBayesMarket"
    fair.give(fair.lessons(wrong=True))
    fair.pass_to(Phase.REVEALING)
    fair.reveal()
    fair.settle()
    assert fair.leaderboard().final


def test_market__naive_bayes_over_numbers__in_bins_as_the_reference_says(village: Any) -> None:
    import numpy as np
    import pandas as pd

    from orchestrator.models.online.planning import plan

    def drawn(count: int, seed: int) -> Table:
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 2, count)
        means = 5 + 3 * labels[:, None] * np.array([1, -1])
        frame = pd.DataFrame(rng.normal(means, 1.0), columns=["width", "height"])
        return Table(frame, ["small" if label else "large" for label in labels])

    converted = plan(train(drawn(60, seed=1), "bayes")).converted
    assert converted.encoder.kind == "binned"
    session, provider = village.session, village.session.account(ROLES["provider"])
    secret = prepare(session, "numbers", converted, drawn(200, seed=2), OFFER, provider)
    fair = Fair(session, open_market(session, create(session, secret, provider).address))
    assert fair.market.composition.name == "NaiveBayesMarket"
    given = drawn(40, seed=3)
    samples = [
        (encode_row(fair.opened, row), fair.opened.descriptor.label(label))
        for row, label in zip(given.rows(), given.labels, strict=True)
    ]
    fair.give(samples, sealed=True)
    list(open_sealed(session, fair.opened, fair.account("contributor")))
    fair.pass_to(Phase.REVEALING)
    fair.reveal()
    fair.settle()
    assert fair.leaderboard().final


def test_settle__provider_does_not_reveal__bond_burnt_bounty_to_the_participants(fair: Fair) -> None:
    fair.give(fair.lessons()[:4], "contributor")
    fair.give(fair.lessons()[4:10], "stranger")
    fair.pass_to(Phase.REVEALING)
    assert fair.settle() == []
    fair.pass_deadline()
    with pytest.raises(ChainError, match="too late"):
        fair.reveal()
    assert fair.settle() == ["expire", "pay"]
    paid = fair.leaderboard()
    assert paid.final
    assert fair.market.state().outcome is Outcome.DEFAULTED
    shares = [fair.balance(role) - n * fair.market.stake for role, n in (("contributor", 4), ("stranger", 6))]
    assert shares == [fair.market.fee + OFFER.bounty * n // 10 for n in (4, 6)]
    assert paid.settlement
    assert paid.settlement.burnt == OFFER.bond


def test_settle__nobody_contributed__everything_returns(fair: Fair) -> None:
    fair.pass_to(Phase.REVEALING)
    assert fair.settle() == ["expire", "pay"]
    assert fair.leaderboard().final
    assert fair.balance("provider") == OFFER.bounty + OFFER.bond


def test_settle__trial_never_revealed__bond_is_burnt(village: Any, planned: Any) -> None:
    fair = open_fair(village.session, planned.converted, wait=False)
    fair.pass_deadline()
    assert fair.settle() == ["expire"]
    paid = fair.leaderboard()
    assert paid.final
    assert paid.settlement
    assert (paid.settlement.outcome, paid.settlement.burnt) == (Outcome.VOIDED, OFFER.bond)


def test_standing__node_that_alters_a_payment__is_caught(fair: Fair, monkeypatch: pytest.MonkeyPatch) -> None:
    fair.give(fair.lessons()[:4])
    fair.pass_to(Phase.REVEALING)
    fair.reveal()
    fair.settle()
    told = fair.market.payments()
    altered = [replace(told[0], amount=told[0].amount + 1), *told[1:]]
    monkeypatch.setattr(type(fair.market), "payments", lambda self: altered)
    with pytest.raises(VerificationFailed):
        fair.leaderboard()


# -- killed and repeated --------------------------------------------------------------------------------


def test_create__killed_after_each_transaction__escrowed_once(
    village: Any, planned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, provider = village.session, village.session.account(ROLES["provider"])

    def make() -> Any:
        return create(session, draft(session, untaught(planned.converted)), provider)

    for _ in range(4):  # create, offer, choose, reveal
        killed(monkeypatch, make)
    made = make()
    assert (made.gas_used, made.trial is None) == (0, False)
    market = open_market(session, "fair").shared
    assert market.address == made.address
    assert market.state().pot == OFFER.bounty + OFFER.bond == session.chain.balance(market.address)
    assert sum(created.address == made.address for created in factory_of(session).created()) == 1
    assert len(list(factory_of(session).created())) == 2


@pytest.mark.parametrize("sealed", [False, True])
def test_contribute__killed_and_again__staked_once(
    fair: Fair, monkeypatch: pytest.MonkeyPatch, sealed: bool
) -> None:
    samples = fair.lessons()[:6]
    killed(monkeypatch, lambda: fair.give(samples, sealed=sealed, at_once=3))
    first = fair.give(samples, sealed=sealed, at_once=3)
    again = fair.give(samples, sealed=sealed, at_once=3)
    assert (again.given, again.submission.left_out, again.submission.stake) == ((), 6, 0)
    assert first.submission.left_out + sum(each.samples for each in first.given) == 6
    assert fair.market.state().staked == 6
    assert len(fair.give(samples[:1], again=True).given) == 1


def kept(fair: Fair, account: Account) -> list[str]:
    """What a keeper does now for `account`, and for others."""
    keeper = Keeper(fair.session, [(SYSTEM, fair.opened)], [account], others=True)
    return [str(each) for each in keeper.turn()]


def test_turn__keeper_with_the_secrets__does_everything_in_time(
    fair: Fair, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = fair.account("keeper")
    fair.give(fair.lessons(), sealed=True)
    assert kept(fair, keeper) == []
    fair.pass_to(Phase.OPENING)
    killed(monkeypatch, lambda: kept(fair, keeper))  # opening
    killed(monkeypatch, lambda: kept(fair, keeper))  # revealing
    kept(fair, keeper)
    assert SYSTEM.over(fair.opened)
    assert fair.leaderboard().final
    assert fair.market.state().outcome is Outcome.SETTLED
    assert kept(fair, keeper) == []


def test_turn__without_the_secrets__chooses_and_settles_only(village: Any, planned: Any) -> None:
    fair = open_fair(village.session, planned.converted, wait=False)
    keeper = fair.account("keeper")
    secrets = folder_of(fair.session, fair.market.address).folder
    moved = secrets.rename(secrets.with_name("elsewhere"))
    fair.session.chain.mine(3)
    assert kept(fair, keeper) == ["chose the trial portion"]
    assert kept(fair, keeper) == []
    shutil.move(moved, secrets)
    assert kept(fair, keeper) == ["revealed the trial portion"]


# -- relayed -----------------------------------------------------------------------------------------


def test_relay__signed_by_one_sent_by_another__is_the_signers(fair: Fair, tmp_path: Path) -> None:
    signer, file = fair.account("contributor"), tmp_path / "signed.json"
    submission = fair.plan(fair.lessons(), at_once=13)
    sign(fair.opened, submission, signer, fair.market.contract.deadline(), file)
    with pytest.raises(ChainError, match="short"):
        list(relay(fair.session, fair.opened, file, fair.account("keeper")))
    [receipt] = relay(fair.session, fair.opened, file, fair.account("keeper"), pay=True)
    assert [each.contributor for each in fair.market.added(receipt)] == [signer.address] * 2
    assert list(relay(fair.session, fair.opened, file, fair.account("keeper"), pay=True)) == []
    assert fair.plan(fair.lessons()).batches == ()


def test_relay__all_of_a_file_dearer_than_the_relayer_pays__nothing_leaves(
    fair: Fair, tmp_path: Path
) -> None:
    file, keeper, chain = tmp_path / "signed.json", fair.account("keeper"), fair.session.chain
    for who, lessons in (("contributor", fair.lessons()[:4]), ("stranger", fair.lessons()[4:8])):
        submission = fair.plan(lessons, who, at_once=1)
        sign(fair.opened, submission, fair.account(who), fair.market.contract.deadline(), tmp_path / who)
    content = json.loads((tmp_path / "contributor").read_text())
    content["signed"] += json.loads((tmp_path / "stranger").read_text())["signed"]
    file.write_text(json.dumps(content))
    price, before = shortfall(fair.opened, file), chain.balance(keeper.address)
    with pytest.raises(ChainError, match="at most"):
        shortfall(fair.opened, file, price - 1)
    assert chain.balance(keeper.address) == before
    with pytest.raises(ChainError, match="at most"):  # a balance may fall after the look
        list(relay(fair.session, fair.opened, file, keeper, pay=True, maximum=price - 1))
    assert fair.market.state().contributions == 4
    assert len(list(relay(fair.session, fair.opened, file, keeper, pay=True, maximum=price))) == 1


def test_relay__altered_late_or_elsewhere__refused(fair: Fair, tmp_path: Path) -> None:
    file = tmp_path / "signed.json"
    keeper = fair.account("keeper")
    sign(fair.opened, fair.plan(fair.lessons()[:4]), fair.account("contributor"), 1, file)
    with pytest.raises(SignatureRefused, match="its time is over"):
        list(relay(fair.session, fair.opened, file, keeper, pay=True))
    genuine = json.loads(file.read_text())
    signed = genuine["signed"][0] | {"deadline": fair.market.contract.deadline()}
    for altered, error in (
        (genuine | {"signed": [signed]}, SignatureRefused),
        (genuine | {"market": keeper.address}, ChainError),
        (genuine | {"format": "another"}, DataError),
        (genuine | {"signed": [signed | {"batches": [5]}]}, DataError),
        ([], DataError),
    ):
        file.write_text(json.dumps(altered))
        with pytest.raises(error):
            list(relay(fair.session, fair.opened, file, keeper, pay=True))
    file.write_bytes(b"[" * 200_000)
    with pytest.raises(DataError):
        list(relay(fair.session, fair.opened, file, keeper, pay=True))
    assert fair.market.state().contributions == 0


def test_relay__forged_or_worthless_file__costs_the_relayer_nothing(fair: Fair, tmp_path: Path) -> None:
    """A thief names its own account as the contributor and withdraws what was paid in for it: nothing is."""
    file, thief, chain = tmp_path / "signed.json", fair.account("poisoner"), fair.session.chain
    keeper = fair.account("keeper")
    sign(fair.opened, fair.plan(fair.lessons()[:4], "poisoner"), thief, fair.market.contract.deadline(), file)
    genuine = json.loads(file.read_text())["signed"][0]
    before = chain.balance(keeper.address)
    for change in (
        {"signature": "0x" + "11" * 65},
        {"maximum": "1"},
        {"nonce": 1},
        {"deadline": 1},
        {"batches": genuine["batches"] * 1_001},
        {"contributor": fair.market.address},  # a contract that signs nothing
        {"signature": "0x"},
    ):
        content = json.loads(file.read_text()) | {"signed": [genuine | change]}
        (tmp_path / "altered.json").write_text(json.dumps(content))
        with pytest.raises((ChainError, SignatureRefused)):
            list(relay(fair.session, fair.opened, tmp_path / "altered.json", keeper, pay=True))
        assert fair.balance("poisoner") == 0
        assert chain.balance(keeper.address) == before
    fair.give(fair.lessons()[:1], "stranger")
    fair.pass_to(Phase.REVEALING)
    with pytest.raises(ChainError, match="no more contributions"):
        list(relay(fair.session, fair.opened, file, keeper, pay=True))
    assert chain.balance(keeper.address) == before


def test_relay__paid_in_tokens__moves_with_the_contributions(
    village: Any, planned: Any, tmp_path: Path
) -> None:
    session, contract = village.session, village.deploy("MarketToken", by="alice")
    fair = open_fair(
        session,
        planned.converted,
        replace(OFFER, money=read_currency(session.chain, contract.address), most=2 * ETHER),
    )
    keeper, file = fair.account("keeper"), tmp_path / "signed.json"
    session.chain.send(contract.functions.transfer(keeper.address, ETHER), fair.account("provider"))
    before = contract.functions.balanceOf(keeper.address).call()
    submission = fair.plan(fair.lessons()[:4])
    sign(fair.opened, submission, fair.account("contributor"), fair.market.contract.deadline(), file)
    assert shortfall(fair.opened, file) == submission.price
    with pytest.raises(ContractReverted, match="underfunded"):  # the token keeps a part: nothing moves
        list(relay(session, fair.opened, file, keeper, pay=True))
    assert contract.functions.balanceOf(keeper.address).call() == before
    assert fair.balance("contributor") == 0


# -- what strangers send ---------------------------------------------------------------------------------


def test_proof_of__dirty_padding_and_other_bytes__read_as_solidity_reads_them() -> None:
    proof = [bytes([i]) * 32 for i in (1, 2, 3)]
    interface = Web3().eth.contract(abi=load_artifact("SparsePerceptronMarket").abi)
    for name, args in (("revealTrial", ()), ("reveal", (1,))):
        data = bytes.fromhex(interface.encode_abi(name, args=[*args, b"run", bytes(32), proof])[2:])
        assert proof_of(data) == proof
        padding = data.index(b"run") + 3
        dirty = data[:padding] + b"\xff" + data[padding + 1 :]
        assert proof_of(dirty) == proof
        for cut in range(0, len(data), 7):
            assert proof_of(data[:cut]) in (None, proof)
        endless = data.replace((3).to_bytes(32, "big") + proof[0], b"\xff" * 32 + proof[0])
        assert proof_of(endless) is None
    assert proof_of(bytes.fromhex("deadbeef") + bytes(500)) is None


def rebuilt(data: bytes) -> Callable[..., Any]:
    """Calls that are built carry `data` instead of their own."""
    from web3.contract.contract import ContractFunction

    genuine = ContractFunction.build_transaction
    return lambda self, *args: genuine(self, *args) | {"data": "0x" + data.hex()}


def test_reveal__copied_by_a_stranger_with_dirty_padding__everybody_goes_on(
    village: Any, planned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fair = open_fair(village.session, planned.converted, wait=False)
    session, market, chain = fair.session, fair.market, fair.session.chain
    chain.mine(4)
    chain.send(market.contract.choose(), fair.account("stranger"))
    secret, index = secret_test(session, fair.opened), market.state().trial
    tree = secret.tree(market.domain, market.creator)
    call = market.contract.reveal_trial(secret.batches[index], secret.salts[index], tree.proof(index))
    data = bytes.fromhex(call._encode_transaction_data()[2:])
    padded = data.index(secret.batches[index]) + len(secret.batches[index])
    assert data[padded] == 0
    dirty = data[:padded] + b"\x07" + data[padded + 1 :]
    with monkeypatch.context() as patch:
        patch.setattr(type(call), "build_transaction", rebuilt(dirty))
        chain.send(call, fair.account("stranger"))
    assert market.phase() is Phase.PARTICIPATION
    fair.give(fair.lessons(), sealed=True)
    assert fair.leaderboard().rows


def test_list__market_in_what_is_no_token__one_row_with_the_reason(
    fair: Fair, capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestrator.cli.dispatch import run

    arguments = bytearray(fair.opened.created.arguments)  # type: ignore[union-attr]
    arguments[:20] = bytes([0x77]) * 20
    session = fair.session
    implementation = session.deployments.get(fair.market.composition.name)
    creating = factory_of(session).create(implementation, bytes(32), bytes(arguments))
    session.chain.send(creating, fair.account("stranger"))
    home = ["--home", str(session.settings.home), "--json"]
    assert run(["market", "list", *home]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["fair"]["phase"] == "participation"
    assert rows[""]["phase"] is None
    assert "0x7777" in rows[""]["error"]


# -- before it stakes ------------------------------------------------------------------------------------


def test_forecast__each_fifth_asked_of_who_has_not_seen_it__latecomer_improves_nothing(fair: Fair) -> None:
    """Five texts of a word each, that nobody can guess from the other four: only data that name it help."""
    nature, city = ("river", "forest", "deer"), ("street", "tower")
    shown = fair.samples(*((word, "nature") for word in nature), *((word, "city") for word in city))
    portions = {fair.market.state().trial: encode_batch([x for x, _ in shown], [y for _, y in shown])}
    without, with_them = forecast(fair.session, fair.opened, portions, shown)
    assert without < with_them == 1.0
    fair.give(shown)
    late, again = forecast(fair.session, fair.opened, portions, shown)
    assert late == again == 1.0


def test_losable__before_it_is_paid__says_what_may_be_lost_and_that_nothing_improves(fair: Fair) -> None:
    from orchestrator.cli.market.printing import losable

    submission = fair.plan(fair.lessons())
    useful, useless = replace(submission, before=0.5, after=0.6), replace(submission, before=0.5, after=0.5)
    said = " ".join(losable(fair.opened, useless, sealed=True))
    for word in ("at stake", "burnt", "Open them from", "does not reveal", "nobody measures"):
        assert word in said
    assert "improve nothing any more" in said
    assert "improve nothing any more" not in " ".join(losable(fair.opened, useful, sealed=False))


def test_escrowed__model_without_a_mistake__says_that_nobody_can_earn(village: Any, planned: Any) -> None:
    from orchestrator.cli.market.printing import escrowed

    made = draft(village.session, untaught(planned.converted))
    said = " ".join(escrowed(made, "alice"))
    assert ("nobody is paid" in said) == (made.accuracy == 1)
    perfect = SimpleNamespace(offer=made.offer, accuracy=1)
    assert "nobody is paid" in " ".join(escrowed(perfect, "alice"))  # type: ignore[arg-type]


# -- secrets ------------------------------------------------------------------------------------------


def test_reveal__secrets_lost__the_wallet_restores_them(fair: Fair) -> None:
    fair.give(fair.lessons()[:4])
    shutil.rmtree(folder_of(fair.session, fair.market.address).folder)
    fair.pass_to(Phase.REVEALING)
    with pytest.raises(AccountError, match="the secret of"):
        fair.reveal("stranger")
    assert len(fair.reveal("provider")) == 2


def test_open_sealed__secrets_lost__wallet_and_data_restore_them(fair: Fair) -> None:
    samples = fair.lessons()[:7]
    fair.give(samples, sealed=True, at_once=4)
    shutil.rmtree(folder_of(fair.session, fair.market.address).folder)
    assert fair.give(samples, sealed=True, at_once=4).submission.left_out == 7
    with pytest.raises(AccountError) as caught:
        list(open_sealed(fair.session, fair.opened, fair.account("contributor")))
    assert "--csv" in caught.value.hint
    opened = list(open_sealed(fair.session, fair.opened, fair.account("contributor"), samples))
    assert [each.samples for each in opened] == [4, 3]
    assert fair.market.state().sealed == 0


def test_secrets__of_a_market__are_for_their_owner_alone(fair: Fair) -> None:
    fair.give(fair.lessons()[:2], sealed=True)
    files = list(folder_of(fair.session, fair.market.address).folder.iterdir())
    assert len(files) == 2
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_reveal__sealed_test_set_altered__does_not_match_its_commitments(
    fair: Fair, monkeypatch: pytest.MonkeyPatch
) -> None:
    fair.give(fair.lessons()[:2])
    fair.pass_to(Phase.REVEALING)
    _alter_sealed(fair, monkeypatch)
    with pytest.raises(IntegrityError, match="does not match the commitments"):
        fair.reveal()
    assert len(fair.market.portions()) == 1


def test_contribute__test_set_does_not_match__nothing_sent(
    fair: Fair, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        _alter_sealed(fair, patch)
        with pytest.raises(IntegrityError, match="does not match the commitments"):
            fair.give(fair.lessons()[:2])
    [trial] = fair.market.portions()
    lie = replace(trial, batch=trial.batch[:-1] + bytes([trial.batch[-1] ^ 1]))
    monkeypatch.setattr(type(fair.market), "portions", lambda self: [lie])
    with pytest.raises(IntegrityError, match="does not match the commitments"):
        fair.give(fair.lessons()[:2])
    assert fair.market.state().contributions == 0


def _alter_sealed(fair: Fair, patch: pytest.MonkeyPatch) -> None:
    """The store gives a test set that was changed in every portion."""
    genuine = SealedTest.parse(fair.session.storage.read(fair.opened.descriptor.sealed))
    portions = tuple(portion[:-1] + bytes([portion[-1] ^ 1]) for portion in genuine.portions)
    altered = replace(genuine, portions=portions).to_bytes()
    patch.setattr(type(fair.session.storage), "read", lambda self, cid, limit=None: altered)


# -- tokens ------------------------------------------------------------------------------------------


def test_market__in_a_token__is_paid_in_it(village: Any, planned: Any) -> None:
    session = village.session
    contract = village.deploy("MarketToken", by="alice")
    money = read_currency(session.chain, contract.address)
    assert money == Currency(contract.address, "MT", 18)
    assert money.show(-ETHER // 2) == "-0.5 MT"
    fair = open_fair(session, planned.converted, replace(OFFER, money=money, most=2 * ETHER))
    with pytest.raises(InsufficientFunds, match="MT"):
        fair.give(fair.lessons()[:4], "contributor")
    bob = fair.account("contributor")
    session.chain.send(contract.functions.transfer(bob.address, ETHER), fair.account("provider"))
    fair.give(fair.lessons(), "contributor", maximum=ETHER)
    fair.pass_to(Phase.REVEALING)
    fair.reveal()
    fair.settle()
    assert fair.leaderboard().final
    owed, before = fair.balance("contributor"), contract.functions.balanceOf(bob.address).call()
    session.chain.send(fair.market.contract.withdraw(bob.address, EVERYTHING), bob)
    assert contract.functions.balanceOf(bob.address).call() == before + owed


def test_contribute__token_that_keeps_a_part__no_more_leaves_than_was_agreed(
    village: Any, planned: Any
) -> None:
    """A market in a token that keeps a hundredth, where sealed and open contributions are paid one by one."""
    session, contract = village.session, village.deploy("MarketToken", by="alice")
    money = read_currency(session.chain, contract.address)
    drawn = draft(session, untaught(planned.converted), replace(OFFER, money=money))
    with pytest.raises(InsufficientFunds, match=r"1.5 MT was paid, and 0.015 MT is still missing"):
        create(session, drawn, session.account("alice"))
    resumed = replace(drawn, offer=replace(drawn.offer, most=ETHER))
    made = create(session, resumed, session.account("alice"))
    fair = Fair(session, open_market(session, made.address))
    bob = fair.account("contributor")
    session.chain.send(contract.functions.transfer(bob.address, ETHER), fair.account("provider"))
    submission = fair.plan(fair.lessons()[:4], at_once=2)
    with pytest.raises(InsufficientFunds, match="is still missing"):
        contribute(session, fair.opened, submission, bob)
    assert contract.functions.balanceOf(bob.address).call() >= ETHER - submission.price
    again = fair.plan(fair.lessons()[:4], at_once=2, maximum=submission.price)  # the balance has what arrived
    assert len(contribute(session, fair.opened, again, bob).given) == 2
    assert contract.functions.balanceOf(bob.address).call() >= ETHER - submission.price * 102 // 100


# -- commands ------------------------------------------------------------------------------------------


def test_create__nobody_agrees__says_what_is_lost_and_pays_nothing(
    fair: Fair, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestrator.cli.dispatch import run

    table, session, provider = secret_table(), fair.session, fair.account("provider")
    rows = zip(table.samples, table.labels, strict=True)
    (tmp_path / "rows.csv").write_text("\n".join(["text,label", *(",".join(row) for row in rows)]))
    words = ["market", "create", "second", "--bounty", "2", "--text-column", "text", "--json"]
    words += ["--csv", str(tmp_path / "rows.csv"), "--test", str(tmp_path / "rows.csv")]
    words += ["--reveal-wait", "5h", "--home", str(session.settings.home)]
    before = session.chain.balance(provider.address), session.chain.head().number

    assert run(words) == 2
    said = capsys.readouterr()
    assert "--yes" in json.loads(said.out)["hint"]
    for told in (
        "A bounty of 2 ether, a bond of 1 ether",
        "burnt if you do not reveal",
        "within 5 h",
        "tips",
    ):
        assert told in said.err
    assert (session.chain.balance(provider.address), session.chain.head().number) == before

    assert run([*words, "--yes"]) == 0
    assert json.loads(capsys.readouterr().out)["bounty"] == fair.market.money.json(2 * ETHER)


def test_commands__of_a_market__are_json_too(fair: Fair, capsys: pytest.CaptureFixture[str]) -> None:
    from orchestrator.cli.dispatch import run

    home = ["--home", str(fair.session.settings.home), "--json"]

    def said(*arguments: str) -> Any:
        assert run(["market", *arguments, *home]) == 0
        return json.loads(capsys.readouterr().out)

    text = ["--text", "street tram", "--label", "city", "--from", "bob"]
    assert run(["market", "contribute", "fair", *text, "--dry-run", *home]) == 0
    assert json.loads(capsys.readouterr().out)["sealed"] is True
    given = said("contribute", "fair", *text, "--open")
    assert (given["contributions"], given["numbers"]) == (1, [0])
    assert given["fee"] == (fair.market.money.json(fair.market.fee))
    assert said("contribute", "fair", *text)["left_out"] == 1
    assert [row["name"] for row in said("list")] == ["fair"]
    assert said("predict", "fair", "--text", "street tram") == [{"label": "city"}]
    shown = said("show", "fair")
    assert shown["kept"] == {"margin": fair.market.rules.margin / 1000}
    assert shown["bounty"] == fair.market.money.json(fair.market.state().bounty)
    assert isinstance(shown["until"]["unix"], int)
    assert shown["phase"] == "participation"
    fair.pass_to(Phase.REVEALING)
    assert said("reveal", "fair")["revealed"] == 2
    assert said("keep", "fair", "--once", "--from", "dave")["due"] == []
    assert said("settle", "fair")["settlement"] == "paid"
    assert said("replay", "fair")["identical"] is True
    [row] = said("leaderboard", "fair")
    assert row["paid"] == said("withdraw", "fair", "--from", "bob")["amount"]
    assert said("withdraw", "fair", "--from", "bob")["amount"]["value"] == "0"
    assert run(["sum", "add", "fair", *text, *home]) == 1
    assert "is a market" in json.loads(capsys.readouterr().out)["message"]


def test_contribute__sealed__says_how_many_were_sealed(
    fair: Fair, capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestrator.cli.dispatch import run

    words = ["market", "contribute", "fair", "--text", "street tram", "--label", "city"]
    words += ["--from", "bob", "--yes", "--json", "--home", str(fair.session.settings.home)]
    assert run(words) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["sealed"], said["contributions"], said["numbers"]) == (True, 1, [0])
