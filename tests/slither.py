"""Run slither over the contracts: `python -m tests.slither` (slither-analyzer on the PATH, or $SLITHER).

Slither gets the compiler's own input, made from brownie-config.yaml, so that it sees what is deployed. Its
options are in slither.config.json, which leaves inline assembly to solhint (it asks for a reason too) and
lets literals be long (masks are); parts with internal functions only are no interfaces either. A finding that
is to stay is suppressed where it stands, with the reason.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from orchestrator.chain.compiler import solc_binary
from orchestrator.config import load_settings

ROOT = Path(__file__).parent.parent


def main(arguments: list[str]) -> int:
    config = load_settings(folder=ROOT).compiler
    sources = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "contracts").rglob("*.sol"))
    request = {
        "language": "Solidity",
        "sources": {path: {"content": (ROOT / path).read_text(encoding="utf-8")} for path in sources},
        "settings": {
            "evmVersion": config.evm_version,
            "optimizer": dict(config.optimizer),
            "remappings": list(config.remappings),
            "viaIR": config.via_ir,
        },
    }
    target = ROOT / ".build" / "slither-input.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(request), encoding="utf-8")
    command = [os.environ.get("SLITHER", "slither"), str(target), "--config-file", "slither.config.json"]
    solc = str(solc_binary(ROOT, config.version))
    return subprocess.run([*command, "--solc", solc, *arguments], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
