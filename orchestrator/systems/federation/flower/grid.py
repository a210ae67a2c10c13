"""Flower nodes in this process: no server, no Ray, no sockets; the same ServerApp and ClientApp."""

from collections.abc import Iterable
from itertools import count

from flwr.app import Context, Error, Message, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity

_RAISED = 2  # Flower's code of an app that raised


class EmbeddedGrid(Grid):
    """`nodes` nodes, numbered from 1, of which each answers by `app` as it is asked.

    `partition-id` and `num-partitions` are in the node's configuration, as in Flower's own simulation.
    """

    def __init__(self, app: ClientApp, nodes: int) -> None:
        # A message says who made it, by what its process was started as; this is nobody's.
        TaskIdentity.task_id = TaskIdentity.run_id = TaskIdentity.node_id = 1
        self._app, self._numbers = app, count(1)
        self._run = Run.create_empty(run_id=1)
        self._replies: dict[str, Message] = {}
        self._contexts = {
            place + 1: Context(
                run_id=1,
                node_id=place + 1,
                node_config={"partition-id": place, "num-partitions": nodes},
                state=RecordDict(),
                run_config={},
            )
            for place in range(nodes)
        }

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

    def get_node_ids(self) -> Iterable[int]:
        return list(self._contexts)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        pushed = []
        for message in messages:
            name = str(next(self._numbers))
            message.metadata.__dict__["_message_id"] = name  # a SuperLink would set it
            context = self._contexts[message.metadata.dst_node_id]
            try:
                self._replies[name] = self._app(message, context)
            except Exception as error:  # whatever an app raises is its node's failure
                self._replies[name] = Message(Error(_RAISED, repr(error)), reply_to=message)
            pushed.append(name)
        return pushed

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        return [self._replies.pop(name) for name in message_ids if name in self._replies]

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> Iterable[Message]:
        return self.pull_messages(self.push_messages(messages))
