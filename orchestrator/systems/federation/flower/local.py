"""What grids of this process have in common: there is no link to anybody's server."""

from collections.abc import Iterable
from itertools import count

from flwr.app import Context, Error, Message, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity

_RAISED = 2  # Flower's code of an app that raised


class LocalGrid(Grid):
    """Has replies as soon as messages are pushed; `app` answers for a node that is here."""

    def __init__(self, app: ClientApp) -> None:
        # A message says who made it, by what its process was started as; this is nobody's.
        TaskIdentity.task_id = TaskIdentity.run_id = TaskIdentity.node_id = 1
        self._app, self._numbers = app, count(1)
        self._run = Run.create_empty(run_id=1)
        self._replies: dict[str, Message] = {}

    def set_run(self, run: Run) -> None:
        self._run = run

    @property
    def run(self) -> Run:
        return self._run

    def create_message(
        self,
        content: RecordDict,
        message_type: str,
        dst_node_id: int,
        group_id: str,
        ttl: float | None = None,
    ) -> Message:
        return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        return [self._replies.pop(name) for name in message_ids if name in self._replies]

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> Iterable[Message]:
        return self.pull_messages(self.push_messages(messages))

    def _number(self, message: Message) -> Message:
        message.metadata.__dict__["_message_id"] = str(next(self._numbers))  # a SuperLink would set it
        return message

    def _answered(self, message: Message, context: Context) -> Message:
        try:
            return self._app(message, context)
        except Exception as error:  # whatever an app raises is its node's failure
            return Message(Error(_RAISED, repr(error)), reply_to=message)
