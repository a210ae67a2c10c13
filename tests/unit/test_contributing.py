"""The examples of CONTRIBUTING.md compile, agree with each other and do what the page says.

├── a model: contract and reference learn the same, word for word
├── a policy: its row names the contract, whose price is flat
└── a system: its binding is generated, and a keeper rings the bell when its time has come
"""

import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from orchestrator.chain import binding, compiler
from orchestrator.chain.artifact import load_artifact
from orchestrator.config import load_settings
from orchestrator.kernel.keeper import Keeper
from orchestrator.kernel.session import Session
from orchestrator.models.online.compositions import Composition
from orchestrator.models.online.features import encode_sparse
from tests import evm as evms
from tests.sum_system import Terms, Workshop
from tests.unit.test_docs import blocks

ROOT = Path(__file__).parents[2]
HEAD = "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.28;\n\n"
MODEL, POLICY, SYSTEM = (
    f"## How to add a {what}" for what in ("model that lives in a contract", "policy", "system")
)


def example(heading: str) -> str:
    """The Python of a section."""
    return "\n".join(content for _, content in blocks("CONTRIBUTING.md", "python", heading=heading))


@pytest.fixture(scope="module")
def compiled(solc_installed: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with the contracts of the page, and their artifacts in its folder `artifacts`."""
    root = tmp_path_factory.mktemp("contributing")
    shutil.copytree(ROOT / "contracts", root / "contracts")
    (root / "node_modules").symlink_to(ROOT / "node_modules")
    sources = {}
    for _, content in blocks("CONTRIBUTING.md", "solidity"):
        path = content.partition("\n")[0].removeprefix("// ")
        sources[path] = HEAD + content
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(sources[path])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "rglob", lambda folder, _: [root / path for path in sources])
        artifacts = compiler.compile_sources(root, load_settings(folder=ROOT, environ={}).compiler)
    compiler.write_artifacts(artifacts, root / "artifacts")
    return root


@pytest.fixture
def known(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The page's contracts, as if the package had them."""
    folder = compiled / "artifacts"

    def load(name: str) -> Any:
        return load_artifact(name, folder if (folder / f"{name}.json").is_file() else compiler.ARTIFACTS)

    monkeypatch.setattr(binding, "load_artifact", load)
    monkeypatch.setattr(evms, "MOCKS", folder)
    evms.artifact.cache_clear()
    yield
    evms.artifact.cache_clear()


def test_model__contract_and_reference__learn_the_same(known: None) -> None:
    page: dict[str, Any] = {}
    exec(example(MODEL) + example(POLICY), page)
    model = page["MarginPerceptron"](9, rate=100, bits=8, limit=5).with_weights([[0] * 9])
    composition = Composition(type(model), page["FLAT_FEE"])
    system = Workshop().create(model, Terms(3, 0, 0, 0, 0), composition.name)
    assert system.price() == system.price(7) == 3 * 10**9

    draw, sure = random.Random(1), 0
    for _ in range(30):
        x, y = encode_sparse(draw.sample(range(1, 9), 3)), draw.randrange(2)
        system.add(x, y)
        sure += not model.learn(x, y).changed
        assert system.words() == model.words()
    assert 0 < sure < 30


def test_system__keeper__rings_when_the_time_has_come(
    known: None, compiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = binding._Module(compiled, "bell", (binding.Binding("Bell", "Bell", frozenset({"TIME"})),)).text()
    module = ModuleType("orchestrator.bindings.bell")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(text, module.__dict__)
    artifact = load_artifact("Bell", compiled / "artifacts")
    monkeypatch.setattr(module.__dict__["Bell"], "ABI", artifact.abi)
    page: dict[str, Any] = {}
    exec(example(SYSTEM), page)
    with Session(load_settings(home=tmp_path, environ={})) as session:
        chain, (alice, bob) = session.chain, map(session.account, ("alice", "bob"))
        factory = chain.web3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
        made = chain.send(factory.constructor(chain.now() + 3_600), alice, value=10**18)
        bell = page["SYSTEM"].open(session, made.contract_address)
        keeper = Keeper(session, [(page["SYSTEM"], bell)], [bob], others=True)
        assert (list(keeper.turn()), keeper.due()[0].at) == ([], bell.time)
        chain.advance(3_600)
        before = chain.balance(bob.address)
        assert [str(each) for each in keeper.turn()] == ["rang the bell"]
        assert chain.balance(bob.address) > before
        assert page["SYSTEM"].over(bell)
