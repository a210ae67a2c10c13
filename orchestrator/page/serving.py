"""What the page is told of a session: its chain, its contracts and its storage."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from orchestrator.chain.rpc import Rpc, methods_of
from orchestrator.chain.visitors import Visitors
from orchestrator.kernel.session import Session
from orchestrator.page.app import STATIC, PageApp
from orchestrator.storage import digest_file


def rpc_of(session: Session, visitors: Visitors, *, public: bool) -> Rpc:
    """JSON-RPC of the session's chain; `public` where others than this machine reach it."""
    methods = methods_of(session.settings.network, public=public)
    return Rpc(session.chain.web3.provider, visitors, methods)


def page_of(session: Session, visitors: Visitors, *, public: bool) -> PageApp:
    """The page beside it."""
    return PageApp(
        rpc_of(session, visitors, public=public), visitors, lambda: settled(session), session.storage.block
    )


def settled(session: Session) -> Mapping[str, Any]:
    """What /diln.json holds. Raises ChainError."""
    chain = session.chain
    return {
        "network": chain.network.name,
        "chainId": chain.chain_id,
        "genesis": chain.genesis_hash,
        "development": chain.development,
        "page": page_cid(),
        "contracts": {
            each.name: {"address": each.address, "block": each.block} for each in session.deployments.list()
        },
    }


@cache
def page_cid() -> str:
    """The CID of the page that this package ships, as `diln pin add` gives it."""
    return digest_file(STATIC).cid


__all__ = ["page_cid", "page_of", "rpc_of", "settled"]
