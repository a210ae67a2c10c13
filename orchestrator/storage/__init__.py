"""Content-addressed artifacts: an embedded store, Kubo, pinning services, gateways, CAR files, encryption.

The CIDs are those of Kubo for the same content and profile. Everything that is read is verified here.
"""

from orchestrator.config import EMBEDDED, Settings
from orchestrator.storage.adding import PutResult, digest_bytes, digest_file
from orchestrator.storage.cid import Cid
from orchestrator.storage.encryption import check_recipients, decrypt_file, encrypt_file, read_identity
from orchestrator.storage.local import LocalStore
from orchestrator.storage.pins import Pin
from orchestrator.storage.storage import Stat, Storage, Swept
from orchestrator.storage.unixfs import DEFAULT_PROFILE, PROFILES, Profile


def open_storage(settings: Settings) -> Storage:
    """Open the store of the state folder, with the mirrors and gateways that are set up, if any.

    None of them need be running. Raises ConfigError for the address of none.
    """
    config = settings.storage
    store: Storage
    if config.kind == EMBEDDED and not config.gateways and not config.pinning:
        store = LocalStore(settings.store_dir)
    else:
        from orchestrator.storage import connecting  # here, because the clients take long to import

        store = connecting.connect(settings.store_dir, config)
    store.largest = config.largest
    return store
