"""Look through thousands of contributions to a shared model: what is due, who leads, what a replay gives.

    python -m benchmarks.claiming [--contributions 2000]

On an embedded chain, where a question to the node costs nothing: real ones take as many round trips as are
counted here, and each takes its time. Exits 1 if a look needs more than one request for 20 contributions.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from orchestrator.chain import migrate
from orchestrator.config import load_settings
from orchestrator.kernel.session import Session
from orchestrator.models.online.features import encode_sparse
from orchestrator.models.online.planning import plan
from orchestrator.models.online.training import Table, train
from orchestrator.systems.sum.claiming import claims
from orchestrator.systems.sum.creating import create
from orchestrator.systems.sum.leaderboard import leaderboard
from orchestrator.systems.sum.opening import SharedModel, open_model
from orchestrator.systems.sum.records import DAY, Terms
from orchestrator.systems.sum.replaying import replay

AT_ONCE = 25
MOST_REQUESTS = 1 / 20
TERMS = Terms(cost_weight=10, refund_wait=DAY, take_gap=DAY)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contributions", type=int, default=2000)
    count = parser.parse_args().contributions
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(load_settings(network="embedded", storage="embedded"), home=Path(folder))
        with Session(settings) as session:
            address = grow(session, count)
            return measure(session, address, count)


def measure(session: Session, address: str, count: int) -> int:
    """Each look begins with nothing read."""
    bob = session.account("bob").address
    looks: dict[str, Callable[[SharedModel], object]] = {
        "claims": lambda opened: claims(opened, bob),
        "leaderboard": leaderboard,
        "replay": replay,
    }
    worst = 0
    print(f"{count:,} contributions")
    for name, look in looks.items():
        requests = Requests(session)
        opened, began = open_model(session, address), time.perf_counter()
        look(opened)
        print(f"{name:<14} {time.perf_counter() - began:6.2f} s, {requests.count} requests")
        worst = max(worst, requests.count)
    return int(worst > count * MOST_REQUESTS)


class Requests:
    """Counts what the chain is asked from now on."""

    def __init__(self, session: Session) -> None:
        self.count = 0
        manager = session.chain.web3.manager
        ask = manager.request_blocking

        def counted(*arguments: object, **options: object) -> object:
            self.count += 1
            return ask(*arguments, **options)  # type: ignore[arg-type]

        manager.request_blocking = counted  # type: ignore[method-assign]


def grow(session: Session, count: int) -> str:
    """A perceptron of ten words with so many contributions of three people, most of them due."""
    alice = session.account("alice")
    migrate(session.settings, session.chain, alice)
    random.seed(1)
    topics = {"nature": "river forest mountain meadow deer", "city": "street tram tower market crowd"}
    labels = [random.choice(list(topics)) for _ in range(60)]
    texts = [" ".join(random.sample(topics[label].split(), 3)) for label in labels]
    made = create(session, "walks", plan(train(Table(texts, labels))), alice, TERMS)
    shared = open_model(session, made.address).shared
    for start in range(0, count, AT_ONCE):
        chunk = range(start, min(start + AT_ONCE, count))
        xs = [encode_sparse(random.sample(range(1, 11), 3)) for _ in chunk]
        session.chain.advance(DAY)
        price = shared.price(len(xs))
        function = shared.contract.add_batch(xs, bytes(random.randrange(2) for _ in chunk), price)
        who = session.account(("bob", "carol", "dave")[start // AT_ONCE % 3])
        session.chain.send(function, who, value=price * len(xs))
    return made.address


if __name__ == "__main__":
    raise SystemExit(main())
