"""
A folder of Hugging Face
├── published and verified: one directory, one digest; a changed, added or missing file is caught
├── what it tells of itself: licence, task, metrics, class and library stand in manifest and card
├── flags and a file beside it go first
└── what is of another form, or hostile: passed over, never obeyed
"""

import json
import shutil

import numpy as np
import pytest
import yaml

from orchestrator.learning.tensorfile import write_tensors
from orchestrator.provenance import verify
from orchestrator.storage import digest_file
from orchestrator.systems.prove.about import about_of
from orchestrator.systems.prove.cards import card_of, markdown
from orchestrator.systems.prove.describing import describe_model
from orchestrator.systems.prove.huggingface import told_by_folder

README = """---
license: apache-2.0
language: [en]
pipeline_tag: text-generation
base_model: somebody/larger
model-index:
- name: tiny
  results:
  - task: {type: text-generation}
    dataset: {name: wikitext, type: wikitext}
    metrics:
    - {type: perplexity, value: 42.5}
    - {type: loss, value: not a number}
---
# Tiny
"""
CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "transformers_version": "4.44.0"}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "tiny-llama"
    folder.mkdir()
    weights = {
        "model.embed_tokens.weight": np.arange(64, dtype=np.float32).reshape(16, 4),
        "lm_head.weight": np.ones((16, 4), np.float32),
    }
    (folder / "model.safetensors").write_bytes(write_tensors(weights))
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "tokenizer.json").write_text(json.dumps({"version": "1.0", "model": {"type": "BPE"}}))
    (folder / "README.md").write_text(README)
    return folder


def test_publish__folder__is_one_directory_one_digest_and_verified(desk, folder, tmp_path):
    published = desk.publish(describe_model(desk.session, folder, about_of(folder)))
    stored = digest_file(folder)
    assert published.version.artifact_hash == stored.digest
    assert published.version.artifact_cid == stored.cid
    verification = verify(folder, desk.session.registry, storage=desk.session.storage)
    assert verification.whole, verification.failures
    anchor = next(each for each in verification.checks if each.name == "anchor")
    assert anchor.sentence.startswith("the folder's digest")

    brought = desk.session.storage.get(stored.cid, tmp_path / "brought")
    assert sorted(each.name for each in brought.iterdir()) == sorted(each.name for each in folder.iterdir())
    assert verify(brought, desk.session.registry, storage=desk.session.storage).whole


@pytest.mark.parametrize("change", ["a byte", "another file", "a file less", "another name"])
def test_verify__folder_that_was_changed__is_caught(desk, folder, tmp_path, change):
    desk.publish(describe_model(desk.session, folder, about_of(folder)))
    changed = shutil.copytree(folder, tmp_path / "changed")
    if change == "a byte":
        weights = bytearray((changed / "model.safetensors").read_bytes())
        weights[-1] ^= 1
        (changed / "model.safetensors").write_bytes(weights)
    elif change == "another file":
        (changed / "adapter.safetensors").write_bytes(b"")
    elif change == "a file less":
        (changed / "tokenizer.json").unlink()
    else:
        (changed / "tokenizer.json").rename(changed / "tokeniser.json")
    assert not verify(changed, desk.session.registry, storage=desk.session.storage).ok


def test_card__of_a_folder__has_what_its_readme_and_config_tell(desk, folder):
    run = describe_model(desk.session, folder, about_of(folder))
    predicate = run.manifest.predicate
    assert (predicate.licence, predicate.training.task) == ("apache-2.0", "text-generation")
    assert predicate.training.algorithm == "transformers.LlamaForCausalLM"
    assert predicate.environment.libraries == {"transformers": "4.44.0"}
    assert predicate.evaluation.metrics == {"perplexity": 42.5}
    desk.publish(run)
    text = markdown(card_of(desk.session, "tiny-llama@1"))
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["license"] == "apache-2.0"
    assert front["pipeline_tag"] == "text-generation"
    assert front["library_name"] == "transformers"
    [result] = front["model-index"][0]["results"]
    assert result["metrics"] == [{"type": "perplexity", "value": 42.5}]
    assert digest_file(folder).digest.hex() in text


def test_about_of__file_beside_the_folder_and_flags__go_first(folder):
    beside = folder.with_name(folder.name + ".about.toml")
    beside.write_text('task = "chat"\n[metrics]\nperplexity = 1.0\n[gate.perplexity]\nmaximum = 2.0\n')
    known = about_of(folder).with_(licence="MIT")
    assert (known.licence, known.task, known.metrics) == ("MIT", "chat", {"perplexity": 1.0})
    assert known.gate["perplexity"].maximum == 2.0
    assert known.libraries == {"transformers": "4.44.0"}


def test_told_by_folder__several_results__metrics_name_their_data(folder):
    results = [{"dataset": {"name": name}, "metrics": [{"type": "f1", "value": 1}]} for name in ("a", "b")]
    front = yaml.safe_dump({"model-index": [{"name": "m", "results": results}]})
    (folder / "README.md").write_text(f"---\n{front}---\n")
    assert told_by_folder(folder)["metrics"] == {"f1 on a": 1.0, "f1 on b": 1.0}


@pytest.mark.parametrize(
    "front",
    [
        "a: &a [1, 1]\nb: &b [*a, *a]\nlicense: [*b, *b]",
        "license: " + "[" * 40 + "]" * 40,
        "license: !!python/object/apply:os.system [true]",
        "license: {a: 1}\npipeline_tag: 5\nmodel-index: {a: [1]}",
        "license: a\x1bb",
        "license: " + "x" * 101,
        "license: " + "x" * (1 << 17),
        "- license",
        "license: [",
        "model-index:\n- results:\n  - metrics:\n    - {type: f, value: .nan}\n    - {type: [f], value: 1}\n",
        "model-index:\n- results:\n  - metrics:\n    - {type: f1, value: 1" + "0" * 400 + "}\n",
    ],
)
def test_told_by_folder__another_form__is_passed_over(folder, front):
    (folder / "README.md").write_text(f"---\n{front}\n---\n")
    assert set(told_by_folder(folder)) <= {"algorithm", "libraries"}


@pytest.mark.parametrize(
    "config", ["", "[]", "{", "[" * 40 + "]" * 40, '{"architectures": [5]}', '{"architectures": "A"}', "\0"]
)
def test_told_by_folder__config_of_another_form__tells_no_class(folder, config):
    (folder / "config.json").write_text(config)
    assert "algorithm" not in told_by_folder(folder)
