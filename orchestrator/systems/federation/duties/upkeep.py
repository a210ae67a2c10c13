"""What keeps a federation going: the next phase, the model in the registry, what is left at the end."""

from orchestrator.systems.federation import cranking, publishing
from orchestrator.systems.federation.duties.base import ALL, PARTY, Look, bit_of, duty, now_if, tells
from orchestrator.systems.federation.joining import money_of, withdraw
from orchestrator.types import Seconds


def _signs(look: Look) -> bool:
    made = publishing.checkpoint(look.session, look.instance)
    return bool(made and look.account.address in publishing.unsigned(look.session, look.instance, made))


def _sign(look: Look) -> str:
    publishing.sign(look.session, look.instance, look.instance.terms.organizer, look.account)
    return f"signed the model of round {look.instance.state().done}"


def _publish_due(look: Look) -> Seconds | None:
    """Once all have signed whose updates are in; else, when they had half the time for commitments for it."""
    if look.instance.terms.organizer != look.account.address:
        return None
    made = publishing.checkpoint(look.session, look.instance)
    if made is None:
        return None
    ended = look.session.chain.time_of(made.last.finalized.block_number)
    waited = Seconds(ended + look.instance.terms.committing // 2)
    return waited if publishing.unsigned(look.session, look.instance, made) else look.now


def _publish(look: Look) -> str:
    done = publishing.publish(look.session, look.instance, look.account)
    return f"published the model as version {done.version.number}" if done.gas_used else ""


def _free(look: Look) -> bool:
    own = bit_of(look) or look.instance.balance_of(look.account.address)
    return look.instance.state().closed and bool(own)


def _withdraw(look: Look) -> str:
    taken = withdraw(look.session, look.instance, look.account)
    return f"took {money_of(look.instance).show(taken)} out" if taken else ""


SIGN = duty("sign the checkpoint", PARTY, now_if(_signs), _sign)
PUBLISH = duty("publish the checkpoint", PARTY, _publish_due, _publish)
CRANK = duty(
    "go on to the next round",
    ALL,
    lambda look: cranking.due(look.instance, look.now),
    tells(cranking.crank, "{}"),
)
WITHDRAW = duty("take out what is left", PARTY, now_if(_free), _withdraw)
