"""`diln init` of a file, `diln train` and what it prints, `diln runs`."""

import io

from orchestrator.systems.prove.runs import list_runs
from tests.unit.pipeline.desk import PROJECT, write_spec

CUSTOMERS = "customer_id,income,target\n" + "".join(
    f"C{row:05},{'n/a' if row == 3 else 1000 + row * 7 % 311},{'left' if row % 12 == 0 else 'stayed'}\n"
    for row in range(120)
)


def test_init__file__prints_what_it_found_and_names_the_project_after_it(diln, desk):
    (desk.folder / "raw data.csv").write_text(CUSTOMERS.replace(",target", ",churn"))
    assert diln("init", "--file", "raw data.csv").code == 2
    refused = diln("init", "--file", "raw data.csv", "--target", "nope", "--force")
    assert (refused.code, "it has columns customer_id, income, churn" in refused.err) == (2, True)
    said = diln("init", "--file", "raw data.csv", "--target", "churn", "--force")
    assert said.code == 0
    assert "ignored: customer_id (it only names the row)" in said.out
    assert "n/a stand among numbers" in said.out
    assert "only 8.3% of the rows are 'left'" in said.out
    spec = (desk.folder / "diln.toml").read_text()
    assert 'name = "raw-data"' in spec
    assert 'license = ""' in spec
    trained = diln("train")
    assert trained.code == 0
    assert "imputed: income, 1 missing" in trained.out
    assert "precision, recall and F1 are about 'left'" in trained.out
    assert "(baseline): failed" in trained.out
    assert "next: train a better one" in trained.out
    assert diln("publish", "--require-gate").code == 1


def test_init__file_and_folder__are_refused(diln):
    assert diln("init", "--force", "--file", "a.csv", "--folder", "b").code == 2


def test_train__as_json__tells_baseline_types_and_cleaning(diln, desk):
    (desk.folder / "diln.toml").write_text(
        '[project]\nname = "c"\n[data]\nfile = "c.csv"\n[data.cleaning]\nmissing_marks = ["n/a"]\n'
        '[model]\nestimator = "logistic_regression"\n'
    )
    (desk.folder / "c.csv").write_text(CUSTOMERS)
    found = diln("train", "--json").json
    assert found["types"] == {"income": "numeric"}
    assert found["ignored"] == {"customer_id": "it only names the row"}
    assert found["imputed"] == {"income": {"missing": 1, "bad_values": 0}}
    assert found["baseline"].keys() <= found["metrics"].keys()
    assert any("8.3%" in warning for warning in found["warnings"])


def test_train__equal_model__says_that_publishing_gives_nothing_new(diln, desk):
    first = f"{PROJECT}/{desk.run.id}"
    assert diln("train", "--publish-statistics", "--json").json["same_model_as"] == first
    assert f"byte for byte, that of {PROJECT}/" in diln("train", "--publish-statistics").out
    write_spec(desk.folder, seed=9)
    assert diln("train", "--json").json["same_model_as"] is None


def test_train__publish_statistics__are_in_the_manifest_only_then(diln, desk):
    assert diln("train").code == 0
    plain = desk.run.manifest.predicate.data[0].columns["length"]
    assert set(plain) == {"type", "missing"}
    assert diln("train", "--publish-statistics").code == 0
    told = list_runs(desk.settings)[-1].manifest.predicate.data[0].columns["length"]
    assert {"min", "max", "mean", "std"} <= set(told)


def test_train__revoked_parent__is_refused_unless_allowed(diln, desk, published):
    assert diln("train", "--parent", "latest").code == 0
    assert diln("mark", f"{PROJECT}@1", "revoked", "--reason", "it leaked").code == 0
    run = list_runs(desk.settings)[0]
    refused = diln("train", "--parent", run.id)
    assert (refused.code, "was revoked: it leaked" in refused.err) == (1, True)
    assert diln("train", "--parent", run.id, "--allow-revoked").code == 0


def test_train__parent_made_from_a_revoked_one__is_refused(diln, desk, published):
    write_spec(desk.folder, seed=5)
    assert diln("train", "--parent", "latest").code == 0
    assert diln("publish").code == 0
    assert diln("mark", f"{PROJECT}@1", "revoked", "--reason", "it leaked").code == 0
    refused = diln("train", "--parent", "latest")
    assert (refused.code, "was made from a model that was revoked" in refused.err) == (1, True)


def test_train__parent_without_a_registry__is_as_good_as_any(diln, desk, tmp_path, monkeypatch):
    write_spec(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert diln("train").code == 0
    assert diln("train", "--parent", "latest").code == 0


def test_publish__old_name_of_the_gate_s_flag__still_works(diln, desk):
    desk.train(gate="brier = 0.0001")
    for flag in ("--require-gate", "--deployable"):
        said = diln("publish", flag)
        assert (said.code, "does not pass its gate" in said.err) == (1, True)
    assert "--deployable" not in diln("publish", "--help").out


def test_runs_list__newest_first__with_gate_and_figures(diln, desk):
    desk.train(gate="brier = 0.0001")
    found = diln("runs", "list", "--json").json
    assert [each["gate"] for each in found] == ["failed", "passed"]
    assert found[1]["run"] == f"{PROJECT}/{list_runs(desk.settings)[0].id}"
    lines = diln("runs", "list").out.splitlines()
    assert lines[0].split() == ["run", "created", "algorithm", "gate", "metrics"]
    assert "accuracy 1.0000" in lines[1]


def test_runs_list__manifest_that_was_changed__does_not_end_the_list(diln, desk):
    desk.train(seed=2)
    broken = list_runs(desk.settings)[0]
    broken.manifest_file.write_text("{}")
    newest, oldest = diln("runs", "list", "--json").json
    assert (newest["gate"], oldest["run"]) == ("passed", f"{PROJECT}/{broken.id}")
    assert "manifest" in oldest["problem"]
    assert "manifest" in diln("runs", "list").out


def test_runs_compare__two__shows_the_change(diln, desk):
    desk.train(seed=2, estimator="dummy_classifier", gate="")
    first, second = (run.id for run in list_runs(desk.settings))
    found = diln("runs", "compare", first, second, "--json").json
    assert found["metrics"]["accuracy"] == [1.0, 0.5]
    assert "-0.5000" in diln("runs", "compare", first, second).out


def test_runs_delete__asks_and_removes_only_runs_of_this_folder(diln, desk, tmp_path, monkeypatch):
    desk.train(seed=2)
    first, second = list_runs(desk.settings)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert diln("runs", "delete", second.id).code == 130
    said = diln("runs", "delete", second.id)  # at the end of stdin
    assert (said.code, said.out.strip(), "--yes" in said.err) == (2, "", True)
    assert list_runs(desk.settings) == [first, second]
    assert diln("runs", "delete", second.id, "--yes", "--json").json == {"deleted": f"{PROJECT}/{second.id}"}
    assert list_runs(desk.settings) == [first]
    elsewhere = first.folder.rename(tmp_path / "elsewhere")
    assert diln("runs", "delete", elsewhere, "--yes").code == 2
    assert elsewhere.exists()


def test_publish__dry_run_of_a_first_publication__says_that_a_project_is_made(diln, desk):
    assert diln("migrate").code == 0
    said = diln("publish", "--dry-run").out
    assert "nothing was sent" in said
    assert f"that makes the project `{PROJECT}`" in said
    published = diln("publish").out
    assert f"next: diln verify {PROJECT}@1" in published
    assert "that makes" not in diln("publish", "--dry-run").out
