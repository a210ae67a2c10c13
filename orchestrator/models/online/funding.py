"""Fill up what somebody has with a shared model or market."""

import hashlib
from typing import TYPE_CHECKING

from orchestrator.chain import Account, Receipt
from orchestrator.errors import ChainError, InsufficientFunds
from orchestrator.kernel.money import Currency, approve, held, require_held
from orchestrator.types import Address, Wei

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session
    from orchestrator.models.online.clone import Clone

ATTEMPTS = 10


def fill_up(
    session: "Session",
    shared: "Clone",
    beneficiary: Address,
    amount: Wei,
    payer: Account,
    most: int | None = None,
) -> list[Receipt]:
    """Let `beneficiary` have at least `amount` with the contract: `payer` pays in what is missing.

    A token is approved for exactly that first. Of one that keeps a part of each transfer more is paid, but
    all payments together are at most `most` (by default `amount`). Done twice, or killed and repeated,
    nothing is paid twice. Raises InsufficientFunds, ContractReverted.
    """
    with session.alone(f"fund {shared.address} {beneficiary} {payer.address}"):
        most, receipts = amount if most is None else most, list[Receipt]()
        sent = arrived = 1
        paid = 0
        for _ in range(ATTEMPTS):  # a token may keep a part of each transfer: then a little more is paid in
            missing = Wei(amount - shared.balance(beneficiary))
            if missing <= 0:
                return receipts
            sent = -(-missing * sent // arrived)
            if paid + sent > most:
                break
            paid += sent
            receipts += _pay_in(session, shared, beneficiary, Wei(sent), payer)
            arrived = shared.paid_in(receipts[-1])
            if not arrived:
                break
        if not paid:
            bounded = f"{shared.money.show(most)} is the most to be paid"
            raise InsufficientFunds(
                f"{shared.money.show(missing)} is missing, and {bounded}",
                "Fill up the balance before, with `diln sum fund NAME COINS`, or allow more.",
            )
        raise InsufficientFunds(
            f"the token keeps a part of each payment: {shared.money.show(paid)} was paid, and "
            f"{shared.money.show(missing)} is still missing",
            "What arrived can be withdrawn. Do not pay with this token, or fill up before: "
            "`diln sum fund NAME COINS`.",
        )


def pay_in(session: "Session", shared: "Clone", payer: Account, needed: int, most: int) -> tuple[int, int]:
    """What of `needed` is missing in the payer's balance: ether to send along, and what was paid of a token.

    A token is paid in now, at most `most`. Raises InsufficientFunds, ContractReverted.
    """
    if shared.money.is_ether:
        return max(0, needed - shared.balance(payer.address)), 0
    before = held(session.chain, shared.money, payer.address)
    fill_up(session, shared, payer.address, Wei(needed), payer, most)
    return 0, before - held(session.chain, shared.money, payer.address)


def _pay_in(
    session: "Session", shared: "Clone", beneficiary: Address, amount: Wei, payer: Account
) -> list[Receipt]:
    money, purpose = shared.money, _purpose(shared, beneficiary, payer)
    if money.is_ether:
        paid = shared.contract.fund(beneficiary, amount)
        return [session.send(paid, payer, value=int(amount), once=purpose)]
    require_held(session.chain, money.of(amount), payer)
    receipts = approve(session.chain, money.of(amount), shared.address, payer)
    return [*receipts, session.send(shared.contract.fund(beneficiary, amount), payer, once=purpose)]


def _purpose(shared: "Clone", beneficiary: Address, payer: Account) -> str:
    """What the journal knows a payment by: the next of this payer for this beneficiary."""
    times = sum(1 for _ in shared.funded(beneficiary, payer.address))
    content = f"{shared.address} {beneficiary} {payer.address} {times}"
    return f"sum-fund-{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def check_paid(money: Currency, missing: int, most: int | None, hint: str) -> None:
    """Raises ChainError, with `hint`, where a relayer would pay more than `most` of what is missing."""
    if most is not None and missing > most:
        raise ChainError(f"{money.show(missing)} are missing; you pay {money.show(most)} at most", hint)
