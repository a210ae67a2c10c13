"""
What looking at one thing costs, however many others there are: requests to the node, counted
├── one version by its hash, number or name: no more among many, at most eight
├── all versions or projects: one more for each fifty
└── nobody asks for the chain's id again
"""

from collections import Counter
from collections.abc import Callable

import pytest

from orchestrator.provenance import Status, publication_of, verify
from orchestrator.provenance.views import PAGE
from tests.unit.provenance.samples import sample_manifest

MOST = 8
MANY = PAGE + 5


def publish(lab, project, number, role="owner"):
    manifest = sample_manifest(sha256=f"{number + 1:064x}", parents=[])
    lab.send(lab.registry.publish(publication_of(manifest, project)), role)
    return manifest.artifact_hash


@pytest.fixture
def cost(lab, monkeypatch) -> Callable[..., Counter[str]]:
    """What a call asks the node for, by method."""
    provider = lab.chain.web3.provider
    real = provider.make_request

    def count(call: Callable[[], object]) -> Counter[str]:
        asked: Counter[str] = Counter()
        monkeypatch.setattr(
            provider, "make_request", lambda method, params: (asked.update([method]), real(method, params))[1]
        )
        lab.chain.web3.provider._request_func_cache = (None, None)
        call()
        monkeypatch.setattr(provider, "make_request", real)
        lab.chain.web3.provider._request_func_cache = (None, None)
        return asked

    return count


def test_reading__one_version_among_many__costs_what_it_costs_among_few(lab, cost, tmp_path):
    project = lab.create_project()
    model = tmp_path / "model.skops"
    model.write_bytes(b"a model")
    from orchestrator.storage import digest_bytes

    put = digest_bytes(b"a model")
    manifest = sample_manifest(sha256=put.sha256, cid=put.cid, parents=[])
    lab.send(lab.registry.publish(publication_of(manifest, project)))
    publish(lab, project, 0)
    usable = (Status.PUBLISHED, Status.DEPLOYABLE)
    looks = {
        "verify": lambda: verify(model, lab.registry, project=project),
        "verify, no project": lambda: verify(model, lab.registry),
        "by hash": lambda: lab.registry.find_versions(manifest.artifact_hash),
        "by number": lambda: lab.registry.numbered(project, 1),
        "newest": lambda: lab.registry.newest(project, usable),
        "last twenty": lambda: lab.registry.versions(project, 20),
        "project by name": lambda: lab.registry.find_project("tumours"),
        "last projects": lambda: lab.registry.projects(20),
    }
    verify(model, lab.registry)  # the kind of the node is asked for once
    before = {name: cost(look) for name, look in looks.items()}
    for number in range(1, MANY):
        publish(lab, project, number)
        lab.create_project(f"other {number}")
    after = {name: cost(look) for name, look in looks.items()}
    assert after == before
    assert all(2 <= sum(asked.values()) <= MOST for asked in after.values()), after
    assert all("eth_chainId" not in asked for asked in after.values())
    assert cost(lambda: lab.registry.versions(project))["eth_call"] == 2
    assert cost(lambda: lab.registry.projects())["eth_call"] == 2
    assert [each.number for each in lab.registry.versions(project, 3)] == [MANY - 1, MANY, MANY + 1]


def test_newest__all_newer_ones_revoked__is_found_in_pages(lab, cost):
    project = lab.create_project()
    for number in range(5):
        artifact = publish(lab, project, number)
        if number:
            lab.send(lab.registry.contract.revoke(project, artifact, "wrong"))
    found = []
    asked = cost(lambda: found.append(lab.registry.newest(project, (Status.PUBLISHED, Status.DEPLOYABLE))))
    assert found[0].number == 1
    assert asked["eth_call"] == 2


def test_verify__bytes_that_many_poisoners_copied__reads_a_bounded_number(lab, cost, tmp_path, monkeypatch):
    from orchestrator.provenance import reading, records

    monkeypatch.setattr(reading, "MOST_COPIES", 4)
    monkeypatch.setattr(records, "MOST_COPIES", 4)
    model = tmp_path / "model.skops"
    model.write_bytes(b"a model")
    from orchestrator.storage import digest_bytes

    put = digest_bytes(b"a model")
    manifest = sample_manifest(sha256=put.sha256, cid=put.cid, parents=[])
    mine = lab.create_project()
    lab.send(lab.registry.publish(publication_of(manifest, mine)))
    for number in range(6):
        copy = lab.create_project(f"copy {number}", owner="poisoner")
        lab.send(lab.registry.publish(publication_of(manifest, copy)), "poisoner")
    assert len(lab.registry.find_versions(manifest.artifact_hash)) == 4
    assert [each.name for each in verify(model, lab.registry).failures] == ["project"]
    assert verify(model, lab.registry, project=mine).ok
