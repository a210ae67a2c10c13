"""Participants sign, and ids are, exactly what the contract computes."""

from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.bindings.registry import Publication, Status
from orchestrator.chain.bound import plain
from orchestrator.chain.typeddata import message_digest, recover_signer
from orchestrator.provenance.identifiers import project_id_of, version_id_of
from orchestrator.provenance.records import cid_digest, cid_kind
from orchestrator.provenance.typed import promotion_message, publication_message
from orchestrator.storage.cid import DAG_PB, RAW, Cid

words = st.binary(min_size=32, max_size=32)
cids = st.none() | st.builds(Cid, st.just(1), st.sampled_from([RAW, DAG_PB]), words)
cids |= st.builds(Cid, st.just(0), st.just(DAG_PB), words)
publications = st.builds(
    lambda cid, **values: Publication(cid_kind=cid_kind(cid), cid_digest=cid_digest(cid), **values),
    cid=cids,
    project_id=words,
    artifact_hash=words,
    manifest_digest=words,
    parents=st.lists(words, max_size=4).map(tuple),
    deployable=st.booleans(),
)
on_one_chain = settings(max_examples=50, deadline=None)


def test_publication_digest__of_any_publication__equals_the_contracts(evm):
    registry = evm.deploy("ModelRegistry")
    chain_id = evm.web3.eth.chain_id

    @on_one_chain
    @given(publications)
    def check(publication):
        message = publication_message(publication, chain_id, registry.address)
        theirs = evm.call(registry.functions.publicationDigest(plain(publication)))
        assert message_digest(message) == theirs

    check()


def test_promotion_digest__of_any_promotion__equals_the_contracts(evm):
    registry = evm.deploy("ModelRegistry")
    chain_id = evm.web3.eth.chain_id

    @on_one_chain
    @given(words, words, st.sampled_from(Status), st.integers(0, 2**32 - 1))
    def check(project, artifact, status, revision):
        message = promotion_message(project, artifact, status, revision, chain_id, registry.address)
        theirs = evm.call(registry.functions.promotionDigest(project, artifact, status, revision))
        assert message_digest(message) == theirs

    check()


def test_ids__of_any_project_and_version__equal_the_contracts(evm):
    registry = evm.deploy("ModelRegistry")
    chain_id = evm.web3.eth.chain_id

    @on_one_chain
    @given(st.binary(min_size=20, max_size=20), st.text(max_size=64), words)
    def check(creator, name, artifact):
        creator = evm.web3.to_checksum_address(creator)
        project = evm.call(registry.functions.projectIdOf(creator, name))
        assert project_id_of(chain_id, registry.address, creator, name) == project
        assert version_id_of(project, artifact) == evm.call(registry.functions.versionIdOf(project, artifact))

    check()


@given(publications, st.integers(1, 2**64), words.filter(any))
def test_message_digest__of_any_message__is_what_a_wallet_signs(publication, chain_id, key):
    message = publication_message(publication, chain_id, "0x" + "11" * 20)
    try:
        wallet = Account.from_key(key)
    except Exception:  # a number that is not a private key
        return
    signature = wallet.sign_typed_data(full_message=message)
    assert bytes(signature.message_hash) == message_digest(message)
    assert recover_signer(message, bytes(signature.signature)) == wallet.address
