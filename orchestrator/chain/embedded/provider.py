"""The embedded chain as a web3 provider."""

import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eth.exceptions import HeaderNotFound
from eth_utils.exceptions import ValidationError
from web3.providers.base import BaseProvider
from web3.types import RPCEndpoint, RPCResponse

from orchestrator.chain.embedded.database import ChainFile
from orchestrator.chain.embedded.formats import data
from orchestrator.chain.embedded.machine import Machine, Refused
from orchestrator.chain.embedded.methods import WRITES, Methods
from orchestrator.chain.embedded.parameters import InvalidParams
from orchestrator.chain.embedded.stack import with_room
from orchestrator.errors import ChainError, DilnError

REVERTED = 3
INVALID_INPUT = -32000
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602


class EmbeddedProvider(BaseProvider):
    """Answers JSON-RPC requests from the chain in `path`; makes the chain if there is none.

    One request is one transaction of the file: several threads and processes may use the chain at once, and
    each sees at its next request what the others wrote. `timeout` is how long a request waits, in seconds;
    `clock` tells the real time.
    Raises ChainError for a file that cannot be used and for a wait that is too long.
    """

    global_ccip_read_enabled = False  # a contract must not make us fetch URLs

    def __init__(self, path: Path, timeout: float = 60.0, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._file = ChainFile(path, timeout)
        self.close = weakref.finalize(self, self._file.close)
        machine = Machine(self._file, clock)
        self._methods = Methods(machine)
        with self._file.reading():
            new = self._file.new
        if new:
            with self._file.writing():
                if self._file.new:  # nobody was faster
                    machine.found()

    def make_request(self, method: RPCEndpoint, params: object) -> RPCResponse:
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": 0}
        access = self._file.writing() if method in WRITES else self._file.reading()
        try:
            with access:
                answer["result"] = with_room(self._methods.ask, method, [] if params is None else params)
        except Refused as refused:
            answer["error"] = {"code": INVALID_INPUT, "message": str(refused)}
            if refused.data is not None:
                answer["error"] |= {"code": REVERTED, "data": data(refused.data)}
        except NotImplementedError as error:
            answer["error"] = {"code": METHOD_NOT_FOUND, "message": str(error)}
        except InvalidParams as error:
            answer["error"] = {"code": INVALID_PARAMS, "message": str(error)}
        except (ValidationError, HeaderNotFound) as error:
            answer["error"] = {"code": INVALID_INPUT, "message": str(error)}
        except (DilnError, MemoryError):
            raise
        except Exception as error:  # whatever py-evm and its tries make of damaged bytes
            raise ChainError(
                f"{self._file.path} is damaged: {type(error).__name__} at {method}",
                "Move it away to start a new chain, or restore it from a backup.",
            ) from error
        return answer  # type: ignore[return-value]  # a TypedDict that we build by steps
