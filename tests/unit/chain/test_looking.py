"""
look: all reads at one moment, whatever becomes of the chain meanwhile
├── blocks come: those that were there when it began; on a development chain, another look
├── another fork, at any moment: one of the two, never something of both
├── a fork at each look: told
├── a node that lags: looks again
├── what is raised: raised where its block stands, read again where it does not
├── nobody sends for days: time goes on, and stands still within a look
├── a look in a look is part of it; other threads are not
├── nothing is sent within
└── costs: two requests; what is read twice is built once
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from web3.contract import Contract

from orchestrator.chain import Account, Chain, connect
from orchestrator.chain.bound import Bound
from orchestrator.chain.looking import LOOKS
from orchestrator.config import Settings
from orchestrator.errors import ChainError
from tests.unit.chain.faults import Ask, Line, answers, chain_behind, forked, mixes, refusal
from tests.unit.chain.probe import bind_probe, deploy_probe

DAY = 86_400


def seen(chain: Chain, probe: Contract) -> tuple[Any, ...]:
    """What an honest look agrees on: the value, how often it was set, and the events that say so."""
    many = chain.call_many([probe.functions.value(), probe.functions.round()])
    told = [each["args"]["value"] for each in chain.events(probe.events.ValueSet())]
    return chain.head().number, *many, told, chain.balance(probe.address), chain.call(probe.functions.value())


def set_value(chain: Chain, probe: Contract, value: int, sender: Account) -> None:
    chain.send(bind_probe(chain, probe.address).functions.set(value), sender)


def seven(probe: Contract, sender: Account) -> Callable[[Settings], None]:
    """Set the value to 7 on a fork."""

    def differ(settings: Settings) -> None:
        with connect(settings) as fork:
            set_value(fork, probe, 7, sender)

    return differ


@pytest.fixture
def remote(line: Line, settings: Settings, probe: Contract, monkeypatch: pytest.MonkeyPatch) -> Chain:
    """The same chain as `chain`, taken for one whose time is that of its latest block."""
    remote = chain_behind(line, settings.home)
    monkeypatch.setitem(vars(remote), "development", False)
    return remote


def meanwhile(read: Callable[[], Any], change: Callable[[], Any]) -> Callable[[], tuple[Any, Any]]:
    """Read twice, with a change between the two that happens once."""
    changes = [change]

    def both() -> tuple[Any, Any]:
        before = read()
        if changes:
            changes.pop()()
        return before, read()

    return both


def test_look__blocks_come__all_is_from_the_one_it_began_with(
    chain: Chain, remote: Chain, probe: Contract, alice: Account
) -> None:
    there = bind_probe(remote, probe.address)
    chain.send(probe.functions.set(1), alice)
    both = meanwhile(
        lambda: (remote.now(), *seen(remote, there)),
        lambda: chain.send(probe.functions.set(2), alice, value=5),
    )
    before, after = remote.look(both)
    assert before == after
    assert before[2:] == (1, 1, [1], 0, 1)
    assert seen(remote, there)[1:] == (2, 2, [1, 2], 5, 2)


def test_look__blocks_come_on_a_development_chain__looks_again(
    chain: Chain, probe: Contract, alice: Account, settings: Settings
) -> None:
    with connect(settings) as other:
        both = meanwhile(
            lambda: (chain.now(), *seen(chain, probe)),
            lambda: set_value(other, probe, 2, alice),
        )
        before, after = chain.look(both)
    assert before == after
    assert before[2:4] == (2, 1)
    assert before[0] == chain.head().timestamp


@pytest.mark.parametrize("development", [True, False])
def test_look__another_fork_at_any_moment__is_of_one(
    chain: Chain,
    probe: Contract,
    alice: Account,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    development: bool,
) -> None:
    forks = forked(chain, settings, tmp_path, seven(probe, alice))
    for value in (1, 2):
        set_value(chain, probe, value, alice)
    chain.web3.provider = forks
    monkeypatch.setitem(vars(chain), "development", development)
    found, one, other = answers(forks, lambda: chain.look(lambda: seen(chain, probe)))
    assert (one[1:4], other[1:4]) == ((2, 2, [1, 2]), (7, 1, [7]))
    assert {str(each) for each in found} == {str(one), str(other)}
    assert mixes(forks, lambda: seen(chain, probe), len(found), one, other)  # without a look


def test_look__another_fork_each_time__told(
    chain: Chain, probe: Contract, alice: Account, settings: Settings, tmp_path: Path
) -> None:
    forks = forked(chain, settings, tmp_path, seven(probe, alice))
    forks.back = True
    set_value(chain, probe, 1, alice)
    chain.web3.provider = forks
    forks.begin(2)  # a look is: the head, a read, the head again
    looked = []
    with pytest.raises(ChainError, match=f"what the node shows of it, changed during each of {LOOKS} looks"):
        chain.look(lambda: looked.append(chain.call(probe.functions.value())))
    assert len(looked) == LOOKS


def test_look__what_is_raised__raised_where_the_block_stands(
    chain: Chain, probe: Contract, alice: Account, settings: Settings
) -> None:
    failing = iter([ValueError("strange"), ValueError("of two blocks")])

    def read() -> int:
        if error := next(failing, None):
            if "two" in str(error):
                with connect(settings) as other:
                    set_value(other, probe, 2, alice)
            raise error
        return int(chain.call(probe.functions.value()))

    with pytest.raises(ValueError, match="strange"):
        chain.look(read)
    assert chain.look(read) == 2


def test_look__node_without_the_block__looks_again(remote: Chain, line: Line, probe: Contract) -> None:
    there, refused = bind_probe(remote, probe.address), []

    def lagging(ask: Ask, method: str, params: Any) -> Any:
        if method == "eth_call" and len(refused) < LOOKS - 1:
            refused.append(params)
            return refusal("header not found")
        return ask(method, params)

    line.fault = lagging
    assert remote.look(lambda: remote.call(there.functions.value())) == 0
    assert len(refused) == LOOKS - 1


def test_look__nobody_sends_for_days__time_goes_on(chain: Chain, alice: Account, settings: Settings) -> None:
    probe = deploy_probe(chain, alice, opens_at=chain.now() + DAY)
    head = chain.head()
    chain.request("evm_increaseTime", 2 * DAY)  # and no block

    def read() -> tuple[int, bool, int, int]:
        first = chain.now()
        with connect(settings) as other:
            other.request("evm_increaseTime", DAY)
        return first, chain.call(probe.functions.isOpen()), chain.now(), chain.head().number

    first, is_open, last, number = chain.look(read)
    assert first == last >= head.timestamp + DAY
    assert (is_open, number) == (True, head.number)


def test_look__within_another__is_part_of_it(chain: Chain, probe: Contract, line: Line) -> None:
    chain.web3.provider = line
    chain.look(lambda: chain.look(lambda: chain.call(probe.functions.value())))
    assert line.asked == ["eth_getBlockByNumber", "eth_call", "eth_getBlockByNumber"]


def test_look__other_thread__sees_the_latest(
    chain: Chain, remote: Chain, probe: Contract, alice: Account
) -> None:
    def read() -> tuple[int, int]:
        chain.send(probe.functions.set(1), alice)
        with ThreadPoolExecutor(1) as pool:
            return remote.head().number, pool.submit(lambda: remote.head().number).result()

    before, after = remote.look(read)
    assert after == before + 1


def test_look__sending__refused(chain: Chain, probe: Contract, alice: Account) -> None:
    with pytest.raises(AssertionError):
        chain.look(lambda: chain.send(probe.functions.set(1), alice))
    assert chain.call(probe.functions.value()) == 0
    chain.look(lambda: chain.send(probe.functions.set(1), alice, dry_run=True))


def test_look__many_reads__cost_two_requests_more(remote: Chain, line: Line, probe: Contract) -> None:
    there = bind_probe(remote, probe.address)
    seen(remote, there)
    line.asked.clear()
    plain = seen(remote, there), remote.now(), remote.now()
    before, line.asked[:] = len(line.asked), []
    assert remote.look(lambda: (seen(remote, there), remote.now(), remote.now())) == plain
    assert len(line.asked) <= before + 2 - 4  # each of head, events, and the two times asks for it alone


def test_look__same_read_again__is_neither_asked_nor_encoded(chain: Chain, probe: Contract) -> None:
    class Probe(Bound):
        ABI = tuple(probe.abi)

        def value(self) -> int:
            return self._read(int, "value")

    bound, built = Probe(chain, probe.address), []
    call = bound._call
    bound._call = lambda *args: built.append(args) or call(*args)  # type: ignore[method-assign]
    before = bound.value(), bound.value()
    assert len(built) == 2
    assert chain.look(lambda: (bound.value(), bound.value())) == before
    assert len(built) == 3
