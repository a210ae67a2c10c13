"""What every system must do: played by keepers alone, to its end.

keepers alone
├── nothing is left to do in the end, and what the contract holds is owed to somebody
├── no transaction takes more gas than one may (EIP-7825)
├── killed after a transaction was sent, and begun again: everybody has what they have without
├── late, absent, or back after any time: what the contract holds is owed to somebody
├── a wallet that refuses ether stops nobody else
└── what strangers left in the folder's list stops nobody
an account without a part in it has no duties
its view is on the page, which calls its contract
"""

import random
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account as EthAccount
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from orchestrator.chain import migrate
from orchestrator.chain.delivery import Delivery
from orchestrator.chain.development import private_key
from orchestrator.config import load_settings
from orchestrator.kernel.keeper import Keeper, Known, Unopened
from orchestrator.kernel.session import Session
from orchestrator.page.app import STATIC
from orchestrator.types import Address
from tests.systems.strategies import STRATEGIES, Strategy

GAS_CAP = 2**24
GAS_MONEY = 10**17  # wei: more than the gas of a play costs
LOOKS = 120
SCHEDULES = 3
REFUSES = bytes.fromhex("625f5ffd5f526003601df3")  # deploys `revert(0, 0)`
VIEWS = Path(__file__).parents[2] / "page" / "src" / "views"
BURNT = to_checksum_address("0x" + "dead".rjust(40, "0"))


@dataclass(frozen=True)
class Begun:
    """An instance of a system, in a state folder that is to be copied."""

    strategy: Strategy
    folder: Path
    address: Address


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder whose chain has all contracts."""
    folder = tmp_path_factory.mktemp("conformance")
    with session_in(folder) as session:
        migrate(session.settings, session.chain, session.account("judy"))
    return folder


@pytest.fixture(scope="module", params=sorted(STRATEGIES))
def begun(request: Any, migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Begun:
    folder, strategy = tmp_path_factory.mktemp("begun") / request.param, STRATEGIES[request.param]
    shutil.copytree(migrated, folder)
    with session_in(folder) as session:
        return Begun(strategy, folder, strategy.begin(session, folder))


@pytest.fixture(scope="module")
def undisturbed(begun: Begun, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """What everybody has in the end, if nothing happens."""
    folder = tmp_path_factory.mktemp("undisturbed") / "play"
    shutil.copytree(begun.folder, folder)
    with session_in(folder) as session:
        play(begun, session)
        return wealth(begun, session)


@pytest.fixture
def copied(begun: Begun, tmp_path: Path) -> Begun:
    shutil.copytree(begun.folder, tmp_path / "play")
    return Begun(begun.strategy, tmp_path / "play", begun.address)


@contextmanager
def session_in(folder: Path) -> Iterator[Session]:
    with Session(load_settings(home=folder / "home", environ={})) as session:
        yield session


def play(begun: Begun, session: Session, **options: Any) -> list[str]:
    """Let everybody's keepers look, again and again, until nothing is due any more; what failed."""
    accounts = [session.account(name) for name in begun.strategy.people]
    keeper = Keeper(session, Known(session, [begun.strategy.system]), accounts, others=True, **options)
    failed = []
    for _ in range(LOOKS):
        told = list(keeper.turn())
        failed += [str(said) for said in told if said.failed]
        if not all(said.failed for said in told):
            continue  # what one has done may be what another has waited for
        now = session.chain.now()
        later = [each.at for each in keeper.due() if each.at > now]
        if not later:
            return failed
        session.chain.advance(min(later) - now + 1)
        session.chain.mine(3)
    raise AssertionError(f"after {LOOKS} looks these are still due: {keeper.due()}")


def play_loosely(begun: Begun, session: Session, rng: random.Random) -> None:
    """Let some look, now and then, and the chain go on for any time between; one may never come back."""
    people = list(begun.strategy.people)
    people.remove(rng.choice([*people[1:], people[0]]))
    for _ in range(rng.randrange(4, 12)):
        some = rng.sample(people, rng.randrange(1, len(people) + 1))
        for name in some:
            known = Known(session, [begun.strategy.system])
            list(Keeper(session, known, [session.account(name)], others=rng.random() < 0.5).turn())
        everybody = Keeper(
            session, Known(session, [begun.strategy.system]), list(map(session.account, people))
        )
        now = session.chain.now()
        waits = [each.at - now for each in everybody.due() if each.at > now] or [0]
        session.chain.advance(rng.choice([0, 1, min(waits) + 1, rng.randrange(2 * max(waits) + 2)]))
        session.chain.mine(rng.randrange(4))


def require_owed(begun: Begun, session: Session) -> None:
    """What the contract holds at the end is what somebody can take."""
    instance = begun.strategy.system.open(session, begun.address)
    people = [session.account(each).address for each in begun.strategy.people]
    owed = sum(begun.strategy.owed(instance, each) for each in (*people, BURNT))
    assert session.chain.balance(begun.address) == owed


def refuse_ether(session: Session, name: str) -> None:
    """Let an account run code that takes nothing (EIP-7702); it signs and sends as before."""
    web3, owner, judy = session.chain.web3, _key(name), _key("judy")
    nonce = web3.eth.get_transaction_count(judy.address)
    fees: dict[str, Any] = {
        "chainId": web3.eth.chain_id,
        "maxFeePerGas": 10**10,
        "maxPriorityFeePerGas": 10**9,
        "gas": 200_000,
    }
    made = judy.sign_transaction({**fees, "nonce": nonce, "data": REFUSES, "value": 0})
    code = web3.eth.wait_for_transaction_receipt(web3.eth.send_raw_transaction(made.raw_transaction))
    authorization = owner.sign_authorization(
        {
            "chainId": web3.eth.chain_id,
            "address": code["contractAddress"],
            "nonce": web3.eth.get_transaction_count(owner.address),
        }
    )
    given: dict[str, Any] = {"nonce": nonce + 1, "to": judy.address, "data": b"", "value": 0}
    given |= {"authorizationList": [authorization], "type": 4}
    signed = judy.sign_transaction({**fees, **given})
    web3.eth.send_raw_transaction(signed.raw_transaction)
    assert web3.eth.get_code(owner.address).startswith(bytes.fromhex("ef0100"))


def _key(name: str) -> LocalAccount:
    key: LocalAccount = EthAccount.from_key(private_key(name))
    return key


def wealth(begun: Begun, session: Session) -> dict[str, int]:
    """What everybody has, in the wallet and with the contract."""
    instance = begun.strategy.system.open(session, begun.address)
    accounts = map(session.account, begun.strategy.people)
    return {
        each.name: session.chain.balance(each.address) + begun.strategy.owed(instance, each.address)
        for each in accounts
    }


def test_keepers__alone__bring_it_to_its_end_and_leave_nothing(
    copied: Begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    gas, complete = [], Delivery.complete

    def noting(self: Delivery, *args: Any, **options: Any) -> Any:
        receipt = complete(self, *args, **options)
        gas.append(receipt.gas_used if receipt else 0)
        return receipt

    monkeypatch.setattr(Delivery, "complete", noting)
    with session_in(copied.folder) as session:
        assert play(copied, session) == []
        require_owed(copied, session)
    assert 0 < max(gas) <= GAS_CAP


def test_keepers__killed_after_any_transaction__everybody_has_what_they_have_without(
    begun: Begun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, deadly, complete = 0, range(0), Delivery.complete

    def dying(self: Delivery, *args: Any, **options: Any) -> Any:
        nonlocal sent
        sent += 1
        if sent in deadly:
            raise KeyboardInterrupt
        return complete(self, *args, **options)

    monkeypatch.setattr(Delivery, "complete", dying)
    found = []
    for name in ("alive", "dying"):
        deadly, folder = range(1, 1000, 3) if name == "dying" else range(0), tmp_path / name
        shutil.copytree(begun.folder, folder)
        sent, over = 0, False
        while not over:
            with session_in(folder) as session, suppress(KeyboardInterrupt):
                play(begun, session)
                over = True
        with session_in(folder) as session:
            found.append(wealth(begun, session))
    assert sent > 3
    for name, amount in found[0].items():
        assert found[1][name] == pytest.approx(amount, abs=GAS_MONEY), name


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_keepers__late_or_absent__the_rest_bring_it_to_its_end(copied: Begun, seed: int) -> None:
    with session_in(copied.folder) as session:
        play_loosely(copied, session, random.Random(f"{copied.strategy.system.name} {seed}"))
        play(copied, session)
        require_owed(copied, session)


@pytest.mark.parametrize("who", range(4))
def test_wallet__refuses_ether__stops_nobody_else(
    begun: Begun, undisturbed: dict[str, int], copied: Begun, who: int
) -> None:
    refusing = copied.strategy.people[who]
    with session_in(copied.folder) as session:
        refuse_ether(session, refusing)
        play(copied, session)
        found = wealth(copied, session)
    for name in undisturbed.keys() - {refusing}:
        assert found[name] >= undisturbed[name] - GAS_MONEY, name


def test_keepers__strangers_in_the_list__stop_nobody(copied: Begun) -> None:
    system = copied.strategy.system
    with session_in(copied.folder) as session:
        foreign = [
            to_checksum_address("0x" + "11" * 20),
            session.account("bob").address,
            session.deployments.get("ModelRegistry"),
        ]
        for address in foreign:
            session.known.remember(address, system.kind)
        found = [instance for _, instance in Known(session, [system])]
        assert {each.address for each in found if isinstance(each, Unopened)} == set(foreign)
        [own] = [each for each in found if not isinstance(each, Unopened)]
        assert system.address_of(own) == copied.address
        accounts = [session.account(name) for name in copied.strategy.people]
        assert Keeper(session, Known(session, [system]), accounts).due()


def test_keeper__account_without_a_part__has_no_duties(copied: Begun) -> None:
    system = copied.strategy.system
    for secrets in ("competitions", "sealed", "markets", "tournaments"):
        shutil.rmtree(copied.folder / "home" / secrets, ignore_errors=True)
    with session_in(copied.folder) as session:
        keeper = Keeper(session, Known(session, [system]), [session.account("judy")])
        assert keeper.due() == []
        assert list(keeper.turn()) == []


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_view__of_each_system__is_on_the_page_and_sends(name: str) -> None:
    view = STRATEGIES[name].view
    assert f'{{ name: "{view}", ' in (VIEWS / "index.ts").read_text()
    sources = "".join(path.read_text() for path in (VIEWS / view).iterdir())
    assert re.search(r"functionName|<Balance ", sources)
    assert len(list((STATIC / "assets").glob(f"view-{view}-*.js"))) == 1
