"""`diln alias`: set → the name resolves; moved → to the newest; dropped, strangers, nonsense → refused."""

import pytest

from orchestrator.errors import ContractReverted, UsageError
from tests.unit.pipeline.desk import PROJECT


def test_alias__set_moved_and_dropped__means_the_last_that_was_said(diln, desk, published):
    desk.train(seed=2)
    assert diln("publish").code == 0
    assert diln("alias", "set", f"{PROJECT}@1", "champion").code == 0
    assert diln("log", PROJECT).code == 0
    assert diln("verify", f"{PROJECT}@champion").code == 0
    first = desk.session.registry.aliased(published.project_id, "champion")
    assert first == published
    assert diln("alias", "set", f"{PROJECT}@2", "champion").code == 0
    assert diln("alias", "set", f"{PROJECT}@champion", "staging").code == 0
    assert diln("alias", "list", PROJECT, "--json").json == [
        {"alias": "champion", "version": 2, "status": "deployable"},
        {"alias": "staging", "version": 2, "status": "deployable"},
    ]
    assert diln("alias", "drop", PROJECT, "champion").code == 0
    assert diln("verify", f"{PROJECT}@champion").code == 1
    assert "staging" in diln("alias", "list", PROJECT).out
    assert diln("alias", "drop", PROJECT, "staging", "--dry-run").code == 0
    assert diln("alias", "list", PROJECT).out.count("staging") == 1


def test_alias__by_a_stranger__is_refused(diln, desk, published):
    registry, stranger = desk.session.registry, desk.who("bob")
    function = registry.set_alias(published.project_id, "champion", published.artifact_hash)
    with pytest.raises(ContractReverted) as refused:
        desk.session.chain.send(function, stranger)
    assert refused.value.error == "NotPublisher"
    assert diln("alias", "list", PROJECT).out == "no version has an alias\n"


def test_alias__of_no_version_or_without_a_name__is_refused(desk, published):
    registry, alice = desk.session.registry, desk.who("alice")
    for function, error in (
        (registry.set_alias(published.project_id, "champion", bytes([1] * 32)), "UnknownVersion"),
        (registry.contract.set_alias(published.project_id, bytes(32), published.artifact_hash), "EmptyAlias"),
        (registry.set_alias(bytes([2] * 32), "champion", published.artifact_hash), "UnknownProject"),
    ):
        with pytest.raises(ContractReverted) as refused:
            desk.session.chain.send(function, alice)
        assert refused.value.error == error


def test_alias__while_paused__is_refused(desk, published):
    registry, alice = desk.session.registry, desk.who("alice")
    desk.session.chain.send(registry.contract.pause(published.project_id), alice)
    with pytest.raises(ContractReverted) as refused:
        desk.session.chain.send(registry.set_alias(published.project_id, "champion", None), alice)
    assert refused.value.error == "ProjectPaused"


@pytest.mark.parametrize("name", ["", "Champion", "3", "a" * 33, "a b", "a\x1b", "ä", "a@b"])
def test_set_alias__name_that_is_none__is_refused(desk, published, name):
    with pytest.raises(UsageError, match="cannot be an alias"):
        desk.session.registry.set_alias(published.project_id, name, published.artifact_hash)


def test_aliases__bytes_of_a_stranger__do_not_end_the_list(diln, desk, published):
    function = desk.session.registry.contract.set_alias(
        published.project_id, b"\xff\x1b[2J".ljust(32, b"\1"), published.artifact_hash
    )
    desk.session.chain.send(function, desk.who("alice"))
    said = diln("alias", "list", PROJECT)
    assert said.code == 0
    assert "\x1b" not in said.out
