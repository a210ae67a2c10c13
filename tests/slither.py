"""Run slither over the contracts: `python -m tests.slither` (slither-analyzer on the PATH, or $SLITHER).

Slither gets the compiler's own input, made from brownie-config.yaml, so that it sees what is deployed. Its
options are in slither.config.json, which leaves inline assembly to solhint (it asks for a reason too) and
lets literals be long (masks are); parts with internal functions only are not interfaces either. A finding
that is to stay is suppressed where it stands, with the reason, or stands in ACCEPTED.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.chain.compiler import solc_binary
from orchestrator.config import load_settings

ROOT = Path(__file__).parent.parent
ACCEPTED = {
    ("incorrect-exp", "Merkle.climb"): "a sibling's index differs in the lowest bit: ^ is meant",
    ("divide-before-multiply", "SelfAssessment.sweep"): "shares are whole units; the odd unit is burnt",
    ("incorrect-equality", "SelfAssessment._isFor"): "the lowest bit of a word is a flag",
    ("incorrect-equality", "Pot._payOut"): "nothing is to be credited: nothing is written",
    ("uninitialized-local", "SelfAssessment.refund.earned"): "false until it is earned",
    ("uninitialized-local", "SparseLinear._hold.features"): "a sum that begins with zero",
    ("uninitialized-local", "MarketReward.crank.learned"): "nothing was learned yet",
    (
        "timestamp",
        "DataHandler._collectDeposit",
    ): "the price falls with time, within a maximum that the payer set",
    ("timestamp", "SelfAssessment.report"): "the flag lies beside a time, in one word",
    ("cyclomatic-complexity", "MarketReward.crank"): "one loop over steps of five kinds",
    ("unused-state", "MarketBase.BURNT"): "a measurer is a market's code without its money",
    ("msg-value-in-nonpayable", "CurrencyTransfers.pull"): "payable functions of a system call it",
    ("incorrect-shift", "Targets._shifted"): "a one is shifted into the lane of its class",
    ("uninitialized-state", "Tournament._entries"): "entries are written through storage pointers",
    ("timestamp", "TournamentFactory.create"): "a tournament begins within a year, to the hour at best",
    ("naming-convention", "TournamentFactory.IMPLEMENTATION"): "immutables are written as constants",
    ("naming-convention", "Instance.IMPLEMENTATION"): "immutables are written as constants",
    ("naming-convention", "Delegation.COMMONS"): "immutables are written as constants",
    ("naming-convention", "FederationFactory.TRUSTED"): "immutables are written as constants",
    ("naming-convention", "FederationFactory.QUALITY"): "immutables are written as constants",
    ("naming-convention", "FederationFactory.WORK"): "immutables are written as constants",
    ("naming-convention", "FederationFactory.STAKE"): "immutables are written as constants",
    ("naming-convention", "FederationFactory.DELEGATES"): "immutables are written as constants",
    ("naming-convention", "FederationFactory.LEARNING"): "immutables are written as constants",
    ("naming-convention", "FederationFactory.MASKED"): "immutables are written as constants",
    ("naming-convention", "Delegation.DISPUTES"): "immutables are written as constants",
    ("incorrect-equality", "Commitments._checkRevealed"): "two hashes",
    ("incorrect-equality", "Funds._collect"): "the value of the call is just what is taken: no balance moves",
    ("incorrect-equality", "Funds._withdraw"): "the largest number stands for all",
    ("msg-value-in-nonpayable", "CurrencyTransfers.checkValue"): "payable functions of a system call it",
    ("msg-value-in-nonpayable", "Funds._collect"): "payable functions of a system call it",
    ("msg-value-in-nonpayable", "FederationLedger._take"): "payable functions of a system call it",
    ("unused-state", "Funds.BURN"): "not every heir burns",
    (
        "unused-state",
        "Instance.ARGUMENTS",
    ): "where arguments begin: not every heir reads there",
    ("constable-states", "FederationLedger._record"): "the other parts read what federations write",
    ("constable-states", "FederationLedger._pending"): "the other parts read what federations write",
    ("uninitialized-state", "FederationLedger._record"): "the other parts read what federations write",
    ("uninitialized-state", "FederationLedger._pending"): "the other parts read what federations write",
    ("constable-states", "FederationLedger._among"): "the other parts read what federations write",
    ("uninitialized-state", "FederationLedger._among"): "the other parts read what federations write",
    ("uninitialized-state", "FederationLedger._parties"): "the other parts read what Seats writes",
    ("locked-ether", "FederationDisputes"): "a call of it by itself is refused: only clones have terms",
    ("locked-ether", "TrustedFederation"): "`withdraw` is in FederationCommons, on the same storage",
    ("locked-ether", "QualityFederation"): "`withdraw` is in FederationCommons, on the same storage",
    ("locked-ether", "WorkFederation"): "`withdraw` is in FederationCommons, on the same storage",
    ("locked-ether", "StakeFederation"): "`withdraw` is in FederationCommons, on the same storage",
    ("locked-ether", "MaskedFederation"): "`withdraw` is in FederationCommons, on the same storage",
    ("locked-ether", "FederationMaskedDisputes"): "a call of it by itself is refused: only clones have terms",
    ("locked-ether", "DelegatesFederation"): "`withdraw` is in FederationCommons, on the same storage",
    ("locked-ether", "LearningFederation"): "`withdraw` is in FederationCommons, on the same storage",
    ("divide-before-multiply", "FederationTerms._checkMoney"): "whole groups, each of which has a stake",
    ("shadowing-local", "Stake._carried.sum"): "a sum of weights; `sum` the function is called from outside",
    ("locked-ether", "FederationFactory"): "the value goes to the federation with its creation",
    ("divide-before-multiply", "Rules.floorDiv"): "the remainder of a division that rounds down",
    ("divide-before-multiply", "GramTrace.step"): "a place within a packed triangle",
    ("shadowing-state", "Quality.SIGNED_BYTES"): "both are private: entries of scores, entries of updates",
    ("shadowing-state", "Quality.REVEAL_BYTES"): "both are private: entries of scores, entries of updates",
    ("weak-prng", "Quality._drawCommittee"): "the seed is a later block's hash (kernel/Seed)",
}
"""Findings that stay, by detector and place, with the reason."""

ACCEPTED_BELOW = {
    (
        "incorrect-equality",
        "contracts/federation/",
    ): "phases, seats and hashes out of one word, never balances",
    ("uninitialized-local", "contracts/federation/"): "sums and masks that begin with zero",
    ("unused-state", "contracts/federation/"): "one storage, of which each part uses some",
}
"""Findings that stay in all of a folder, by detector."""


COMPILER = """#!{python}
import json, subprocess, sys
done = subprocess.run([{solc!r}, *sys.argv[1:]], stdout=subprocess.PIPE)
if "--standard-json" not in sys.argv:
    sys.stdout.buffer.write(done.stdout)
    sys.exit(done.returncode)
told = json.loads(done.stdout)
for file in told.get("contracts", {{}}).values():
    for contract in file.values():
        code = {{"object": "", "sourceMap": ""}}
        contract["evm"] = {{"bytecode": code, "deployedBytecode": code}}
json.dump(told, sys.stdout)
"""
"""The compiler as slither calls it. No detector reads code, which takes minutes: none is made."""


def main(arguments: list[str]) -> int:
    """Print each finding that is not accepted; 1 if there is one."""
    config = load_settings(folder=ROOT).compiler
    sources = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "contracts").rglob("*.sol"))
    request = {
        "language": "Solidity",
        "sources": {path: {"content": (ROOT / path).read_text(encoding="utf-8")} for path in sources},
        "settings": {
            "evmVersion": config.evm_version,
            "optimizer": dict(config.optimizer),
            "outputSelection": {"*": {"*": ["abi", "devdoc", "userdoc"], "": ["ast"]}},
            "remappings": list(config.remappings),
            "viaIR": config.via_ir,
        },
    }
    command = [os.environ.get("SLITHER", "slither"), "input.json", "--json", "output.json"]
    command += ["--config-file", str(ROOT / "slither.config.json")]
    command += ["--solc", "./solc", *arguments]
    # Beside a foundry.toml crytic-compile takes forge's compiler, whatever it was told: so it runs elsewhere.
    with tempfile.TemporaryDirectory() as folder:
        elsewhere = Path(folder)
        (elsewhere / "input.json").write_text(json.dumps(request), encoding="utf-8")
        compiler = elsewhere / "solc"
        solc = str(solc_binary(ROOT, config.version))
        compiler.write_text(COMPILER.format(python=sys.executable, solc=solc), encoding="utf-8")
        compiler.chmod(0o755)
        for name in ("contracts", "node_modules"):
            (elsewhere / name).symlink_to(ROOT / name)
        done = subprocess.run(command, cwd=elsewhere, check=False, capture_output=True, text=True)
        found = elsewhere / "output.json"
        if not found.is_file():
            sys.stderr.write(done.stderr)
            return 1
        result = json.loads(found.read_text(encoding="utf-8"))
    if not result["success"]:
        sys.stderr.write(f"{result['error']}\n")
        return 1
    findings = result["results"].get("detectors", [])
    open_ones = [each for each in findings if not _is_accepted(each)]
    for each in open_ones:
        sys.stdout.write(f"{each['check']} at {_place(each)}: {each['description']}\n")
    sys.stdout.write(f"slither: {len(findings)} findings, {len(open_ones)} not accepted\n")
    return 1 if open_ones else 0


def _is_accepted(finding: Mapping[str, Any]) -> bool:
    file = finding["elements"][0]["source_mapping"]["filename_relative"]
    below = any(finding["check"] == check and folder in file for check, folder in ACCEPTED_BELOW)
    return below or (finding["check"], _place(finding)) in ACCEPTED


def _place(finding: Mapping[str, Any]) -> str:
    """Contract, function and variable that a finding is about."""
    element = finding["elements"][0]
    names = [element["name"].partition("(")[0]]
    parent = element.get("type_specific_fields", {}).get("parent", {})
    while parent and parent["type"] != "file":
        names.insert(0, parent["name"])
        parent = parent.get("type_specific_fields", {}).get("parent", {})
    return ".".join(names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
