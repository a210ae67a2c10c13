"""`diln abi`: a contract's ABI for other tools; an unknown name is told with the known ones."""

import json

import pytest

from orchestrator.chain import load_artifact
from orchestrator.cli import main


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_abi__a_contract__printed_as_json(options, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["abi", "SumFactory", *options])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out) == load_artifact("SumFactory").abi


@pytest.mark.parametrize("name", ["Nobody", "../addresses", ""])
def test_abi__no_contract__told_with_those_that_there_are(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["abi", name])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert f"there is no contract named {name}" in said
    assert "ModelRegistry" in said
