"""What `diln doctor` says about the chain: one finding for each thing that can be wrong."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

from orchestrator.chain.artifact import load_artifact
from orchestrator.chain.connection import Chain, connect
from orchestrator.chain.deployments import Deployment, Deployments
from orchestrator.chain.failures import shown_url
from orchestrator.chain.keystore import Keystore
from orchestrator.chain.node import find_anvil
from orchestrator.chain.rescue import MOST_TOLD, sent
from orchestrator.config import Settings
from orchestrator.errors import DilnError

_PACKAGES = ("web3", "eth-account", "py-evm")


@dataclass(frozen=True)
class Finding:
    """One look at `subject`: `message` says what was found, `hint` what to do about a fault."""

    subject: str
    ok: bool
    message: str
    hint: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at versions, node, chain id, deployments and keystores. Raises nothing: a fault is a finding."""
    findings = [_versions(), _anvil(), *_keystores(settings)]
    try:
        with connect(settings) as chain:
            findings.append(_node(chain))
            findings += _deployments(settings, chain)
            findings += _sent(chain)
    except DilnError as error:
        findings.append(_fault("chain", error))
    return findings


def _versions() -> Finding:
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return Finding("versions", True, f"Python {platform.python_version()}, {packages}")


def _anvil() -> Finding:
    try:
        return Finding("anvil", True, f"installed: {find_anvil()}")
    except DilnError as error:
        return Finding("anvil", True, f"{error.message} (only `diln node` needs it)", error.hint)


def _node(chain: Chain) -> Finding:
    where = shown_url(chain.network.url) if chain.network.url else "in a file"
    head = chain.head()
    return Finding(
        "chain", True, f"network `{chain.network.name}` ({where}), id {chain.chain_id}, block {head.number}"
    )


def _deployments(settings: Settings, chain: Chain) -> Iterator[Finding]:
    deployments = Deployments(settings, chain)
    try:
        recorded = deployments.list()
    except DilnError as error:
        yield _fault("deployments", error)
        return
    if not recorded:
        yield Finding("deployments", False, "nothing is deployed on this chain", "Run `diln migrate`.")
    for found in recorded:
        yield _deployment(deployments, found)


def _deployment(deployments: Deployments, found: Deployment) -> Finding:
    try:
        deployments.entry(found.name)
        if not load_artifact(found.name).matches(deployments.chain.code(found.address)):
            return Finding(
                found.name,
                False,
                f"{found.address} holds another version than this package",
                "Use the version of DILN that deployed it, or deploy again in another DILN_HOME.",
            )
    except DilnError as error:
        return _fault(found.name, error)
    return Finding(found.name, True, f"{found.address}, as compiled in this package")


def _sent(chain: Chain) -> Iterator[Finding]:
    """What was sent from here and is not final."""
    for path in chain.outbox.damaged():
        hint = "Look at the account's last transactions; if none is missing, move the file away."
        yield Finding("transactions", False, f"{path} is damaged", hint)
    waiting = sent(chain)
    lost = [each for each in waiting if each.block is None]
    for each in lost[:MOST_TOLD]:
        what = f"{each.entry.last.hash} (nonce {each.entry.nonce} of {each.entry.sender})"
        told = (
            f"{what} was in block {each.entry.mined}, which the chain has dropped"
            if each.vanished
            else (f"{what} is in no block")
        )
        hint = "Repeat the command that sent it, or run `diln chain speed-up` or `diln chain cancel`."
        yield Finding("transactions", False, told, hint)
    if not lost:
        yield Finding("transactions", True, f"{len(waiting)} sent and not final yet, all in the chain")


def _keystores(settings: Settings) -> Iterator[Finding]:
    folder = settings.keystore_dir
    if not folder.is_dir():
        yield Finding("keystores", True, "none yet")
        return
    open_to_others = [
        path for path in (folder, *sorted(folder.glob("*.json"))) if path.stat().st_mode & 0o077
    ]
    for path in open_to_others:
        yield Finding("keystores", False, f"{path} can be read by others", f"Run: chmod go= {path}")
    names = [name for name, _ in Keystore(folder).entries()]
    damaged = Keystore(folder).damaged()
    for error in damaged:
        yield _fault("keystores", error)
    if not open_to_others and not damaged:
        yield Finding("keystores", True, f"{len(names)} kept, closed to others")


def _fault(subject: str, error: DilnError) -> Finding:
    return Finding(subject, False, error.message, error.hint)
