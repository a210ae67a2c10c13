"""Build the npm package `@diln/contracts`: `make npm`, or `python contracts/npm.py FOLDER`.

It holds the sources, each contract's ABI (as JSON, and as constants whose types TypeScript knows), the
addresses that are the same on every chain, and what is known of public chains. Nothing is published.
"""

import json
import runpy
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "contracts"
ARTIFACTS = ROOT / "orchestrator" / "chain" / "artifacts"
ADDRESSES = ROOT / "orchestrator" / "chain" / "addresses.json"
DEPLOYMENTS = ROOT / "orchestrator" / "deployments"
LIBRARIES = ("@openzeppelin/contracts", "solady")
README = """# @diln/contracts

The contracts of DILN: a model registry, shared models, prediction markets, competitions.

```solidity
import {IModelRegistry} from "@diln/contracts/registry/IModelRegistry.sol";
```

```ts
import { addresses, modelRegistryAbi } from "@diln/contracts";
```

`abi/` has an ABI for each contract. The addresses are the same on every chain: a contract that does not stand
there yet is deployed by anybody with `diln migrate`, to that very address. `deployments/<chainId>.json` names
a node of each public chain, and the transactions that created contracts there; `null` where none did.
"""


def build(folder: Path) -> None:
    """Write the package into `folder`, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    sources = shutil.ignore_patterns("*.py", "__pycache__")
    shutil.copytree(SOURCES, folder, ignore=sources)
    (folder / "abi").mkdir()
    abis = {
        path.stem: json.loads(path.read_text("utf-8"))["abi"] for path in sorted(ARTIFACTS.glob("*.json"))
    }
    abis = {name: abi for name, abi in abis.items() if abi}  # libraries of internal functions have none
    for name, abi in abis.items():
        (folder / "abi" / f"{name}.json").write_text(_json(abi), "utf-8")
    shutil.copytree(DEPLOYMENTS, folder / "deployments", ignore=shutil.ignore_patterns("*.md"))
    addresses = json.loads(ADDRESSES.read_text("utf-8"))
    constants = {f"{name[0].lower()}{name[1:]}Abi": abi for name, abi in abis.items()} | {
        "addresses": addresses
    }
    values = [f"export const {name} = {_json(value)};\n" for name, value in constants.items()]
    types = [f"export declare const {name}: {_type(value)};\n" for name, value in constants.items()]
    (folder / "index.js").write_text("".join(values), "utf-8")
    (folder / "index.d.ts").write_text("".join(types), "utf-8")
    (folder / "package.json").write_text(_json(_package()), "utf-8")
    (folder / "README.md").write_text(README, "utf-8")
    shutil.copy(ROOT / "LICENSE", folder)


def _package() -> dict[str, Any]:
    version = runpy.run_path(str(ROOT / "orchestrator" / "__init__.py"))["__version__"]
    built_with = json.loads((ROOT / "package.json").read_text("utf-8"))["devDependencies"]
    return {
        "name": "@diln/contracts",
        "version": version,
        "description": "Contracts that prove models, let them grow, and let people compete.",
        "license": "MIT",
        "type": "module",
        "main": "index.js",
        "types": "index.d.ts",
        "dependencies": {name: built_with[name] for name in LIBRARIES},
    }


def _type(value: Any) -> str:
    """The narrowest type of a constant, as TypeScript writes it."""
    if isinstance(value, dict):
        return (
            "{ "
            + "".join(f"readonly {json.dumps(key)}: {_type(each)}; " for key, each in value.items())
            + "}"
        )
    if isinstance(value, list):
        return f"readonly [{', '.join(map(_type, value))}]"
    return json.dumps(value)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1) + "\n"


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / "npm")
