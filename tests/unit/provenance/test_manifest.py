import hashlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import ManifestError
from orchestrator.learning.data import ColumnStatistics, DataProvenance
from orchestrator.learning.reading import DataFile
from orchestrator.provenance import DataRecord, canonical
from orchestrator.provenance.manifest import Manifest, describe, manifest_cid
from tests.unit.provenance.samples import MODEL, sample_manifest, sample_parts

LARGEST = canonical.LARGEST
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST, LARGEST)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
mappings = st.dictionaries(st.text(max_size=8), json_values, max_size=3)
sha256 = st.binary(min_size=32, max_size=32).map(bytes.hex)
names = st.text(min_size=1, max_size=20)


@st.composite
def manifests(draw):
    parts = sample_parts()
    parts["name"] = draw(names)
    parts["sha256"] = draw(sha256)
    parts["project"] = draw(names)
    parts["licence"] = draw(st.none() | names)
    parts["data"][0]["columns"] = draw(mappings)
    parts["training"]["hyperparameters"] = draw(mappings)
    parts["training"]["search"] = draw(st.none() | mappings)
    parts["evaluation"]["metrics"] = draw(mappings)
    parts["evaluation"]["gate"] = None
    parts["environment"]["git"] = draw(
        st.none() | st.builds(lambda dirty: {"commit": "cd" * 20, "dirty": dirty}, st.booleans())
    )
    parts["parents"] = draw(st.lists(st.fixed_dictionaries({"artifact": sha256, "manifest": sha256})))
    return describe(**parts)


@given(manifests())
def test_parse__of_any_manifest__gives_it_back(manifest):
    again = Manifest.parse(manifest.to_bytes())
    assert again == manifest
    assert again.digest == manifest.digest == hashlib.sha256(manifest.to_bytes()).digest()


@given(manifests(), st.data())
def test_parse__with_any_byte_changed__is_refused_or_another_manifest(manifest, data):
    changed = bytearray(manifest.to_bytes())
    position = data.draw(st.integers(0, len(changed) - 1))
    changed[position] ^= data.draw(st.integers(1, 255))
    try:
        other = Manifest.parse(bytes(changed))
    except ManifestError:
        return
    assert other.digest != manifest.digest
    assert other.to_bytes() == changed


@given(manifests(), st.data())
def test_parse__truncated_anywhere__is_refused(manifest, data):
    whole = manifest.to_bytes()
    with pytest.raises(ManifestError):
        Manifest.parse(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(st.binary(max_size=200))
def test_parse__of_noise__raises_only_manifest_errors(noise):
    with pytest.raises(ManifestError):
        Manifest.parse(noise)


@given(json_values)
def test_parse__of_any_other_json__raises_only_manifest_errors(value):
    with pytest.raises(ManifestError):
        Manifest.parse(canonical.encode(value))


def test_to_bytes__is_an_in_toto_statement():
    statement = json.loads(sample_manifest().to_bytes())
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "urn:diln:model:v2"
    assert statement["subject"][0]["digest"] == {"sha256": hashlib.sha256(MODEL).hexdigest()}
    assert statement["subject"][0]["uri"].startswith("ipfs://bafkrei")
    assert set(statement) == {"_type", "subject", "predicateType", "predicate"}


def test_cid__of_a_manifest__is_its_raw_block():
    # `ipfs add --cid-version=1` of "hello\n", as IPFS's own documentation shows it.
    assert (
        manifest_cid(hashlib.sha256(b"hello\n").digest())
        == "bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am"
    )
    assert sample_manifest().cid == manifest_cid(sample_manifest().digest)


def test_manifest_cid__digest_of_the_wrong_length__is_refused():
    with pytest.raises(ManifestError, match="32 bytes"):
        manifest_cid(b"short")


def changed(path, value):
    """The sample as JSON with the value at `path` replaced (`...` removes it)."""
    statement = json.loads(sample_manifest().to_bytes())
    parent = statement
    for step in path[:-1]:
        parent = parent[step]
    if value is ...:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return canonical.encode(statement)


P = "predicate"


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("_type",), "https://in-toto.io/Statement/v0.1", "_type"),
        (("_type",), ..., "_type"),
        (("predicateType",), "https://slsa.dev/provenance/v1", "predicateType"),
        (("predicateType",), ..., "predicateType"),
        (("predicate_type",), "urn:diln:model:v2", "predicate_type"),
        (("extra",), 1, "extra"),
        (("subject",), [], "subject[0]"),
        (("subject", 0, "digest", "sha256"), "ab" * 31, "subject[0].digest.sha256"),
        (("subject", 0, "digest", "sha256"), "AB" * 32, "subject[0].digest.sha256"),
        (("subject", 0, "digest", "sha1"), "ab" * 20, "subject[0].digest.sha1"),
        (("subject", 0, "uri"), "https://example.org", "subject[0].uri"),
        (("subject", 0, "uri"), "ipfs://nonsense", "subject[0].uri"),
        ((P, "project"), "", "predicate.project"),
        ((P, "project"), 5, "predicate.project"),
        ((P, "artifact", "size"), -1, "predicate.artifact.size"),
        ((P, "artifact", "size"), 1.5, "predicate.artifact.size"),
        ((P, "artifact", "size"), "12", "predicate.artifact.size"),
        ((P, "artifact", "size"), True, "predicate.artifact.size"),
        ((P, "data", 0, "rows"), -1, "predicate.data[0].rows"),
        ((P, "data", 0, "sha256"), "ab", "predicate.data[0].sha256"),
        ((P, "data", 0, "columns"), [], "predicate.data[0].columns"),
        ((P, "data", 0, "collected"), "yesterday", "predicate.data[0].collected"),
        ((P, "created"), "2026-02-30T12:00:00Z", "predicate.created"),
        ((P, "created"), "2026-01-31T12:00:00+00:00", "predicate.created"),
        ((P, "parents", 0, "manifest"), ..., "predicate.parents[0].manifest"),
        ((P, "parents"), {}, "predicate.parents"),
        ((P, "environment", "git", "dirty"), 1, "predicate.environment.git.dirty"),
        ((P, "environment", "libraries", "numpy"), 2, "predicate.environment.libraries.numpy"),
        ((P, "evaluation", "gate", "conditions", 0, "relation"), "==", "gate.conditions[0].relation"),
        ((P, "licence"), 0, "predicate.licence"),
        ((P, "licence"), ..., "predicate.licence"),
        ((P, "environment", "git"), ..., "predicate.environment.git"),
        ((P,), ..., "predicate"),
    ],
)
def test_parse__wrong_field__is_named(path, value, field):
    with pytest.raises(ManifestError, match="wrong") as refused:
        Manifest.parse(changed(path, value))
    assert f"{field}`" in refused.value.message


def test_parse__key_twice__names_the_key():
    data = sample_manifest().to_bytes()
    twice = data.replace(b'"seed":7', b'"seed":7,"seed":7')
    with pytest.raises(ManifestError, match="seed"):
        Manifest.parse(twice)


def test_parse__not_canonical__says_so():
    loose = json.dumps(json.loads(sample_manifest().to_bytes())).encode()
    with pytest.raises(ManifestError, match="canonical"):
        Manifest.parse(loose)


def test_parse__above_one_mebibyte__is_refused():
    with pytest.raises(ManifestError, match="1 MiB"):
        Manifest.parse(b" " * (2**20 + 1))


def test_describe__above_one_mebibyte__is_refused():
    parts = sample_parts()
    parts["data"][0]["columns"] = {"notes": "x" * 2**20}
    with pytest.raises(ManifestError, match="1 MiB"):
        describe(**parts)


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**53, b"bytes", "\ud800"])
def test_describe__value_that_json_cannot_hold__names_the_field(value):
    parts = sample_parts()
    parts["evaluation"]["metrics"]["f1"] = value
    with pytest.raises(ManifestError, match=r"metrics\.f1"):
        describe(**parts)


def test_describe__nan_in_a_number_field__names_the_field():
    parts = sample_parts()
    parts["evaluation"]["gate"]["conditions"][0]["value"] = math.nan
    with pytest.raises(ManifestError, match="conditions"):
        describe(**parts)


def test_describe__without_a_time__is_now():
    assert sample_manifest(created=None).predicate.created.endswith("Z")


def test_artifact_hash_and_cid__come_from_the_subject():
    manifest = sample_manifest()
    assert manifest.artifact_hash == hashlib.sha256(MODEL).digest()
    assert manifest.artifact_cid == sample_parts()["cid"]


def test_data_record__of_a_loaded_data_set__says_what_it_says():
    provenance = DataProvenance(
        sha256="11" * 32,
        source="measurements.csv",
        files=(DataFile("measurements.csv", "22" * 32, 12),),
        rows=3,
        target="y",
        task="regression",
        columns=(ColumnStatistics("a.b", "numeric", 0, min=1.0, max=2.0),),
        removed={"duplicates": 1},
        collected_at="2026-01-31T12:00:00Z",
    )
    assert DataRecord.of(provenance).columns == {"a.b": {"type": "numeric", "missing": 0.0}}
    record = DataRecord.of(provenance, statistics=True)
    manifest = sample_manifest(data=[record])
    assert manifest.predicate.data == (record,)
    assert record.columns == {"a.b": {"type": "numeric", "missing": 0, "min": 1, "max": 2}}
    assert record.cleaning == {"duplicates": 1, "imputed": {}, "ignored": {}}
    assert record.files[0].name == "measurements.csv"


def test_replace_file__rest_of_a_killed_command__is_removed_and_a_running_one_is_not(tmp_path):
    import os

    from orchestrator.files import replace_file

    rest, running = tmp_path / ".signatures.json.abcd1234", tmp_path / ".signatures.json.efgh5678"
    for path in (rest, running):
        path.write_text("half")
    os.utime(rest, (0, 0))
    replace_file(tmp_path / "signatures.json", b"whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [running.name, "signatures.json"]
