import json
from dataclasses import replace

import pytest

from orchestrator.errors import ContractReverted, SignatureRefused, StorageError
from orchestrator.provenance import (
    Approval,
    SignatureFile,
    Status,
    check_signature,
    publication_of,
    recover,
    sign_promotion,
    sign_publication,
)
from orchestrator.provenance.signing import Signature
from tests.evm import artifact
from tests.unit.provenance.samples import DEEP, sample_manifest

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def project(lab):
    return lab.create_project("tumours", ("alice", "bob"), threshold=2)


@pytest.fixture
def publication(project):
    return publication_of(sample_manifest(parents=[]), project)


def signed(lab, publication, role="alice"):
    return sign_publication(publication, lab.account(role), lab.chain.chain_id, lab.registry.address)


def test_sign__by_two_participants__is_what_the_contract_accepts(lab, project, publication, tmp_path):
    file = SignatureFile(tmp_path / "signatures.json")
    for role in ("alice", "bob"):
        file.add(signed(lab, publication, role), publication, lab.registry)
    approvals = file.approvals(publication, lab.registry)
    lab.send(lab.registry.publish(publication, approvals))
    assert lab.registry.version(project, publication.artifact_hash).approvals == 2
    anchor = lab.registry.anchor(project, publication.artifact_hash)
    assert set(anchor.signers) == {lab.address("alice"), lab.address("bob")}


def test_recover__without_a_chain__names_the_signer(lab, publication):
    assert recover(signed(lab, publication), publication) == lab.address("alice")


def test_recover__of_another_publication__is_somebody_else(lab, publication):
    other = replace(publication, deployable=not publication.deployable)
    assert recover(signed(lab, publication), other) != lab.address("alice")


def test_sign_promotion__by_a_participant__is_what_the_contract_accepts(lab, project, publication):
    lab.send(lab.registry.contract.set_participants(project, [], [], 0))
    lab.send(lab.registry.publish(replace(publication, deployable=False)))
    lab.send(lab.registry.contract.set_participants(project, [], [], 2))
    version = lab.registry.version(project, publication.artifact_hash)
    approvals = [
        sign_promotion(
            version, Status.DEPLOYABLE, lab.account(role), lab.chain.chain_id, lab.registry.address
        )
        for role in ("alice", "bob")
    ]
    key = (project, publication.artifact_hash)
    lab.send(lab.registry.promote(*key, Status.DEPLOYABLE, approvals))
    assert lab.registry.version(*key).status is Status.DEPLOYABLE
    lab.send(lab.registry.contract.demote(*key, Status.PUBLISHED))
    with pytest.raises(ContractReverted) as refused:
        lab.send(lab.registry.promote(*key, Status.DEPLOYABLE, approvals))
    assert refused.value.error == "InvalidSignature"


HONEST, REFUSES, REVERTS, ANSWERS_SHORT, ANSWERS_DIRTY = range(5)


@pytest.fixture
def wallet(lab, project):
    """A contract wallet, with alice's key, that is a participant in her place."""
    compiled = artifact("RegistryWallet")
    factory = lab.chain.web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    address = lab.send(factory.constructor(lab.address("alice"))).contract_address
    lab.send(lab.registry.contract.set_participants(project, [address], [lab.address("alice")], 1))
    return lab.chain.web3.eth.contract(address=address, abi=compiled["abi"])


def signed_in_the_name_of(lab, publication, wallet, role="alice"):
    return sign_publication(
        publication, lab.account(role), lab.chain.chain_id, lab.registry.address, wallet=wallet.address
    )


def test_check_signature__of_a_contract_wallet__is_accepted(lab, project, publication, wallet):
    signature = signed_in_the_name_of(lab, publication, wallet)
    approval = check_signature(signature, publication, lab.registry)
    lab.send(lab.registry.publish(publication, [approval]))
    assert lab.registry.anchor(project, publication.artifact_hash).signers == (wallet.address,)


def test_check_signature__by_another_key_than_the_wallets__is_refused(lab, publication, wallet):
    with pytest.raises(SignatureRefused, match="not theirs"):
        check_signature(signed_in_the_name_of(lab, publication, wallet, "bob"), publication, lab.registry)


@pytest.mark.parametrize("behaviour", [REFUSES, REVERTS, ANSWERS_SHORT, ANSWERS_DIRTY])
def test_check_signature__by_a_wallet_that_misbehaves__is_refused_here_and_there(
    lab, publication, wallet, behaviour
):
    lab.send(wallet.functions.behave(behaviour))
    signature = signed_in_the_name_of(lab, publication, wallet)
    with pytest.raises(SignatureRefused, match="not theirs"):
        check_signature(signature, publication, lab.registry)
    with pytest.raises(ContractReverted):
        lab.send(lab.registry.publish(publication, [Approval(wallet.address, signature.signature)]))


def second_form(data):
    """The same signature with s mirrored, which a contract must not accept beside it."""
    s = ORDER - int.from_bytes(data[32:64], "big")
    return data[:32] + s.to_bytes(32, "big") + bytes([55 - data[64]])


@pytest.mark.parametrize(
    "damage",
    [second_form, lambda data: data[:64], lambda data: data + b"\0", lambda data: bytes(65), lambda _: b""],
)
def test_check_signature__malformed__is_refused_and_recovers_nobody(lab, publication, damage):
    signature = signed(lab, publication)
    damaged = replace(signature, signature=damage(signature.signature))
    assert recover(damaged, publication) is None
    with pytest.raises(SignatureRefused, match="not theirs"):
        check_signature(damaged, publication, lab.registry)


def test_check_signature__by_a_stranger__is_refused(lab, publication):
    with pytest.raises(SignatureRefused, match="not a participant"):
        check_signature(signed(lab, publication, "stranger"), publication, lab.registry)


def test_check_signature__by_a_former_participant__is_refused(lab, project, publication):
    signature = signed(lab, publication)
    lab.send(lab.registry.contract.resign(project), "alice")
    with pytest.raises(SignatureRefused, match="not a participant"):
        check_signature(signature, publication, lab.registry)


def test_check_signature__in_the_name_of_another__is_refused(lab, publication):
    forged = replace(signed(lab, publication, "alice"), participant=lab.address("bob"))
    with pytest.raises(SignatureRefused, match="not theirs"):
        check_signature(forged, publication, lab.registry)


def test_check_signature__for_another_chain__is_refused(lab, publication):
    signature = sign_publication(publication, lab.account("alice"), 1, lab.registry.address)
    with pytest.raises(SignatureRefused, match="signed for chain 1"):
        check_signature(signature, publication, lab.registry)


def test_check_signature__for_another_chain_but_relabelled__is_refused(lab, publication):
    signature = sign_publication(publication, lab.account("alice"), 1, lab.registry.address)
    relabelled = replace(signature, chain_id=lab.chain.chain_id)
    with pytest.raises(SignatureRefused, match="not theirs"):
        check_signature(relabelled, publication, lab.registry)


def test_check_signature__for_another_contract__is_refused(lab, publication):
    other = lab.deploy_registry()
    signature = sign_publication(publication, lab.account("alice"), lab.chain.chain_id, other.address)
    with pytest.raises(SignatureRefused, match="registry"):
        check_signature(signature, publication, lab.registry)


def test_check_signature__for_another_project__is_refused(lab, publication):
    other = replace(publication, project_id=bytes(32))
    with pytest.raises(SignatureRefused, match="another project"):
        check_signature(signed(lab, other), publication, lab.registry)


def test_check_signature__of_another_manifest__is_refused(lab, project, publication):
    other = publication_of(sample_manifest(parents=[], licence="MIT"), project)
    with pytest.raises(SignatureRefused, match="signed the manifest"):
        check_signature(signed(lab, other), publication, lab.registry)


def test_add__twice_by_the_same_participant__is_refused_and_keeps_the_first(lab, publication, tmp_path):
    file = SignatureFile(tmp_path / "signatures.json")
    file.add(signed(lab, publication), publication, lab.registry)
    before = file.path.read_bytes()
    with pytest.raises(SignatureRefused, match="already"):
        file.add(signed(lab, publication), publication, lab.registry)
    assert file.path.read_bytes() == before


def test_add__refused__leaves_no_file(lab, publication, tmp_path):
    file = SignatureFile(tmp_path / "signatures.json")
    with pytest.raises(SignatureRefused):
        file.add(signed(lab, publication, "stranger"), publication, lab.registry)
    assert not file.path.exists()


def test_add__disk_full__keeps_what_was_there(lab, publication, tmp_path, monkeypatch):
    file = SignatureFile(tmp_path / "signatures.json")
    file.add(signed(lab, publication), publication, lab.registry)
    before = file.path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="No space"):
        file.add(signed(lab, publication, "bob"), publication, lab.registry)
    assert file.path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".sig")] == []


def test_approvals__one_written_twice_by_hand__is_refused(lab, publication, tmp_path):
    file = SignatureFile(tmp_path / "signatures.json")
    entry = signed(lab, publication).to_json()
    file.path.write_text(json.dumps([entry, entry]))
    with pytest.raises(SignatureRefused, match="already"):
        file.approvals(publication, lab.registry)


def test_read__of_what_was_added__gives_it_back(lab, publication, tmp_path):
    file = SignatureFile(tmp_path / "signatures.json")
    assert file.read() == []
    signatures = [signed(lab, publication, role) for role in ("alice", "bob")]
    for signature in signatures:
        file.add(signature, publication, lab.registry)
    assert file.read() == signatures
    keys = {"participant", "signature", "chainId", "contract", "project", "manifest"}
    assert set(json.loads(file.path.read_text())[0]) == keys


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'[{"participant": 1}]', b"\xff", b"[" * 5, DEEP])
def test_read__damaged_file__is_refused(tmp_path, content):
    path = tmp_path / "signatures.json"
    path.write_bytes(content)
    with pytest.raises(SignatureRefused):
        SignatureFile(path).read()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("participant", "0x" + "ab" * 20),
        ("signature", "abcd"),
        ("chainId", "1"),
        ("contract", None),
        ("project", "ab"),
        ("manifest", "AB" * 32),
    ],
)
def test_from_json__wrong_field__is_named(lab, publication, key, value):
    entry = {**signed(lab, publication).to_json(), key: value}
    with pytest.raises(SignatureRefused, match=key):
        Signature.from_json(entry)
