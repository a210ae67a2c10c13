"""`diln page`."""

import webbrowser
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.host.listen import Listen, open_server
from orchestrator.config import Settings
from orchestrator.console import Answer, Group, ask_password, command, lazy_imports, root

with lazy_imports():
    from orchestrator.page import release, serving
    from orchestrator.systems.prove import listening

if TYPE_CHECKING:
    from orchestrator.kernel.session import Session


def _session(settings: Settings) -> "Session":
    from orchestrator.kernel.session import Session

    return Session(settings, ask_password)


pages = Group(parent=root, session=_session, storage=True)


@command(pages)
def page(
    session: "Session",
    listen: Listen,
    browser: Annotated[bool, typer.Option("--open", help="Open it in this machine's browser.")] = False,
    no_page: Annotated[bool, typer.Option("--no-page", help="Only JSON-RPC, as `diln chain serve`.")] = False,
    check: Annotated[
        str | None,
        typer.Option("--check", metavar="CID", help="Serve nothing; compare a page with what was published."),
    ] = None,
) -> Iterator[Answer]:
    """Open the page in a browser: verify, look, and act with a wallet, on this folder's chain and storage."""
    if check:
        yield _checked(session, check)
        return
    with open_server(session, listen) as (listener, visitors):
        build = serving.rpc_of if no_page else serving.page_of
        app, url = build(session, visitors, public=listen.public), listening.url(listener)
        yield _listening(session, url, "JSON-RPC" if no_page else "the page")
        if browser and not no_page:
            webbrowser.open(url)
        listening.run(app, listener)


def _listening(session: "Session", url: str, what: str) -> Answer:
    network = session.chain.network.name
    told = {"url": url, "network": network, "chain_id": session.chain.chain_id}
    return Answer(told, f"{what} of {network} is at {url}; Ctrl-C ends it")


def _checked(session: "Session", cid: str) -> Answer:
    found = release.check(session, cid)
    lines = [f"{each.outcome!s:<8} {each.name}: {each.sentence}" for each in found.checks]
    return Answer(found.to_json(), *lines, code=0 if found.whole else 1)
