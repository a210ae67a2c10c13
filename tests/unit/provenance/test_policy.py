"""
policy
├── each demand: met, and missed
└── what could not be checked: holds in part, unlike what has nothing to check
"""

import shutil

import pytest

from orchestrator.provenance import Outcome, Policy, Status, verify
from tests.unit.provenance.test_verification import Published

DAY = 86_400


@pytest.fixture
def published(lab, tmp_path):
    project = lab.create_project(participants=("alice", "bob"), threshold=2)
    return Published(lab, tmp_path / "run", project, signers=("alice", "bob"))


@pytest.fixture
def found(lab, published):
    return verify(published.model, lab.registry)


def missed(policy, found, now=None):
    now = found.anchor.time if now is None else now
    return [check.name for check in policy.apply(found, now).failures]


def test_apply__nothing_demanded__adds_nothing(found):
    assert Policy().apply(found, 0) == found


def test_apply__signatures__of_those_who_signed(lab, found):
    signer, *_ = found.anchor.signers
    assert missed(Policy(signed_by=(signer,)), found) == []
    assert missed(Policy(signed_by=(lab.address("stranger"),)), found) == ["signed by"]
    assert missed(Policy(min_signatures=len(found.anchor.signers)), found) == []
    assert missed(Policy(min_signatures=len(found.anchor.signers) + 1), found) == ["enough signatures"]


def test_apply__status__is_the_least_demanded(found):
    reached = found.version.status
    for status in Status:
        assert missed(Policy(status=status), found) == ([] if status <= reached else ["demanded status"])


def test_apply__age__counts_from_the_publication(found):
    policy = Policy(max_age=90 * DAY)
    assert missed(policy, found, found.anchor.time + 90 * DAY) == []
    assert missed(policy, found, found.anchor.time + 90 * DAY + 1) == ["age"]


def test_apply__unknown_file__meets_no_demand(lab, published, tmp_path):
    (tmp_path / "other").write_bytes(b"another model")
    found = verify(tmp_path / "other", lab.registry)
    policy = Policy((lab.address("owner"),), 1, Status.PUBLISHED, DAY)
    names = [check.name for check in policy.apply(found, 0).failures]
    assert names == ["anchor", "signed by", "enough signatures", "demanded status", "age"]


def test_whole__manifest_at_hand_or_not__is_told_apart(lab, published, tmp_path):
    shutil.copy(published.model, tmp_path / "alone.skops")
    alone = verify(tmp_path / "alone.skops", lab.registry)
    assert alone.ok
    assert not alone.whole
    assert [check.name for check in alone.checks if check.outcome is Outcome.NOT_CHECKED] == ["manifest"]


def test_to_json__of_what_holds__has_facts_for_machines(found):
    told = found.to_json()
    assert told["anchor"]["block"] == found.anchor.block_number
    assert told["anchor"]["signers"] == list(found.anchor.signers)
    assert told["version"]["status"] == found.version.status.word
