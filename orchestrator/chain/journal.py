"""Send a transaction once for each purpose, whatever happens between sending and hearing of it."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from orchestrator.chain.accounts import Account
from orchestrator.chain.connection import Chain
from orchestrator.chain.receipts import Receipt
from orchestrator.chain.sending import earlier

if TYPE_CHECKING:
    from web3.contract.contract import ContractFunction


class Journal:
    """What was sent to `chain` from this working folder, by what it was for."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def send(
        self,
        purpose: str,
        function: "ContractFunction",
        sender: Account,
        *,
        value: int = 0,
        dry_run: bool = False,
    ) -> Receipt:
        """Send `function`, unless a transaction for the same `purpose` is on its way or has arrived.

        `purpose` names the effect, such as `publish-<hash>`, and must hold on this chain only once.
        `value` is in wei.
        """
        return self._chain.send(function, sender, value=value, dry_run=dry_run, once=purpose)

    def earlier(self, purpose: str, sender: Account) -> Receipt | None:
        """The receipt of what was sent for `purpose` before, once it has one.

        None where nothing was sent, it failed, or another transaction is proven to have its nonce.
        """
        return earlier(self._chain, purpose, sender)

    def alone(self, what: str) -> AbstractContextManager[Any]:
        """Hold a lock while looking what is to be sent, and sending it.

        Whoever decides by what the chain shows whether to pay must hold it, or two who look at the same
        time both pay.
        """
        return self._chain.alone(f"looking {what}")
