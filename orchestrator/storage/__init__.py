"""Content-addressed artifacts: an embedded store, Kubo, CAR files, encryption.

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
    """Open the store of the state folder; with `storage: kind: kubo`, one that a Kubo daemon mirrors."""
    if settings.storage.kind == EMBEDDED:
        return LocalStore(settings.store_dir)
    from orchestrator.storage import kubo  # here, because the client takes long to import

    return kubo.connect(settings.store_dir, settings.storage)


__all__ = [
    "DEFAULT_PROFILE",
    "PROFILES",
    "Cid",
    "Pin",
    "Profile",
    "PutResult",
    "Stat",
    "Storage",
    "Swept",
    "check_recipients",
    "decrypt_file",
    "digest_bytes",
    "digest_file",
    "encrypt_file",
    "open_storage",
    "read_identity",
]
