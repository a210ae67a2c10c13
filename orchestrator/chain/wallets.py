"""Accounts whose key is elsewhere: behind a signer (Clef, Frame, a hardware wallet), or nowhere (a Safe)."""

import json
from collections.abc import Mapping
from typing import Any

from eth_utils.address import to_checksum_address

from orchestrator.answers import body_of
from orchestrator.chain import development
from orchestrator.chain.accounts import Account
from orchestrator.chain.naming import is_address_like
from orchestrator.chain.outbox import Signed
from orchestrator.config import SIGNER
from orchestrator.errors import AccountError
from orchestrator.text import shown
from orchestrator.types import Address

PATIENCE = 300.0
"""Seconds in which a person may confirm on a device."""
LONGEST_ANSWER = 1 << 20
_UNKNOWN = -32601
_HINT = "Look at the signer's window, and whether --signer names its JSON-RPC address."
_UNREAD = (
    "Clef takes only calls that it can read, unless it is started with --advanced: then it shows the bytes."
)


class Proposer(Account):
    """An address that sends by other means, such as a Safe: what it would send is printed."""

    def __init__(self, address: Address) -> None:
        super().__init__(address, address, self._refuse, known_to_all=False)

    def _refuse(self) -> bytes:
        raise AccountError(
            f"{self.address} cannot sign: with --calldata only transactions are made",
            "Sign with an account that has a key, then let the wallet send.",
        )


class Signer:
    """A JSON-RPC signer at `url`, in the words of Ethereum's nodes (eth_…) or of Clef (account_…)."""

    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise AccountError(
                "a signer is reached by HTTP", "Give its address: --signer http://127.0.0.1:8550."
            )
        self._url = url
        self._next = 0

    def accounts(self) -> list[Account]:
        """The accounts that it signs for. Raises AccountError where it does not answer, or refuses."""
        found = self._either("eth_accounts", "account_list")
        if not isinstance(found, list) or not all(
            isinstance(each, str) and is_address_like(each) for each in found
        ):
            raise AccountError("the signer's list of accounts makes no sense", _HINT)
        return [SignerAccount(self, to_checksum_address(each)) for each in found]

    def get(self, who: str) -> Account:
        """The account with this address, or the only one for the name `signer`. Raises AccountError."""
        found = self.accounts()
        wanted = [each for each in found if each.address.lower() == who.lower()]
        if who == SIGNER and len(found) == 1:
            wanted = found
        if not wanted:
            listed = ", ".join(each.address for each in found) or "none"
            raise AccountError(
                f"the signer has no account {who}; it has {listed}", "Name one: --from ADDRESS."
            )
        return wanted[0]

    def sign_transaction(self, transaction: Mapping[str, Any], sender: Address) -> Any:
        asked = {"from": sender} | {
            name: hex(value) if isinstance(value, int) else value for name, value in transaction.items()
        }
        found = self._either("eth_signTransaction", "account_signTransaction", asked)
        return found.get("raw") if isinstance(found, dict) else found

    def sign_typed_data(self, message: Mapping[str, Any], sender: Address) -> Any:
        plain = plain_json(message)
        return self._either(
            "eth_signTypedData_v4", "account_signTypedData", sender, json.dumps(plain), last=(sender, plain)
        )

    def _either(self, method: str, other: str, *params: object, last: tuple[Any, ...] | None = None) -> Any:
        answer = self._ask(method, params)
        if _code(answer) == _UNKNOWN:
            answer = self._ask(other, last or params)
        if "error" in answer and answer["error"] is not None:
            said = answer["error"].get("message") if isinstance(answer["error"], dict) else answer["error"]
            hint = _UNREAD if "validation failed" in str(said) else _HINT
            raise AccountError(f"the signer refused: {shown(str(said), 200)}", hint)
        return answer.get("result")

    def _ask(self, method: str, params: tuple[Any, ...]) -> dict[str, Any]:
        import requests

        self._next += 1
        request: dict[str, Any] = {
            "jsonrpc": "2.0",
            "id": self._next,
            "method": method,
            "params": list(params),
        }
        try:
            with requests.post(
                self._url, json=request, timeout=(10, PATIENCE), allow_redirects=False, stream=True
            ) as response:
                answer = json.loads(body_of(response, LONGEST_ANSWER, PATIENCE))
        except (requests.RequestException, ValueError, RecursionError) as error:
            kind = type(error).__name__  # its text may hold the URL, and that a secret
            raise AccountError(f"the signer does not answer ({kind})", _HINT) from None
        if not isinstance(answer, dict):
            raise AccountError("the signer's answer makes no sense", _HINT)
        return answer


class SignerAccount(Account):
    """An account of a signer. What comes back is checked: it may be asked for one thing and sign another."""

    def __init__(self, signer: Signer, address: Address) -> None:
        super().__init__(address, address, self._no_key, address in development.ADDRESSES)
        self._remote = signer

    def _no_key(self) -> bytes:
        raise AccountError(f"the key of {self.address} is in its signer", _HINT)

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        """As `Account.sign_transaction`; AccountError for bytes that are not that call, signed by it."""
        raw = _bytes(self._remote.sign_transaction(transaction, self.address))
        wanted = {name: transaction.get(name) for name in ("chainId", "to", "value", "data", "nonce")}
        try:
            signed = Signed(raw)
            got = {**signed.call, "nonce": signed.nonce}
            fits = all(_same(got.get(name), value) for name, value in wanted.items())
            fits = fits and signed.call["gas"] >= transaction["gas"] and _sender(raw) == self.address
        except Exception as error:  # whatever parsers raise for bytes that are not a transaction
            raise AccountError("the signer did not return a signed transaction", _HINT) from error
        if not fits:
            raise AccountError(
                "the signer signed something else than it was asked for; nothing was sent", _HINT
            )
        return raw

    def _sign_typed(self, message: Mapping[str, Any]) -> bytes:
        from eth_account import Account as EthAccount
        from eth_account.messages import encode_typed_data

        signature = _bytes(self._remote.sign_typed_data(message, self.address))
        try:
            signer = EthAccount.recover_message(
                encode_typed_data(full_message=dict(message)), signature=signature
            )
        except Exception as error:
            raise AccountError("the signer did not return a signature", _HINT) from error
        if signer != self.address:
            raise AccountError(f"the signature is not {self.address}'s for this message", _HINT)
        return signature[:64] + bytes([signature[64] + 27 if signature[64] < 27 else signature[64]])


def plain_json(value: object) -> Any:
    """Typed data as wallets take it: bytes as hex, numbers that JavaScript would round as decimal text."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Mapping):
        return {key: plain_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 53:
        return str(value)
    return value


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except (AttributeError, ValueError):
        raise AccountError("the signer did not return a signature", _HINT) from None


def _same(got: object, wanted: object) -> bool:
    if isinstance(wanted, str):
        return isinstance(got, str) and got.lower() == wanted.lower()
    return bool(got == wanted)


def _sender(raw: bytes) -> Address:
    from eth_account import Account as EthAccount

    return to_checksum_address(EthAccount.recover_transaction(raw))


def _code(answer: Mapping[str, Any]) -> Any:
    error = answer.get("error")
    return error.get("code") if isinstance(error, dict) else None
