"""Settings: flag, then `DILN_*` environment, then `brownie-config.yaml`, then default."""

import ipaddress
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from orchestrator.errors import ConfigError

N = TypeVar("N", int, float)

CONFIG_FILE = "brownie-config.yaml"
PUBLIC = Path(__file__).parent / "deployments"
"""What the package knows of public chains: `<chainId>.json`."""
HOME = ".diln"
EMBEDDED = "embedded"
DEFAULT_SENDER = "alice"
SIGNER = "signer"
"""The name of the only account of a JSON-RPC signer."""


@dataclass(frozen=True)
class Network:
    """A chain by name. `url` is None for the embedded chain; `chain_id` or `genesis` None accepts any.

    `confirmations` counts the blocks to wait for on top of the one that holds a transaction.
    """

    name: str
    url: str | None = field(default=None, repr=False)  # it may hold a provider's key
    chain_id: int | None = None
    genesis: str | None = None  # the hash of block 0, 0x-hex
    confirmations: int = 0
    timeout: float = 30.0

    @property
    def embedded(self) -> bool:
        return self.url is None

    @property
    def local(self) -> bool:
        """Whether the chain is the embedded one, or its node runs on this machine."""
        host = urlsplit(self.url or "").hostname or ""
        try:
            return self.embedded or ipaddress.ip_address(host).is_loopback
        except ValueError:  # a name
            return host == "localhost"


@dataclass(frozen=True)
class StorageConfig:
    """Where artifacts go: the `embedded` store alone, or also a Kubo daemon at `kubo` (a multiaddr).

    Blocks that neither has are read from `gateways` (URLs); `pinning` is the URL of a pinning service's API
    that keeps what is pinned. `timeout` is in seconds; `largest` are the most bytes that a CID may unfold to
    where nothing else says how many there should be.
    """

    kind: str = EMBEDDED
    kubo: str = "/ip4/127.0.0.1/tcp/5001/http"
    timeout: float = 30.0
    token: str = field(default="", repr=False)
    gateways: tuple[str, ...] = ()
    pinning: str = field(default="", repr=False)  # it may hold a key
    pinning_token: str = field(default="", repr=False)
    largest: int = 16 << 30


@dataclass(frozen=True)
class CompilerConfig:
    """The `compiler.solc` section, as Brownie reads it."""

    version: str
    evm_version: str
    via_ir: bool
    optimizer: Mapping[str, Any]
    remappings: tuple[str, ...]


@dataclass(frozen=True)
class Settings:
    """What a command works with. `home` is the state folder, `account` the default sender's name."""

    home: Path
    network: Network
    storage: StorageConfig
    compiler: CompilerConfig
    account: str | None = None
    signer: str = field(default="", repr=False)  # the URL of a JSON-RPC signer; it may hold a key
    calldata: bool = False  # print transactions for others to send

    @property
    def sender(self) -> str | None:
        """Who sends: the account that is set, the signer's only one, or `alice` on this machine's chains."""
        default = SIGNER if self.signer else DEFAULT_SENDER if self.network.local else None
        return self.account or default

    @property
    def chain_file(self) -> Path:
        return self.home / "chain.sqlite"

    @property
    def store_dir(self) -> Path:
        return self.home / "store"

    @property
    def keystore_dir(self) -> Path:
        return self.home / "keystore"

    @property
    def deployments_dir(self) -> Path:
        return self.home / "deployments"

    @property
    def models_dir(self) -> Path:
        return self.home / "models"


def load_settings(
    *,
    home: str | Path | None = None,
    network: str | None = None,
    storage: str | None = None,
    account: str | None = None,
    signer: str | None = None,
    calldata: bool = False,
    folder: str | Path = ".",
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Settle on one configuration for `folder` (the working folder).

    `network` is a name, a public chain's id or a node's URL; else DILN_NETWORK and ETH_RPC_URL count.
    Raises ConfigError for a malformed file, an unknown network or an unset variable in its URL.
    """
    folder = Path(folder)
    file = _read_config(folder)
    diln = _section(file, "diln")
    name = network or environ.get("DILN_NETWORK") or environ.get("ETH_RPC_URL")
    name = name or str(diln.get("network", EMBEDDED))
    return Settings(
        home=Path(home or environ.get("DILN_HOME") or folder / HOME),
        network=_network(name, _section(diln, "networks"), environ),
        storage=_storage(storage, _section(diln, "storage"), environ),
        compiler=_compiler(_section(_section(file, "compiler"), "solc")),
        account=account or environ.get("DILN_FROM") or diln.get("account"),
        signer=signer or environ.get("DILN_SIGNER", ""),
        calldata=calldata,
    )


def config_path(folder: str | Path = ".") -> Path:
    """The configuration file of `folder`, or the one that ships with the package."""
    package = Path(__file__).parent
    for path in (Path(folder) / CONFIG_FILE, package.parent / CONFIG_FILE, package / CONFIG_FILE):
        if path.is_file():
            return path
    raise ConfigError(f"{CONFIG_FILE} is missing", "Reinstall DILN, or write one in the working folder.")


def _read_config(folder: Path) -> Mapping[str, Any]:
    import yaml

    path = config_path(folder)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid YAML: {error}", "Correct the line that it names.") from error
    if not isinstance(content, Mapping):
        raise ConfigError(f"{path} has no sections", "Compare it with the one in DILN's repository.")
    return content


def _section(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    section = parent.get(key) or {}
    if not isinstance(section, Mapping):
        raise ConfigError(f"`{key}` in {CONFIG_FILE} must be a section", "Indent its keys below it.")
    return section


def _network(name: str, networks: Mapping[str, Any], environ: Mapping[str, str]) -> Network:
    if name == EMBEDDED:
        return Network(EMBEDDED)
    if "://" in name:
        return _node(name)
    name, entry = _known(name, networks)
    if "url" not in entry:
        raise ConfigError(f"network `{name}` has no `url`", f"Add it in {CONFIG_FILE}.")
    url = _expand(str(entry["url"]), name, environ)
    _node(url)
    return Network(
        name=name,
        url=url,
        chain_id=_number(int, entry, "chain_id", name),
        genesis=entry.get("genesis"),
        confirmations=_number(int, entry, "confirmations", name) or 0,
        timeout=_number(float, entry, "timeout", name) or Network.timeout,
    )


def _known(name: str, networks: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A network's name, and what the project says of it over what the package knows of that public chain."""
    networks = {str(each): section for each, section in networks.items()}  # YAML reads an id as a number
    public = public_chains()
    ids = {str(chain["chain_id"]): each for each, chain in public.items()}
    told = ids.get(name, name)
    if not {name, told} & {*networks, *public}:
        known = ", ".join(dict.fromkeys([EMBEDDED, *networks, *public]))
        raise ConfigError(
            f"there is no network `{name}`",
            f"Choose one of {known}, or add it under `diln: networks:` in {CONFIG_FILE}.",
        )
    own = {**_section(networks, told), **_section(networks, name)}
    own = {key: value for key, value in own.items() if value is not None}
    chain = public.get(told, {})
    if _number(int, own, "chain_id", told) not in (None, chain.get("chain_id")):
        chain = {}  # another one, by the project's word
    return told, {**chain, **own}


def _number(kind: Callable[[Any], N], entry: Mapping[str, Any], key: str, network: str) -> N | None:
    try:
        return kind(entry[key]) if key in entry else None
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(
            f"network `{network}` has no number as its `{key}`", f"Correct it in {CONFIG_FILE}."
        ) from None


def public_chains() -> Mapping[str, Mapping[str, Any]]:
    """Public chains whose nodes the package knows, as networks of the configuration, by name."""
    records = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(PUBLIC.glob("*.json")))
    return {
        each["name"]: {"url": each["rpc"], "chain_id": each["chainId"], "genesis": each["genesis"]}
        for each in records
        if each["rpc"]
    }


def _node(url: str) -> Network:
    """The network of a node that is named by its URL; what may be secret in it is not part of the name."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"a node is reached by HTTP, not by `{parts.scheme}://`",
            "Give the node's HTTP address: http://… or https://… (most nodes have both).",
        )
    return Network(name=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", url=url)


def _expand(url: str, network: str, environ: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        variable = match[1]
        if variable not in environ:
            raise ConfigError(
                f"network `{network}` needs the environment variable {variable}",
                f"Set it to the URL of a node: export {variable}=https://…",
            )
        return environ[variable]

    return re.sub(r"\$\{(\w+)\}", value, url)


def _storage(kind: str | None, stored: Mapping[str, Any], environ: Mapping[str, str]) -> StorageConfig:
    kind = kind or environ.get("DILN_STORAGE") or str(stored.get("kind", EMBEDDED))
    if kind not in (EMBEDDED, "kubo"):
        raise ConfigError(f"there is no storage `{kind}`", "Choose `embedded` or `kubo`.")
    gateways = (
        environ["DILN_GATEWAYS"].split() if "DILN_GATEWAYS" in environ else stored.get("gateways") or []
    )
    if not isinstance(gateways, list):
        raise ConfigError(
            f"`gateways` in {CONFIG_FILE} must be a list", "Write it as [https://…, https://…]."
        )
    return StorageConfig(
        kind=kind,
        kubo=environ.get("DILN_KUBO") or str(stored.get("kubo", StorageConfig.kubo)),
        timeout=float(stored.get("timeout", StorageConfig.timeout)),
        token=environ.get("DILN_KUBO_TOKEN", ""),
        gateways=tuple(map(str, gateways)),
        pinning=environ.get("DILN_PINNING", str(stored.get("pinning") or "")),
        pinning_token=environ.get("DILN_PINNING_TOKEN", ""),
        largest=_bytes(environ.get("DILN_LARGEST") or stored.get("largest", StorageConfig.largest)),
    )


def _bytes(given: str | int) -> int:
    try:
        return int(given)
    except (TypeError, ValueError):
        raise ConfigError(
            f"`largest` is {given!r}, not a number of bytes", "Write it as 17179869184."
        ) from None


def _compiler(solc: Mapping[str, Any]) -> CompilerConfig:
    return CompilerConfig(
        version=str(solc.get("version", "0.8.37")),
        evm_version=str(solc.get("evm_version", "shanghai")),
        via_ir=bool(solc.get("viaIR", False)),
        optimizer=dict(_section(solc, "optimizer")),
        remappings=tuple(solc.get("remappings") or ()),
    )
