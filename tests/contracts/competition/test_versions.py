"""One root, one version: whatever an organizer hides under its root, nothing but what it committed to opens.

The attack: one entry of the tree, the host, is not a leaf but a pair of the host's leaf and another version
of some group. With proofs of any length, or pairs in any order, both versions would lead to the root, and the
organizer would choose between them once all models are public.

├── a second version of a test group: neither opened nor taken as evidence
└── a first group that is skipped is not looked at, and changes nothing

tests/contracts/kernel/test_merkle.py has the walk itself.
"""

from dataclasses import dataclass, field

from orchestrator.merkle import proof_of
from tests.contracts.competition.reference import Data, pair
from tests.contracts.competition.scenario import GOOD, OPTIMISTIC, TERMS, make_data
from tests.contracts.competition.test_course import refused


@dataclass
class Versions(Data):
    """Data whose entry `host` hides `other`, a second version of group `number`."""

    host: int = 0
    number: int = 0
    other: Data = field(default=None)

    def leaves(self):
        found = super().leaves()
        found[self.host] = pair(found[self.host], self.other.leaves()[self.number])
        return found

    def second(self):
        """The arguments that open the second version."""
        salt, data, _ = self.other.opening(self.number)
        hosts = Data.leaves(self)[self.host]
        return salt, data, [hosts, *proof_of(self.leaves(), self.host)]


def with_versions(create, **changes):
    """A competition whose last test group has a second version, where every label is another."""
    terms = TERMS | changes
    for host in range(terms["groups"]):
        for number in range(terms["groups"]):
            true = make_data(terms)
            flipped = [bytes(b ^ (i % 3 == 2) for i, b in enumerate(group)) for group in true.groups]
            other = Data(flipped, [bytes(31) + b"\x07"] * len(flipped), 2, 2, 5)
            data = Versions(true.groups, true.salts, 2, 2, 5, host, number, other)
            scenario = create(data=data, **changes)
            scenario.draw()
            if scenario.test_groups[0] == number and host not in scenario.test_groups:
                return scenario
    raise AssertionError("no split was drawn that suits the attack")


def test_open_test__second_version_of_a_group__refused(create):
    scenario = with_versions(create)
    scenario.commit("alice", GOOD)
    scenario.at("reveal")
    scenario.reveal(0)
    scenario.at("opening")
    first = scenario.test_groups[0]
    with refused("WrongProof", first):
        scenario.send(scenario.f.openTest(0, [scenario.data.second()]), "organizer")
    scenario.open_test()
    scenario.evaluate(0)
    assert scenario.score_of(0) == 10**9  # the perfect model is judged by what was committed


def test_refute__with_a_second_version_of_the_sample__refused(create):
    scenario = with_versions(create, mode=OPTIMISTIC).played_from_training(alice=GOOD)
    scenario.claim(0)
    data = scenario.data
    group = scenario.test_groups[0]
    evidence = list(scenario.evidence(0, 0, scenario.predictions(0)))
    leaves = data.other.sample_leaves(group)
    evidence[4:6] = data.other.salts[group], data.other.samples(group)[0]
    evidence[6:] = list(proof_of(leaves, 0)), data.second()[2]
    with refused("WrongProof", group):
        scenario.send(scenario.f.refute(tuple(evidence)), "refuter")


def test_answer__host_of_a_second_version__cannot_be_answered(create):
    """The host itself is not a leaf: whoever challenges it gets half the bond."""
    scenario = with_versions(create)
    host = scenario.data.host
    scenario.send(scenario.f.challenge(host), "alice", TERMS["stake"])
    salt, data, proof = scenario.data.opening(host)
    for tried in (proof, [scenario.data.other.leaves()[scenario.data.number], *proof]):
        with refused("WrongProof", host):
            scenario.send(scenario.f.answer(host, (salt, data, list(tried))), "organizer")


def test_open_test__front_run_by_a_part_of_it__goes_on(create):
    scenario = create(testGroups=3)
    scenario.draw()
    scenario.commit("alice", GOOD)
    scenario.at("reveal")
    scenario.reveal(0)
    scenario.at("opening")
    scenario.open_test(scenario.test_groups[:1], sender="bob")  # what bob saw in the mempool
    scenario.open_test(scenario.test_groups, first=0)
    assert scenario.progress["opened"] == 3
    scenario.evaluate(0)
    assert scenario.score_of(0) == 10**9
    with refused("WrongGroups", 3):
        scenario.open_test(scenario.test_groups, first=0)


def test_open_test__skipped_group_of_any_length__changes_nothing(create):
    scenario = create(testGroups=3)
    scenario.draw()
    scenario.commit("alice", GOOD)
    scenario.at("reveal")
    scenario.reveal(0)
    scenario.at("opening")
    scenario.open_test(scenario.test_groups[:1])
    rest = [scenario.data.opening(group) for group in scenario.test_groups[1:]]
    scenario.send(scenario.f.openTest(0, [(bytes(32), b"", []), *rest]), "bob")
    scenario.evaluate(0)
    assert scenario.score_of(0) == 10**9
