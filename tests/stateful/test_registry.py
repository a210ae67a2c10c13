"""Random histories of the registry: the contract, a model in Python, its views and its events must agree.

Every action is tried on the contract and on the model; either both accept it or both refuse it with the
same error. At the end the whole state is rebuilt from the events alone and read from the views; all three
must be equal.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.contracts.registry.world import ZERO, Kind, Message, Status, World, sha256
from tests.evm import Reverted
from tests.stateful.registry_model import Batch, Model, Project, Refused, Signed, Version, cid, version_id
from tests.stateful.registry_state import from_events, from_views

ROLES = ["owner", "publisher", "alice", "bob", "carol", "stranger"]
ARTIFACTS = [f"the model number {index}".encode() for index in range(5)]
NOT_PUBLISHED = sha256("never published")

# Words for whoever it is at that moment, so that most actions are by somebody who may do them.
OWNER, PUBLISHER, INVITED, MEMBER = "the owner", "a publisher", "the pending owner", "a member"
ENOUGH = "enough"


@dataclass(frozen=True)
class Where:
    """A project, by who creates it and how it is called; and who acts there."""

    creator: str
    name: str
    caller: str


def _somewhere(*callers: str) -> st.SearchStrategy[Where]:
    project = st.sampled_from([("owner", "a")] * 12 + [("publisher", "a"), ("owner", "b")])
    caller = st.one_of(*(st.just(word) for word in callers * 3), st.sampled_from(ROLES))
    return st.builds(lambda named, by: Where(*named, by), project, caller)


digit = st.integers(0, 9)  # 9: something that does not exist
role = st.sampled_from(ROLES)
roles = st.lists(role, max_size=2)
artifact = st.sampled_from(ARTIFACTS)
status = st.sampled_from([Status.PUBLISHED, Status.DEPRECATED, Status.DEPLOYABLE, *Status])
kind = st.sampled_from(Kind)
rarely = st.integers(0, 9).map(lambda number: number == 9)
signers = st.one_of(*[st.just(ENOUGH)] * 4, st.lists(role, max_size=4, unique=True))


@cache
def _world() -> World:
    world = World.new()
    for piece in {piece for whole in ARTIFACTS for piece in _pieces(whole)}:
        world.send("storeChunk", piece)
    return world


def _pieces(whole: bytes) -> list[bytes]:
    return [whole[:10], whole[10:]]


class RegistryMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = _world()
        self.snapshot = self.world.evm.snapshot()
        self.start = self.world.evm.web3.eth.block_number + 1
        self.model = Model()
        self.names = {self.world.role(name): name for name in ROLES}

    def teardown(self) -> None:
        rebuilt = from_events(self.world, self.start)
        viewed = from_views(self.world, rebuilt, self.world.roles(*ROLES))
        self.world.evm.revert(self.snapshot)
        assert rebuilt == self.model.projects
        assert viewed == self.model.projects

    def act(self, sender: str, function: str, *args: Any, model: Callable[[int], None]) -> None:
        """Try it on the contract, then on the model (which is told the block's time); they must agree."""
        refusal = expected = None
        try:
            self.world.send(function, *args, sender=self.names[sender])
        except Reverted as error:
            refusal = error.error
        before = copy.deepcopy(self.model.projects)
        try:
            model(self.world.evm.now)
        except Refused as error:
            expected = str(error)
            self.model.projects = before
        assert refusal == expected, f"{function} by {self.names[sender]}"

    def find(self, where: Where) -> tuple[bytes, str]:
        """The project's id, and the address of who acts."""
        chain = self.world.evm.web3.eth.chain_id
        values = [chain, self.world.registry.address, self.world.role(where.creator), where.name]
        project_id = keccak(encode(["uint256", "address", "address", "string"], values))
        project = self.model.projects.get(project_id, Project("", self.world.role(where.creator)))
        words = {
            OWNER: project.owner,
            PUBLISHER: min(project.publishers, default=project.owner),
            INVITED: project.pending or project.owner,
            MEMBER: min(project.publishers | project.participants, default=project.owner),
        }
        return project_id, words.get(where.caller) or self.world.role(where.caller)

    def approvals(
        self, message: Message, signers: list[str] | str, forged: bool, shuffled: bool = False
    ) -> tuple[list[tuple[str, bytes]], list[Signed]]:
        """Signatures by ascending signer, unless shuffled; the last one with another's key if forged."""
        project = self.model.projects.get(message["projectId"], Project("", ""))
        if signers == ENOUGH:
            signers = [self.names[one] for one in sorted(project.participants)[: project.threshold]]
        ranked = sorted(signers, key=lambda name: int(self.world.role(name), 16), reverse=shuffled)
        keys = [*ranked[:-1], "judge"] if forged and ranked else ranked
        pairs = list(zip(ranked, keys, strict=True))
        sent = [(self.world.role(name), self.world.signature(message, key)) for name, key in pairs]
        return sent, [Signed(self.world.role(name), name == key) for name, key in pairs]

    # ------------------------------------------------------------- projects

    @initialize(participants=st.sets(role, min_size=1, max_size=4), threshold=st.integers(0, 2))
    def begin(self, participants: set[str], threshold: int) -> None:
        threshold = min(threshold, len(participants))
        where = Where("owner", "a", "owner")
        self.create(where, ["publisher"], sorted(participants), threshold)
        for whole in ARTIFACTS[:2]:
            self.publish(
                where, whole, (Kind.RAW, True), [], whole == ARTIFACTS[1], False, ENOUGH, False, False
            )

    @rule(where=_somewhere(OWNER), publishers=roles, participants=roles, threshold=st.integers(0, 2))
    def create(self, where: Where, publishers: list[str], participants: list[str], threshold: int) -> None:
        where = Where(where.creator, where.name, where.creator)
        project_id, who = self.find(where)
        given = (where.name, self.world.roles(*publishers), self.world.roles(*participants), threshold)
        self.act(who, "createProject", *given, model=lambda _: self.model.create(project_id, who, *given))

    @rule(where=_somewhere(OWNER), added=roles, removed=roles)
    def set_publishers(self, where: Where, added: list[str], removed: list[str]) -> None:
        project_id, who = self.find(where)
        given = (self.world.roles(*added), self.world.roles(*removed))
        self.act(
            who,
            "setPublishers",
            project_id,
            *given,
            model=lambda _: self.model.set_publishers(project_id, who, *given),
        )

    @rule(where=_somewhere(OWNER), added=roles, removed=roles, threshold=st.integers(0, 3))
    def set_participants(self, where: Where, added: list[str], removed: list[str], threshold: int) -> None:
        project_id, who = self.find(where)
        given = (self.world.roles(*added), self.world.roles(*removed), threshold)
        self.act(
            who,
            "setParticipants",
            project_id,
            *given,
            model=lambda _: self.model.set_participants(project_id, who, *given),
        )

    @rule(where=_somewhere(MEMBER), sure=rarely)
    def resign(self, where: Where, sure: bool) -> None:
        if sure:
            project_id, who = self.find(where)
            self.act(who, "resign", project_id, model=lambda _: self.model.resign(project_id, who))

    @rule(where=_somewhere(OWNER), new_owner=st.one_of(st.none(), role))
    def offer(self, where: Where, new_owner: str | None) -> None:
        project_id, who = self.find(where)
        to = self.world.role(new_owner) if new_owner else None
        self.act(
            who,
            "transferOwnership",
            project_id,
            to or ZERO,
            model=lambda _: self.model.offer(project_id, who, to),
        )

    @precondition(lambda self: any(project.pending for project in self.model.projects.values()))
    @rule(where=_somewhere(INVITED))
    def accept(self, where: Where) -> None:
        project_id, who = self.find(where)
        self.act(who, "acceptOwnership", project_id, model=lambda _: self.model.accept(project_id, who))

    @rule(where=_somewhere(OWNER), wrongly=rarely)
    def set_paused(self, where: Where, wrongly: bool) -> None:
        project_id, who = self.find(where)
        paused = self.model.projects.get(project_id, Project("", "")).paused == wrongly
        function = "pause" if paused else "unpause"
        self.act(who, function, project_id, model=lambda _: self.model.set_paused(project_id, who, paused))

    # ------------------------------------------------------------- versions

    @rule(
        where=_somewhere(PUBLISHER, OWNER),
        whole=artifact,
        address=st.tuples(kind, st.booleans()),
        parents=st.lists(digit, max_size=2),
        deployable=st.booleans(),
        on_chain=st.booleans(),
        signers=signers,
        forged=rarely,
        shuffled=rarely,
    )
    def publish(
        self,
        where: Where,
        whole: bytes,
        address: tuple[Kind, bool],
        parents: list[int],
        deployable: bool,
        on_chain: bool,
        signers: list[str] | str,
        forged: bool,
        shuffled: bool,
    ) -> None:
        project_id, who = self.find(where)
        content = {"deployable": deployable, "parents": self.parents(parents, shuffled)} | _cid(
            whole, *address
        )
        message = self.world.publication(whole, projectId=project_id, **content)
        sent, signed = self.approvals(message, signers, forged, shuffled)
        chunks = [self.world.call("chunkAddress", piece) for piece in _pieces(whole)] if on_chain else []

        def model(now: int) -> None:
            status = Status.DEPLOYABLE if deployable else Status.PUBLISHED
            shown = cid(message["cidKind"], message["cidDigest"])
            version = Version(0, status, now, 0, message["manifestDigest"], shown, message["parents"], chunks)
            self.model.publish(project_id, who, sha256(whole), version, signed)

        function, more = ("publishOnChain", [chunks]) if on_chain else ("publish", [])
        self.act(who, function, message, sent, *more, model=model)

    @rule(where=_somewhere(PUBLISHER, OWNER), whole=artifact)
    def attach(self, where: Where, whole: bytes) -> None:
        project_id, who = self.find(where)
        chunks = [self.world.call("chunkAddress", piece) for piece in _pieces(whole)]
        given = (sha256(whole), chunks)
        self.act(
            who,
            "attachArtifact",
            project_id,
            *given,
            model=lambda _: self.model.attach(project_id, who, *given),
        )

    @rule(
        where=_somewhere(PUBLISHER, OWNER),
        picked=digit,
        status=status,
        signers=signers,
        forged=rarely,
        stale=rarely,
    )
    def promote(
        self, where: Where, picked: int, status: Status, signers: list[str] | str, forged: bool, stale: bool
    ) -> None:
        project_id, who = self.find(where)
        hashed = self.known(project_id, picked)
        version = self.model.projects.get(project_id, Project("", "")).versions.get(hashed)
        message = {
            "projectId": project_id,
            "artifactHash": hashed,
            "status": status,
            "revision": (version.revision if version else 0) + stale,
        }
        sent, signed = self.approvals(message, signers, forged)
        if stale:
            signed = [Signed(approval.signer, False) for approval in signed]
        given = (hashed, status)
        self.act(
            who,
            "promote",
            project_id,
            *given,
            sent,
            model=lambda _: self.model.promote(project_id, who, *given, signed),
        )

    @rule(where=_somewhere(PUBLISHER, OWNER), picked=digit, status=status)
    def demote(self, where: Where, picked: int, status: Status) -> None:
        project_id, who = self.find(where)
        given = (self.known(project_id, picked), status)
        self.act(
            who, "demote", project_id, *given, model=lambda _: self.model.demote(project_id, who, *given)
        )

    @rule(where=_somewhere(OWNER), picked=digit, reason=st.sampled_from(["", "poisoned", "long " * 20]))
    def revoke(self, where: Where, picked: int, reason: str) -> None:
        project_id, who = self.find(where)
        given = (self.known(project_id, picked), reason)
        self.act(
            who, "revoke", project_id, *given, model=lambda _: self.model.revoke(project_id, who, *given)
        )

    @rule(
        where=_somewhere(PUBLISHER, OWNER),
        whole=artifact,
        count=st.sampled_from([1, 1000, 2**32 - 1, 0]),
        address=st.tuples(kind, st.booleans()),
    )
    def anchor(self, where: Where, whole: bytes, count: int, address: tuple[Kind, bool]) -> None:
        project_id, who = self.find(where)
        batch = self.world.batch(sha256(whole), count, **_cid(whole, *address))
        shown = cid(batch["cidKind"], batch["cidDigest"])
        self.act(
            who,
            "anchorBatch",
            project_id,
            batch,
            model=lambda now: self.model.anchor(
                project_id, who, batch["root"], Batch(0, count, batch["label"], shown, now)
            ),
        )

    def known(self, project_id: bytes, picked: int) -> bytes:
        """The hash of an artifact that is published in the project, or of one that is not."""
        versions = list(self.model.projects.get(project_id, Project("", "")).versions)
        return versions[picked % len(versions)] if versions and picked < 9 else sha256(ARTIFACTS[0])

    def parents(self, picked: list[int], shuffled: bool) -> list[bytes]:
        """Ids of versions that exist (in any project), or of one that does not; ascending unless shuffled."""
        found = [
            version_id(project_id, one)
            for project_id, project in self.model.projects.items()
            for one in project.versions
        ]
        ids = [found[number % len(found)] if found and number < 9 else NOT_PUBLISHED for number in picked]
        return ids if shuffled else sorted(set(ids))


def _cid(whole: bytes, kind: Kind, own: bool) -> Message:
    """A CID of this kind, with the artifact's own hash for a digest or another."""
    digest = sha256(whole) if own else sha256(sha256(whole))
    return {"cidKind": kind, "cidDigest": bytes(32) if kind == Kind.NONE else digest}


def _run(examples: int, steps: int) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        RegistryMachine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=checks
        ),
    )


def test_registry__random_histories__contract_model_views_and_events_agree() -> None:
    _run(examples=8, steps=35)


@pytest.mark.slow
def test_registry__many_long_histories__contract_model_views_and_events_agree() -> None:
    _run(examples=300, steps=80)
