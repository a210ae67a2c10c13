"""The GitHub Action and the pre-commit hook: their very command lines are run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from orchestrator.cli.dispatch import run
from orchestrator.config import Settings
from tests.integration.nodes import ROOT

pytestmark = pytest.mark.integration

ACTION = yaml.safe_load((ROOT / ".github" / "actions" / "verify" / "action.yml").read_text())
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
POLICY = "--signed-by alice --min-signatures 1 --status published"


@pytest.fixture
def published(anvil: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with models/good.onnx, published by alice, and forged.onnx, which nobody published."""
    monkeypatch.chdir(tmp_path)
    for variable in ("DILN_HOME", "DILN_NETWORK", "DILN_FROM", "DILN_STORAGE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("ETH_RPC_URL", str(anvil.network.url))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "good model.onnx").write_bytes(
        os.urandom(99)
    )  # another one in each test: one chain
    (tmp_path / "forged.onnx").write_bytes(os.urandom(99))
    assert run(["migrate", "--from", "alice"]) == 0
    assert run(["publish", "models/good model.onnx", "--name", "good", "--from", "alice"]) == 0
    return tmp_path


def act(files: str, policy: str = POLICY, **inputs: str) -> "subprocess.CompletedProcess[str]":
    """Run the action's last step as GitHub does."""
    given = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()}
    given |= {"files": files, "project": "alice/good", "policy": policy, "rpc-url": os.environ["ETH_RPC_URL"]}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    step = ACTION["runs"]["steps"][-1]
    environment = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], value)
        for name, value in step["env"].items()
    }
    assert step["shell"] == "bash"
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(
        shell, env=os.environ | environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_action__policy__lets_only_what_holds_pass(published: Path) -> None:
    holds = act("models/**")
    assert (holds.returncode, "It holds." in holds.stdout) == (0, True), holds.stdout + holds.stderr
    forged = act("models/*.onnx\nforged.onnx")
    assert forged.returncode == 1
    assert "No version in this project" in forged.stdout
    assert act("models/*.onnx", POLICY + " --signed-by bob").returncode == 1
    nothing = act("weights/*.onnx")
    assert (nothing.returncode, "no file was found" in nothing.stdout) == (2, True)


def test_action__manifest_is_not_there__passes_only_if_allowed(published: Path) -> None:
    os.rename(".diln", "lost")
    in_part = act("models/*.onnx")
    assert in_part.returncode == 3, in_part.stdout + in_part.stderr
    assert act("models/*.onnx", allow_in_part="true").returncode == 0
    assert act("forged.onnx", allow_in_part="true").returncode == 1


def test_action__text_of_strangers__is_not_run(published: Path) -> None:
    assert act("$(touch hacked)\n`touch hacked`; touch hacked").returncode == 1
    act("forged.onnx", "--status $(touch${IFS}hacked)", project="$(touch hacked)")
    assert not Path("hacked").exists()
    assert "${{" not in ACTION["runs"]["steps"][-1]["run"]


def test_hook__policy_in_args__lets_only_what_holds_pass(published: Path) -> None:
    matched = [str(path) for path in sorted(Path().glob("[!.]*/*")) if re.search(HOOK["files"], str(path))]
    matched += ["forged.onnx"]
    assert matched == ["models/good model.onnx", "forged.onnx"]
    command = [*shlex.split(HOOK["entry"]), *shlex.split(f"--project alice/good {POLICY}")]
    codes = [
        subprocess.run([*command, *files], capture_output=True, timeout=120, check=False).returncode
        for files in (matched[:1], matched)
    ]
    assert codes == [0, 1]


@pytest.mark.parametrize("name", ["m.pt", "m.pth", "m.bin", "m.pkl", "m.h5", "m.json", "m.txt", "m.joblib"])
def test_hook__formats_that_run_code_and_text__are_looked_at(name: str) -> None:
    assert re.search(HOOK["files"], name)


def test_hook__no_project_in_args__refuses_in_one_sentence(published: Path) -> None:
    """It was published, but by whom is not asked: a stranger's publication would do."""
    command = [*shlex.split(HOOK["entry"]), *shlex.split(POLICY), "models/good model.onnx"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 2
    assert "the hook does not say whose models are meant" in ended.stderr
