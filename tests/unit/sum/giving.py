"""What the tests of hiding, relaying and paying share."""

from orchestrator.chain import load_artifact
from orchestrator.sum.adding import Sample, encode_row
from orchestrator.sum.hiding import hide, reveal
from orchestrator.sum.relaying import SignedContribution, sign
from tests.evm import MOCKS
from tests.unit.sum.conftest import CITY, Village, review

COIN = 10**18


def sample(village: Village, words: str = CITY, number: int = 0, label: str = "city") -> Sample:
    return encode_row(village.opened, review(words, number)), village.opened.descriptor.label(label)


def count(village: Village) -> int:
    return village.opened.shared.status().count


def deploy(village: Village, name: str, *arguments):
    chain, account = village.connection.chain, village.account("creator")
    artifact = load_artifact(name, MOCKS)
    factory = chain.web3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
    receipt = chain.send(factory.constructor(*arguments), account)
    return chain.web3.eth.contract(address=receipt.contract_address, abi=artifact.abi)


def conceal(village: Village, *samples: Sample, **options):
    return hide(village.connection, village.opened, samples, village.account("contributor"), **options)


def uncover(village: Village) -> list:
    return list(reveal(village.connection, village.opened, village.account("contributor")))


def signed_by(village: Village, *samples: Sample, **options) -> SignedContribution:
    wanted = samples or (sample(village),)
    return sign(village.opened, tuple(wanted), village.account("contributor"), **{"maximum": COIN, **options})
