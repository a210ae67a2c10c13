"""Transactions that do not arrive, or did not stay: told, offered more for, taken back."""

from dataclasses import dataclass

from orchestrator.chain.accounts import Account
from orchestrator.chain.connection import Chain
from orchestrator.chain.delivery import Cancelled, Delivery
from orchestrator.chain.outbox import Entry
from orchestrator.chain.pricing import raised
from orchestrator.chain.receipts import Receipt, find
from orchestrator.errors import ChainError

TRANSFER_GAS = 21_000
MOST_TOLD = 20


@dataclass(frozen=True)
class Sent:
    """An entry that is not final; `block` is where it is now, None where the node shows it in none."""

    entry: Entry
    block: int | None

    @property
    def vanished(self) -> bool:
        """Whether it was in a block that the chain has dropped since."""
        return self.block is None and self.entry.mined is not None


def sent(chain: Chain) -> list[Sent]:
    """What was sent from this working folder and is not final yet."""
    return [Sent(entry, _block_of(chain, entry)) for entry in chain.outbox.entries()]


def speed_up(chain: Chain, sender: Account, which: str | None = None, most: int | None = None) -> Receipt:
    """Offer more for a transaction that is not mined, and wait for it.

    `which` is its hash, or its nonce; without, the account's first. `most` is the most for each gas, in wei.
    Raises ChainError where there is none, it needs more than may be offered, or it was cancelled.
    """
    receipt = _replace(chain, sender, raised(chain, _waiting(chain, sender, which), sender, most=most))
    if receipt is None:
        raise ChainError("another transaction took its nonce", "Repeat the command that sent it.")
    return receipt


def cancel(
    chain: Chain, sender: Account, which: str | None = None, most: int | None = None
) -> Receipt | None:
    """Use up the nonce of a transaction that is not mined by one that does nothing.

    None once it is cancelled; the receipt of the transaction if it was faster.
    """
    nothing = {
        "chainId": chain.chain_id,
        "gas": TRANSFER_GAS,
        "to": sender.address,
        "value": 0,
        "data": "0x",
    }
    entry = raised(chain, _waiting(chain, sender, which), sender, most=most, call=nothing)
    try:
        return _replace(chain, sender, entry)
    except Cancelled:
        return None


def _replace(chain: Chain, sender: Account, entry: Entry) -> Receipt | None:
    delivery = Delivery(chain, entry, raise_fees=lambda found: raised(chain, found, sender))
    delivery.hand_over()
    return delivery.complete()


def _waiting(chain: Chain, sender: Account, which: str | None) -> Entry:
    for entry in chain.outbox.entries(sender.address):
        named = which is None or which in entry.hashes or which == str(entry.nonce)
        if named and _block_of(chain, entry) is None:
            return entry
    raise ChainError(f"{sender.name} has no such pending transaction", "See `diln chain pending`.")


def _block_of(chain: Chain, entry: Entry) -> int | None:
    found = (find(chain, tx_hash) for tx_hash in entry.hashes)
    return next((each.block_number for each in found if each), None)
