"""Every transaction that was signed, on disk from before anybody else has seen it.

open/<key>.json  its nonce may still be taken from it: by a reorganization, or by another program
done/<key>.json  final, kept because it was sent for a purpose that holds only once
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from orchestrator.chain.locking import exclusive
from orchestrator.errors import ChainError
from orchestrator.files import sync_path
from orchestrator.types import Address, Wei

_DYNAMIC_FEE = bytes([2])
_LIST = b"\xc0"
_DYNAMIC = ("chain", "nonce", "priority", "most", "gas", "to", "value", "data")
_LEGACY = ("nonce", "most", "gas", "to", "value", "data", "v")
_EFFECT = ("to", "data", "value")
LONGEST_NOTE = 60.0
ABANDONED = 3600.0  # seconds


@dataclass(frozen=True)
class Fees:
    """In wei for each gas: the most to pay, and the part of it that goes to the proposer (EIP-1559).

    `priority` is None on a chain without base fee, where `most` is what is paid.
    """

    most: Wei
    priority: Wei | None

    @property
    def likely(self) -> Wei:
        """What is paid if the base fee stays as it is."""
        return self.most if self.priority is None else Wei((self.most + self.priority) // 2)


@dataclass(frozen=True)
class Signed:
    """The bytes of a signed transaction (EIP-1559, or the form before it with EIP-155), and what they say."""

    raw: bytes

    @property
    def hash(self) -> str:
        return "0x" + keccak(self.raw).hex()

    @property
    def nonce(self) -> int:
        return self._number("nonce")

    @property
    def fees(self) -> Fees:
        priority = Wei(self._number("priority")) if "priority" in self._fields else None
        return Fees(Wei(self._number("most")), priority)

    @property
    def call(self) -> dict[str, Any]:
        """All but nonce, fees and sender: what is signed again when the fees are raised."""
        legacy = "chain" not in self._fields
        call: dict[str, Any] = {
            "chainId": (self._number("v") - 35) // 2 if legacy else self._number("chain"),
            "gas": self._number("gas"),
            "value": self._number("value"),
            "data": "0x" + self._fields["data"].hex(),
        }
        to = self._fields["to"]
        return call | ({"to": to_checksum_address(to)} if to else {})

    def does(self, call: dict[str, Any]) -> bool:
        """Whether it is this very call, with this value."""
        own = self.call
        return all(str(call.get(part)).lower() == str(own.get(part)).lower() for part in _EFFECT)

    def cancels(self, sender: Address) -> bool:
        """Whether it does nothing but use up the nonce."""
        call = self.call
        return call.get("to") == sender and call["data"] == "0x" and not call["value"]

    def _number(self, name: str) -> int:
        return int.from_bytes(self._fields[name], "big")

    @cached_property
    def _fields(self) -> dict[str, bytes]:
        import rlp

        if self.raw[:1] >= _LIST:
            return dict(zip(_LEGACY, rlp.decode(self.raw), strict=False))
        if self.raw[:1] != _DYNAMIC_FEE:
            raise ValueError("a transaction of another type")
        return dict(zip(_DYNAMIC, rlp.decode(self.raw[1:]), strict=False))


@dataclass(frozen=True)
class Entry:
    """What was signed for one purpose with one nonce: `tries` differ in their fees, and at most one is mined.

    `block` is the chain's height when the first was signed. `taken` tells that a node took one, `mined` in
    which block one was seen.
    """

    key: str
    purpose: str
    sender: Address
    nonce: int
    block: int
    tries: tuple[Signed, ...]
    taken: bool = False
    mined: int | None = None

    @property
    def last(self) -> Signed:
        return self.tries[-1]

    @property
    def hashes(self) -> tuple[str, ...]:
        """Of all tries, the newest first."""
        return tuple(each.hash for each in reversed(self.tries))

    def to_json(self) -> dict[str, Any]:
        tries = [{"hash": each.hash, "raw": "0x" + each.raw.hex()} for each in self.tries]
        return {**vars(self), "tries": tries}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Raises ValueError, KeyError or TypeError for anything but what `to_json` wrote."""
        tries = tuple(Signed(bytes.fromhex(each["raw"][2:])) for each in content["tries"])
        if not tries or [each.hash for each in tries] != [each["hash"] for each in content["tries"]]:
            raise ValueError("the bytes do not have the hash that is kept with them")
        if any(each.nonce != content["nonce"] for each in tries):
            raise ValueError("the bytes have another nonce")
        return cls(**{**content, "tries": tries})


class Outbox:
    """The entries of one chain, in `folder`. Methods raise ChainError for a file that cannot be used."""

    def __init__(self, folder: Path) -> None:
        self._open, self._done = folder / "open", folder / "done"

    def find(self, key: str) -> Entry | None:
        """The entry of a purpose, be it final or not. Raises ChainError for one that is damaged."""
        for folder in (self._open, self._done):
            if found := self._read(folder / f"{key}.json"):
                return found
        return None

    def entries(self, sender: Address | None = None) -> list[Entry]:
        """What is not final, of one account or of all, by nonce; without those in `damaged`."""
        found = [entry for _, entry in self._scan() if entry]
        return sorted(
            (each for each in found if sender in (None, each.sender)),
            key=lambda each: (each.sender, each.nonce),
        )

    def damaged(self) -> list[Path]:
        return [path for path, entry in self._scan() if entry is None]

    def keep(self, entry: Entry) -> Entry:
        """Write an entry down, in place of what it was before. It lasts when this returns."""
        self._write(self._open / f"{entry.key}.json", entry)
        return entry

    def add(self, entry: Entry, signed: Signed) -> Entry:
        """Note another try, before it leaves."""
        return self._change(entry, lambda found: replace(found, tries=(*found.tries, signed)))

    def heard(self, entry: Entry, *, mined: int | None = None) -> Entry:
        """Note that a node took a transaction, or that it was seen in a block."""
        if entry.taken and mined in (None, entry.mined):
            return entry
        return self._change(entry, lambda found: replace(found, taken=True, mined=mined or found.mined))

    def finish(self, entry: Entry, mined: int) -> None:
        """Note that an entry is final, in block `mined`."""
        with self._lock():
            found = self.find(entry.key)
            if found and found.purpose:
                self._write(self._done / f"{entry.key}.json", replace(found, taken=True, mined=mined))
            (self._open / f"{entry.key}.json").unlink(missing_ok=True)

    def drop(self, entry: Entry) -> None:
        """Forget an entry of which nothing will ever happen, or happened in vain."""
        for folder in (self._open, self._done):
            (folder / f"{entry.key}.json").unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what killed processes left half-written."""
        for folder in (self._open, self._done):
            for path in folder.glob(".*.part"):
                with suppress(FileNotFoundError):
                    if time.time() - path.stat().st_mtime > ABANDONED:
                        path.unlink()

    def _change(self, entry: Entry, change: Callable[[Entry], Entry]) -> Entry:
        with self._lock():  # another process may have noted something meanwhile
            return self.keep(change(self.find(entry.key) or entry))

    def _lock(self) -> AbstractContextManager[Any]:
        return exclusive(self._open.parent / ".lock", LONGEST_NOTE, "another command writes the journal")

    def _scan(self) -> Iterator[tuple[Path, Entry | None]]:
        for path in sorted(self._open.glob("*.json")):
            try:
                found = self._read(path)
            except ChainError:
                yield path, None
            else:
                if found:  # else another process has finished it meanwhile
                    yield path, found

    def _read(self, path: Path) -> Entry | None:
        try:
            return Entry.from_json(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ChainError(f"{path} cannot be read: {error.strerror}", "Check its permissions.") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ChainError(
                f"{path} is damaged: what was sent for this purpose is not known",
                "Look at the account's last transactions. If none was for this, move the file away.",
            ) from error

    def _write(self, path: Path, entry: Entry) -> None:
        beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("w", encoding="utf-8") as stream:
                json.dump(entry.to_json(), stream)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(path)
            sync_path(path.parent)
        except OSError as error:
            raise ChainError(
                f"{path} cannot be written, so nothing was sent: {error.strerror}",
                "Make room, or check the folder's permissions.",
            ) from error
        finally:
            beside.unlink(missing_ok=True)
