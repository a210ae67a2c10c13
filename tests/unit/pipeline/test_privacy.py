"""What becomes public of data that people are in: nothing that was planted in it, wherever one looks.

publish, predict, anchor
├── a public model → no identifier, name, word, rare category or income in blocks and transactions
├── a private model → commitments that only its opening explains: no name, size, metric, digest, gate, parent
├── its parents and status → as committed, on the chain alone; what contradicts it fails once that is opened
├── a private model's holder → verifies with opening or key; without either nothing is known
├── single fields → disclosed and checked; what was not committed to is refused
└── with --publish-statistics → extremes and frequent values, as was asked for
"""

import json
import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pyrage
import pytest

from orchestrator.errors import GateError, ManifestError, ModelError, UsageError, VerificationFailed
from orchestrator.provenance import (
    Artifact,
    Environment,
    Evaluation,
    Manifest,
    Status,
    TrainingRecord,
    canonical,
    check_signature,
    lineage,
    openings,
    publication_of,
    sign_publication,
    verify,
)
from orchestrator.provenance.findings import Findings
from orchestrator.provenance.manifestchecks import check_opening
from orchestrator.provenance.openings import Disclosed, Opening
from orchestrator.provenance.predicate import Predicate
from orchestrator.provenance.untold import DIGEST, FIELDS
from orchestrator.systems.prove.about import About, Bound
from orchestrator.systems.prove.describing import describe_model
from orchestrator.systems.prove.loading import load_published
from orchestrator.systems.prove.marking import mark, refuse_revoked
from orchestrator.systems.prove.openapi import describe
from orchestrator.systems.prove.predicting import anchor_log, predict
from orchestrator.systems.prove.projects import create_project
from orchestrator.systems.prove.rows import Inputs
from orchestrator.systems.prove.runs import RUN_ID_LENGTH, Run
from orchestrator.systems.prove.training import train
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
def key() -> pyrage.x25519.Identity:
    return pyrage.x25519.Identity.generate()


@pytest.fixture
def private(publish_people: Publish, key: pyrage.x25519.Identity) -> Run:
    return publish_people(encrypt_to=(str(key.to_public()),))


def facts(run: Run) -> list[bytes]:
    """Everything that is known of a private model, as it would stand in JSON, and its digest in bytes."""
    told = run.described
    predicate = told.predicate
    metrics, size = predicate.evaluation.metrics, run.model.stat().st_size
    figures = [*metrics["values"].values(), *metrics["baseline"].values()]
    texts = [
        *(f'"{each.name}"' for each in predicate.training.features),
        *(str(each) for each in figures if each not in (0, 1)),
        *predicate.training.steps,
        *predicate.environment.libraries.values(),
        *predicate.data[0].columns,
        told.artifact_hash.hex(),
        predicate.data[0].sha256,
        predicate.data[0].cid,
        predicate.training.algorithm,
        predicate.training.target,
        predicate.created,
        '"people"',
        '"passed"',
        "people.csv",
        "model.skops",
        "classification",
        "accuracy",
        '"no"',
        f":{PEOPLE},",
        f":{size},",
    ]
    return [told.artifact_hash, *(str(text).encode() for text in texts)]


def told_of(desk: Desk, run: Run) -> list[tuple[str, bytes]]:
    """What became public of a private model. Its target `left` is also a word of others: only in quotes."""
    known = [b'"left"' if each == b"left" else each for each in facts(run)]
    return [(place, fact) for place, data in shown_to_all(desk) for fact in known if fact in data]


def test_publish__private_model__tells_nothing_but_commitments(desk: Desk, private: Run) -> None:
    assert leaked(desk) == []
    assert told_of(desk, private) == []
    public = json.loads(private.manifest_file.read_bytes())
    predicate = public["predicate"]
    assert public["subject"][0]["digest"].keys() == {"salted"}
    assert predicate["withheld"].keys() == set(FIELDS) - {DIGEST}
    assert len({*predicate["withheld"].values()}) == len(FIELDS) - 1
    assert predicate["evaluation"] == {"metrics": {}, "gate": None}
    rest = {name: predicate[name] for name in predicate.keys() - {"withheld", "evaluation"}}
    assert rest == {
        "project": "private project",
        "artifact": {"size": None, "profile": "unixfs-v1-2025", "format": "private+age"},
        "data": [],
        "training": {**dict.fromkeys(predicate["training"]), "steps": [], "features": []}
        | {"hyperparameters": {}},
        "environment": {"python": None, "libraries": {}, "git": None},
        "history": None,
        "interface": None,
        "attestations": [],
        "parents": [],
        "licence": None,
        "created": None,
    }


def test_hide__what_a_manifest_may_say__is_withheld_or_public_on_purpose() -> None:
    sections = {"artifact": Artifact, "training": TrainingRecord, "environment": Environment}
    sections["evaluation"] = Evaluation
    known = {
        *(name for name in Predicate.model_fields if name not in sections),
        *(f"{section}.{name}" for section, part in sections.items() for name in part.model_fields),
    }
    assert known - set(FIELDS) == {"withheld", "artifact.profile"}  # how the encrypted file was cut


def test_publish__private_model_with_metrics__tells_these_alone(
    desk: Desk, publish_people: Publish, key: pyrage.x25519.Identity
) -> None:
    run = publish_people(encrypt_to=(str(key.to_public()),), publish_metrics=True)
    told = run.manifest.predicate.evaluation
    values = run.described.predicate.evaluation.metrics["values"]
    assert dict(told.metrics) == {"task": "classification", "score": "f1", "values": values}
    assert told.gate is not None
    assert [(each.metric, each.relation) for each in told.gate.conditions] == [("accuracy", ">=")]
    shown = {fact for _, fact in told_of(desk, run)}
    assert shown == {
        b"classification",
        b"accuracy",
        b'"passed"',
        *(str(v).encode() for v in values.values() if v not in (0, 1)),
    }


def test_train__private_twice__is_salted_anew(publish_people: Publish, key: pyrage.x25519.Identity) -> None:
    first, second = (publish_people(encrypt_to=(str(key.to_public()),)) for _ in range(2))
    assert first.described.artifact_hash == second.described.artifact_hash
    before, after = first.manifest, second.manifest
    assert before.artifact_hash != after.artifact_hash
    assert not {*before.predicate.withheld.values()} & {*after.predicate.withheld.values()}


def test_verify__private_model__needs_its_opening(desk: Desk, private: Run, tmp_path: Path) -> None:
    registry, storage = desk.session.registry, desk.session.storage
    found = verify(private.model, registry, storage=storage)
    assert found.whole, found.failures
    assert any('evaluation.gate = {"conditions"' in each for each in found.proven)

    copy = tmp_path / "copy.skops"
    copy.write_bytes(private.model.read_bytes())
    alone = verify(copy, registry, storage=storage)
    assert not alone.ok
    assert any("--opening" in each for each in alone.not_proven)

    opening = Opening.read(private.opening)
    assert verify(copy, registry, storage=storage, opening=opening).whole
    copy.write_bytes(private.model.read_bytes()[:-1] + b"!")
    assert not verify(copy, registry, storage=storage, opening=opening).ok


def test_verify__single_fields_disclosed__tells_these_alone(desk: Desk, private: Run) -> None:
    few = Opening.read(private.opening).only([DIGEST, "training.algorithm"])
    private.opening.unlink()
    found = verify(private.model, desk.session.registry, storage=desk.session.storage, opening=few)
    assert found.whole, found.failures
    told = [each for each in found.proven if "committed to" in each]
    assert ["training.algorithm" in each or "digest" in each for each in told] == [True, True]
    secrets = ("income", "people.csv", "accuracy")
    assert not [fact for fact in secrets for each in found.proven if fact in each]


def test_check__another_value_than_was_committed_to__is_named(desk: Desk, private: Run) -> None:
    true = Opening.read(private.opening).disclosed
    assert true.keys() == set(FIELDS)
    for field, told in true.items():
        other = Disclosed(told.salt, "0" * 64 if field == DIGEST else "another")
        forged = Opening({**true, field: other})
        assert forged.check(private.manifest) == (field,)
        with pytest.raises(VerificationFailed, match=field):
            forged.fill(private.manifest)
    private.opening.unlink()
    found = verify(private.model, desk.session.registry, storage=desk.session.storage, opening=forged)
    assert [each.name for each in found.failures] == ["opening"]


def test_verify__opening_of_another_model__fails(desk: Desk, private: Run, publish_people: Publish) -> None:
    public = publish_people()
    opening = Opening.read(private.opening)
    found = verify(public.model, desk.session.registry, storage=desk.session.storage, opening=opening)
    assert "anchor" not in [each.name for each in found.failures]  # the same data make the same bytes
    assert not verify(
        public.manifest_file, desk.session.registry, storage=desk.session.storage, opening=opening
    ).ok


def contradicting(manifest: Manifest, field: str, value: object) -> tuple[Manifest, Opening]:
    """A manifest that tells something in the clear, commits to `value`, and the opening of that field."""
    disclosed = Disclosed(bytes(32), value)
    statement = canonical.decode(manifest.to_bytes())
    statement["predicate"]["withheld"][field] = openings._commit(disclosed, field).hex()
    return Manifest.parse(canonical.encode(statement)), Opening({field: disclosed})


FAILED = {"metric": "f1", "relation": ">=", "threshold": 0.9, "value": 0.5, "passed": False}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("evaluation.gate", None),
        ("evaluation.gate", {"passed": False, "conditions": [FAILED]}),
        ("evaluation.metrics", {"task": "classification", "score": "f1", "values": {"f1": 0.5}}),
    ],
)
def test_fill__another_value_than_stands_in_the_clear__is_a_contradiction(
    desk: Desk, publish_people: Publish, key: pyrage.x25519.Identity, field: str, value: object
) -> None:
    run = publish_people(encrypt_to=(str(key.to_public()),), publish_metrics=True)
    manifest, opening = contradicting(run.manifest, field, value)
    assert opening.check(manifest) == ()
    findings = Findings("a model")
    assert check_opening(findings, manifest, opening) is None
    assert [(each.name, field in each.sentence) for each in findings.done().failures] == [("opening", True)]


@pytest.mark.parametrize(
    ("field", "told", "value"),
    [
        ("project", "people", "others"),
        ("parents", [], [{"artifact": "a" * 64, "manifest": "b" * 64}]),
        ("parents", [{"artifact": "a" * 64, "manifest": "b" * 64}], []),
        ("licence", "MIT", None),
    ],
)
def test_fill__told_though_it_may_be_withheld__must_be_what_is_committed_to(
    private: Run, field: str, told: object, value: object
) -> None:
    manifest, opening = contradicting(private.manifest, field, value)
    statement = canonical.decode(manifest.to_bytes())
    statement["predicate"][field] = told
    telling = Manifest.parse(canonical.encode(statement))
    if told == []:  # nothing is told
        assert len(opening.fill(telling).predicate.parents) == 1
        return
    with pytest.raises(VerificationFailed, match=f"another `{field}` in the clear"):
        opening.fill(telling)


Described = Callable[..., Run]


@pytest.fixture
def child(desk: Desk, key: pyrage.x25519.Identity, publish_people: Publish) -> Described:
    """A private model made from a published one, not published itself."""

    def act(passes: bool = True, **options: object) -> Run:
        publish_people()
        file = desk.folder / "child.gguf"
        file.write_bytes(b"GGUF" + bytes(4000))
        gate = {"f1": Bound(minimum=0.5 if passes else 0.95)}
        known = About(project="nursery", metrics={"f1": 0.875}, gate=gate, parents=["people@1"])
        readers = (str(key.to_public()),)
        return describe_model(desk.session, file, known, encrypt_to=readers, **options)  # type: ignore[arg-type]

    return act


def test_publish__private_child__has_parents_and_status_on_the_chain_alone(
    desk: Desk, child: Described
) -> None:
    run = child()
    published = desk.publish(run, require_deployable=True)
    assert (published.project.name, published.version.status) == ("nursery", Status.DEPLOYABLE)
    [parent] = run.described.predicate.parents
    public = run.manifest_file.read_bytes()
    for secret in (parent.artifact, str(parent.manifest), "nursery", "passed", "0.875"):
        assert secret.encode() not in public
    tree = lineage(desk.session.registry, published.version)
    assert [each.version.artifact_hash.hex() for each in tree.parents] == [parent.artifact]
    found = verify(run.model, desk.session.registry, storage=desk.session.storage)
    assert found.whole, found.failures
    assert not [each for each in found.not_proven if "Ask for" in each]
    few = Opening.read(run.opening).only([DIGEST])
    found = verify(run.model, desk.session.registry, storage=desk.session.storage, opening=few)
    assert found.whole, found.failures
    asked = [each for each in found.not_proven if "Ask for" in each]
    assert [each.rpartition("Ask for ")[2] for each in asked] == [
        "`project`.", "`parents`.", "`evaluation.gate`.",
    ]  # fmt: skip


def test_publish__private_child_that_misses_its_gate__is_refused_where_that_is_demanded(
    desk: Desk, child: Described
) -> None:
    run = child(passes=False)
    with pytest.raises(GateError, match="does not pass its gate"):
        desk.publish(run, require_deployable=True)
    assert desk.publish(run).version.status is Status.PUBLISHED


def test_verify__other_parents_committed_than_published__fails_once_they_are_opened(
    desk: Desk, child: Described
) -> None:
    run, registry, alice = child(), desk.session.registry, desk.who("alice")
    create_project(desk.session, "nursery", alice)
    home = registry.project_id(alice.address, "nursery")
    orphan = publication_of(run.manifest, home, deployable=True)
    signature = sign_publication(orphan, alice, desk.session.chain.chain_id, registry.address)
    approval = check_signature(signature, orphan, registry)
    desk.session.send(registry.publish(orphan, [approval]), alice)
    found = verify(run.model, registry, storage=desk.session.storage)
    assert [each.name for each in found.failures] == ["lineage"]
    few = Opening.read(run.opening).only([DIGEST, "name"])
    found = verify(run.model, registry, storage=desk.session.storage, opening=few)
    assert found.whole, found.failures
    assert any("Ask for `parents`" in each for each in found.not_proven)


def test_mark__private_model__becomes_deployable_where_its_gate_is_told(
    desk: Desk, child: Described, tmp_path: Path
) -> None:
    run, alice = child(), desk.who("alice")
    version = desk.publish(run).version
    mark(desk.session, version, Status.PUBLISHED, alice)
    kept = run.folder.rename(tmp_path / "away")
    with pytest.raises(GateError, match="nothing here tells that this private model passed a gate"):
        mark(desk.session, version, Status.DEPLOYABLE, alice)
    kept.rename(run.folder)
    assert mark(desk.session, version, Status.DEPLOYABLE, alice)


def test_mark__private_model_with_metrics__tells_its_gate_to_all(
    desk: Desk, child: Described, tmp_path: Path
) -> None:
    run, alice = child(publish_metrics=True), desk.who("alice")
    version = desk.publish(run).version
    mark(desk.session, version, Status.PUBLISHED, alice)
    run.folder.rename(tmp_path / "away")
    assert mark(desk.session, version, Status.DEPLOYABLE, alice)


def test_sign__opening_in_part__is_refused(desk: Desk, child: Described) -> None:
    run = child()
    whole = Opening.read(run.opening)
    few = whole.only(each for each in FIELDS if each not in ("parents", "evaluation.gate"))
    run.opening.write_bytes(few.to_bytes())
    with pytest.raises(VerificationFailed, match=r"not evaluation\.gate, parents"):
        desk.publish(run)


def gated(run: Run, gate: object, *, opened: bool = True, told: object = None) -> Run:
    """The run as its hostile maker would have it: committed to `gate`, with `told` of it in the clear."""
    committed, one = contradicting(run.manifest, "evaluation.gate", gate)
    statement = canonical.decode(committed.to_bytes())
    statement["predicate"]["evaluation"]["gate"] = told
    run.manifest_file.write_bytes(canonical.encode(statement))
    disclosed = {**Opening.read(run.opening).disclosed, **one.disclosed}
    if not opened:
        del disclosed["evaluation.gate"]
    run.opening.write_bytes(Opening(disclosed).to_bytes())
    return Run(run.folder.rename(run.folder.with_name(run.manifest.digest.hex()[:RUN_ID_LENGTH])))


def test_sign__gate_told_in_the_clear_that_the_opening_keeps_back__is_refused(
    desk: Desk, child: Described
) -> None:
    told = {"passed": True, "conditions": [{**FAILED, "value": 0.95, "passed": True}]}
    run = gated(child(), {"passed": False, "conditions": [FAILED]}, opened=False, told=told)
    with pytest.raises(VerificationFailed, match=r"not evaluation\.gate"):
        desk.publish(run)


@pytest.mark.parametrize("conditions", [[], [FAILED], [{**FAILED, "passed": True}]])
def test_publish__gate_that_its_own_figures_belie__is_not_deployable(
    desk: Desk, child: Described, conditions: list[object]
) -> None:
    run, alice = gated(child(), {"passed": True, "conditions": conditions}), desk.who("alice")
    with pytest.raises(GateError, match="does not pass its gate"):
        desk.publish(run, require_deployable=True)
    version = desk.publish(run).version
    assert version.status is Status.PUBLISHED
    with pytest.raises(GateError, match="has not passed a gate"):
        mark(desk.session, version, Status.DEPLOYABLE, alice)


@pytest.mark.parametrize("digest", ["sha256", "unixfs"])
def test_manifest__private_under_a_digest_that_is_not_salted__is_refused(private: Run, digest: str) -> None:
    text = private.manifest_file.read_text().replace('{"salted":', f'{{"{digest}":')
    with pytest.raises(ManifestError, match=r"`subject\[0\]\.digest` is wrong"):
        Manifest.parse(text.encode())


def test_manifest__commits_to_some_fields_or_to_others__is_refused(private: Run) -> None:
    statement = canonical.decode(private.manifest_file.read_bytes())
    withheld = statement["predicate"]["withheld"]
    rest = {field: each for field, each in withheld.items() if field != "parents"}
    for odd in (rest, {**withheld, "\x1b[31m": "a" * 64}, {}):
        statement["predicate"]["withheld"] = odd
        with pytest.raises(ManifestError, match=r"`predicate\.withheld` is wrong"):
            Manifest.parse(canonical.encode(statement))
    del statement["predicate"]["withheld"]
    with pytest.raises(ManifestError, match="no other's, is salted"):
        Manifest.parse(canonical.encode(statement))


def test_verify__gate_that_withholds_what_it_demands__proves_no_passing(desk: Desk, private: Run) -> None:
    registry, storage = desk.session.registry, desk.session.storage
    few = Opening.read(private.opening).only([DIGEST])
    told = verify(private.model, registry, storage=storage, opening=few).not_proven
    assert any("That it passed its gate" in each for each in told)
    told = verify(private.model, registry, storage=storage).not_proven
    assert not any("That it passed its gate" in each for each in told)


def test_verify__bytes_that_were_revoked_in_the_clear__are_not_cleared_by_a_salt(
    desk: Desk, publish_people: Publish, key: pyrage.x25519.Identity
) -> None:
    run = publish_people()
    registry = desk.session.registry
    version = registry.find_versions(run.manifest.artifact_hash)[0]
    revoked = registry.contract.revoke(version.project_id, version.artifact_hash, "leaks")
    desk.session.send(revoked, desk.who("alice"))
    salted = publish_people(encrypt_to=(str(key.to_public()),))
    assert salted.model.read_bytes() == run.model.read_bytes()
    found = verify(salted.model, registry, storage=desk.session.storage)
    assert [each.name for each in found.failures] == ["project"]
    assert "leaks" in found.failures[0].sentence
    with pytest.raises(ModelError, match="was revoked: leaks"):
        refuse_revoked(desk.session, [salted])


def test_train__private__is_its_owners_alone(private: Run) -> None:
    assert private.folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "{}",
        '{"fields": {}}',
        '{"fields": {"name": {"salt": "00", "value": 1}}}',
        '{"fields": {"name": {"value": 1}}}',
        '{"fields": {"nonsense": {"salt": "%s", "value": 1}}}' % ("0" * 64),
        '{"fields": {"name": {"salt": "%s", "value": NaN}}}' % ("0" * 64),
        "[" * 100,
    ],
)
def test_opening__malformed__is_refused(content: str) -> None:
    with pytest.raises(VerificationFailed, match="is not an opening"):
        Opening.parse(content.encode())


def test_only__a_field_that_is_not_there__is_refused(private: Run) -> None:
    opening = Opening.read(private.opening)
    assert opening.only(["environment"]).disclosed.keys() == {
        "environment.python",
        "environment.libraries",
        "environment.git",
    }
    with pytest.raises(UsageError, match="there is no field `secret`"):
        opening.only(["secret"])


def test_train__metrics_of_a_public_model__are_no_choice(desk: Desk) -> None:
    with pytest.raises(UsageError, match="published anyway"):
        train(desk.settings, desk.folder / "diln.toml", publish_metrics=True)


def test_train__statistics_of_a_private_model__are_refused(desk: Desk) -> None:
    key = str(pyrage.x25519.Identity.generate().to_public())
    with pytest.raises(UsageError, match="publishes no statistics"):
        train(desk.settings, desk.folder / "diln.toml", encrypt_to=(key,), publish_statistics=True)


def test_manifest__of_a_private_model__parses_as_any_other(private: Run) -> None:
    assert Manifest.parse(private.manifest_file.read_bytes()).predicate.artifact.encrypted
