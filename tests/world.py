"""The world in which workflows are tested: people by role around an embedded chain, files, time that moves.

Each system's tests derive theirs: `template` makes a state folder once, `copied` a session in a copy of it.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest

from orchestrator.chain import Account, load_artifact, migrate
from orchestrator.config import Settings, load_settings
from orchestrator.kernel.keeper import Keeper
from orchestrator.kernel.session import Session
from orchestrator.kernel.system import System
from tests.evm import MOCKS

ETHER = 10**18


class World:
    """`ROLES` says which account plays whom, `SYSTEM` what keepers keep."""

    ROLES: ClassVar[dict[str, str]] = {}
    SYSTEM: ClassVar[System[Any]]

    def __init__(self, session: Session, folder: Path) -> None:
        self.session, self.folder = session, folder

    @classmethod
    @contextmanager
    def open(cls, settings: Settings, folder: Path) -> Iterator[Self]:
        with Session(settings) as session:
            yield cls(session, folder)

    def account(self, role: str) -> Account:
        return self.session.account(self.ROLES[role])

    def wealth(self, role: str) -> int:
        """What is in the wallet, in wei."""
        return self.session.chain.balance(self.account(role).address)

    def pass_until(self, timestamp: int) -> None:
        self.session.chain.advance_to(timestamp)

    def keeper(self, instance: Any, *roles: str, **options: Any) -> Keeper:
        accounts = [self.account(role) for role in roles]
        return Keeper(self.session, [(self.SYSTEM, instance)], accounts, **options)

    def keep(self, instance: Any, *roles: str, **options: Any) -> list[str]:
        """What the keepers of roles do now, and say."""
        return [str(each) for each in self.keeper(instance, *roles, **options).turn()]

    def deploy(self, mock: str, *arguments: Any, by: str = "judy") -> Any:
        """A contract of the tests' own, of an account that plays nobody unless named."""
        chain, artifact = self.session.chain, load_artifact(mock, MOCKS)
        factory: Any = chain.web3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
        return factory(chain.send(factory.constructor(*arguments), self.session.account(by)).contract_address)


def decline(*_: object, **__: object) -> None:
    """Whoever is asked says no; whatever is done here is not survived."""
    raise KeyboardInterrupt


@contextmanager
def killed(
    monkeypatch: pytest.MonkeyPatch, place: str = "orchestrator.chain.delivery.Delivery.hand_over"
) -> Iterator[None]:
    """What runs within is killed where it comes to this place: before a transaction leaves, unless named."""
    with monkeypatch.context() as patched:
        patched.setattr(place, decline)
        with pytest.raises(KeyboardInterrupt):
            yield


def session_in(folder: Path) -> Session:
    return Session(load_settings(home=folder / "home", environ={}))


def template(*systems: str, begin: Callable[[Session, Path], object] = lambda *_: None) -> Any:
    """A fixture: a folder whose chain has the contracts of `systems` (all, unless named), to be copied."""

    @pytest.fixture(scope="session")
    def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("template")
        with session_in(folder) as session:
            migrate(session.settings, session.chain, session.account("judy"), list(systems) or None)
            begin(session, folder)
        return folder

    return made


@contextmanager
def copied(template: Path, folder: Path) -> Iterator[Session]:
    """A session in a copy of a template; `folder` may have other files."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    with session_in(folder) as session:
        yield session
