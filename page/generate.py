"""Write page/src/generated from the package: ABIs, the sentences of errors, addresses, Unicode, fields.

python page/generate.py [FOLDER]
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from orchestrator.chain.artifact import load_artifact  # noqa: E402
from orchestrator.chain.compiler import compile_sources  # noqa: E402
from orchestrator.chain.development import NAMES, private_key  # noqa: E402
from orchestrator.config import load_settings  # noqa: E402
from orchestrator.models.online.alphabet import ASSIGNED  # noqa: E402
from orchestrator.provenance.untold import UNTOLD  # noqa: E402

CONTRACTS = {
    "ModelRegistry": """
        project projects version versions verifyInclusion batch artifact areParticipants publicationDigest
        publish revoke demote pause unpause setParticipants setPublishers
        transferOwnership acceptOwnership
        PublisherAdded PublisherRemoved ParticipantAdded ParticipantRemoved
        ProjectCreated VersionPublished BatchAnchored
    """,
    "CompetitionFactory": "Created",
    "Competition": """
        terms phase progress deadlines submission resultOf ranking payoutOf testMask credit challengeOf
        challenge answer slashWithheld withdrawStake Challenged
        withdraw withdrawCredit withdrawReward commit reveal keep evaluate claim settle refute
        finalize drawSplit slashUndrawn slashUnopened Answered Revealed TestOpened Claimed
    """,
    "SumFactory": "addressOf create Created",
    "SparsePerceptronStake": """
        predict predictBatch add price account status money settings refund report take withdraw creator
        commit reveal sweep Added Refunded Taken Withdrawn Swept Awarded
    """,
    "SparsePerceptronMarket": """
        predict phase deadline state money settings participant balanceOf
        contribute commit open choose expire crank pay withdraw
        Hidden Contributed PortionRevealed Measured Kept Passed Dropped
    """,
    "TournamentFactory": "Created",
    "Tournament": """
        terms roundOf entryOf timesOf balanceOf enter score expire void refund close withdraw
        Entered Scored
    """,
    "FederationFactory": "Created",
    "QualityFederation": """
        terms state clock partyOf balanceOf join leave evict begin close draw skip finalize withdraw
        Joined Claimed Refuted Finalized Skipped Fined
    """,
}
"""What the page calls and reads, by contract."""

MOMENTS = {"closedAt", "deadline"}
"""Values of errors that are Unix seconds."""

RENAMED = {
    "SparsePerceptronStake": "sharedModel",
    "SparsePerceptronMarket": "market",
    "QualityFederation": "federation",
}


PARTS = {
    "QualityFederation": ("QualityFederation", "FederationCommons"),
    "SparsePerceptronStake": ("SparsePerceptronStake", "SparsePerceptronGame"),
}
"""Of a contract that passes calls on: the contracts whose functions it has; of one with variants: those."""


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


def files() -> dict[str, str]:
    """Each generated file with its content."""
    errors, sentences = _errors()
    addresses = json.loads((ROOT / "orchestrator/chain/addresses.json").read_text())
    keys = [[name, "0x" + private_key(name).hex()] for name in NAMES]
    return {
        **{f"abi/{_name(each)}.ts": _file(_constant("abi", _abi(each)) + " as const;") for each in CONTRACTS},
        "trialRun.ts": _file(_constant("trialRun", _creation("TrialRun")) + " as const;"),
        "errors.ts": _file(
            _constant("errors", errors) + " as const;",
            _constant("sentences: Record<string, string>", sentences) + ";",
        ),
        "addresses.ts": _file(_constant("addresses: Record<string, `0x${string}`>", addresses) + ";"),
        "alphabet.ts": _file(_constant("ASSIGNED", ASSIGNED) + ";"),
        "fields.ts": _file(_constant("UNTOLD: Record<string, unknown>", UNTOLD) + ";"),
        "keys.ts": _file(
            "// Everybody knows these keys: those of Anvil's mnemonic, for development chains only.",
            _constant("keys: [string, `0x${string}`][]", keys) + ";",
        ),
    }


def _constant(declared: str, value: Any) -> str:
    return f"export const {declared} = {_json(value)}"


def _file(*lines: str) -> str:
    return "\n".join(["// Written by page/generate.py; do not edit.", *lines, ""])


def _name(contract: str) -> str:
    return RENAMED.get(contract, contract[0].lower() + contract[1:])


def _abi(contract: str) -> list[Any]:
    kept, parts = set(CONTRACTS[contract].split()), PARTS.get(contract, (contract,))
    abi = list({_json(each): each for part in parts for each in load_artifact(part).abi}.values())
    if missing := kept - {each.get("name") for each in abi}:
        raise ValueError(f"{contract} has no {', '.join(sorted(missing))}")
    return [_nameless(_bare(each)) for each in abi if each.get("name") in kept and each["type"] != "error"]


def _nameless(entry: Any) -> Any:
    """Without the names of what is given and returned by place; events are read by name."""
    if entry["type"] == "event":
        return entry
    bare = {
        side: [{key: value for key, value in each.items() if key != "name"} for each in entry[side]]
        for side in ("inputs", "outputs")
        if side in entry
    }
    return {**entry, **bare}


def _creation(contract: str) -> dict[str, Any]:
    """What a contract of the page's own is created with: its code, and its constructor's arguments."""
    config = load_settings(folder=ROOT, environ={}).compiler
    artifact = compile_sources(ROOT, config, folders=["page/contracts"])[contract]
    abi = [_bare(each) for each in artifact["abi"] if each["type"] == "constructor"]
    return {"abi": abi, "bytecode": artifact["bytecode"]}


def _errors() -> tuple[list[Any], dict[str, str]]:
    """Every custom error of the package, and what its contract's source says of it."""
    found = json.loads((ROOT / "orchestrator/chain/errors.json").read_text())
    bare = {_json(each): each for each in (_nameless(_bare({**entry, "notice": None})) for entry in found)}
    return list(bare.values()), {entry["name"]: _sentence(entry) for entry in found if entry.get("notice")}


def _sentence(entry: dict[str, Any]) -> str:
    """An error's notice with the places of its values: {0} of the first, {0t} of one that is a moment."""
    said = str(entry["notice"])
    for at, value in enumerate(entry["inputs"]):
        said = said.replace(f"`{value['name']}`", f"{{{at}{'t' * (value['name'] in MOMENTS)}}}")
    return said


def _bare(value: Any) -> Any:
    """Without what only Solidity's tools read."""
    if isinstance(value, list):
        return [_bare(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _bare(each)
        for key, each in value.items()
        if key != "internalType"
        and each is not None
        and not (key in ("anonymous", "indexed") and each is False)
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "page/src/generated")
