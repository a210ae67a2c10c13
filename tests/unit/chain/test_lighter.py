"""What waits is the real thing once it is used, and nobody else is touched."""

import subprocess
import sys
from pathlib import Path

from orchestrator.chain.embedded import EmbeddedProvider
from tests.unit.cli.conftest import ROOT

G = (1, 2)
TWICE_G = (
    0x030644E72E131A029B85045B68181585D97816A916871CA8D3C208C16D87CFD3,
    0x15ED738C0E0A7C92E7845F96B2AE9C0A68A6A449E3538FC7FF3EBF7A5A18A2C4,
)


def words(*numbers: int) -> str:
    return "0x" + "".join(f"{number:064x}" for number in numbers)


def called(provider: EmbeddedProvider, precompile: int, data: str) -> str:
    answer = provider.make_request("eth_call", [{"to": f"0x{precompile:040x}", "data": data}, "latest"])  # type: ignore[arg-type]
    return str(answer["result"])


def test_precompiles__that_wait__compute_as_ever(tmp_path: Path) -> None:
    provider = EmbeddedProvider(tmp_path / "chain.sqlite")
    assert called(provider, 0x06, words(*G, *G)) == words(*TWICE_G)
    assert called(provider, 0x07, words(*G, 2)) == words(*TWICE_G)
    assert called(provider, 0x08, "0x") == words(1)
    assert called(provider, 0x0B, "0x" + "00" * 256) == "0x" + "00" * 128
    provider.close()


def test_modules__of_a_process_of_our_own__are_real_when_used() -> None:
    code = """if True:
        import sys
        from orchestrator.chain import lighter
        lighter.alone()
        import web3
        assert not {"aiohttp", "websockets", "requests", "py_ecc.bls", "eth_keyfile"} & set(sys.modules)
        from web3._utils import http_session_manager as manager
        assert isinstance(manager.ClientTimeout(3).total, int)
        import aiohttp, requests
        assert aiohttp.ClientSession is not manager.ClientSession
        assert manager.requests.Session is requests.Session
        assert isinstance(aiohttp.ClientTimeout(3), manager.ClientTimeout)
        from eth_account import Account
        key = Account.create()
        assert Account.decrypt(key.encrypt("secret", iterations=2), "secret") == key.key
        print("fine")
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "fine\n", done.stderr


def test_library__imported_by_others__has_its_own_client() -> None:
    code = (
        "import orchestrator.chain, web3, aiohttp\n"
        "from web3.providers.rpc import async_rpc\n"
        "assert async_rpc.ClientError is aiohttp.ClientError"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
