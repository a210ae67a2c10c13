"""Put money behind a party, where it weighs, and take it back."""

from orchestrator.bindings.federation import Delegated, Federation, Undelegated
from orchestrator.chain import Account
from orchestrator.errors import UsageError
from orchestrator.kernel.session import Consent, Session
from orchestrator.systems.federation.finding import act, alone
from orchestrator.systems.federation.joining import amount, money_of, pay
from orchestrator.types import Address, Wei


def units_of(federation: Federation, text: str) -> int:
    """An amount in coins as whole units of the terms. Raises UsageError for less than one."""
    units = int(money_of(federation).parse(text)) // federation.terms.unit
    if units <= 0:
        raise UsageError(f"{text} is less than the unit of this federation", "Give more.")
    return units


def delegate(
    session: Session,
    federation: Federation,
    backer: Account,
    party: Address,
    units: int,
    consent: Consent | None = None,
) -> int:
    """Have at least `units` behind `party`, of which what is missing is paid; returns all that is behind it.

    So that it is paid once, however often it is asked for. Amounts returned are in the currency's smallest
    units. Raises ContractReverted within a round, or where it does not weigh; InsufficientFunds.
    """
    money = money_of(federation)
    with alone(session, federation, backer):
        more = units - federation.delegated_by(backer.address, party) // federation.terms.unit
        if more > 0:
            value = amount(federation, more)
            if consent:
                said = f"{money.show(value)} go behind {party}; you can take them back between rounds."
                consent(Wei(value), [said])
            times = sum(1 for _ in federation.events(Delegated, who=backer.address, party=party))
            call = federation.delegate(party, more)
            pay(session, federation, call, backer, value, "delegate", times, party)
    return federation.backing_of(party)


def undelegate(
    session: Session, federation: Federation, backer: Account, party: Address, leave: int = 0
) -> int:
    """Take back all but `leave` units; returns how much is free then.

    Raises ContractReverted within a round.
    """
    with alone(session, federation, backer):
        taken = federation.delegated_by(backer.address, party) // federation.terms.unit - leave
        if taken > 0:
            times = sum(1 for _ in federation.events(Undelegated, who=backer.address, party=party))
            act(session, federation.undelegate(party, taken), backer, "undelegate", times, party)
    return federation.balance_of(backer.address)
