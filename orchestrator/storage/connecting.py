"""The store of a configuration: who mirrors it, and who is asked for blocks that it does not have."""

from pathlib import Path

from orchestrator.config import EMBEDDED, StorageConfig
from orchestrator.storage import kubo
from orchestrator.storage.gateway import Gateway
from orchestrator.storage.mirrored import Mirror, MirroredStore, Source
from orchestrator.storage.pinning import RemotePin
from orchestrator.storage.remote import Remote


def connect(folder: Path, config: StorageConfig) -> MirroredStore:
    """Open the store in `folder`: a daemon comes before the pinning service, which is told where that is.

    Blocks are looked for here, then at the daemon, then at each gateway. Raises ConfigError.
    """
    mirrors: list[Mirror] = []
    sources: list[Source] = []
    origins = None
    if config.kind != EMBEDDED:
        daemon = kubo.connect(config)
        mirrors.append(daemon)
        sources.append(daemon)
        origins = daemon.addresses
    if config.pinning:
        service = Remote(RemotePin.name, config.pinning, config.timeout, config.pinning_token)
        mirrors.append(RemotePin(service, origins))
    sources += [Gateway(Remote("the gateway", url, config.timeout)) for url in config.gateways]
    return MirroredStore(folder, mirrors, sources)


__all__ = ["connect"]
