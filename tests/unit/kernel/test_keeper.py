"""A keeper over a system that is made of lists.

turn
├── only what is due, of the roles that an account has
├── asked in one look; again after something was done
├── what fails does not stop the rest; what cannot be told to be due is said, and not done
└── a node that is away ends it
run
├── what was said in one turn is not said in the next
└── a node that is away is waited for
remarks
├── for who has a part; said once as long as they are so, and counted by nobody
└── ask for no part again after a turn
due
└── the first first
Known
└── what cannot be opened is told, and tried again; the rest is opened once
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.errors import ChainError, NodeUnavailable
from orchestrator.kernel.keeper import Keeper, Known
from orchestrator.kernel.system import ANYBODY, Duty, Failure, Look, System
from orchestrator.text import shown
from orchestrator.types import ZERO_ADDRESS, Address, Seconds

NOW = 1_000
OWNER = SimpleNamespace(name="alice", address="0xalice")
STRANGER = SimpleNamespace(name="bob", address="0xbob")


class Chain:
    development = True
    looks = 0

    def now(self) -> Seconds:
        return Seconds(NOW)

    def look(self, read: Callable[[], Any]) -> Any:
        self.looks += 1
        return read()


def duty(name: str, at: int | None, role: str = "owner", fails: Exception | None = None) -> Duty[Any]:
    def act(look: Look[Any]) -> Iterator[str]:
        if fails:
            raise fails
        yield f"did {name} for {look.account.name}"

    return Duty(name, lambda _: None if at is None else Seconds(at), act, frozenset({role}))


STRANGE = "\x1b[31mbytes of a stranger"


def asked_in_vain(look: Look[Any]) -> Seconds:
    raise ValueError(STRANGE)


def system(*duties: Duty[Any], opened: Callable[..., Any] = lambda session, address: address) -> System[Any]:
    def roles_of(session: Any, instance: Any, who: Any) -> frozenset[str]:
        return frozenset({"owner"}) if who == OWNER.address else frozenset()

    return System("test", "thing", opened, lambda _: ZERO_ADDRESS, roles_of, lambda _: False, duties)


def keeper(*duties: Duty[Any], accounts: tuple[Any, ...] = (OWNER,), **options: Any) -> Keeper:
    session: Any = SimpleNamespace(chain=Chain())
    return Keeper(session, [(system(*duties), "one")], accounts, **options)


def said(*duties: Duty[Any], **options: Any) -> list[str]:
    return [str(each) for each in keeper(*duties, **options).turn()]


def test_turn__due_later_or_never__only_what_is_due_is_done() -> None:
    duties = (duty("past", NOW - 1), duty("now", NOW), duty("later", NOW + 1), duty("never", None))
    assert said(*duties) == ["did past for alice", "did now for alice"]


def test_turn__others__what_everybody_may_is_done_when_asked_for() -> None:
    duties = (duty("mine", NOW), duty("tip", NOW, ANYBODY))
    assert said(*duties, accounts=(OWNER, STRANGER)) == ["did mine for alice"]
    assert said(*duties, accounts=(STRANGER,), others=True) == ["did tip for bob"]
    assert said(*duties, accounts=(STRANGER,), roles={"owner"}) == ["did mine for bob"]


def test_turn__several_duties__are_asked_in_one_look_until_one_is_done() -> None:
    chain, did = Chain(), []

    def act(name: str) -> Callable[[Look[Any]], Iterator[str]]:
        return lambda look: iter([did.append(name) or name])

    def due(*done: str) -> Callable[[Look[Any]], Seconds | None]:
        return lambda look: Seconds(NOW) if set(done) <= set(did) else None

    owner = frozenset({"owner"})
    duties = [Duty("early", due("first"), act("early"), owner), Duty("first", due(), act("first"), owner)]
    duties += [Duty("then", due("first"), act("then"), owner), Duty("never", due("none"), act("x"), owner)]
    session: Any = SimpleNamespace(chain=chain)
    every = Keeper(session, [(system(*duties), "one")], [OWNER])
    assert [str(each) for each in every.turn()] == ["first", "then"]
    assert chain.looks == 3
    did.append("none")
    assert [each.duty for each in every.due()] == ["early", "first", "then", "never"]
    assert chain.looks == 4


def test_turn__one_fails__the_others_are_done_and_it_is_told_harmlessly() -> None:
    odd = duty("odd", NOW, fails=ValueError("\x1b[31m" + "x" * 10_000))
    refused = duty("pay", NOW, fails=ChainError("no money", "Get some."))
    found = list(keeper(odd, refused, duty("rest", NOW)).turn())
    assert [each.failed for each in found] == [True, True, False]
    assert "\x1b" not in str(found[0])
    assert len(str(found[0])) < 500
    assert str(found[1]) == "could not pay: no money. Get some."


def test_turn__cannot_be_told_whether_it_is_due__said_and_not_done() -> None:
    def act(look: Look[Any]) -> Iterator[str]:
        yield "showed what should stay hidden"

    early = Duty("show", asked_in_vain, act, frozenset({"owner"}))
    found = list(keeper(early, duty("rest", NOW)).turn())
    told = f"could not tell whether to show: ValueError: {shown(STRANGE)}"
    assert [(str(each), each.failed) for each in found] == [(told, True), ("did rest for alice", False)]


def test_turn__node_away__is_raised() -> None:
    with pytest.raises(NodeUnavailable):
        said(duty("look", NOW, fails=NodeUnavailable("away")))


def test_run__the_same_again__said_once_and_a_node_is_waited_for() -> None:
    fails: list[Exception | None] = [None, None, NodeUnavailable("away"), None]

    def act(look: Look[Any]) -> Iterator[str]:
        if not fails:
            raise KeyboardInterrupt
        if error := fails.pop(0):
            raise error
        yield "did it"

    every = keeper(Duty("do", lambda look: look.now, act, frozenset({"owner"})))
    heard = []
    with pytest.raises(KeyboardInterrupt):
        heard += [heard.append(str(each)) for each in every.run(0, sleep=lambda _: None)]
    assert heard == ["did it", "could not look: away", "did it"]


def test_remarks__who_has_a_part__hears_them_once() -> None:
    def remarks(look: Look[Any]) -> list[str]:
        if look.account is STRANGER:
            raise ValueError("a stranger has none")
        return [f"{look.account.name} lost something"]

    session: Any = SimpleNamespace(chain=Chain())
    room = replace(system(duty("do", NOW)), remarks=remarks)
    every, counted = Keeper(session, [(room, "one")], (OWNER, STRANGER)), []
    assert [(str(each), each.failed) for each in every.remarks()] == [("alice lost something", False)]
    metrics: Any = SimpleNamespace(
        count=lambda system, duty, failed: counted.append(duty), show=lambda *_: None
    )
    turns = iter([None, None])

    def sleep(_: float) -> None:
        if next(turns, True):
            raise KeyboardInterrupt

    heard = []
    with pytest.raises(KeyboardInterrupt):
        heard += [heard.append(str(each)) for each in every.run(0, metrics=metrics, sleep=sleep)]
    assert heard == ["did do for alice", "alice lost something"]
    assert set(counted) == {"do"}
    broken = replace(room, remarks=lambda look: [bytes(look)])
    assert list(Keeper(session, [(broken, "one")], [OWNER]).remarks()) == []


def test_remarks__after_a_turn__ask_for_no_part_again() -> None:
    asked = []

    def roles_of(session: Any, instance: object, who: Address) -> frozenset[str]:
        asked.append(who)
        return frozenset({"owner"})

    session: Any = SimpleNamespace(chain=Chain())
    room = replace(system(duty("do", NOW)), roles_of=roles_of, remarks=lambda look: ["lost"])
    every = Keeper(session, [(room, "one")], [OWNER])
    assert list(map(str, [*every.turn(), *every.remarks()])) == ["did do for alice", "lost"]
    assert len(asked) == 1
    assert list(map(str, every.remarks())) == ["lost"]
    assert len(asked) == 2


def test_due__several__the_first_first() -> None:
    found = keeper(duty("late", NOW + 9), duty("soon", NOW + 1), duty("never", None)).due()
    assert [(each.duty, each.at, each.account) for each in found] == [
        ("soon", NOW + 1, "alice"),
        ("late", NOW + 9, "alice"),
    ]


def test_known__cannot_be_opened__is_told_and_tried_again() -> None:
    broken, opened = ["late", "damaged"], []

    def opening(session: Any, address: str) -> str:
        opened.append(address)
        if address in broken:
            raise ChainError("its descriptor\x1b[31m is not here")
        return address

    listed = SimpleNamespace(all=lambda kind: ["own", "late", "damaged"])
    session: Any = SimpleNamespace(known=listed, chain=Chain())
    known = Known(session, [system(duty("do", NOW), opened=opening)])
    kept = Keeper(session, known, [OWNER])
    first = list(kept.turn())
    assert [each.failed for each in first] == [True, True, False]
    assert "could not open test late: its descriptor" in str(first[0])
    assert "\x1b" not in str(first[0])
    broken.remove("late")
    assert [each.text for each in kept.turn() if not each.failed] == ["did do for alice"] * 2
    assert opened.count("own") == 1
    assert kept.over() is False


def test_turn__roles_cannot_be_told__the_other_accounts_have_their_turn() -> None:
    def roles_of(session: Any, instance: Any, who: Any) -> frozenset[str]:
        if who == OWNER.address:
            raise ValueError("a damaged file")
        return frozenset({"owner"})

    session: Any = SimpleNamespace(chain=Chain())
    rooms = replace(system(duty("do", NOW)), roles_of=roles_of)
    keeper = Keeper(session, [(rooms, "one")], (OWNER, STRANGER))
    assert [(str(each), each.failed) for each in keeper.turn()] == [
        ("could not look: ValueError: a damaged file", True),
        ("did do for bob", False),
    ]
    assert [each.account for each in keeper.due()] == ["bob"]


def test_turn__failure_that_is_told__is_one() -> None:
    def act(look: Look[Any]) -> Iterator[str]:
        yield Failure("could not do a part")
        yield "did the rest"

    found = list(keeper(Duty("do", lambda look: look.now, act, frozenset({"owner"}))).turn())
    assert [each.failed for each in found] == [True, False]
