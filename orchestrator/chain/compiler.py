"""Compile `contracts/` with solc and keep the result inside the package."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from orchestrator.config import CompilerConfig
from orchestrator.errors import ChainError, ConfigError

ARTIFACTS = Path(__file__).parent / "artifacts"

_OUTPUTS = [
    "abi",
    "evm.bytecode.object",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.immutableReferences",
]
_NODE_WRAPPER = """\
#!/usr/bin/env node
// The npm package `solc` under the name and the options that py-solc-x expects of the native compiler.
const fs = require('fs');
const solc = require({module});
if (process.argv.includes('--version')) {{
  console.log('solc, the solidity compiler commandline interface\\nVersion: ' + solc.version());
  process.exit(0);
}}
const read = path => {{
  try {{ return {{contents: fs.readFileSync(path, 'utf8')}}; }}
  catch (error) {{ return {{error: String(error)}}; }}
}};
console.log(solc.compile(fs.readFileSync(0, 'utf8'), {{import: read}}));
"""


def compile_sources(
    root: Path, config: CompilerConfig, folders: Iterable[str] = ("contracts",)
) -> dict[str, dict[str, Any]]:
    """Compile every Solidity file below `folders` of `root`: contract name → artifact.

    An artifact holds `abi`, `bytecode` and `deployedBytecode` (0x-hex), `immutables` (the places in the
    latter, as offset and length in bytes, that the constructor fills in), `source` (its path), `sourceHash`
    (SHA-256 of that file) and `compiler` (version and settings). Interfaces and abstract contracts have an
    empty bytecode and are left out. Raises ChainError with the compiler's own words.

    All contracts are compiled in one run, and files without any only where they are imported, as Brownie does
    it: solc numbers what it reads, and its optimizer's choices depend on the numbers. What came out is kept
    in `.build/solc`, under the hash of all metadata (which name the compiler, its settings and the hash of
    every source), until any of them changes.
    """
    files = sorted(path for folder in folders for path in (root / folder).rglob("*.sol"))
    sources = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files}
    settings: dict[str, Any] = {
        "evmVersion": config.evm_version,
        "optimizer": dict(config.optimizer),
        "remappings": list(config.remappings),
        "viaIR": config.via_ir,
    }
    artifacts: dict[str, dict[str, Any]] = {}
    compiled = _compiled(root.resolve(), config.version, sources, settings)
    found = [(source, name) for source in sources for name in sorted(compiled.get(source, {}))]
    for source, name in found:
        contract = compiled[source][name]
        bytecode = contract["evm"]["bytecode"]["object"]
        if not bytecode:
            continue
        if name in artifacts:
            raise ChainError(f"two contracts are named {name}", "Rename one: artifacts are kept by name.")
        artifacts[name] = {
            "contractName": name,
            "source": source,
            "sourceHash": hashlib.sha256(sources[source].encode()).hexdigest(),
            "compiler": {"version": config.version, "settings": settings},
            "abi": contract["abi"],
            "bytecode": "0x" + bytecode,
            "deployedBytecode": "0x" + contract["evm"]["deployedBytecode"]["object"],
            "immutables": _immutables(contract["evm"]["deployedBytecode"]),
        }
    return artifacts


def _compiled(root: Path, version: str, sources: Mapping[str, str], settings: Mapping[str, Any]) -> Any:
    """Solc's output by source and contract."""
    binary = solc_binary(root, version)
    with contextlib.chdir(root):  # npm's solc resolves imports against the working directory
        metadata = _run(root, binary, sources, settings, ["metadata"])
        described = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode()).hexdigest()
        kept = root / ".build" / "solc" / f"{described}.json"
        if kept.is_file():
            return json.loads(kept.read_bytes())
        own = {source: content for source, content in sources.items() if source in metadata}
        output = _run(root, binary, own, settings, _OUTPUTS)
    _write(kept, json.dumps(output))
    return output


def _run(
    root: Path, binary: Path, sources: Mapping[str, str], settings: Mapping[str, Any], outputs: list[str]
) -> Any:
    import solcx
    from solcx.exceptions import SolcError

    request = {
        "language": "Solidity",
        "sources": {source: {"content": content} for source, content in sources.items()},
        "settings": {**settings, "outputSelection": {"*": {"*": outputs}}},
    }
    try:
        output = solcx.compile_standard(request, solc_binary=binary, allow_paths=str(root))
    except SolcError as error:
        told = f"the contracts do not compile:\n{error.message}"
        raise ChainError(told, "Fix the first one.") from error
    return output["contracts"]


def _write(path: Path, content: str) -> None:
    """Whole or not at all, whoever else is writing it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(content, encoding="utf-8")
    part.replace(path)


def _immutables(deployed: Mapping[str, Any]) -> list[list[int]]:
    places = deployed.get("immutableReferences", {}).values()
    return sorted([place["start"], place["length"]] for each in places for place in each)


def write_artifacts(artifacts: Mapping[str, Mapping[str, Any]], folder: Path = ARTIFACTS) -> None:
    """Replace what `folder` holds by `artifacts`, one JSON file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.json"):
        if stale.stem not in artifacts:
            stale.unlink()
    for name, artifact in artifacts.items():
        (folder / f"{name}.json").write_text(
            json.dumps(artifact, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )


def solc_binary(root: Path, version: str) -> Path:
    """The compiler: what py-solc-x has, else npm's `solc` from `node_modules`, else downloaded by py-solc-x.

    Raises ConfigError where none is available, or npm's is of another version.
    """
    import solcx
    from solcx.exceptions import SolcNotInstalled

    try:
        binary = Path(solcx.install.get_executable(version))
        if not _stale(binary):
            return binary
    except SolcNotInstalled:
        pass
    if (root / "node_modules" / "solc").is_dir() and shutil.which("node"):
        return _wrap_npm_solc(root, version)
    try:
        solcx.install_solc(version, show_progress=True)
    except Exception as error:  # py-solc-x lets whatever its download raises through
        raise ConfigError(
            f"solc {version} is not installed and cannot be downloaded ({error})",
            "Run `npm ci` here (it brings the same compiler), then this command again.",
        ) from error
    return Path(solcx.install.get_executable(version))


def _stale(binary: Path) -> bool:
    """Whether `binary` is our wrapper of an npm package that is no longer there."""
    with binary.open("rb") as file:
        start = file.read(1000)
    named = re.search(rb"solc = require\((.*)\);", start)
    return named is not None and not Path(json.loads(named[1])).is_dir()


def _wrap_npm_solc(root: Path, version: str) -> Path:
    import solcx

    module = json.dumps(str((root / "node_modules" / "solc").resolve()))
    binary = Path(solcx.install.get_solcx_install_folder()) / f"solc-v{version}"
    binary.parent.mkdir(parents=True, exist_ok=True)
    binary.write_text(_NODE_WRAPPER.format(module=module), encoding="utf-8")
    binary.chmod(0o755)
    found = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    if version not in found:
        binary.unlink()
        raise ConfigError(f"npm's solc is not {version}", "Run `npm ci` here, then this command again.")
    return binary
