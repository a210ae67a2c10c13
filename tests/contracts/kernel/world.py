"""What tests of the kernel share."""

from eth.vm.forks.prague.constants import HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CONTRACT_CODE
from eth_account import Account
from eth_tester import EthereumTester
from eth_tester.backends.pyevm.main import generate_genesis_state_for_keys, get_default_account_keys

from tests.evm import Backend, Evm


def chain_with_history() -> Evm:
    """A chain with EIP-2935's contract. The backend does not write to it: the first hashes are made up."""
    state = dict(generate_genesis_state_for_keys(get_default_account_keys(10)))
    state[HISTORY_STORAGE_ADDRESS] = {
        "balance": 0,
        "nonce": 1,
        "code": HISTORY_STORAGE_CONTRACT_CODE,
        "storage": {number: int.from_bytes(kept_hash(number)) for number in range(100)},
    }
    return Evm(EthereumTester(Backend(genesis_state=state)))


def kept_hash(number: int) -> bytes:
    """What that chain says is the hash of block `number`."""
    return (1_000 + number).to_bytes(32)


def delegate(evm: Evm, name: str, code: str) -> None:
    """Let the role's account run the code of a contract (EIP-7702)."""
    web3, account = evm.web3, Account.from_key(evm.key(name))
    nonce = web3.eth.get_transaction_count(account.address)
    delegation = {"chainId": web3.eth.chain_id, "address": code, "nonce": nonce + 1}
    transaction = {
        "type": 4,
        "chainId": web3.eth.chain_id,
        "nonce": nonce,
        "to": evm.role("stranger"),
        "value": 0,
        "gas": 200_000,
        "maxFeePerGas": 10**10,
        "maxPriorityFeePerGas": 10**9,
        "data": b"",
        "authorizationList": [account.sign_authorization(delegation)],
    }
    web3.eth.send_raw_transaction(account.sign_transaction(transaction).raw_transaction)
    assert web3.eth.get_code(account.address).startswith(bytes.fromhex("ef0100"))
