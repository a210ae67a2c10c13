"""Flower without a server: every party runs the whole app, and chain and storage carry what it has to say.

The round's model is the one that the contract's rounds have led to, whoever reads it. A party's ServerApp
asks all nodes to train; its own ClientApp does, and its update is committed to, revealed and pinned as any
party's is. What the ServerApp then hears from the others is what they revealed: every party's strategy joins
the same updates, and what it makes of them has to be what the contract's rule does.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from flwr.app import ArrayRecord, Context, Message, MessageType, MetricRecord, RecordDict
from flwr.app.user_config import UserConfig
from flwr.clientapp import ClientApp

from orchestrator.bindings.federation import Federation, Phase
from orchestrator.chain import Account
from orchestrator.errors import DataError, DilnError
from orchestrator.kernel.keeper import Keeper
from orchestrator.kernel.session import Consent, Session
from orchestrator.learning.aggregation import Rule, Template, Update, quantize
from orchestrator.learning.aggregation.chunks import Integers
from orchestrator.systems.federation import party
from orchestrator.systems.federation.duties import SYSTEM
from orchestrator.systems.federation.duties.updates import COMMIT
from orchestrator.systems.federation.finding import descriptor_of
from orchestrator.systems.federation.flower.chain import left_of, sleeping
from orchestrator.systems.federation.flower.local import LocalGrid
from orchestrator.systems.federation.flower.records import difference, from_units, template_of, to_units
from orchestrator.systems.federation.joining import require_seat
from orchestrator.systems.federation.masking import is_masked
from orchestrator.systems.federation.rounds import (
    Opened,
    current_model,
    finished,
    opened_in,
    phase_of,
    seats_of,
    settings_of,
)
from orchestrator.text import shown
from orchestrator.types import Digest

RULES = (Rule.MEAN, Rule.MEDIAN, Rule.TRIMMED_MEAN, Rule.MULTI_KRUM)
"""The contract's rules of which Flower has a strategy."""

_TAKE = "Take the app that the federation was made for."
_FOR_EVER = 1e9  # seconds: a round ends when the contract says so, whatever Flower waits
_ALLOWED, _SINGLE = 2.0, 2.0**-22
"""How far a strategy may be from the contract's rule: in units, and in parts of the largest parameter, since
float32 has 24 bits."""


@dataclass(frozen=True)
class Heard:
    """A round that is over: its model's root, whose updates were in, and this party's own fate."""

    round: int
    model: Digest
    updates: int
    included: bool


class ChainGrid(LocalGrid):
    """`account` holds a seat, and `app` trains for it; a node's number is its seat's, from 1.

    `names` are what the app's records call arrays, metrics and the count of examples. `report` is told what
    is done, `wait` lets so many seconds pass, `consent` is asked before a bond leaves. Messages other than
    those to train reach this party's own app only: nobody's measures are believed. `heard` has the rounds
    that it saw the end of.

    Raises DataError for a rule of which Flower has no strategy, ChainError for an account without a seat.
    """

    def __init__(
        self,
        session: Session,
        federation: Federation,
        account: Account,
        app: ClientApp,
        *,
        node_config: UserConfig | None = None,
        run_config: UserConfig | None = None,
        names: tuple[str, str, str] = ("arrays", "metrics", "num-examples"),
        report: Callable[[str], None] = lambda text: None,
        wait: Callable[[int], None] | None = None,
        consent: Consent | None = None,
    ) -> None:
        if is_masked(federation):
            raise DataError("Flower's strategies see single updates, and this federation's are masked")
        rule = settings_of(federation).rule
        if rule not in RULES:
            raise DataError(
                f"Flower has no strategy of the rule {rule.value}",
                f"Take a federation of {', '.join(each.value for each in RULES)}.",
            )
        self._session, self._federation, self._account = session, federation, account
        self._said = descriptor_of(session, federation)
        self._node = require_seat(federation, account).seat + 1
        super().__init__(app)
        self._names = names
        self._report, self._wait = report, wait or sleeping()
        self._context = Context(1, self._node, dict(node_config or {}), RecordDict(), dict(run_config or {}))
        others = tuple(each for each in SYSTEM.duties if each is not COMMIT)
        kept = [(replace(SYSTEM, duties=others), federation)]
        self._keeper = Keeper(session, kept, [account], others=True, consent=consent)
        self._seated = [seat + 1 for seat in seats_of(federation).values()]
        self._begun = False
        self.heard: list[Heard] = []

    def get_node_ids(self) -> Iterable[int]:
        """The seats that are taken; those that were, once all is over: a strategy waits until enough are."""
        state = self._federation.state()
        if not state.closed:
            seats = seats_of(self._federation).values()
            self._seated = [seat + 1 for seat in seats if state.seats >> seat & 1]
        return list(self._seated)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Ask, and wait for what there is to hear: for training, until the round is over."""
        asked = list(messages)
        for message in asked:
            self._number(message)
        training = {
            each.metadata.dst_node_id: each
            for each in asked
            if each.metadata.message_type == MessageType.TRAIN
        }
        replies = self._trained(training) if training else []
        replies += [
            self._asked(each)
            for each in asked
            if each.metadata.message_type != MessageType.TRAIN and each.metadata.dst_node_id == self._node
        ]
        heard = {each.metadata.reply_to_message_id: each for each in replies}
        self._replies |= heard
        return list(dict.fromkeys([*(each.metadata.message_id for each in asked), *heard]))

    def _number(self, message: Message) -> Message:
        super()._number(message)
        message.metadata.ttl = _FOR_EVER
        return message

    def _asked(self, message: Message) -> Message:
        """What this party's app answers, from the contract's model if the message has one."""
        arrays = self._names[0]
        if arrays in message.content:
            record = message.content[arrays]
            template = self._template(record)
            message.content = _with(
                message.content, arrays, from_units(template, self._model(template, record))
            )
        return self._answered(message, self._context)

    def _template(self, record: ArrayRecord) -> Template:
        template = template_of(record)
        if template.size != self._federation.terms.size:
            raise DataError(
                f"the app's model has {template.size:,} parameters, the federation's "
                f"{self._federation.terms.size:,}",
                _TAKE,
            )
        said = self._said.template
        if said and (wanted := Template.from_json(said)).digest != template.digest:
            names = [", ".join(slot.name for slot in each.slots) for each in (template, wanted)]
            raise DataError(
                f"the app's arrays are {shown(names[0], 200)}, the federation's {shown(names[1], 200)}, "
                "or they differ in shape or type",
                _TAKE,
            )
        return template

    def _model(self, template: Template, record: ArrayRecord) -> Integers:
        """The contract's model. Raises DataError if the strategy, once it has joined a round, has another."""
        model = current_model(self._session, self._federation)[: template.size]
        allowed = _ALLOWED + _SINGLE * float(np.abs(model).max())
        if self._begun and difference(template, record, model) > allowed:
            raise DataError(
                "the app's strategy makes another model of the round's updates than the contract's rule, "
                f"{settings_of(self._federation).rule.value}",
                "Take the strategy of that rule, weighted as the terms say.",
            )
        return model

    def _trained(self, messages: Mapping[int, Message]) -> list[Message]:
        """The updates that count in the next round that can be joined; none if it is void, or all is over."""
        asked = next(iter(messages.values()))
        record = asked.content[self._names[0]]
        template = self._template(record)
        number = self._awaited()
        if number == 0:
            self._report("the federation is closed")
            return []
        model = self._model(template, record)
        self._begun = True
        if self._node in messages:
            self._commit(messages[self._node], template, model)
        self._until(lambda: self._over(number))
        found = self._counted(number)
        _, metrics, weight = self._names
        replies = []
        for each in found:
            node = each.seat + 1
            message = messages.get(node) or self._number(Message(asked.content, node, MessageType.TRAIN))
            content = {
                self._names[0]: from_units(template, model + each.update.values[: template.size]),
                metrics: MetricRecord({weight: each.weight}),
            }
            replies.append(Message(RecordDict(content), reply_to=message))
        return replies

    def _commit(self, message: Message, template: Template, model: Integers) -> None:
        """Train, unless that was done before the process ended; a failure costs this party the round only."""
        number = self._federation.state().round
        try:
            if party.kept(self._session, self._federation, self._account.address, number):
                party.commit(self._session, self._federation, self._account)
            else:
                update, rows = self._update(message, template, model)
                party.commit(self._session, self._federation, self._account, update, rows)
        except (DilnError, KeyError, TypeError, ValueError) as error:
            self._report(f"could not take part in round {number}: {shown(str(error), 200)}")
        else:
            self._report(f"committed to an update in round {number}")

    def _update(self, message: Message, template: Template, model: Integers) -> tuple[Update, int]:
        """What the app makes of the model, and of how many rows. Raises DataError, KeyError."""
        arrays, metrics, weight = self._names
        message.content = _with(message.content, arrays, from_units(template, model))
        reply = self._answered(message, self._context)
        if reply.has_error():
            raise DataError(f"the app failed: {reply.error.reason}")
        after = to_units(template, reply.content[arrays])
        rows = int(reply.content[metrics][weight])
        if rows < 1:
            raise DataError("this party has no rows to train on", "Take part once it has.")
        return quantize(after - model, self._federation.terms.width), rows

    def _counted(self, number: int) -> list[Opened]:
        """The updates that were in, by seat; none of a void round."""
        last = next((each for each in finished(self._federation) if each.finalized.round == number), None)
        if last is None:
            self._report(f"round {number} is void")
            return []
        found = opened_in(self._session, self._federation, last)
        included = any(each.seat + 1 == self._node for each in found)
        self.heard.append(Heard(number, last.claim.model_root, len(found), included))
        return found

    def _awaited(self) -> int:
        """The number of the round that can be committed to; 0 if there will be none."""
        self._until(lambda: phase_of(self._federation) in (Phase.COMMITTING, Phase.CLOSED) or self._mine())
        state = self._federation.state()
        return 0 if state.closed else state.round

    def _mine(self) -> bool:
        """Whether this party committed to the round before its process ended."""
        state = self._federation.state()
        return (
            bool(state.committed >> (self._node - 1) & 1) and phase_of(self._federation) is not Phase.JOINING
        )

    def _over(self, number: int) -> bool:
        state = self._federation.state()
        return state.closed or state.round != number

    def _until(self, condition: Callable[[], bool]) -> None:
        """Do what is due until then."""
        while not condition():
            said = False
            for each in self._keeper.turn():
                said = said or not each.failed
                self._report(each.text)
            if not said and not condition():
                self._wait(left_of(self._federation))


def _with(content: RecordDict, name: str, arrays: ArrayRecord) -> RecordDict:
    """The same content with other arrays: one object serves the messages to all nodes."""
    return RecordDict({key: arrays if key == name else value for key, value in content.items()})
