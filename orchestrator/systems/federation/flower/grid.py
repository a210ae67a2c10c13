"""Flower nodes in this process: no server, no Ray, no sockets; the same ServerApp and ClientApp."""

from collections.abc import Iterable

from flwr.app import Context, Message, RecordDict
from flwr.clientapp import ClientApp

from orchestrator.systems.federation.flower.local import LocalGrid


class EmbeddedGrid(LocalGrid):
    """`nodes` nodes, numbered from 1, of which each answers by `app` as it is asked.

    `partition-id` and `num-partitions` are in the node's configuration, as in Flower's own simulation.
    """

    def __init__(self, app: ClientApp, nodes: int) -> None:
        super().__init__(app)
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

    def get_node_ids(self) -> Iterable[int]:
        return list(self._contexts)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        pushed = []
        for message in messages:
            name = self._number(message).metadata.message_id
            self._replies[name] = self._answered(message, self._contexts[message.metadata.dst_node_id])
            pushed.append(name)
        return pushed
