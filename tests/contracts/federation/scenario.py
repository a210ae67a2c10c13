"""A federation on a chain of its own, driven by role names; every party's money is followed beside it."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from eth_account import Account
from eth_utils.crypto import keccak

from orchestrator.learning.aggregation import Aggregate, Rule, Settings, Update, aggregate, apply
from orchestrator.learning.aggregation.chunks import CHUNK, Integers, encode, leaves, model_root
from orchestrator.learning.aggregation.direct import Vector
from orchestrator.learning.aggregation.gram import packed, trace, trace_leaf
from orchestrator.merkle import proof_of, root_of
from tests.evm import Evm, artifact

NOBODY = "0x" + "00" * 20
BURNT = "0x000000000000000000000000000000000000dEaD"
GWEI = 10**9
HOUR = 3600
NO_SEAT = 2**256 - 1
PARTIES = ("anna", "ben", "cleo", "dora", "emil", "finn", "gina", "hugo", "ida", "jan")
RULES = list(Rule)


class Phase(IntEnum):
    JOINING = 0
    COMMITTING = 1
    REVEALING = 2
    JUDGING = 3
    CLAIMING = 4
    CHALLENGING = 5
    CLOSED = 6


TERMS = {
    "organizer": NOBODY,
    "currency": NOBODY,
    "inviter": NOBODY,
    "descriptor": b"\x01" * 32,
    "genesis": b"\0" * 32,
    "genesisCid": b"\x02" * 32,
    "unit": GWEI,
    "policy": 0,
    "rule": 0,
    "pay": 0,
    "mode": 0,
    "privacy": 0,
    "size": 70,
    "width": 4,
    "maxWeight": 65535,
    "seats": 16,
    "quorum": 2,
    "committee": 0,
    "trim": 0,
    "faulty": 0,
    "keep": 0,
    "difficulty": 0,
    "shift": 0,
    "bound": 0,
    "epsilon": 0,
    "rounds": 3,
    "maxVoids": 2,
    "obliged": False,
    "reward": 1_000_000,
    "fee": 100_000,
    "tip": 10_000,
    "deposit": 500_000,
    "fine": 100_000,
    "bond": 300_001,
    "stake": 50_000,
    "start": 0,
    "committing": HOUR,
    "revealing": HOUR,
    "judging": 0,
    "turn": HOUR,
    "challenge": HOUR,
    "supply": HOUR // 4,
}


@dataclass(frozen=True)
class Revealed:
    """An update as a party holds it."""

    party: str
    seat: int
    update: Update
    weight: int
    cid: bytes
    salt: bytes

    @property
    def digest(self) -> bytes:
        return self.update.digest(self.weight, self.cid)

    @property
    def entry(self) -> bytes:
        head = bytes.fromhex(self.party[2:]) + self.update.root
        return head + self.weight.to_bytes(2, "big") + bytes([self.update.shift]) + self.cid + self.salt

    def chunk(self, index: int, count: int = 1) -> tuple[Any, ...]:
        """The evidence about `count` chunks from `index` on; the proof is that of the first."""
        width = CHUNK * self.update.width
        data = self.update.data[index * width : (index + count) * width]
        proof = proof_of(leaves(self.update.raw, self.update.width), index)
        head = (self.party, self.update.root, self.weight, self.update.shift, self.cid)
        return (*head, data, proof)


@dataclass
class Posted:
    """A claim, with what stands behind it."""

    claim: tuple[Any, ...]
    model: Integers
    trace: list[Any] = field(default_factory=list)


@dataclass
class Scenario:
    evm: Evm
    factory: Any
    contract: Any
    terms: dict[str, Any]
    settings: Settings
    model: Integers
    link: tuple[Any, ...]
    updates: dict[str, Revealed] = field(default_factory=dict)
    joined: list[str] = field(default_factory=list)

    @classmethod
    def create(cls, evm: Evm, factory: Any, *parties: str, model: Integers | None = None, **changes: Any):
        """Terms are changed by field; `parties` join, in this order."""
        terms = TERMS | {"start": evm.now + HOUR} | changes
        rng = np.random.default_rng(7)
        if model is None:
            model = rng.integers(-(2**20), 2**20, terms["size"])
        terms["genesis"] = changes.get("genesis", model_root(model))
        budget = terms["rounds"] * terms["reward"] * terms["unit"]
        salt = keccak(repr(sorted(terms.items())).encode())
        value = budget if terms["currency"] == NOBODY else 0
        receipt = evm.send(factory.functions.create(terms, salt), "organizer", value)
        address = evm.events(factory, "Created", receipt)[0]["instance"]
        rule = RULES[terms["rule"]]
        settings = Settings(rule, max(terms["keep"], 1), terms["faulty"], terms["trim"], terms["bound"])
        link = (b"\0" * 32, 0, terms["genesis"], b"\0" * 32)
        name = MASKED if terms["privacy"] else NAMES[terms["policy"]]
        made = cls(evm, factory, bind(evm, name, address), terms, settings, model, link)
        for party in parties:
            made.join(party)
        return made

    # ── calls ───────────────────────────────────────────────────────────────────────────────────────────────

    def send(self, name: str, *args: Any, sender: str = "stranger", value: int = 0) -> Any:
        return self.evm.send(self.contract.functions[name](*args), sender, value)

    def call(self, name: str, *args: Any) -> Any:
        return self.evm.call(self.contract.functions[name](*args))

    def events(self, name: str, receipt: Any) -> list[dict[str, Any]]:
        return self.evm.events(self.contract, name, receipt)

    @property
    def state(self) -> dict[str, Any]:
        names = [each["name"] for each in self._output("state")]
        return dict(zip(names, self.call("state"), strict=True))

    def _output(self, name: str) -> Any:
        (entry,) = [each for each in self.contract.abi if each.get("name") == name]
        return entry["outputs"][0]["components"]

    @property
    def phase(self) -> Phase:
        return Phase(self.call("clock")[0])

    def until(self, margin: int = 0) -> None:
        """Let time pass until the phase is over."""
        end = self.call("clock")[1] + margin
        if end > self.evm.now:
            self.evm.advance(end - self.evm.now)

    def at(self, time: int) -> None:
        """The next block is of just this time."""
        self.evm.advance(time - self.evm.now)

    def seat(self, who: str) -> int:
        return self.call("partyOf", self.evm.role(who))[0]

    def deposit(self, who: str) -> int:
        """What is left of it, in units."""
        return self.call("partyOf", self.evm.role(who))[2] // self.terms["unit"]

    def earned(self, who: str) -> int:
        return self.call("partyOf", self.evm.role(who))[3] // self.terms["unit"]

    def balance(self, who: str) -> int:
        """What `who` can withdraw, in units."""
        address = who if who.startswith("0x") else self.evm.role(who)
        return self.call("balanceOf", address) // self.terms["unit"]

    # ── acts ────────────────────────────────────────────────────────────────────────────────────────────────

    def join(self, who: str, admission: bytes = b"", **options: Any) -> Any:
        value = options.pop("value", self.terms["deposit"] * self.terms["unit"])
        receipt = self.send("join", admission, sender=who, value=value, **options)
        self.joined.append(who)
        return receipt

    def begin(self) -> Any:
        """The first round, with whoever has joined."""
        if self.state["seats"] != 2 ** self.terms["seats"] - 1:
            self.until()
        return self.send("begin")

    def train(self, who: str, seed: int = 0, **given: Any) -> Revealed:
        """An update of this round, random unless given: `raw`, `shift`, `weight`, `epsilon`."""
        width = self.terms["width"]
        rng = np.random.default_rng([seed, self.state["round"], self.seat(who)])
        limit = min(2 ** (8 * width - 1), 2**20)
        raw = given.get("raw", rng.integers(-limit, limit, self.terms["size"]))
        kind = Vector if self.terms["mode"] else Update
        update = kind(np.asarray(raw), width, given.get("shift", self.terms["shift"]))
        weight = given.get("weight", int(rng.integers(1, self.terms["maxWeight"] + 1)))
        cid = b"\0" * 32 if self.terms["mode"] else keccak(update.root)
        salt = keccak(rng.bytes(8))
        if self.terms["epsilon"]:
            salt = salt[:-4] + given.get("epsilon", 0).to_bytes(4, "big")
        self.updates[who] = Revealed(self.evm.role(who), self.seat(who), update, weight, cid, salt)
        return self.updates[who]

    def commitment(self, who: str) -> bytes:
        own = self.updates[who]
        return self.call("commitmentOf", self.state["round"], own.party, own.digest, own.salt)

    def commit(self, *parties: str, **given: Any) -> Any:
        receipt = None
        for who in parties:
            self.train(who, **given)
            receipt = self.send("commit", self.state["round"], self.commitment(who), sender=who)
        return receipt

    def sign(self, who: str, kind: str, *values: Any, **domain: Any) -> bytes:
        """r and vs of an EIP-712 message, whose fields are those of SIGNED; `domain` changes its domain."""
        fields = SIGNED[kind]
        data = {
            "domain_data": {
                "name": "DILN federation",
                "version": "1",
                "chainId": self.evm.web3.eth.chain_id,
                "verifyingContract": self.contract.address,
            }
            | domain,
            "message_types": {kind: [{"name": name, "type": type_} for name, type_ in fields]},
            "message_data": dict(zip((name for name, _ in fields), values, strict=True)),
        }
        signed = Account.sign_typed_data(self.evm.key(who), **data)
        return signed.r.to_bytes(32, "big") + (signed.s | (signed.v - 27) << 255).to_bytes(32, "big")

    def signed_commitment(self, who: str) -> bytes:
        commitment = self.commitment(who)
        return commitment + self.sign(who, "Update", self.state["round"], commitment)

    def commit_signed(self, *parties: str) -> Any:
        for who in parties:
            self.train(who)
        return self.send("commitSigned", b"".join(map(self.signed_commitment, parties)))

    def reveal(self, *parties: str, **options: Any) -> Any:
        return self.send("reveal", b"".join(self.updates[who].entry for who in parties), **options)

    def revealed(self, *parties: str) -> "Scenario":
        """All of them committed and revealed."""
        self.commit(*parties)
        if self.phase is Phase.COMMITTING:
            self.until()
        self.reveal(*parties)
        return self

    def accepted(self, mask: int) -> list[Revealed]:
        """The updates of the seats in `mask`, by seat."""
        held = sorted(self.updates.values(), key=lambda own: own.seat)
        return [own for own in held if mask >> own.seat & 1]

    def prepare(self, who: str, lie: Any = None) -> tuple[Posted, bytes]:
        """What an honest aggregator would claim now, and its trace; `lie` changes a Draft first."""
        accepted, order, merits = self.call("judgement")
        own = self.accepted(accepted)
        values = np.stack([each.update.values for each in own])
        found = self.aggregate(own, values)
        draft = Draft(apply(self.model, found.delta))
        draft.selected = sum(1 << own[place].seat for place in found.selected)
        draft.factors = word(own, found.factors)
        draft.merits = merits
        if self.needs_trace:
            draft.products = list(trace(values))
            if self.terms["pay"] == 2:
                draft.merits = word(own, found.merits(values))
        if lie:
            lie(draft)
        nodes = [trace_leaf(number, each) for number, each in enumerate(draft.products)]
        gram = root_of(nodes) if nodes else b"\0" * 32
        root = model_root(draft.model)
        tail = (draft.selected, draft.factors, draft.merits)
        extra = gram + b"".join(value.to_bytes(32, "big") for value in tail) if nodes else b""
        head = (self.evm.role(who), self.seat(who), root, keccak(root))
        claim = (*head, accepted, *tail, gram, self.leader(order))
        return Posted(claim, draft.model, draft.products), extra

    def aggregate(self, own: list[Revealed], values: Integers) -> Aggregate:
        return aggregate(self.settings, values, [each.weight for each in own])

    @property
    def needs_trace(self) -> bool:
        return self.settings.rule.needs_gram or self.terms["pay"] == 2

    def leader(self, order: int) -> int:
        state = self.state
        while order:
            seat = (order & 255) - 1
            if (state["seats"] & ~state["tried"]) >> seat & 1:
                return seat
            order >>= 8
        return NO_SEAT

    def claim(self, who: str, lie: Any = None, **options: Any) -> Posted:
        posted, extra = self.prepare(who, lie)
        value = options.pop("value", self.terms["bond"] * self.terms["unit"])
        about = self.state["round"], posted.claim[4]
        self.send("claim", *about, *posted.claim[2:4], extra, sender=who, value=value, **options)
        return posted

    def pair(self, posted: Posted, index: int) -> tuple[Any, ...]:
        """Chunk `index` of the model before and of the claimed one."""
        both: list[Any] = [index]
        for vector in (self.model, posted.model):
            data = encode(vector, 4)
            both += [data[index * 128 : (index + 1) * 128], proof_of(leaves(vector, 4), index)]
        return tuple(both)

    def evidence(self, posted: Posted, index: int) -> tuple[Any, ...]:
        """The arguments of refuteChunk."""
        parties = [own.chunk(index) for own in self.accepted(posted.claim[5])]
        return posted.claim, self.link, parties, self.pair(posted, index)

    def step(self, posted: Posted, index: int) -> tuple[Any, ...]:
        """The arguments of refuteStep."""
        nodes = [trace_leaf(number, each) for number, each in enumerate(posted.trace)]
        before = packed(posted.trace[index - 1]) if index else b""
        before_proof = proof_of(nodes, index - 1) if index else []
        parties = [own.chunk(index) for own in self.accepted(posted.claim[4])]
        return posted.claim, parties, index, before, before_proof, nodes[index], proof_of(nodes, index)

    def selection(self, posted: Posted) -> tuple[Any, ...]:
        """The arguments of refuteSelection."""
        nodes = [trace_leaf(number, each) for number, each in enumerate(posted.trace)]
        return posted.claim, packed(posted.trace[-1]), proof_of(nodes, len(nodes) - 1)

    def refute(self, name: str, *args: Any, sender: str = "refuter", announced: bool = True) -> Any:
        """Refute, announced a block ahead."""
        call = self.contract.functions[name](*args)
        if announced:
            data = keccak(hexstr=call._encode_transaction_data())
            who = bytes.fromhex(self.evm.role(sender)[2:]).rjust(32, b"\0")
            self.send("announce", keccak(who + data), sender=sender)
        return self.evm.send(call, sender)

    # ── votes and sums ──────────────────────────────────────────────────────────────────────────────────────

    def vote(self, *voters: str, of: str | tuple[str, ...] = PARTIES) -> Any:
        """All of `voters` vote for the updates of `of`."""
        mask = sum(1 << own.seat for who, own in self.updates.items() if who in of)
        return [self.send("vote", self.state["round"], mask, sender=who) for who in voters]

    def vote_signed(self, mask: int, *voters: str) -> Any:
        number = self.state["round"]
        entries = [mask.to_bytes(32, "big") + self.sign(who, "Votes", number, mask) for who in voters]
        return self.send("voteSigned", b"".join(entries))

    def sum(self, who: str, *parties: str) -> Any:
        """`who` adds the updates of `parties` up, in the order of seats."""
        own = sorted((self.updates[each] for each in parties), key=lambda each: each.seat)
        entries = b"".join(bytes.fromhex(each.party[2:]) + each.update.data for each in own)
        return self.send("sum", entries, sender=who)

    def mined(self, who: str, posted: Posted) -> bytes:
        """A nonce for what `who` would claim."""
        target, state = self.call("target"), self.state
        record = self.call("heads")[0]
        head = (
            record + state["round"].to_bytes(32, "big") + bytes.fromhex(posted.claim[0][2:]).rjust(32, b"\0")
        )
        for number in range(1 << 20):
            nonce = number.to_bytes(32, "big")
            if int.from_bytes(keccak(head + posted.claim[2] + nonce), "big") < target:
                return nonce
        raise AssertionError("no nonce")

    def mine(self, who: str, lie: Any = None, nonce: bytes | None = None) -> Posted:
        posted, extra = self.prepare(who, lie)
        found = self.mined(who, posted) if nonce is None else nonce
        value = self.terms["bond"] * self.terms["unit"]
        about = self.state["round"], posted.claim[4]
        self.send("mine", *about, *posted.claim[2:4], extra, found, sender=who, value=value)
        return posted

    def finalize(self, posted: Posted, **options: Any) -> Any:
        self.until()
        receipt = self.send("finalize", posted.claim, **options)
        event = self.events("Finalized", receipt)[0]
        before, number = self.link, self.events("Finalized", receipt)[0]["round"]
        old = keccak(before[0] + before[1].to_bytes(32, "big") + before[2] + before[3])
        self.link = (old, number, posted.claim[2], keccak(self._encoded(posted.claim)))
        assert event["record"] == self.record
        self.model = posted.model
        return receipt

    @property
    def record(self) -> bytes:
        old, number, root, claim = self.link
        return keccak(old + number.to_bytes(32, "big") + root + claim)

    def _encoded(self, claim: tuple[Any, ...]) -> bytes:
        (entry,) = [each for each in self.contract.abi if each.get("name") == "finalize"]
        types = [each["type"] for each in entry["inputs"][0]["components"]]
        return self.evm.web3.codec.encode(types, claim)

    def play(self, *parties: str, claimer: str = "") -> Posted:
        """A whole round in which nobody lies."""
        self.revealed(*parties)
        posted = self.claim(claimer or parties[0])
        self.finalize(posted)
        return posted

    # ── the committee ───────────────────────────────────────────────────────────────────────────────────────

    @property
    def ballot(self) -> dict[str, int]:
        names = ("round", "drawnFrom", "committee", "spoke", "judged")
        return dict(zip(names, self.call("ballot"), strict=True))

    def members(self) -> list[str]:
        """The committee, drawn if it was not."""
        if not self.ballot["committee"]:
            self.send("draw")
        return self._at(self.ballot["committee"])

    def awaited(self) -> list[str]:
        """Whom the block that is fixed will draw, with the first scores."""
        seed = self.evm.web3.eth.get_block(self.ballot["drawnFrom"])["hash"]
        return self._at(self.call("committeeFrom", seed))

    def _at(self, mask: int) -> list[str]:
        return [who for who in self.joined if self.seat(who) < 16 and mask >> self.seat(who) & 1]

    @staticmethod
    def secret(who: str) -> bytes:
        """A scorer's salt."""
        return keccak(who.encode())

    def speak(self, scores: dict[str, int], *members: str) -> Any:
        """`members` (signed) commit to `scores`, words by name."""
        entries = b""
        for who in members:
            commitment = self.scores_commitment(who, scores[who])
            entries += commitment + self.sign(who, "Scores", self.state["round"], commitment)
        return self.send("commitScores", entries)

    def scores_commitment(self, who: str, scores: int) -> bytes:
        number, seat = self.state["round"], self.seat(who)
        return self.call("scoresCommitmentOf", number, seat, scores, self.secret(who))

    def judge(self, scores: dict[str, int], *members: str) -> Any:
        return self.send("revealScores", b"".join(self.opening(who, scores[who]) for who in members))

    def opening(self, who: str, scores: int, seat: int | None = None) -> bytes:
        """An entry of `revealScores`, under another's `seat` if one is given."""
        named = self.seat(who) if seat is None else seat
        return bytes([named]) + scores.to_bytes(32, "big") + self.secret(who)

    def scores(self, **of: int) -> int:
        """A word of scores by name."""
        return sum(score << 16 * self.seat(who) for who, score in of.items())

    # ── money ───────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def held(self) -> int:
        return self.evm.web3.eth.get_balance(self.contract.address) // self.terms["unit"]

    def settle(self, *parties: str) -> None:
        """All is over: everybody leaves and takes what is theirs, and nothing stays."""
        assert self.phase is Phase.CLOSED
        for who in parties:
            if self.seat(who) != NO_SEAT:
                self.send("leave", sender=who)
        for who in [*self.evm.roles]:
            if amount := self.call("balanceOf", self.evm.role(who)):
                self.send("withdraw", self.evm.role(who), amount, sender=who)
        if self.balance(BURNT):
            self.send("withdrawFor", BURNT)
        assert self.evm.web3.eth.get_balance(self.contract.address) == 0


@dataclass
class Draft:
    """A claim before it is posted, for whoever wants to lie in it."""

    model: Integers
    selected: int = 0
    factors: int = 0
    merits: int = 0
    products: list[Any] = field(default_factory=list)


def word(own: list[Revealed], numbers: Any) -> int:
    return sum(int(number) << 16 * each.seat for each, number in zip(own, numbers, strict=False))


SIGNED = {
    "Update": [("round", "uint256"), ("commitment", "bytes32")],
    "Scores": [("round", "uint256"), ("commitment", "bytes32")],
    "Votes": [("round", "uint256"), ("accepted", "uint256")],
    "Admission": [("party", "address"), ("deadline", "uint256")],
}
COMMONS = "FederationCommons", "FederationDisputes", "FederationMaskedDisputes"
MASKED = "MaskedFederation"
NAMES = {
    0: "TrustedFederation",
    1: "QualityFederation",
    2: "WorkFederation",
    3: "StakeFederation",
    4: "DelegatesFederation",
    5: "LearningFederation",
}


def bind(evm: Evm, name: str, address: str) -> Any:
    """A federation, with what it lets the code for seats and disputes do."""
    found = {}
    codes = name, COMMONS[0], COMMONS[1 + (name == MASKED)]
    for entry in (each for code in codes for each in artifact(code)["abi"]):
        types = tuple(each["type"] for each in entry.get("inputs", ()))
        found.setdefault((entry["type"], entry.get("name"), types), entry)
    return evm.web3.eth.contract(address=address, abi=list(found.values()))


def deploy_factory(evm: Evm) -> Any:
    commons, disputes, masked = (evm.deploy(name).address for name in COMMONS)
    policies = [evm.deploy(name, commons, disputes).address for name in NAMES.values()]
    return evm.deploy("FederationFactory", *policies, evm.deploy(MASKED, commons, masked).address)
