"""Mutate what moves money, and see whether the invariants notice: `make mutate`.

    python -m tests.mutation [--actions 2000] [--first 200] [--sample 1.0] [--seed 1]
                             [--files NAME] [--functions REGEX] [--plain] [--tests PATH …] [--after LOG …]
                             [SYSTEM …]

prints of every mutant what was changed, where, and what became of it; docs/security/mutation.md explains
survivors. Each mutant meets few actions first, and those that survive them more: most die at once. Those that
survive all meet the contract tests in each PATH, with --tests; with --actions 0 all mutants do. With --after
those are left out that an earlier output names as killed or refused: a play that was stopped goes on.
"""

import argparse
import json
import random
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests import forge
from tests.mutation.checking import Suite
from tests.mutation.mutants import ROOT, Mutant, mutants_of, request, solc, written

COMPETITION = [
    f"contracts/competition/Competition{part}.sol"
    for part in ("Base", "Training", "Submissions", "Evaluation", "Payouts")
]
SECONDS = 30
"""Of CPU: a mutant that takes more loops."""
FOLDER = ROOT / ".build" / "mutants"


@dataclass(frozen=True)
class Target:
    """The contract `name`, which is deployed from `file`: `sources` of it are mutated, `invariants` judge."""

    invariants: str
    file: str
    name: str
    sources: Sequence[str]


def _policy(invariants: str, name: str, *sources: str) -> Target:
    """A federation of one policy, or in one mode, whose own code is in `sources`."""
    paths = [f"contracts/federation/{source}.sol" for source in sources]
    return Target(f"Federation{invariants}", "contracts/federation/Compositions.sol", name, paths)


SYSTEMS = {
    "Stake": Target(
        "Stake",
        "contracts/sum/Compositions.sol",
        "SparsePerceptronStake",
        [
            "contracts/sum/incentives/SelfAssessment.sol",
            "contracts/sum/DataHandler.sol",
            "contracts/sum/Purse.sol",
            "contracts/kernel/Funds.sol",
            "contracts/sum/Records.sol",
        ],
    ),
    "Game": Target(
        "Game",
        "contracts/sum/Compositions.sol",
        "NaiveBayesGame",
        ["contracts/sum/incentives/Gamification.sol"],
    ),
    "Market": Target(
        "Market",
        "contracts/market/MarketCompositions.sol",
        "SparsePerceptronMarket",
        [
            "contracts/market/MarketPayment.sol",
            "contracts/market/MarketParticipation.sol",
            "contracts/market/MarketCommitment.sol",
            "contracts/market/MarketReward.sol",
            "contracts/market/MarketBalances.sol",
            "contracts/market/Pot.sol",
        ],
    ),
    "Direct": Target("Direct", "contracts/competition/Competition.sol", "Competition", COMPETITION),
    "Optimistic": Target(
        "Optimistic",
        "contracts/competition/Competition.sol",
        "Competition",
        ["contracts/competition/CompetitionDisputes.sol"],
    ),
    "Tournament": Target(
        "Tournament",
        "contracts/tournament/Tournament.sol",
        "Tournament",
        [
            "contracts/tournament/Tournament.sol",
            "contracts/tournament/Payouts.sol",
            "contracts/tournament/Targets.sol",
            "contracts/kernel/Balances.sol",
            "contracts/kernel/Commitments.sol",
            "contracts/kernel/Currency.sol",
            "contracts/kernel/Phases.sol",
        ],
    ),
    "Registry": Target(
        "Registry",
        "contracts/registry/ModelRegistry.sol",
        "ModelRegistry",
        [
            "contracts/registry/ModelRegistry.sol",
            "contracts/registry/Projects.sol",
            "contracts/registry/Approvals.sol",
            "contracts/registry/Batches.sol",
        ],
    ),
    "FederationClaims": Target(
        "Federation",
        "contracts/federation/Compositions.sol",
        "TrustedFederation",
        [
            "contracts/federation/Claims.sol",
            "contracts/federation/FederationLedger.sol",
            "contracts/federation/FederationBase.sol",
            "contracts/federation/Updates.sol",
            "contracts/federation/policies/Trusted.sol",
        ],
    ),
    "FederationDirect": _policy("Direct", "TrustedFederation", "Direct"),
    "FederationQuality": _policy("Quality", "QualityFederation", "policies/Quality", "Claims"),
    "FederationWork": _policy("Work", "WorkFederation", "policies/Work", "policies/Votes", "Claims"),
    "FederationStake": _policy("Stake", "StakeFederation", "policies/Stake"),
    "FederationDelegates": _policy("Delegates", "DelegatesFederation", "policies/Delegates"),
    "FederationLearning": _policy("Learning", "LearningFederation", "policies/Learning"),
    "FederationDisputes": Target(
        "Federation",
        "contracts/federation/FederationCommons.sol",
        "FederationDisputes",
        ["contracts/federation/Disputes.sol", "contracts/federation/FederationLedger.sol"],
    ),
    "Masked": Target(
        "FederationMasked",
        "contracts/federation/Compositions.sol",
        "MaskedFederation",
        [
            "contracts/federation/policies/Masked.sol",
            "contracts/federation/Masks.sol",
            "contracts/federation/FederationLedger.sol",
        ],
    ),
    "MaskedDisputes": Target(
        "FederationMasked",
        "contracts/federation/FederationCommons.sol",
        "FederationMaskedDisputes",
        ["contracts/federation/MaskedDisputes.sol", "contracts/federation/Masks.sol"],
    ),
    "FederationSeats": Target(
        "Federation",
        "contracts/federation/FederationCommons.sol",
        "FederationCommons",
        [
            "contracts/federation/Seats.sol",
            "contracts/federation/FederationLedger.sol",
            "contracts/kernel/Currency.sol",
        ],
    ),
    "FederationBacking": Target(
        "FederationStake",
        "contracts/federation/FederationCommons.sol",
        "FederationCommons",
        ["contracts/federation/Backing.sol"],
    ),
}


def build(system: str, chosen: Sequence[Mutant]) -> tuple[dict[int, Mutant], list[Mutant]]:
    """Compile the system's contract with as many of `chosen` as it takes: number → mutant, and the rest.

    What the compiler complains about is left out.
    """
    file, name = SYSTEMS[system].file, SYSTEMS[system].name
    numbered = dict(enumerate(chosen, start=1))
    rest: list[Mutant] = []
    while numbered:
        sources = {file: (ROOT / file).read_text(encoding="utf-8")}
        for source in {mutant.source for mutant in numbered.values()}:
            own = [(number, mutant) for number, mutant in numbered.items() if mutant.source == source]
            sources[source] = written(source, own)
        output, errors = solc(request(sources, {file: {name: ["evm.bytecode.object"]}}))
        if not errors:
            code = output["contracts"][file][name]["evm"]["bytecode"]["object"]
            place = FOLDER / system
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{name}.json").write_text(json.dumps({"bytecode": "0x" + code}), encoding="utf-8")
            return numbered, rest
        wrong = _named(numbered, errors)
        if not wrong:
            print(f"  {errors[0].splitlines()[0]}: every other one later", file=sys.stderr)
            wrong = set(list(numbered)[::2])
            rest += [numbered[number] for number in wrong if len(numbered) > 1]
        numbered = {number: mutant for number, mutant in numbered.items() if number not in wrong}
    return {}, rest


def _named(numbered: dict[int, Mutant], errors: list[str]) -> set[int]:
    """Those in the lines that the compiler names."""
    lines = [line for error in errors for line in error.splitlines()]
    return {
        number
        for number in numbered
        if any(f"basefee == {number} " in line or f"!= {number})" in line for line in lines)
    }


def _played(system: str, number: int, actions: int) -> forge.Outcome:
    """What becomes of the mutant with this number; 0 is none."""
    environ = {
        "DILN_MUTANT": str((FOLDER / system).relative_to(ROOT)),
        "DILN_MUTANT_NUMBER": str(number),
        "FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT": "0",
        "FOUNDRY_DISABLE_CODE_SIZE_LIMIT": "true",
    }
    (outcome,) = forge.run(
        actions, [SYSTEMS[system].invariants], "0x1", environ, SECONDS if number else 0
    )  # 0 may compile first
    return outcome


def survivors(system: str, numbered: dict[int, Mutant], rounds: Sequence[int]) -> dict[int, Mutant]:
    """Those under which everything seems to hold, in so many actions of each round."""
    if not _played(system, 0, rounds[-1]).held:
        raise RuntimeError(f"{system} does not hold without a mutant")
    alive = {}
    for number, mutant in numbered.items():
        for actions in rounds:
            outcome = _played(system, number, actions)
            if not outcome.held:
                break
        place = mutant.place((ROOT / mutant.source).read_bytes())
        print(f"  {'survives' if outcome.held else 'killed'}: {place}", flush=True)
        if outcome.held:
            alive[number] = mutant
    return alive


def refused(system: str, alive: dict[int, Mutant], tests: list[str]) -> int:
    """How many of `alive` fail a test: prints which, and which mutants no test reaches or notices."""
    name = SYSTEMS[system].name

    def tell(number: int, what: str) -> None:
        mutant = alive[number]
        print(f"  {what}: {mutant.place((ROOT / mutant.source).read_bytes())}", flush=True)

    suite = Suite(name, FOLDER / system / f"{name}.json", tests)
    met, other = suite.check(list(alive), lambda number, test: tell(number, f"refused by {test}"))
    left_out = ", ".join(suite.failed) or "none"
    print(f"  left out, since they fail without a mutant, or when they run again: {left_out}")
    for number in met:
        tell(number, "not refused")
    for number in other:
        tell(number, "not reached")
    sys.stdout.flush()
    return len(alive) - len(met) - len(other)


def noticed_in(log: str) -> set[str]:
    """The places of the mutants that an earlier output says to be killed, or refused by a test."""
    lines = (line.strip() for line in Path(log).read_text(encoding="utf-8").splitlines())
    return {line.split(": ", 1)[1] for line in lines if line.startswith(("killed: ", "refused by "))}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--actions", type=int, default=2_000, help="against what survives; none with 0")
    parser.add_argument("--first", type=int, default=200, help="before, against every one")
    parser.add_argument("--sample", type=float, default=1.0, help="the part of all mutants that is tried")
    parser.add_argument("--files", default="", help="a part of the names of those that are mutated")
    parser.add_argument("--functions", default=".*", help="those that are mutated, as a regular expression")
    parser.add_argument("--plain", action="store_true", help="leave out numbers that grow by one")
    parser.add_argument("--tests", action="append", default=[], metavar="PATH", help="also those")
    parser.add_argument("--after", action="append", default=[], metavar="LOG", help="what it left")
    parser.add_argument("--seed", type=int, default=1, help="which part")
    parser.add_argument("systems", nargs="*", choices=[*SYSTEMS, []], metavar="SYSTEM")
    options = parser.parse_args(arguments)
    choice = random.Random(options.seed)
    before = {place for log in options.after for place in noticed_in(log)}

    def wanted(mutant: Mutant) -> bool:
        number = mutant.what.endswith(" + 1") and mutant.what[:-4].isdigit()
        return (
            bool(re.fullmatch(options.functions, mutant.function))
            and not (options.plain and number)
            and mutant.place((ROOT / mutant.source).read_bytes()) not in before
        )

    for system in options.systems or SYSTEMS:
        sources = [each for each in SYSTEMS[system].sources if options.files in each]
        every = [mutant for source in sources for mutant in mutants_of(source) if wanted(mutant)]
        left = [mutant for mutant in every if choice.random() < options.sample]
        tried, killed, noticed = 0, 0, 0
        while left:
            alive, left = build(system, left)
            tried += len(alive)
            if options.actions and alive:
                many = len(alive)
                alive = survivors(system, alive, (options.first, options.actions))
                killed += many - len(alive)
            if options.tests and alive:
                noticed += refused(system, alive, options.tests)
        found = f"invariants killed {killed}, tests refused {noticed}"
        print(f"{system}: {len(every)} mutants, {tried} tried; {found}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
