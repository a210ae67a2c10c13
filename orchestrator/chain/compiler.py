"""Compile `contracts/` with solc and keep the result inside the package."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.config import CompilerConfig
from orchestrator.errors import ChainError, ConfigError

ARTIFACTS = Path(__file__).parent / "artifacts"

_Contract = tuple[str, str]  # its source's path, its name
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

    The contracts are shared out among the processors. Each share sees all sources: solc numbers what it
    reads, and its optimizer's choices depend on the numbers, hence on sources that a contract never imports.
    What came out is kept in `.build/solc`, under the hash of all metadata (which name the compiler, its
    settings and the hash of every source), so that nothing is compiled again until any of them changes.
    """
    files = sorted(path for folder in folders for path in (root / folder).rglob("*.sol"))
    sources = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files}
    settings: dict[str, Any] = {
        "evmVersion": config.evm_version,
        "optimizer": dict(config.optimizer),
        "remappings": list(config.remappings),
        "viaIR": config.via_ir,
    }
    solc = _Solc(root.resolve(), solc_binary(root, config.version), sources, settings)
    artifacts: dict[str, dict[str, Any]] = {}
    with contextlib.chdir(root):  # npm's solc resolves imports against the working directory
        compiled = solc.compile()
    for (source, name), contract in sorted(compiled.items()):
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


@dataclass(frozen=True)
class _Solc:
    """The compiler, and what it is to compile."""

    root: Path
    binary: Path
    sources: Mapping[str, str]
    settings: Mapping[str, Any]

    def compile(self) -> dict[_Contract, Any]:
        """What solc says of each contract."""
        kept = self._kept()
        found = {each: json.loads(path.read_bytes()) for each, path in kept.items() if path.is_file()}
        missing = sorted(kept.keys() - found.keys())
        workers = max(1, min(os.cpu_count() or 1, len(missing)))
        shares = [
            missing[i::workers] for i in range(workers)
        ]  # those of one file are alike: dealt out in turn
        with ThreadPoolExecutor(workers) as pool:
            for share, output in zip(shares, pool.map(self._share, shares), strict=True):
                for source, name in share:
                    found[source, name] = contract = output[source][name]
                    _write(kept[source, name], json.dumps(contract))
        return found

    def _kept(self) -> dict[_Contract, Path]:
        """Where the output of each contract is, or is to be, kept."""
        output = self._run({source: {"*": ["metadata"]} for source in self.sources})
        contracts = sorted((source, name) for source in self.sources for name in output.get(source, {}))
        metadata = [output[source][name]["metadata"] for source, name in contracts]
        everything = hashlib.sha256(json.dumps([contracts, metadata]).encode()).hexdigest()
        folder = self.root / ".build" / "solc" / everything
        return {
            (source, name): folder / (hashlib.sha256(f"{source}:{name}".encode()).hexdigest() + ".json")
            for source, name in contracts
        }

    def _share(self, share: Iterable[_Contract]) -> Any:
        wanted: dict[str, dict[str, list[str]]] = {}
        for source, name in share:
            wanted.setdefault(source, {})[name] = _OUTPUTS
        return self._run(wanted) if wanted else {}

    def _run(self, wanted: Mapping[str, Mapping[str, list[str]]]) -> Any:
        import solcx
        from solcx.exceptions import SolcError

        request = {
            "language": "Solidity",
            "sources": {source: {"content": content} for source, content in self.sources.items()},
            "settings": {**self.settings, "outputSelection": wanted},
        }
        try:
            output = solcx.compile_standard(request, solc_binary=self.binary, allow_paths=str(self.root))
        except SolcError as error:
            told = f"the contracts do not compile:\n{error.message}"
            raise ChainError(told, "Mend the first one.") from error
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

    Raises ConfigError where none can be had, or npm's is of another version.
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
