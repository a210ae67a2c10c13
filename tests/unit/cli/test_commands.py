"""Every command in its folder: what it prints, as JSON too, and its exit code."""

import json
import socket
import tarfile

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pyrage
import pytest

from orchestrator.bindings.registry import VersionPublished
from orchestrator.errors import NodeUnavailable
from orchestrator.provenance import Status
from orchestrator.systems.prove.answering import Prediction
from tests.unit.cli.conftest import start
from tests.unit.pipeline.desk import PROJECT, write_spec


@pytest.fixture
def proven(diln, published):
    """After predicting, anchoring and proving."""
    for arguments in (["predict", PROJECT, "row.csv"], ["anchor-log", PROJECT], ["prove", "0", PROJECT]):
        assert diln(*arguments).code == 0
    return diln


def test_job__from_init_to_proof__each_command_exits_0(diln, desk, tmp_path, monkeypatch):
    folder = tmp_path / "fresh"
    folder.mkdir()
    write_spec(folder)
    monkeypatch.chdir(folder)
    said = [diln(*line.split()) for line in ("train", "migrate", "publish --deployable")]
    assert [each.code for each in said] == [0, 0, 0]
    [model] = folder.glob(".diln/models/*/*/model.skops")
    verified = diln("verify", model)
    assert verified.code == 0
    assert "Proven" in verified.out
    assert "It holds." in verified.out
    (folder / "row.csv").write_text("length,width,spots\n1.0,5.0,2\n")
    assert "lily" in diln("predict", f"{PROJECT}@1", "row.csv").out
    assert "anchored predictions 0 to 0" in diln("anchor-log", PROJECT).out
    assert diln("prove", "0", PROJECT, "--reveal", "row.csv").code == 0
    assert diln("verify", "prediction-0.json").code == 0


def test_train__metrics__each_beside_its_baseline(diln):
    [row] = [line for line in diln("train").out.splitlines() if line.startswith("accuracy")]
    assert [0 <= float(each) <= 1 for each in row.split()[1:]] == [True, True]


def test_verify__bundle__is_not_called_a_bad_model(diln, published):
    assert diln("export", "flowers@1", "-o", "flowers.car").code == 0
    said = diln("verify", "flowers.car")
    assert (said.code, "a bundle of one" in said.err, "BAD" in said.out) == (2, True, False)
    [following] = [line for line in diln("import", "flowers.car").out.splitlines() if "diln verify" in line]
    assert diln(*following.partition("diln ")[2].split()).code == 0


def test_lists__of_nothing__say_so(diln):
    assert diln("migrate").code == 0
    assert diln("project", "list").out == "no project was created yet\n"
    assert diln("project", "create", "flowers").code == 0
    assert diln("log", "flowers").out == "no version was published yet\n"


@pytest.mark.parametrize(
    "arguments",
    [
        "train",
        "migrate",
        "publish",
        "publish --dry-run",
        "project list",
        "project show flowers",
        "project create garden",
        "verify latest",
        "log flowers",
        "lineage flowers",
        "diff latest flowers@1",
        "predict flowers row.csv",
        "anchor-log flowers",
        "account list",
        "chain show",
        "chain advance 7d",
        "pin ls",
        "pin push",
        "pin add row.csv",
        "doctor",
    ],
)
def test_json__of_each_command__parses(diln, published, arguments):
    if arguments.startswith("anchor-log"):
        diln("predict", PROJECT, "row.csv")
    said = diln(*arguments.split(), "--json")
    assert said.code == 0, said
    json.loads(said.out)


def test_json__of_sign__parses(diln, desk):
    diln("project", "create", PROJECT, "--participant", "alice", "--participant", "bob")
    said = diln("sign", "--project", f"alice/{PROJECT}", "--from", "bob", "--json")
    assert (said.code, said.json["participant"]) == (0, desk.who("bob").address)


def test_json__of_an_error__is_an_object_on_stdout(diln):
    said = diln("publish", "nonsense", "--json")
    assert (said.code, said.err) == (1, "")
    assert said.json["error"] == "ModelError"
    assert set(said.json) == {"error", "message", "hint"}


def test_json__of_verify_that_fails__exits_1(diln, desk):
    said = diln("verify", desk.run.model, "--json")
    assert (said.code, said.json["ok"]) == (1, False)


def test_error__is_one_sentence_and_a_hint(diln):
    said = diln("publish", "nonsense")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("error: there is no run or file `nonsense`\nhint:  The latest runs are ")
    assert "Traceback" not in said.err


def test_interrupted__exits_130(diln, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("orchestrator.systems.prove.publishing.publish", interrupted)
    said = diln("publish")
    assert said.code == 130
    assert "run the same command again" in said.err


def test_disk_full__is_a_sentence_and_json_too(diln, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("orchestrator.systems.prove.publishing.publish", full)
    said = diln("publish")
    assert (said.code, "No space left on device" in said.err) == (1, True)
    assert diln("publish", "--json").json["error"] == "StorageError"


def test_init__twice__keeps_the_first(diln, desk):
    before = (desk.folder / "diln.toml").read_bytes()
    assert diln("init").code == 2
    assert (desk.folder / "diln.toml").read_bytes() == before
    assert diln("init", "--spec", "other.toml", "--dataset", "iris").code == 0
    assert diln("init", "--spec", "third.toml", "--dataset", "lilies").code == 2


def test_train__malformed_spec__names_line_and_key(diln, desk):
    spec = desk.folder / "diln.toml"
    spec.write_text(spec.read_text().replace("seed = 1", "sead = 1"))
    said = diln("train")
    assert said.code == 1
    assert "diln.toml, line 12: split.sead: this key is not known" in said.err


def test_train__parent__appears_in_the_lineage(diln, desk, published):
    first = desk.run.id
    write_spec(desk.folder, seed=5)
    assert diln("train", "--parent", first).code == 0
    assert diln("publish").code == 0
    drawn = diln("lineage", f"{PROJECT}@2").out
    assert f"{PROJECT}@2" in drawn
    assert f"└── {PROJECT}@1" in drawn
    nested = diln("lineage", f"{PROJECT}@2", "--json").json
    assert nested["parents"][0]["version"] == f"{PROJECT}@1"


def test_diff__two_versions__names_what_changed(diln, desk, published):
    write_spec(desk.folder, seed=5)
    diln("train")
    diln("publish")
    said = diln("diff", f"{PROJECT}@1", f"{PROJECT}@2")
    assert "predicate.training.seed: 1 → 5" in said.out
    assert diln("diff", "latest", f"{PROJECT}@2").out == "the manifests are the same\n"


def test_log__after_marking__shows_status_and_reason(diln, published):
    assert diln("mark", f"{PROJECT}@1", "deprecated").code == 0
    assert "already" in diln("mark", f"{PROJECT}@1", "deprecated").out
    assert diln("mark", f"{PROJECT}@1", "deployable", "--signer", "alice").code == 0
    assert diln("mark", f"{PROJECT}@1", "revoked").code == 2
    assert diln("mark", f"{PROJECT}@1", "revoked", "--reason", "data leak").code == 0
    [row] = diln("log", PROJECT, "--json").json
    assert isinstance(row["published"]["unix"], int)
    assert (row["status"], row["reason"]) == (Status.REVOKED.word, "data leak")
    refused = diln("predict", f"{PROJECT}@1", "row.csv")
    assert refused.code == 1
    assert "revoked: data leak" in refused.err
    assert diln("mark", f"{PROJECT}@1", "sublime").code == 2


@pytest.mark.parametrize("name", ["out.csv", "OUT.CSV", "out.parquet", "out.json"])
def test_predict__output__holds_a_row_for_each_that_was_asked(diln, desk, published, name):
    rows = "length,width,spots\n1.0,5.0,2\n4.0,4.0,\n1.1,5.0,1\n"
    (desk.folder / "rows.CSV").write_text(rows)
    said = diln("predict", PROJECT, "rows.CSV", "-o", name)
    assert (said.code, said.out.splitlines()[-1]) == (0, f"wrote {name}: predictions 0 to 2")
    file = desk.folder / name
    if name.endswith("json"):
        found = json.loads(file.read_text())["predictions"]
        assert json.loads(file.read_text())["model"]["name"] == f"{PROJECT}@1"
    else:
        table = pq.read_table(file) if name.endswith("parquet") else pa_csv.read_csv(file)
        assert table.column_names == ["index", "label", "probability lily", "probability rose"]
        found = table.to_pylist()
    assert [(each["index"], each["label"]) for each in found] == [(0, "lily"), (1, "rose"), (2, "lily")]


@pytest.mark.parametrize(("count", "told"), [(50, False), (51, True)])
def test_predict__many_rows__names_the_option_that_writes_them(diln, desk, published, count, told):
    (desk.folder / "rows.csv").write_text("length,width,spots\n" + "1.0,5.0,2\n" * count)
    assert ("-o FILE.csv" in diln("predict", PROJECT, "rows.csv").err) == told
    assert diln("predict", PROJECT, "rows.csv", "-o", "out.csv").err == ""


def test_log_and_anchors__no_project__that_of_the_spec(diln, desk, published):
    assert diln("log").out == diln("log", PROJECT).out
    assert diln("predict", PROJECT, "row.csv").code == 0
    assert "anchored predictions 0 to 0" in diln("anchor-log").out
    assert diln("prove", "0").code == 0
    (desk.folder / "diln.toml").unlink()
    for command in (["log"], ["anchor-log"], ["prove", "0"]):
        said = diln(*command)
        assert (said.code, "no project is named" in said.err) == (2, True)


def test_pin_export__file_or_output_or_neither__writes_it(diln, desk):
    cid = diln("pin", "add", "flowers.csv", "--json").json["cid"]
    for words, file in ((["a.car"], "a.car"), (["-o", "b.car"], "b.car"), ([], f"{cid}.car")):
        assert diln("pin", "export", cid, *words).out == f"wrote {file}\n"
        assert (desk.folder / file).stat().st_size
    assert diln("pin", "export", cid, "a.car", "-o", "b.car").code == 2
    assert diln("pin", "export", "../escaped").code == 1


def test_pin_export__all__one_file_of_all_that_is_pinned(diln, desk):
    cids = [diln("pin", "add", name, "--json").json["cid"] for name in ("flowers.csv", "diln.toml")]
    assert diln("pin", "export").code == diln("pin", "export", cids[0], "--all").code == 2
    assert diln("pin", "export", "--all", "-o", "all.car").out == "wrote all.car\n"
    for cid in cids:
        assert diln("pin", "rm", cid).code == 0
    assert diln("pin", "export", "--all").code == 2
    assert diln("pin", "ls").out == "nothing is pinned\n"
    assert diln("pin", "import", "all.car").out.split() == cids


@pytest.mark.parametrize("name", ["out.txt", "nowhere/out.csv", "row.csv", "folder.csv"])
def test_predict__output_that_cannot_be__is_refused_before_anything_is_logged(diln, desk, published, name):
    (desk.folder / "folder.csv").mkdir()
    said = diln("predict", PROJECT, "row.csv", "-o", name)
    assert (said.code, said.out) == (2, "")
    assert not (desk.folder / ".diln" / "predictions").exists()


def test_predict__label_with_control_characters__is_shown_escaped(diln, published, monkeypatch):
    evil = [Prediction(0, {"label": "\x1b[2J"})]
    monkeypatch.setattr("orchestrator.systems.prove.predicting.predict", lambda *_: evil)
    said = diln("predict", PROJECT, "row.csv")
    assert "\x1b" not in said.out
    assert "\\x1b[2J" in said.out


def test_serve__port_taken__is_a_sentence(diln, published):
    with socket.create_server(("127.0.0.1", 0)) as other:
        said = diln("serve", PROJECT, "--port", other.getsockname()[1])
    assert said.code == 2
    assert "ddress already in use" in said.err


def test_serve__revoked__does_not_start(diln, published):
    diln("mark", f"{PROJECT}@1", "revoked", "--reason", "data leak")
    said = diln("serve", f"{PROJECT}@1")
    assert said.code == 1
    assert "data leak" in said.err


def test_publish__dry_run__sends_nothing(diln, desk):
    height = desk.blocks
    said = diln("publish", "--dry-run")
    assert said.code == 0
    assert "would take" in said.out
    assert desk.blocks == height


def test_publish__twice__says_that_nothing_was_sent(diln, published):
    assert "nothing was sent" in diln("publish").out
    assert diln("publish", "--json").json["transaction"] is None


def test_account__json_without_a_password__asks_nobody(diln, monkeypatch):
    monkeypatch.delenv("DILN_PASSWORD", raising=False)
    for command in (("account", "new", "lab"), ("account", "import", "lab")):
        refused = diln(*command, "--json")
        assert (refused.code, refused.json["error"]) == (1, "WrongPassword")


def test_publish__wrong_password__sends_nothing_and_can_be_repeated(diln, desk, monkeypatch):
    monkeypatch.setattr("orchestrator.chain.keystore.SCRYPT_ROUNDS", 2)
    monkeypatch.setenv("DILN_PASSWORD", "open sesame")
    assert diln("account", "new", "lab").code == 0
    monkeypatch.setenv("DILN_PASSWORD", "open barley")
    said = diln("publish", "--from", "lab")
    assert said.code == 1
    assert "not the password of account lab" in said.err or "has 0 ether" in said.err
    assert "barley" not in said.err + said.out


def test_sign__wrong_password__is_refused_and_signs_nothing(diln, desk, monkeypatch):
    monkeypatch.setattr("orchestrator.chain.keystore.SCRYPT_ROUNDS", 2)
    monkeypatch.setenv("DILN_PASSWORD", "open sesame")
    address = diln("account", "new", "lab", "--json").json["address"]
    diln("project", "create", PROJECT, "--participant", address)
    monkeypatch.setenv("DILN_PASSWORD", "open barley")
    said = diln("sign", "--from", "lab", "--project", f"alice/{PROJECT}")
    assert (said.code, "not the password of account lab" in said.err) == (1, True)
    assert "barley" not in said.err + said.out
    assert not desk.run.signatures.exists()
    monkeypatch.setenv("DILN_PASSWORD", "open sesame")
    assert diln("sign", "--from", "lab", "--project", f"alice/{PROJECT}").code == 0


def test_node_down__is_a_sentence_with_what_to_do(diln, monkeypatch):
    def down(*_):
        raise NodeUnavailable("the node cannot be reached", "Start one with `diln node`.")

    for asking in ("make_request", "ahead"):
        monkeypatch.setattr(f"orchestrator.chain.transport.RetryingProvider.{asking}", down)
    for command in (["publish", "--from", "alice"], ["log", PROJECT], ["chain", "show"]):
        said = diln(*command, "--network", "development")
        assert said.code == 1
        assert said.err == "error: the node cannot be reached\nhint:  Start one with `diln node`.\n"


def test_no_sender_on_a_real_network__exits_2(diln):
    said = diln("publish", "--rpc-url", "https://node.example")
    assert said.code == 2
    assert "--from NAME" in said.err


def test_train__private__is_predicted_elsewhere_with_the_key(diln, desk, tmp_path):
    key = pyrage.x25519.Identity.generate()
    (tmp_path / "key.txt").write_text(f"{key}\n")
    write_spec(desk.folder, seed=8)
    (desk.folder / "row.csv").write_text("length,width,spots\n1.0,5.0,2\n")
    assert diln("train", "--encrypt-to", str(key.to_public())).code == 0
    assert diln("publish").code == 0
    desk.run.folder.rename(tmp_path / "elsewhere")
    refused = diln("predict", f"{PROJECT}@1", "row.csv")
    assert (refused.code, "--identity FILE" in refused.err) == (1, True)
    said = diln("predict", f"{PROJECT}@1", "row.csv", "--identity", tmp_path / "key.txt")
    assert (said.code, "lily" in said.out) == (0, True)
    assert diln("predict", f"{PROJECT}@1", "row.csv", "--identity", "no-such-file").code == 2


def test_pin_get__private_model__is_decrypted_by_its_reader(diln, desk, tmp_path):
    key = pyrage.x25519.Identity.generate()
    (tmp_path / "key.txt").write_text(f"# public key: {key.to_public()}\n{key}\n")
    diln("train", "--encrypt-to", str(key.to_public()))
    diln("publish")
    said = diln(
        "pin", "get", desk.run.manifest.artifact_cid, "-o", "m.age", "--identity", tmp_path / "key.txt"
    )
    assert said.code == 0
    with tarfile.open(desk.folder / "m.age.plain") as tar:
        assert tar.getnames() == ["opening.json", "model.skops"]
        assert tar.extractfile("model.skops").read() == desk.run.model.read_bytes()


def test_verify__several_of_which_one_is_nothing__checks_the_others(diln, published, desk):
    model = desk.run.model
    said = diln("verify", model, "no-such-model", f"{PROJECT}@1", "--json")
    assert said.code == 1
    assert [each["ok"] for each in said.json] == [True, False, True]
    assert [each["name"] for each in said.json[1]["checks"]] == ["subject"]
    assert "no-such-model" in said.json[1]["checks"][0]["sentence"]
    assert diln("verify", "no-such-model").code == 1
    assert diln("verify", model, "no-such-model", "--min-signatures", "-1").code == 2


def test_disclose__fields_of_a_private_model__verify_who_holds_the_file(diln, desk, tmp_path):
    key = pyrage.x25519.Identity.generate()
    (tmp_path / "key.txt").write_text(f"{key}\n")
    assert diln("train", "--encrypt-to", str(key.to_public())).code == 0
    assert diln("publish").code == 0
    told = diln("disclose", "latest", "training.algorithm", "digest", "-o", "few.json")
    assert (told.code, "training.algorithm, digest" in told.out) == (0, True)
    assert "BUNDLE --offline" in diln("disclose", "latest", "data", "-o", "data.json").out
    whole = desk.run.opening.read_bytes()
    refused = diln("disclose", "latest", "data", "-o", str(desk.run.opening))
    assert (refused.code, "would be lost" in refused.err) == (2, True)
    assert desk.run.opening.read_bytes() == whole, "its salts are nowhere else in the clear"
    assert diln("disclose", "latest", "data", "digest", "-o", "data.json").code == 0
    bundle = diln("export", f"{PROJECT}@1", "-o", "p.car")
    assert bundle.code == 0
    desk.run.folder.rename(tmp_path / "elsewhere")
    [model] = (tmp_path / "elsewhere").glob("model.skops")
    model = model.rename(tmp_path / "given.skops")

    refused = diln("verify", model)
    assert (refused.code, "--opening FILE" in refused.out) == (1, True)
    said = diln("verify", model, "--opening", "few.json")
    assert (said.code, "LogisticRegression" in said.out) == (0, True)
    assert "length" not in said.out, "a feature's name"
    assert diln("verify", model, model, "--opening", "few.json").code == 2
    assert diln("verify", f"{PROJECT}@1").code == 1
    assert diln("verify", f"{PROJECT}@1", "--identity", tmp_path / "key.txt").code == 0
    offline = diln("verify", "p.car", "--offline", "--opening", "few.json")
    assert "LogisticRegression" in offline.out or "eth_getProof" in offline.err


def test_disclose__what_is_not_private_or_not_there__exits_2(diln, published):
    refused = diln("disclose", "latest", "data")
    assert (refused.code, "is not private" in refused.err) == (2, True)


def test_prove__several_rows_to_reveal__exits_2(proven, desk):
    (desk.folder / "two.csv").write_text("length,width,spots\n1.0,5.0,2\n1,1,1\n")
    assert proven("prove", "0", PROJECT, "--reveal", "two.csv").code == 2


def test_verify__proof__holds_and_a_changed_one_is_refused(proven, desk):
    proof = desk.folder / "prediction-0.json"
    assert proven("verify", proof).code == 0
    proof.write_text(proof.read_text().replace('"label":"lily"', '"label":"rose"'))
    said = proven("verify", proof)
    assert (said.code, "not the hash of this entry" in said.err) == (1, True)


def test_project__members_and_ownership__change(diln, desk):
    assert diln("project", "create", "garden", "--participant", "alice", "--participant", "bob").code == 0
    assert diln("project", "members", "garden", "--add-publisher", "dave", "--threshold", "0").code == 0
    shown = diln("project", "show", "garden", "--json").json
    assert shown["publishers"] == [desk.who("dave").address]
    assert shown["signatures"] == {"threshold": 0, "participants": 2}
    assert (shown["paused"], shown["offered_to"]) == (False, None)
    assert diln("project", "transfer", "garden", "--to", "bob").code == 0
    assert diln("project", "accept", "alice/garden", "--from", "bob").code == 0
    assert diln("project", "pause", "alice/garden", "--from", "bob").code == 0
    assert "project paused" in diln("publish", "--project", "alice/garden", "--from", "dave").err
    assert "nothing was sent" in diln("project", "pause", "alice/garden", "--from", "bob").out
    assert diln("project", "unpause", "alice/garden").code == 1
    assert diln("project", "unpause", "alice/garden", "--from", "bob").code == 0
    assert diln("project", "show", "alice/garden", "--json").json["owner"] == desk.who("bob").address


def test_doctor__kubo_does_not_answer__exits_1_and_says_what_to_start(diln):
    said = diln("doctor", "--storage", "kubo")
    assert said.code == 1
    assert "BAD  storage: no Kubo daemon answers" in said.out
    assert "ipfs daemon" in said.out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--block-hash", "ab" * 32], "--block-hash is for --offline"),
        (["--offline", "--manifest", "m.json"], "brings its manifest"),
        (["--offline", "--project", "wine"], "nobody can tell whose `wine` is meant"),
    ],
)
def test_verify__option_that_would_not_count__is_refused(diln, options, sentence):
    said = diln("verify", "a.car", *options)
    assert said.code == 2
    assert sentence in said.err


def test_doctor__damaged_block__exits_1_and_names_it(diln, desk, published):
    [block] = [
        path
        for path in desk.settings.store_dir.rglob("*")
        if path.is_file() and path.read_bytes() == desk.run.model.read_bytes()
    ]
    block.chmod(0o644)
    block.write_bytes(b"!")
    said = diln("doctor")
    assert said.code == 1
    assert "BAD  storage: the block" in said.out


def test_demo__into_a_folder_in_use__exits_2_and_changes_nothing(diln, desk):
    before = (desk.folder / "diln.toml").read_bytes()
    assert diln("demo", "--folder", desk.folder).code == 2
    assert (desk.folder / "diln.toml").read_bytes() == before


def test_two_processes__at_once_on_one_chain__both_finish(desk):
    desk.session.chain.close()
    processes = [
        start(desk.folder, "project", "create", "garden", "--json"),
        start(desk.folder, "publish", "--json"),
    ]
    said = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    with desk.again().session as session:
        names = sorted(project.name for project in session.registry.projects())
        assert names == [PROJECT, "garden"]


def test_two_processes__publish_the_same_run__it_is_published_once(desk, published):
    run = desk.train(seed=6)
    desk.session.chain.close()
    processes = [start(desk.folder, "publish", run.id, "--json") for _ in range(2)]
    said = [process.communicate(timeout=120) for process in processes]
    assert 0 in [process.returncode for process in processes], said
    with desk.again().session as session:
        told = session.registry.contract.events(VersionPublished, artifact_hash=run.manifest.artifact_hash)
        assert [event.number for event in told] == [2]
