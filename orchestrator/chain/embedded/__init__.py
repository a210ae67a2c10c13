"""A chain that needs no node: py-evm on its Prague rules, kept in one SQLite file.

database.py    the file: a key-value store for py-evm, a table of logs, transactions and locking
machine.py     the chain: genesis, the next block, calls, gas estimates
parameters.py  what the parameters of a request stand for
formats.py     blocks, transactions, receipts and logs as JSON-RPC shows them
methods.py     the JSON-RPC methods
provider.py    web3's door: one request is one SQLite transaction
stack.py       room on the interpreter's stack
"""

from orchestrator.chain.embedded.machine import CHAIN_ID
from orchestrator.chain.embedded.provider import EmbeddedProvider

__all__ = ["CHAIN_ID", "EmbeddedProvider"]
