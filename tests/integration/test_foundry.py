"""Random actions against every contract that holds money (and the registry), on Foundry: tests/foundry.

Each system's handler keeps beside the contract what everybody must own. `make fuzz` does the same for longer.
"""

import re
import shutil

import numpy as np
import pytest

from orchestrator.models.online.references import NaiveBayes, SparsePerceptron
from tests import forge

ACTIONS = 20_000
SYSTEMS = [
    *(
        "Direct",
        "Federation",
        "FederationDelegates",
        "FederationDirect",
        "FederationLearning",
        "FederationMasked",
        "FederationQuality",
        "FederationStake",
        "FederationWork",
        "Game",
        "Market",
    ),
    *("Optimistic", "Registry", "Stake", "Tournament"),
]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.early,
    pytest.mark.timeout(3600),
    pytest.mark.usefixtures("solc_installed"),
]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, forge.Outcome]:
    if not (forge.FORGE.exists() and shutil.which("node")):
        pytest.skip("needs forge: npm ci (Linux on x86-64)")
    return {outcome.system: outcome for outcome in forge.run(ACTIONS)}


@pytest.mark.parametrize("system", SYSTEMS)
def test_system__random_actions__owes_what_it_holds_and_lets_everybody_leave(
    outcomes: dict[str, forge.Outcome], system: str
) -> None:
    assert outcomes[system].held, outcomes[system].told
    assert outcomes[system].actions >= ACTIONS


def test_foundry__its_systems__are_all_looked_at(outcomes: dict[str, forge.Outcome]) -> None:
    assert sorted(outcomes) == SYSTEMS


def test_models__the_handlers_start_from__are_their_references() -> None:
    perceptron = SparsePerceptron(12, rate=100, bits=8, limit=4).with_weights([[0] * 12])
    bayes = NaiveBayes(12, limit=4).with_counts(np.zeros((12, 2)))
    text = (forge.ROOT / "tests/foundry/sum/Models.sol").read_text(encoding="utf-8")
    found = ["".join(re.findall(r'hex"(\w*)"', constant)) for constant in text.split("bytes internal")[1:]]
    assert found == [perceptron.arguments().hex(), bayes.arguments().hex()]
