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
from orchestrator.kernel.session import Session
from orchestrator.models.online.descriptor import descriptor_cid, parse_descriptor
from orchestrator.models.online.encoding import encode_features, encode_row
from orchestrator.models.online.factory import factory_of
from orchestrator.models.online.finding import read_test_set
from orchestrator.models.online.planning import plan
from orchestrator.models.online.training import Table, read_pipeline, read_table, train
from orchestrator.systems.market.opening import open_market
from orchestrator.systems.sum.adding import add
from orchestrator.systems.sum.claiming import claims, settle
from orchestrator.systems.sum.creating import create
from orchestrator.systems.sum.leaderboard import leaderboard
from orchestrator.systems.sum.opening import open_model
from orchestrator.systems.sum.records import DAY
from orchestrator.systems.sum.replaying import replay
from tests.evm import EVERYTHING
from tests.unit.sum.conftest import CITY, NATURE, TERMS, Village, review, table
from tests.unit.sum.giving import conceal, done_by, sample, uncover


def give(village: Village, text: str, label: str, role: str = "contributor", **options):
    sample = encode_row(village.opened, text), village.opened.descriptor.label(label)
    return add(village.session, village.opened, [sample], village.account(role), **options)


def test_create__again__same_address_and_nothing_sent(village, planned):
    made = create(village.session, "walks", planned, village.account("creator"), TERMS)
    assert made.receipt is None
    assert made.address == village.opened.shared.address


def test_create__another_model_of_that_name__refused(village, planned):
    with pytest.raises(ModelError, match="already"):
        create(village.session, "walks", planned, village.account("creator"), replace(TERMS, take_gap=5))


def test_create__dry_run__sends_nothing(village, planned):
    made = create(village.session, "runs", planned, village.account("poisoner"), TERMS, dry_run=True)
    assert made.receipt.tx_hash == ""
    assert not village.session.chain.code(made.address)


def test_predict__text__label_of_the_contract(village):
    xs = [encode_row(village.opened, review(words, 1)) for words in (CITY, NATURE)]
    found = [village.opened.descriptor.labels[label] for label in village.opened.shared.predict_many(xs)]
    assert found == ["city", "nature"]


def test_add__right_sample__is_refunded_when_due_and_withdrawn(village):
    [contribution] = give(village, review(CITY, 0), "city").added
    assert not list(settle(village.session, village.opened, village.account("contributor"), ("refund",)))
    village.session.chain.advance(2 * DAY)
    [refunded] = settle(village.session, village.opened, village.account("contributor"), ("refund",))
    shared = village.opened.shared
    assert refunded.amount == contribution.facts.deposit * shared.unit == village.balance("contributor")
    account = village.account("contributor")
    receipt = village.session.chain.send(shared.contract.withdraw(account.address, EVERYTHING), account)
    assert shared.paid_out(receipt) == refunded.amount
    assert village.balance("contributor") == 0


def test_add__same_sample_again__is_not_sent_unless_asked(village):
    first = give(village, review(CITY, 0), "city")
    second = give(village, review(CITY, 0), "city")
    assert second.added == ()
    assert [each.id for each in second.known] == [each.id for each in first.added]
    assert len(give(village, review(CITY, 0), "city", again=True).added) == 1
    assert village.opened.shared.count() == 2


def test_add__many__in_batches_in_order(village):
    opened = village.opened
    samples = [(encode_features(opened, [1 + number % 9, 10]), number % 2) for number in range(18)]
    addition = add(village.session, opened, samples, village.account("contributor"))
    assert [(each.x, each.facts.label) for each in addition.added] == samples
    assert addition.added == tuple(opened.shared.contributions())


def test_add__price_above_maximum__nothing_sent(village):
    with pytest.raises(ChainError, match="above the maximum"):
        give(village, review(CITY, 0), "city", maximum=1)
    assert village.opened.shared.count() == 0


def test_add__price_rises_before_inclusion__nothing_sent(village, monkeypatch):
    shared = village.opened.shared
    monkeypatch.setattr(type(shared), "price", lambda self, n=1: 5)  # what it was a moment ago
    with pytest.raises(ChainError, match="above the maximum"):
        give(village, review(CITY, 0), "city")
    assert shared.count() == 0


def test_add__price_falls_before_inclusion__change_is_credited(village, monkeypatch):
    submit = Sending._submitted

    def late(self, *args):
        village.session.chain.advance(3_600)
        return submit(self, *args)

    monkeypatch.setattr(Sending, "_submitted", late)
    [contribution] = give(village, review(CITY, 0), "city").added
    deposit = contribution.facts.deposit * village.opened.shared.unit
    assert village.balance("contributor") > deposit > 0


def test_add__empty_wallet__says_who_lacks_what(village):
    pauper = village.session.accounts.new("pauper", "secret")
    sample = encode_row(village.opened, review(CITY, 0)), 0
    with pytest.raises(InsufficientFunds, match="pauper"):
        add(village.session, village.opened, [sample], pauper)


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
    village.session.chain.advance(17 * DAY // 2)
    keeper = village.account("contributor")
    outcomes = done_by(village.session, village.opened, keeper)
    assert all(each.receipt for each in outcomes)
    village.session.chain.advance(DAY)
    outcomes += done_by(village.session, village.opened, keeper)
    assert bad.id in {each.contribution.id for each in outcomes if each.verb in ("take", "sweep")}
    assert village.balance("poisoner") == 0


def test_turn__killed_and_repeated__does_the_rest_once(village):
    opened = village.opened
    texts = [review(CITY, number) for number in range(3)]
    for text in texts:
        give(village, text, "city")
    village.session.chain.advance(2 * DAY)
    account = village.account("contributor")
    outcomes = settle(village.session, opened, account, ("refund",))
    next(outcomes)
    outcomes.close()  # killed after the first
    assert len(done_by(village.session, opened, account)) == 2
    assert done_by(village.session, opened, account) == []
    assert claims(opened, account.address) == []


def test_replay__after_updates__is_the_chain_bit_for_bit(village):
    _teach(village, review(CITY, 1), "nature", "poisoner")
    _teach(village, review(CITY, 1), "city", "contributor")
    done = replay(village.opened, read_test_set(village.session, village.opened.descriptor))
    assert done.contributions == village.opened.shared.count() > 0
    assert done.reference.words() == village.opened.shared.words()
    assert done.history[0].accuracy == village.opened.descriptor.quality.quantized
    times = [point.time for point in done.history]
    assert times == sorted(times)
    assert times[0] == village.session.chain.time_of(village.opened.created.block)


def test_replay__node_that_alters_an_event__is_caught(village, monkeypatch):
    [told] = give(village, review(CITY, 0), "city").added
    altered = replace(told, facts=replace(told.facts, label=1))
    monkeypatch.setattr(type(village.opened.shared), "contributions", lambda self: iter([altered]))
    with pytest.raises(VerificationFailed):
        replay(village.opened)


def test_replay__somebody_contributes_meanwhile__one_block_is_compared(village, monkeypatch):
    give(village, review(CITY, 0), "city")
    kind, genuine = type(village.opened.shared), type(village.opened.shared).words

    def interrupted(self):
        found = genuine(self)
        monkeypatch.setattr(kind, "words", genuine)
        with Session(village.session.settings) as other:
            _teach(Village(other, open_model(other, "walks")), review(CITY, 1), "nature", "poisoner")
        return found

    monkeypatch.setattr(kind, "words", interrupted)
    monkeypatch.setitem(vars(village.session.chain), "development", False)  # there it would look again
    assert replay(village.opened).contributions == 1
    assert replay(village.opened).contributions == village.opened.shared.count() > 1


def test_leaderboard__two_contributors__all_that_was_paid(village):
    give(village, review(CITY, 0), "city")
    give(village, review(NATURE, 0), "nature", "poisoner")
    village.session.chain.advance(2 * DAY)
    list(settle(village.session, village.opened, village.account("keeper"), ("refund",), everyone=True))
    rows = leaderboard(village.opened)
    assert {row.address for row in rows} == {
        village.account(role).address for role in ("contributor", "poisoner")
    }
    assert all(row.refunded == row.deposited for row in rows)


def test_leaderboard__game_without_deposits__points_and_levels(village, planned):
    session, contributor = village.session, village.account("contributor")
    terms = replace(TERMS, cost_weight=0)
    made = create(session, "game", planned, village.account("creator"), terms, incentive="Game")
    game = Village(session, open_model(session, made.address))
    _earn_reputation(game)
    best = leaderboard(game.opened)[0]
    level = game.opened.shared.contract.level_of(contributor.address)
    assert (best.address, best.deposited, best.level) == (contributor.address, 0, level)
    assert best.points >= 10
    assert level >= 1


def test_open_model__address_without_contract__refused(village):
    with pytest.raises(NotDeployed):
        open_model(village.session, village.account("keeper").address)


def test_open_model__another_contract__recognized_by_its_code(village):
    with pytest.raises(ChainError, match="not a shared model"):
        open_model(village.session, factory_of(village.session).address)


def test_open_model__clone_of_unknown_code__refused(village):
    session, shared = village.session, village.opened.shared
    factory = factory_of(session)
    artifact = load_artifact(shared.composition.name)
    unlike = bytearray(artifact.bytecode)
    unlike[-1] ^= 1  # only a byte of its metadata
    constructor = session.chain.web3.eth.contract(abi=artifact.abi, bytecode=bytes(unlike)).constructor()
    account = village.account("poisoner")
    receipt = session.chain.send(constructor, account)
    created = next(iter(factory.created()))
    function = factory.create(receipt.contract_address, bytes(32), created.arguments)
    session.chain.send(function, account)
    fake = list(factory.created())[-1]
    with pytest.raises(ChainError, match="not of this package"):
        open_model(session, fake.address)


def test_open_model__encoder_missing__says_where_it_should_be(village):
    session, shared = village.session, village.opened.shared
    cid = descriptor_cid(village.opened.created.salt)
    session.storage.unpin(cid)
    session.storage.gc()
    with pytest.raises(ModelError, match=r"encoder .* is missing") as caught:
        open_model(session, shared.address)
    assert cid in caught.value.hint


def test_commands__descriptor_lost__list_says_what_to_do_and_money_comes_out(village, capsys):
    from orchestrator.cli.dispatch import run

    give(village, review(CITY, 0), "city")
    village.session.chain.advance(2 * DAY)
    assert list(settle(village.session, village.opened, village.account("contributor"), ("refund",)))
    village.session.storage.unpin(descriptor_cid(village.opened.created.salt))
    village.session.storage.gc()
    home = ["--home", str(village.session.settings.home)]
    assert run(["sum", "list", *home]) == 0
    assert "1 without a name" in capsys.readouterr().out
    assert run(["sum", "withdraw", village.opened.shared.address, "--from", "bob", *home]) == 0
    assert village.balance("contributor") == 0


def test_commands__add_rows_that_the_model_sees_alike__says_how_many_are_left_out(village, tmp_path, capsys):
    from orchestrator.cli.dispatch import run

    (tmp_path / "more.csv").write_text("text,label\nstreet tram tower,city\ntower street tram,city\n")
    words = ["sum", "add", "walks", "--csv", str(tmp_path / "more.csv"), "--from", "bob", "--yes"]
    words += ["--home", str(village.session.settings.home)]
    assert run(words) == 0
    said = capsys.readouterr()
    assert "left out of 2 rows: 1, because the model sees the same" in " ".join(said.err.split())
    assert "a deposit for 1 sample:" in " ".join((said.out + said.err).split())
    assert village.opened.shared.count() == 1
    assert run([*words, "--again"]) == 0
    assert village.opened.shared.count() == 3


def test_commands__create_from_texts_without_naming_them__names_the_column(village, tmp_path, capsys):
    from orchestrator.cli.dispatch import run

    (tmp_path / "walks.csv").write_text("text,label\n" + "river deer,nature\ntram tower,city\n" * 5)
    words = ["sum", "create", "mine", "--csv", str(tmp_path / "walks.csv"), "--from", "alice"]
    assert run([*words, "--home", str(village.session.settings.home)]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "these columns do not hold numbers: text" in said
    assert "--text-column" in said


def test_open_model__encoder_from_file__only_the_published_one(village, tmp_path):
    session, opened = village.session, village.opened
    file = tmp_path / "descriptor.json"
    file.write_bytes(opened.descriptor.to_bytes())
    assert open_model(session, opened.shared.address, file).descriptor == opened.descriptor
    file.write_bytes(replace(opened.descriptor, labels=("nature", "city")).to_bytes())
    with pytest.raises(IntegrityError):
        open_model(session, opened.shared.address, file)


def test_open_model__unknown_name__refused(village):
    with pytest.raises(ModelError, match="no shared model"):
        open_model(village.session, "unheard-of")
    with pytest.raises(ModelError, match="no market `unheard-of`") as raised:
        open_market(village.session, "unheard-of")
    assert "`diln market list`" in raised.value.hint


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"format":"diln-shared-model/1"}', b"\x80\x04."])
def test_parse_descriptor__malformed__refused(data):
    with pytest.raises(ModelError):
        parse_descriptor(data)


def _teach(village: Village, text: str, label: str, role: str) -> None:
    """Give the sample until the model agrees."""
    shared, descriptor = village.opened.shared, village.opened.descriptor
    for _ in range(50):
        if shared.contract.predict(encode_row(village.opened, text)) == descriptor.label(label):
            return
        give(village, text, label, role, again=True)
    raise AssertionError("the model does not learn")


def _earn_reputation(village: Village) -> None:
    """The model comes to agree with the contributor on what it had not known, and was sealed first."""
    conceal(village, sample(village, NATURE, 2, "city"))
    village.session.chain.mine()
    [told] = uncover(village)
    assert told.receipt
    _teach(village, review(NATURE, 2), "city", "contributor")
    village.session.chain.advance(17 * DAY)
    list(settle(village.session, village.opened, village.account("contributor"), ("refund",)))
    assert village.opened.shared.contract.account(village.account("contributor").address).valid


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
    home = ["--home", str(village.session.settings.home), "--json"]
    for command in (["list"], ["show", "walks"], ["leaderboard", "walks"], ["replay", "walks"]):
        assert run(["sum", *command, *home]) == 0
        assert json.loads(capsys.readouterr().out)
    assert run(["sum", "predict", "walks", "--text", review(CITY, 0), *home]) == 0
    assert json.loads(capsys.readouterr().out) == [{"label": "city"}]
    picture = village.session.settings.home / "accuracy.png"
    assert run(["sum", "show", "walks", "--png", str(picture), *home]) == 0
    assert json.loads(capsys.readouterr().out)["tested_on"] == 12
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert run(["sum", "keep", "walks", "--once", "--from", "bob", *home]) == 0
    assert [each["duty"] for each in json.loads(capsys.readouterr().out)["due"]] == [
        "claim-refunds-and-rewards"
    ]
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
    assert village.opened.shared.count() == 1


def test_create__killed_after_sending__created_once(village, planned, monkeypatch):
    def dying(*_: object) -> None:
        raise KeyboardInterrupt

    args = village.session, "runs", planned, village.account("creator"), TERMS
    with monkeypatch.context() as patch:
        patch.setattr("orchestrator.chain.delivery.Delivery.complete", dying)
        with pytest.raises(KeyboardInterrupt):
            create(*args)
    made = create(*args)
    assert open_model(village.session, "runs").shared.address == made.address
    assert len(list(factory_of(village.session).created())) == 2


@pytest.mark.parametrize("accuracy", [(0.5, 0.5), (0.9, 0.91, 1.0), (0.0, 0.01), (1.0,)])
def test_draw_history__few_contributions__whole_numbers_and_limits_that_do_not_mislead(
    accuracy, tmp_path, monkeypatch
):
    from orchestrator.systems.sum import plots
    from orchestrator.systems.sum.replaying import Point

    seen = []
    monkeypatch.setattr(plots, "_save", lambda figure, path: seen.append(figure))
    points = [Point(number, 1_000 + number, value) for number, value in enumerate(accuracy)]
    plots.draw_history(points, "walks", tmp_path / "history.png")
    above, below = seen[0].axes
    assert all(tick == int(tick) for tick in above.get_xticks())
    for axes in (above, below):
        low, high = axes.get_ylim()
        assert low <= min(accuracy) <= max(accuracy) <= high
        assert low >= 0
        assert high <= 1.02
        assert high - low >= 0.1
        assert axes.get_xlim()[0] == 0


@pytest.mark.parametrize("kind", ["perceptron", "bayes"])
def test_plan__last_fifth_of_the_labels_wrong__measures_what_it_costs_this_model(kind):
    """As a test of one's own would: learn the samples in their order, the last fifth of them wrongly."""
    trained = train(table(), kind)
    made = plan(trained)
    model, (labels, rows) = made.converted.model, (trained.calibration.labels, trained.calibration.rows())
    right = type(model)(**model.get_params()).restore(model.to_bytes())
    wrong = type(model)(**model.get_params()).restore(model.to_bytes())
    for number, (row, label) in enumerate(zip(rows, labels, strict=True)):
        x, y = made.converted.encoder.encode(row), made.converted.labels.index(label)
        right.learn(x, y)
        wrong.learn(x, 1 - y if number >= len(labels) * 4 // 5 else y)
    scores = [
        sum(each.classify(x) == y for x, y in zip(made.test.xs, made.test.labels, strict=True))
        / len(made.test.labels)
        for each in (right, wrong)
    ]
    assert made.flipped == pytest.approx(scores[1])
    assert scores[0] == 1
    if kind == "perceptron":
        assert made.flipped < scores[0]  # what the advice is about
    else:
        assert made.flipped > 0.9


@pytest.mark.parametrize(("kind", "advised"), [("perceptron", True), ("bayes", False)])
def test_commands__create_a_model_that_wrong_labels_spoil__advises(village, tmp_path, capsys, kind, advised):
    from orchestrator.cli.dispatch import run

    rows = zip(table().samples, table().labels, strict=True)
    (tmp_path / "walks.csv").write_text("\n".join(["text,label", *(",".join(row) for row in rows)]))
    words = ["sum", "create", "mine", "--csv", str(tmp_path / "walks.csv"), "--kind", kind]
    words += ["--text-column", "text", "--from", "alice"]
    assert run([*words, "--dry-run", "--home", str(village.session.settings.home)]) == 0
    said = capsys.readouterr()
    assert ("wrong labels spoil this model" in " ".join(said.err.split())) == advised
    assert "accuracy after wrong labels" in said.out
