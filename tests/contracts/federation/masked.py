"""A federation whose parties mask their updates; sums are checked by what they hide, which is known here."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from coincurve import PrivateKey
from eth_utils.crypto import keccak

from orchestrator.learning.aggregation import Aggregate, Update
from orchestrator.learning.aggregation.chunks import Integers, padded
from orchestrator.learning.privacy.masks import Peer, keccak_mask, public_key
from tests.contracts.federation.scenario import HOUR, Posted, Revealed, Scenario

TERMS = {"privacy": 1, "maxWeight": 1, "judging": HOUR, "quorum": 3}


def private(who: str) -> PrivateKey:
    return PrivateKey(hashlib.sha256(who.encode()).digest())


def seats_in(mask: int) -> list[int]:
    return [seat for seat in range(16) if mask >> seat & 1]


@dataclass
class MaskedScenario(Scenario):
    hidden: dict[str, Integers] = field(default_factory=dict)
    sheets: dict[str, bytes] = field(default_factory=dict)
    seats: dict[str, int] = field(default_factory=dict)
    """Of all who have joined, also where they left since."""
    false: dict[str, dict[int, bytes]] = field(default_factory=dict)
    """By seat, seeds that a party commits to and tells in the place of those that it masks with."""

    def __post_init__(self) -> None:
        self.model = padded(self.model)  # which is masked, too

    def join(self, who: str, admission: bytes = b"", **options: Any) -> Any:
        receipt = super().join(who, public_key(private(who)) + admission, **options)
        self.seats[who] = self.seat(who)
        return receipt

    @property
    def among(self) -> list[int]:
        return seats_in(self.call("masks")[1])

    def disagreeing(self, seat: int) -> list[int]:
        return seats_in(self.call("masks")[4] >> 16 * seat & 0xFFFF)

    def peer(self, who: str) -> Peer:
        among = self.among
        keys = {seat: public_key(private(each)) for each, seat in self.seats.items() if seat in among}
        return Peer(private(who), self.seats[who], keys, bytes.fromhex(self.contract.address[2:]))

    def train(self, who: str, seed: int = 0, **given: Any) -> Revealed:
        """A masked update; `raw` is what it hides.

        `hashes` changes what is committed to of its seeds; `false` has other seeds by seat, see there.
        """
        rng, number = np.random.default_rng([seed, self.state["round"], self.seats[who]]), self.state["round"]
        limit, peer = (2**31 - 1) // 16, self.peer(who)
        self.hidden[who] = padded(
            np.asarray(given.get("raw", rng.integers(-limit, limit, self.terms["size"])))
        )
        words = peer.mask(number, self.hidden[who]).view(np.int32).astype(np.int64)
        files = keccak(rng.bytes(8)), keccak(rng.bytes(8))
        hashes, self.false[who] = peer.hashes(number), given.get("false", {})
        given.get("hashes", lambda _: None)(hashes)
        for seat, seed in self.false[who].items():
            hashes[peer.seats.index(seat)] = keccak(seed)
        self.sheets[who] = b"".join((*files, *hashes))
        cid, salt = hashlib.sha256(self.sheets[who]).digest(), keccak(rng.bytes(8))
        own = Revealed(self.evm.role(who), self.seats[who], Update(words, 4, 0), 1, cid, salt)
        self.updates[who] = own
        return own

    def told(self, who: str, parties: list[int] | None = None) -> bytes:
        """The sheet of `who` with the seeds that are due where `parties`, else the revealed, are in."""
        state, peer, own = self.state, self.peer(who), self.sheets[who]
        there = seats_in(state["revealed"]) if parties is None else parties
        apart = self.disagreeing(self.seats[who])
        words = peer.tell(state["round"], there, apart)
        for place, seat in enumerate(peer.seats):
            if seat in there and seat not in (self.seats[who], *apart):
                words[place] = own[64 + 32 * place : 96 + 32 * place]
            elif seat in self.false[who]:
                words[place] = self.false[who][seat]
        return own[:64] + b"".join(words)

    def compare(self, *parties: str, **options: Any) -> Any:
        return self.send("compare", b"".join(self.entry(who, self.sheets[who]) for who in parties), **options)

    def entry(self, who: str, sheet: bytes | None = None) -> bytes:
        return (
            bytes.fromhex(self.updates[who].party[2:])
            + self.updates[who].update.root
            + (sheet or self.told(who))
        )

    def unmask(self, *parties: str, **options: Any) -> Any:
        return self.send("unmask", b"".join(map(self.entry, parties)), **options)

    def unmasked(self, *parties: str, gone: tuple[str, ...] = ()) -> "MaskedScenario":
        """All commit, `parties` reveal and tell what is due."""
        self.revealed_without(gone, *parties)
        self.unmask(*parties)
        return self

    def revealed_without(self, gone: tuple[str, ...], *parties: str) -> "MaskedScenario":
        self.commit(*parties, *gone)
        if self.state["committed"] != self.state["seats"]:
            self.until()
        self.reveal(*parties)
        if gone:
            self.until()
        return self

    def aggregate(self, own: list[Revealed], values: Integers) -> Aggregate:
        """The mean of what is hidden, and the nonsense of whoever tells other seeds than it masked with."""
        total = np.zeros(len(self.model), np.uint32)
        for each in own:
            [who] = [name for name, one in self.updates.items() if one.seat == each.seat]
            total += self.hidden[who].astype(np.uint32)
            peer, apart = self.peer(who), self.disagreeing(each.seat)
            for seat, seed in self.false[who].items():
                if seat in apart:
                    other = keccak_mask(peer.seed(self.state["round"], seat), len(total))
                    wrong = other - keccak_mask(seed, len(total))
                    total = total + wrong if each.seat < seat else total - wrong
        mean = total.view(np.int32).astype(np.int64) // len(own)
        return Aggregate(mean, tuple(range(len(own))), ())

    def shown(self, posted: Posted, index: int) -> tuple[Any, ...]:
        """The arguments of refuteMasked."""
        names = {self.seats[who]: who for who in self.updates}
        parties = [(own.chunk(index), self.told(names[own.seat])) for own in self.accepted(posted.claim[5])]
        return posted.claim, self.link, parties, self.pair(posted, index)

    def play(self, *parties: str, claimer: str = "", gone: tuple[str, ...] = ()) -> Posted:
        self.unmasked(*parties, gone=gone)
        posted = self.claim(claimer or parties[0])
        self.finalize(posted)
        return posted
