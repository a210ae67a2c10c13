"""What becomes public of data that people are in: nothing that was planted in it, wherever one looks.

publish, predict, anchor
├── a public model → no identifier, name, word, rare category or income in blocks and transactions
├── a private model → a commitment that only its opening explains, and no count of rows
└── with --publish-statistics → extremes and frequent values, as was asked for
"""

import json
import random
import struct
from collections.abc import Callable, Iterator

import pyrage
import pytest

from orchestrator.errors import UsageError, VerificationFailed
from orchestrator.provenance import Manifest, verify
from orchestrator.systems.prove.loading import load_published
from orchestrator.systems.prove.openapi import describe
from orchestrator.systems.prove.predicting import anchor_log, predict
from orchestrator.systems.prove.rows import Inputs
from orchestrator.systems.prove.runs import Run
from orchestrator.systems.prove.training import train
from orchestrator.systems.prove.withholding import WITHHELD, opened
from tests.unit.pipeline.desk import Desk

PEOPLE = 160
WORDS = ("zanzibar", "quokka", "marzipan", "bassoon")
SPEC = """\
[project]
name = "people"
[data]
file = "people.csv"
target = "left"
[model]
estimator = "{estimator}"
[gate]
accuracy = 0.6
"""


def incomes() -> list[float]:
    chosen = random.Random(7)
    return [round(20_000 + chosen.random() * 70_000, 2) for _ in range(PEOPLE)]


def people() -> tuple[str, list[bytes]]:
    """A table of people who leave where they earn little, and every value in it that names one of them."""
    lines, secrets = ["customer_id,name,born,town,income,comment,left"], []
    for number, income in enumerate(incomes()):
        identifier, name = f"C{733_100 + number * 7}", f"Vorname{number}x Zuname{number}y"
        born = f"19{40 + number % 60}-0{1 + number % 9}-1{number % 10}"
        town = "Kleinkleckersdorf" if number == 5 else ("Oslo", "Rome")[number % 2]
        comment = f"calls the {WORDS[number % 4]}{number} every day"
        left = "yes" if income < 45_000 else "no"
        lines.append(f"{identifier},{name},{born},{town},{income},{comment},{left}")
        secrets += [text.encode() for text in (identifier, name, f"{WORDS[number % 4]}{number}", born)]
        secrets += [str(income).encode(), struct.pack("<d", income), struct.pack(">d", income)]
    return "\n".join(lines) + "\n", [*secrets, b"Kleinkleckersdorf"]


Publish = Callable[..., Run]


@pytest.fixture
def publish_people(desk: Desk) -> Publish:
    """Train on the table, publish, predict one row, anchor the log."""

    def act(*, on_chain: bool = False, estimator: str = "logistic_regression", **options: object) -> Run:
        (desk.folder / "people.csv").write_text(people()[0])
        spec = desk.folder / "people.toml"
        spec.write_text(SPEC.format(estimator=estimator))
        run, _ = train(desk.settings, spec, **options)  # type: ignore[arg-type]
        done = desk.publish(run, on_chain=on_chain)
        model = load_published(desk.session, f"{run.folder}", desk.who("alice").address)
        predict(desk.session, model, desk.folder / "people.csv")
        anchor_log(desk.session, done.version.project_id, desk.who("alice"))
        return run

    return act


def shown_to_all(desk: Desk) -> Iterator[tuple[str, bytes]]:
    """Each block that was stored, and the data of each transaction."""
    for path in desk.settings.store_dir.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()
    for height in range(1, desk.blocks + 1):
        for sent in desk.session.chain.web3.eth.get_block(height, full_transactions=True)["transactions"]:
            yield f"a transaction of block {height}", bytes(sent["input"])


def leaked(desk: Desk) -> list[tuple[str, bytes]]:
    secrets = people()[1]
    return [(place, secret) for place, data in shown_to_all(desk) for secret in secrets if secret in data]


@pytest.mark.parametrize("on_chain", [False, True])
@pytest.mark.parametrize("estimator", ["logistic_regression", "decision_tree_classifier"])
def test_publish__people_in_the_data__are_nowhere_in_what_was_pinned_and_sent(
    desk: Desk, publish_people: Publish, on_chain: bool, estimator: str
) -> None:
    run = publish_people(on_chain=on_chain, estimator=estimator)
    places = list(shown_to_all(desk))
    assert any(run.manifest_file.read_bytes() in data for _, data in places), "the manifest was looked at"
    assert any(run.model.read_bytes()[:40] in data for _, data in places), "the model was looked at"
    assert leaked(desk) == []


def test_manifest__by_default__tells_type_and_share_of_missing_values(publish_people: Publish) -> None:
    [data] = publish_people().manifest.predicate.data
    assert dict(data.columns) == {
        "born": {"type": "date", "missing": 0},
        "town": {"type": "categorical", "missing": 0},
        "income": {"type": "numeric", "missing": 0},
        "comment": {"type": "text", "missing": 0},
        "left": {"type": "categorical", "missing": 0},
    }
    assert dict(data.cleaning["ignored"]) == dict.fromkeys(("customer_id", "name"), "it only names the row")


def test_manifest__with_statistics__tells_values(desk: Desk, publish_people: Publish) -> None:
    [data] = publish_people(publish_statistics=True).manifest.predicate.data
    assert data.columns["income"]["max"] == max(incomes())
    assert leaked(desk) != []


def test_openapi__of_a_model_without_statistics__shows_no_value(desk: Desk, publish_people: Publish) -> None:
    run = publish_people()
    model = load_published(desk.session, f"{run.folder}", desk.who("alice").address)
    text = json.dumps(describe(model, Inputs.of(model.manifest))).encode()
    assert [secret for secret in people()[1] if secret in text] == []


@pytest.fixture
def private(publish_people: Publish) -> Run:
    return publish_people(encrypt_to=(str(pyrage.x25519.Identity.generate().to_public()),))


def test_publish__private_model__tells_of_its_data_a_commitment_alone(desk: Desk, private: Run) -> None:
    assert leaked(desk) == []
    plain = json.loads(private.manifest_file.read_bytes())["predicate"]
    data = plain["data"][0]
    assert data["source"] == WITHHELD
    assert {name: value for name, value in data.items() if value} == {
        "source": WITHHELD,
        "sha256": data["sha256"],
    }
    assert plain["evaluation"]["metrics"].keys() == {"task", "score", "values"}
    assert plain["training"]["split"].keys() == {"seed", "stratified"}
    assert all(each["relation"] in (">=", "<=") for each in plain["evaluation"]["gate"]["conditions"])
    known = opened(private.manifest.predicate.data[0], private.opening)
    hidden = [known["data"]["sha256"].encode(), b"people.csv", b'"no"', str(PEOPLE).encode() + b","]
    for place, block in shown_to_all(desk):
        assert not [secret for secret in hidden if secret in block], place
    assert verify(private.model, desk.session.registry, storage=desk.session.storage).ok


def test_opened__of_another_run_or_changed__is_refused(private: Run, publish_people: Publish) -> None:
    record = private.manifest.predicate.data[0]
    assert opened(record, private.opening)["data"]["rows"] == PEOPLE
    text = private.opening.read_text()
    private.opening.write_text(text.replace(f'"rows": {PEOPLE}', f'"rows": {PEOPLE + 1}'))
    with pytest.raises(VerificationFailed, match="not what the manifest commits to"):
        opened(record, private.opening)
    private.opening.write_text("[]")
    with pytest.raises(VerificationFailed, match="is no opening"):
        opened(record, private.opening)


def test_train__statistics_of_a_private_model__are_refused(desk: Desk) -> None:
    key = str(pyrage.x25519.Identity.generate().to_public())
    with pytest.raises(UsageError, match="publishes no statistics"):
        train(desk.settings, desk.folder / "diln.toml", encrypt_to=(key,), publish_statistics=True)


def test_manifest__of_a_private_model__parses_as_any_other(private: Run) -> None:
    assert Manifest.parse(private.manifest_file.read_bytes()).predicate.artifact.encrypted
