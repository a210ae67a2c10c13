"""What `diln migrate` brings for shared models."""

import pytest

from orchestrator.chain import load_artifact
from tests.unit.sum.conftest import Village

MARKETS = ("SparsePerceptronMarket", "NaiveBayesMarket")


@pytest.mark.parametrize("name", MARKETS)
def test_migrate__markets__stand_with_the_code_that_measures_for_them(village: Village, name: str) -> None:
    chain = village.session.chain
    address = village.session.deployments.get(name)
    assert load_artifact(name).matches(chain.code(address))
    measurer = chain.call(chain.contract(name, address).functions["measurer"]())
    assert load_artifact(name.replace("Market", "Measurer")).matches(chain.code(measurer))
    assert not load_artifact(name).matches(chain.code(measurer))
