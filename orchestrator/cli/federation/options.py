"""What commands of federations have in common: which one is meant, and its terms."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.showing import choice
from orchestrator.console import Shown, lazy_imports
from orchestrator.console import amount as amount_of

with lazy_imports():
    from orchestrator.systems.federation import finding, joining

if TYPE_CHECKING:
    from orchestrator.bindings.federation import Federation
    from orchestrator.kernel.session import Session

Reference = Annotated[str, typer.Option("--federation", metavar="NAME", help="latest, a name or an address.")]


def facts_of(session: "Session", found: "Federation", name: str | None = None) -> dict[str, Any]:
    terms, money = found.terms, joining.money_of(found)
    return {
        "federation": found.address,
        "name": finding.name_of(session, found) if name is None else name,
        "organizer": Shown(terms.organizer, session.name_of(terms.organizer)),
        "policy": choice(terms.policy),
        "rule": choice(terms.rule),
        "pay": choice(terms.pay),
        "privacy": choice(terms.privacy),
        "epsilon": terms.epsilon / 1000 or None,
        "rounds": terms.rounds,
        "quorum": terms.quorum,
        "reward": amount_of(money, joining.amount(found, terms.reward)),
        "deposit": amount_of(money, joining.amount(found, terms.deposit)),
        "fine": amount_of(money, joining.amount(found, terms.fine)),
        "bond": amount_of(money, joining.amount(found, terms.bond)),
        "parameters": terms.size,
        "descriptor": finding.cid_of(terms.descriptor),
    }
