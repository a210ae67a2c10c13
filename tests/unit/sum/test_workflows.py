"""The life of a shared model on the embedded chain, with good and bad input.

create, add, predict, refund, report, withdraw, replay, leaderboard, watch
├── each does what it says
├── done twice, nothing happens twice
└── bad input: one clear error, nothing sent
"""

import json
from dataclasses import replace

import pytest

from orchestrator.chain import load_artifact
from orchestrator.chain.sending import Sending
from orchestrator.errors import (
    ChainError,
    DataError,
    InsufficientFunds,
    IntegrityError,
    ModelError,
    NotDeployed,
    VerificationFailed,
)
from orchestrator.sum.adding import add, encode_features, encode_row
from orchestrator.sum.claiming import claims, settle
from orchestrator.sum.creating import create, plan
from orchestrator.sum.descriptor import descriptor_cid, parse_descriptor
from orchestrator.sum.keeping import turn
from orchestrator.sum.leaderboard import leaderboard
from orchestrator.sum.opening import open_model, read_test_set
from orchestrator.sum.records import DAY
from orchestrator.sum.replaying import replay
from orchestrator.sum.training import Table, read_pipeline, read_table, train
from tests.unit.sum.conftest import CITY, NATURE, TERMS, Village, review, table
from tests.unit.sum.giving import conceal, sample, uncover


def give(village: Village, text: str, label: str, role: str = "contributor", **options):
    sample = encode_row(village.opened, text), village.opened.descriptor.label(label)
    return add(village.connection, village.opened, [sample], village.account(role), **options)


def test_create__again__same_address_and_nothing_sent(village, planned):
    made = create(village.connection, "walks", planned, village.account("creator"), TERMS)
    assert made.receipt is None
    assert made.address == village.opened.shared.address


def test_create__another_model_of_that_name__refused(village, planned):
    with pytest.raises(ModelError, match="already"):
        create(village.connection, "walks", planned, village.account("creator"), replace(TERMS, take_gap=5))


def test_create__dry_run__sends_nothing(village, planned):
    made = create(village.connection, "runs", planned, village.account("poisoner"), TERMS, dry_run=True)
    assert made.receipt.tx_hash == ""
    assert not village.connection.chain.code(made.address)


def test_predict__text__label_of_the_contract(village):
    xs = [encode_row(village.opened, review(words, 1)) for words in (CITY, NATURE)]
    found = [village.opened.descriptor.labels[label] for label in village.opened.shared.predict_many(xs)]
    assert found == ["city", "nature"]


def test_add__right_sample__is_refunded_when_due_and_withdrawn(village):
    [contribution] = give(village, review(CITY, 0), "city").added
    assert not list(settle(village.connection, village.opened, village.account("contributor"), ("refund",)))
    village.connection.chain.advance(2 * DAY)
    [refunded] = settle(village.connection, village.opened, village.account("contributor"), ("refund",))
    shared = village.opened.shared
    assert refunded.amount == contribution.facts.deposit * shared.unit == village.balance("contributor")
    account = village.account("contributor")
    receipt = village.connection.chain.send(shared.withdraw(account.address), account)
    assert shared.amounts("Withdrawn", receipt) == refunded.amount
    assert village.balance("contributor") == 0


def test_add__same_sample_again__is_not_sent_unless_asked(village):
    first = give(village, review(CITY, 0), "city")
    second = give(village, review(CITY, 0), "city")
    assert second.added == ()
    assert [each.id for each in second.known] == [each.id for each in first.added]
    assert len(give(village, review(CITY, 0), "city", again=True).added) == 1
    assert village.opened.shared.status().count == 2


def test_add__many__in_batches_in_order(village):
    opened = village.opened
    samples = [(encode_features(opened, [1 + number % 9, 10]), number % 2) for number in range(18)]
    addition = add(village.connection, opened, samples, village.account("contributor"))
    assert [(each.x, each.facts.label) for each in addition.added] == samples
    assert addition.added == tuple(opened.shared.contributions())


def test_add__price_above_maximum__nothing_sent(village):
    with pytest.raises(ChainError, match="above the maximum"):
        give(village, review(CITY, 0), "city", maximum=1)
    assert village.opened.shared.status().count == 0


def test_add__price_rises_before_inclusion__nothing_sent(village, monkeypatch):
    shared = village.opened.shared
    monkeypatch.setattr(type(shared), "price", lambda self, n=1: 5)  # what it was a moment ago
    with pytest.raises(ChainError, match="above the maximum"):
        give(village, review(CITY, 0), "city")
    assert shared.status().count == 0


def test_add__price_falls_before_inclusion__change_is_credited(village, monkeypatch):
    submit = Sending._submitted

    def late(self, *args):
        village.connection.chain.advance(3_600)
        return submit(self, *args)

    monkeypatch.setattr(Sending, "_submitted", late)
    [contribution] = give(village, review(CITY, 0), "city").added
    deposit = contribution.facts.deposit * village.opened.shared.unit
    assert village.balance("contributor") > deposit > 0


def test_add__empty_wallet__says_who_lacks_what(village):
    pauper = village.connection.accounts.new("pauper", "secret")
    sample = encode_row(village.opened, review(CITY, 0)), 0
    with pytest.raises(InsufficientFunds, match="pauper"):
        add(village.connection, village.opened, [sample], pauper)


@pytest.mark.parametrize("text", ["", "words that nobody knows", 5])
def test_encode_row__text_that_does_not_fit__refused(village, text):
    with pytest.raises(DataError):
        encode_row(village.opened, text)


@pytest.mark.parametrize("features", [[], [0], [9_999]])
def test_encode_features__outside_the_model__refused(village, features):
    with pytest.raises(DataError):
        encode_features(village.opened, features)


def test_label__unknown__names_those_that_there_are(village):
    with pytest.raises(ModelError, match="sea"):
        give(village, review(CITY, 0), "sea")


def test_report__wrong_label__moves_to_those_with_reputation(village):
    _earn_reputation(village)
    [bad] = give(village, review(CITY, 1), "nature", "poisoner").added
    _teach(village, review(CITY, 1), "city", "contributor")
    village.connection.chain.advance(17 * DAY // 2)
    keeper = village.account("contributor")
    outcomes = turn(village.connection, village.opened, keeper).outcomes
    assert all(each.receipt for each in outcomes)
    village.connection.chain.advance(DAY)
    outcomes += turn(village.connection, village.opened, keeper).outcomes
    assert bad.id in {each.contribution.id for each in outcomes if each.verb in ("take", "sweep")}
    assert village.balance("poisoner") == 0


def test_turn__killed_and_repeated__does_the_rest_once(village):
    opened = village.opened
    texts = [review(CITY, number) for number in range(3)]
    for text in texts:
        give(village, text, "city")
    village.connection.chain.advance(2 * DAY)
    account = village.account("contributor")
    outcomes = settle(village.connection, opened, account, ("refund",))
    next(outcomes)
    outcomes.close()  # killed after the first
    assert len(turn(village.connection, opened, account).outcomes) == 2
    assert turn(village.connection, opened, account).outcomes == ()
    assert claims(opened, account.address) == []


def test_replay__after_updates__is_the_chain_bit_for_bit(village):
    _teach(village, review(CITY, 1), "nature", "poisoner")
    _teach(village, review(CITY, 1), "city", "contributor")
    done = replay(village.opened, read_test_set(village.connection, village.opened.descriptor))
    assert done.contributions == village.opened.shared.status().count > 0
    assert done.twin.words() == village.opened.shared.words()
    assert done.history[0].accuracy == village.opened.descriptor.quality.quantized
    times = [point.time for point in done.history]
    assert times == sorted(times)
    assert times[0] == village.connection.chain.time_of(village.opened.created.block)


def test_replay__node_that_alters_an_event__is_caught(village, monkeypatch):
    [told] = give(village, review(CITY, 0), "city").added
    altered = replace(told, facts=replace(told.facts, label=1))
    monkeypatch.setattr(type(village.opened.shared), "contributions", lambda self: iter([altered]))
    with pytest.raises(VerificationFailed):
        replay(village.opened)


def test_leaderboard__two_contributors__all_that_was_paid(village):
    give(village, review(CITY, 0), "city")
    give(village, review(NATURE, 0), "nature", "poisoner")
    village.connection.chain.advance(2 * DAY)
    list(settle(village.connection, village.opened, village.account("keeper"), ("refund",), everyone=True))
    rows = leaderboard(village.opened)
    assert {row.address for row in rows} == {
        village.account(role).address for role in ("contributor", "poisoner")
    }
    assert all(row.refunded == row.deposited for row in rows)


def test_leaderboard__game_without_deposits__points_and_levels(village, planned):
    connection, contributor = village.connection, village.account("contributor")
    terms = replace(TERMS, cost_weight=0)
    made = create(connection, "game", planned, village.account("creator"), terms, incentive="Game")
    game = Village(connection, open_model(connection, made.address))
    _earn_reputation(game)
    best = leaderboard(game.opened)[0]
    level = game.opened.shared.contract.functions.levelOf(contributor.address).call()
    assert (best.address, best.deposited, best.level) == (contributor.address, 0, level)
    assert best.points >= 10
    assert level >= 1


def test_open_model__address_without_contract__refused(village):
    with pytest.raises(NotDeployed):
        open_model(village.connection, village.account("keeper").address)


def test_open_model__another_contract__recognized_by_its_code(village):
    with pytest.raises(ChainError, match="not a shared model"):
        open_model(village.connection, village.connection.factory.address)


def test_open_model__clone_of_unknown_code__refused(village):
    connection, shared = village.connection, village.opened.shared
    factory = connection.factory
    artifact = load_artifact(shared.composition)
    unlike = bytearray(artifact.bytecode)
    unlike[-1] ^= 1  # only a byte of its metadata
    constructor = connection.chain.web3.eth.contract(abi=artifact.abi, bytecode=bytes(unlike)).constructor()
    account = village.account("poisoner")
    receipt = connection.chain.send(constructor, account)
    created = next(iter(factory.created()))
    function = factory.create(receipt.contract_address, bytes(32), created.arguments)
    connection.chain.send(function, account)
    fake = list(factory.created())[-1]
    with pytest.raises(ChainError, match="not of this package"):
        open_model(connection, fake.address)


def test_open_model__encoder_missing__says_where_it_should_be(village):
    connection, shared = village.connection, village.opened.shared
    cid = descriptor_cid(village.opened.created.salt)
    connection.storage.unpin(cid)
    connection.storage.gc()
    with pytest.raises(ModelError, match=r"encoder .* is missing") as caught:
        open_model(connection, shared.address)
    assert cid in caught.value.hint


def test_open_model__encoder_from_file__only_the_published_one(village, tmp_path):
    connection, opened = village.connection, village.opened
    file = tmp_path / "descriptor.json"
    file.write_bytes(opened.descriptor.to_bytes())
    assert open_model(connection, opened.shared.address, file).descriptor == opened.descriptor
    file.write_bytes(replace(opened.descriptor, labels=("nature", "city")).to_bytes())
    with pytest.raises(IntegrityError):
        open_model(connection, opened.shared.address, file)


def test_open_model__unknown_name__refused(village):
    with pytest.raises(ModelError, match="no shared model"):
        open_model(village.connection, "unheard-of")


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"format":"diln-shared-model/1"}', b"\x80\x04."])
def test_parse_descriptor__malformed__refused(data):
    with pytest.raises(ModelError):
        parse_descriptor(data)


def _teach(village: Village, text: str, label: str, role: str) -> None:
    """Give the sample until the model agrees."""
    shared, descriptor = village.opened.shared, village.opened.descriptor
    for _ in range(50):
        if shared.predict(encode_row(village.opened, text)) == descriptor.label(label):
            return
        give(village, text, label, role, again=True)
    raise AssertionError("the model does not learn")


def _earn_reputation(village: Village) -> None:
    """The model comes to agree with the contributor on what it had not known, and was hidden first."""
    conceal(village, sample(village, NATURE, 2, "city"))
    village.connection.chain.mine()
    [told] = uncover(village)
    assert told.receipt
    _teach(village, review(NATURE, 2), "city", "contributor")
    village.connection.chain.advance(17 * DAY)
    list(settle(village.connection, village.opened, village.account("contributor"), ("refund",)))
    assert village.opened.shared.standing(village.account("contributor").address).valid


def test_read_pipeline__skops_file_of_a_text_pipeline__predicts_alike(tmp_path):
    import skops.io
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    given = table()
    pipeline = make_pipeline(CountVectorizer(binary=True), MultinomialNB()).fit(given.samples, given.labels)
    skops.io.dump(pipeline, tmp_path / "model.skops")
    for place in (tmp_path / "model.skops", tmp_path):
        quality = plan(read_pipeline(place, given)).quality
        assert quality.quantized == quality.trained == 1.0


def test_read_pipeline__file_that_it_was_trained_on__is_doubted(tmp_path):
    import skops.io
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    given, other = table(), Table([f"street number{n}" for n in range(7)], ["city"] * 7)
    pipeline = make_pipeline(CountVectorizer(), SGDClassifier()).fit(given.samples, given.labels)
    skops.io.dump(pipeline, tmp_path / "model.skops")
    assert "as many" in read_pipeline(tmp_path, given).doubt
    assert "nothing tells" in read_pipeline(tmp_path, given, test=other).doubt
    quality = plan(read_pipeline(tmp_path, given, test=other)).quality
    assert (quality.rows, quality.unseen) == (7, False)


def test_train__test_samples_of_their_own__are_unseen():
    given = table()
    other = Table([f"street tower market {n}" for n in range(5)], ["city"] * 5)
    made = plan(train(given, test=other))
    assert (made.quality.rows, made.quality.unseen, made.doubt) == (5, True, "")
    assert "among the training samples" in train(given).doubt  # these texts repeat each other


def test_read_table__no_such_column__names_those_that_there_are(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("text,label\nstreet,city\n", encoding="utf-8")
    with pytest.raises(DataError, match="txt") as caught:
        read_table(path, "txt", "label")
    assert "text, label" in caught.value.hint


def test_commands__every_listing__is_json_too(village, capsys):
    from orchestrator.cli.dispatch import run

    give(village, review(CITY, 0), "city")
    home = ["--home", str(village.connection.settings.home), "--json"]
    for command in (["list"], ["show", "walks"], ["leaderboard", "walks"], ["replay", "walks"]):
        assert run(["sum", *command, *home]) == 0
        assert json.loads(capsys.readouterr().out)
    assert run(["sum", "predict", "walks", "--text", review(CITY, 0), *home]) == 0
    assert json.loads(capsys.readouterr().out) == [{"label": "city"}]
    picture = village.connection.settings.home / "accuracy.png"
    assert run(["sum", "show", "walks", "--png", str(picture), *home]) == 0
    assert json.loads(capsys.readouterr().out)["tested on"] == 12
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert run(["sum", "watch", "walks", "--once", "--from", "bob", *home]) == 0
    assert json.loads(capsys.readouterr().out)["waiting"] == 1
    assert run(["sum", "predict", "walks", *home]) == 2


def test_add__killed_after_sending__deposits_once(village, monkeypatch):
    def dying(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("orchestrator.chain.delivery.Delivery.complete", dying)
        with pytest.raises(KeyboardInterrupt):
            give(village, review(CITY, 0), "city")
    addition = give(village, review(CITY, 0), "city")
    assert len(addition.added) + len(addition.known) == 1
    assert village.opened.shared.status().count == 1


def test_create__killed_after_sending__created_once(village, planned, monkeypatch):
    def dying(*_: object) -> None:
        raise KeyboardInterrupt

    args = village.connection, "runs", planned, village.account("creator"), TERMS
    with monkeypatch.context() as patch:
        patch.setattr("orchestrator.chain.delivery.Delivery.complete", dying)
        with pytest.raises(KeyboardInterrupt):
            create(*args)
    made = create(*args)
    assert open_model(village.connection, "runs").shared.address == made.address
    assert len(list(village.connection.factory.created())) == 2
