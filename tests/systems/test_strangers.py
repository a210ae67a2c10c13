"""
What strangers made by the factories of tournaments and federations, and every command that meets it
├── descriptors that are nowhere, no text, too deep, too long, of another version, out of range, or full of
│   tricks; tokens that tell nothing or are none; calls with bytes behind them; data that are not data
│   ├── the list has a row for each
│   ├── every command about one of them ends with a sentence, and shows nothing raw
│   └── every command about one's own, by its name, goes on; so do keepers that know them all
├── what another factory made: refused by its address, with a sentence
├── events that cannot be read: left out, and the list goes on
└── descriptors that are mutated at random: read, or refused in one sentence
"""

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.bindings.federation import FederationFactory
from orchestrator.bindings.tournament import TournamentFactory
from orchestrator.chain import migrate
from orchestrator.chain.bound import Bound
from orchestrator.cli.dispatch import run
from orchestrator.config import load_settings
from orchestrator.errors import ChainError, DataError
from orchestrator.kernel.finding import Named
from orchestrator.kernel.session import Session
from orchestrator.provenance.canonical import encode
from orchestrator.storage.cid import Cid
from orchestrator.systems.federation import finding as federations
from orchestrator.systems.tournament import finding as tournaments
from orchestrator.types import Digest
from tests.evm import artifact
from tests.unit.chain.wire import Wire, over
from tests.unit.cli.test_strangers import TRICK, assert_harmless
from tests.unit.systems.federation.stage import begin
from tests.unit.systems.tournament.conftest import Stage, write_files

NOWHERE = Digest(b"\x11" * 32)
NO_ADDRESS = "0x" + "99" * 20
"""Where there is no contract."""


@dataclass(frozen=True)
class Room:
    """A system whose instances a factory makes.

    `own` makes one's own in a folder; `commands` are run about it, and about those of strangers, `tricks`
    change its descriptor (JSON) to what nobody should believe.
    """

    name: str
    finding: Named[Any, Any, Any]
    factory: type[Any]
    own: Callable[[Session, Path], Any]
    commands: tuple[str, ...]
    tricks: tuple[dict[str, Any], ...]


def own_tournament(session: Session, folder: Path) -> Any:
    write_files(folder)
    return Stage(session, folder).revealed("anna", "cara")


def own_federation(session: Session, folder: Path) -> Any:
    return begin(session, folder, "alice", "bob", "carol")


TOURNAMENT = Room(
    "tournament",
    tournaments._TOURNAMENTS,
    TournamentFactory,
    own_tournament,
    (
        "show",
        "data 0 --folder data --predict FRESH",
        "enter 0 predictions1.0.csv --stake 1 --yes",
        "keep --once --others --yes",
        "leaderboard",
        "history",
        "verify 0",
        "data 0 --folder data",
        "simulate --rounds 1",
        "open 0",
        "open 0 --targets targets-0.csv",
        "reveal 0",
        "score 0",
        "expire 0 alice",
        "fund 0 --yes",
        "withdraw",
        "keep --once --yes",
    ),
    (
        {"name": TRICK, "id": TRICK, "target": TRICK, "features": [TRICK], "source": TRICK},
        {"live": [TRICK, "", "bafy"], "train": "../../etc/passwd", "baseline": TRICK},
        {"name": {"a": ["b"]}, "features": "features", "live": [["x"], None]},
        {"features": ["x"] * 100_000},
        {"name": "x" * 900_000},
    ),
)
FEDERATION = Room(
    "federation",
    federations._FEDERATIONS,
    FederationFactory,
    own_federation,
    (
        "status",
        "join --data bob.csv --yes",
        "join --yes",
        "step --yes",
        "history",
        "verify",
        "refute",
        "demand --yes",
        "supply",
        "forfeit",
        "publish",
        "withdraw",
        "leave",
        "delegate alice 1 --yes",
        "undelegate alice",
    ),
    (
        {"name": TRICK, "target": TRICK, "features": [TRICK], "classes": [TRICK, "b"], "source": TRICK},
        {"features": [], "classes": [], "template": '{"arrays":[{"name":"a","shape":[1e999],"type":"f"}]}'},
        {
            "features": [],
            "classes": [],
            "template": json.dumps({"arrays": [{"name": "a", "shape": [9] * 20_000, "type": "float32"}]}),
        },
        {"features": [], "classes": [], "template": '{"arrays":[{"name":"a","shape":[-7],"type":"f"}]}'},
        {"hidden": 2**53 - 1, "epochs": 2**53 - 1, "rate": 1e308, "batch": -1},
        {"features": ["x"] * 4097},
        {"tests": [TRICK]},
    ),
)
ROOMS = {room.name: room for room in (TOURNAMENT, FEDERATION)}
ALWAYS, TURNS = 4, 4
"""So many commands, the first, meet every hostile instance; of the others each meets one in so many."""

SENDING = {
    "open", "enter", "reveal", "score", "expire", "fund", "withdraw", "keep", "refute", "demand", "supply",
    "forfeit", "publish", "join", "step", "leave", "delegate", "undelegate",
}  # fmt: skip


@pytest.fixture(params=sorted(ROOMS))
def room(request: pytest.FixtureRequest) -> Room:
    return ROOMS[request.param]


@dataclass
class Planted:
    """One's own instance among those of a stranger, all of which the folder knows."""

    room: Room
    session: Session
    folder: Path
    own: Any
    hostile: list[str]

    def said(self, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
        """The code of `diln WORDS` in this folder, and all that it wrote: nothing raw, and no traceback."""
        code = run([*words, "--home", str(self.session.settings.home)])
        out, err = capsys.readouterr()
        assert code in (0, 1, 2, 3), (words, err)
        assert "Traceback" not in err + out, (words, err)
        assert "Usage:" not in err, (words, err)
        assert_harmless(out + err)
        return code, out if "--json" in words else out + err


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """For each system a folder in which all of it is planted, to be copied."""
    folders = {}
    for name, room in ROOMS.items():
        folders[name] = tmp_path_factory.mktemp(name) / "folder"
        folders[name].mkdir()
        with Session(load_settings(home=folders[name] / "home", environ={})) as session:
            migrate(session.settings, session.chain, session.account("judy"), [name])
            plant(room, session, folders[name])
    return folders


def plant(room: Room, session: Session, folder: Path) -> None:
    own = room.own(session, folder)
    for terms in hostile_terms(room, session, own):
        create(room, session, room.finding.factory_of(session), terms)
    for each in room.finding.all(session, creator=session.account("erin").address):
        session.known.remember(each.address, room.name)
    session.known.remember(own.address, room.name)


@pytest.fixture
def planted(room: Room, made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    shutil.copytree(made[room.name], tmp_path / "play")
    monkeypatch.chdir(tmp_path / "play")
    with Session(load_settings(home=tmp_path / "play" / "home", environ={})) as session:
        erins = room.finding.all(session, creator=session.account("erin").address)
        last = session.known.last(room.name)
        assert last
        own = room.finding.open(session, last)
        yield Planted(room, session, tmp_path / "play", own, [each.address for each in erins])


def hostile_terms(room: Room, session: Session, own: Any) -> list[Any]:
    """Those of one's own, but for what a stranger writes."""
    good = json.loads(session.storage.read(str(Cid(1, 0x55, own.terms.descriptor))))
    said = [
        b"\xff\xfe\x80\xc3(",
        b"[" * (room.finding.descriptor.LONGEST // 2),
        b'"' + b"x" * room.finding.descriptor.LONGEST + b'"',
        json.dumps(good, indent=1).encode(),
        encode({**good, "format": f"diln-{room.name}/2"}),
        encode({"format": f"diln-{room.name}/1"}),
        *(encode(good | trick) for trick in room.tricks),
    ]
    digests = [Digest(Cid.parse(session.storage.put(each).cid).digest) for each in said]
    found = [replace(own.terms, descriptor=each) for each in (*digests, NOWHERE)]
    found += [replace(own.terms, currency=token) for token in tokens(room, session)]
    return [*found, *false_data(room, session, own, good)]


def tokens(room: Room, session: Session) -> list[Any]:
    """Amounts in what tells nothing of itself; in what is not a token, where creating moves nothing."""
    compiled = artifact("MuteToken")
    contract = session.chain.web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    mute = session.chain.send(contract.constructor(), session.account("erin")).contract_address
    if room is FEDERATION:
        return [mute]
    return [mute, NO_ADDRESS, session.deployments.get("TournamentFactory")]


def false_data(room: Room, session: Session, own: Any, good: dict[str, Any]) -> list[Any]:
    """The same descriptor (so the same name) with another model; data that nobody can work with."""
    if room is FEDERATION:
        junk = Digest(Cid.parse(session.storage.put(b"\xff" * 100).cid).digest)
        return [own.terms, replace(own.terms, genesis_cid=junk), replace(own.terms, genesis_cid=NOWHERE)]
    found = []
    for data in (b"", b"\xff\xfe\x00", b"id,x,y\n" + f"{TRICK!r},1,2\n".encode() * 40, b"id\n" * 40):
        cid = session.storage.put(data).cid
        described = encode({**good, "live": [cid], "train": cid})
        found.append(Digest(Cid.parse(session.storage.put(described).cid).digest))
    return [own.terms, *(replace(own.terms, descriptor=each) for each in found)]


def create(room: Room, session: Session, factory: Any, terms: Any) -> None:
    """Create one from erin's account, by a call with bytes behind it that nobody reads."""
    erin, chain = session.account("erin"), session.chain
    start = int(chain.now()) + 7_200
    salt = Digest(random.Random(repr(terms)).randbytes(32))
    call = factory.create(replace(terms, organizer=erin.address, start=start), salt)
    value = 0
    if room is FEDERATION and int(terms.currency, 16) == 0:
        value = terms.rounds * terms.reward * terms.unit
    data = bytes.fromhex(call._encode_transaction_data()[2:]) + b"\xff" * 31
    nonce = chain.web3.eth.get_transaction_count(erin.address)
    fees = {"maxFeePerGas": 10**10, "maxPriorityFeePerGas": 10**9, "gas": 3_000_000}
    sent = {**fees, "to": factory.address, "data": data, "value": value, "nonce": nonce}
    signed = erin.sign_transaction({**sent, "chainId": chain.chain_id})
    receipt = chain.web3.eth.get_transaction_receipt(chain.web3.eth.send_raw_transaction(signed))
    assert receipt["status"] == 1


def test_list__among_hostile_instances__a_row_for_each(
    planted: Planted, capsys: pytest.CaptureFixture[str]
) -> None:
    name = planted.room.name
    assert len(planted.hostile) > 12
    for form in ([], ["--json"]):
        code, out = planted.said(capsys, name, "list", *form)
        assert code == 0
    rows = json.loads(out)
    assert {row[name] for row in rows} == {planted.own.address, *planted.hostile}
    assert len(rows) == 1 + len(planted.hostile)
    assert not any(row.get("error") for row in rows)
    assert max(len(row["name"]) for row in rows) <= 600


def test_list__instance_that_cannot_be_read__is_a_row_with_a_reason(
    planted: Planted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that tells nonsense of one instance's terms."""
    bad, read = planted.hostile[0], Bound._read

    def nonsense(self: Bound, kind: Any, function: str, *args: object) -> Any:
        if self.address == bad and function == "terms":
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, TRICK)
        return read(self, kind, function, *args)

    monkeypatch.setattr(Bound, "_read", nonsense)
    planted.said(capsys, planted.room.name, "list")
    code, out = planted.said(capsys, planted.room.name, "list", "--json")
    [row] = [each for each in json.loads(out) if "error" in each]
    assert (code, row[planted.room.name]) == (0, bad)
    assert "evil" in row["error"]


def test_list__event_that_cannot_be_read__is_left_out_and_the_list_goes_on(
    planted: Planted, caplog: pytest.LogCaptureFixture
) -> None:
    real, web3 = planted.session.chain.web3.provider, planted.session.chain.web3

    class Cutting(Wire):
        """A node that cuts off an event's arguments."""

        def _answer(self, asked: dict[str, Any]) -> Any:
            answer = super()._answer(asked)
            if asked["method"] == "eth_getLogs":
                told = [
                    each for each in answer["result"] if planted.hostile[0][2:].lower() in str(each).lower()
                ]
                for each in told:
                    each["data"] = "0x" + "ff" * 31
            return answer

    web3.provider = over(Cutting(real))
    try:
        found = planted.room.finding.all(planted.session)
    finally:
        web3.provider = real
    assert [each.address for each in found] == [planted.own.address, *planted.hostile[1:]]
    assert "left out an event" in caplog.text


def test_commands__about_hostile_instances__end_with_a_sentence(
    planted: Planted, capsys: pytest.CaptureFixture[str]
) -> None:
    """What reads most of each; of the others each a part, in turns."""
    option = f"--{planted.room.name}"
    for number, address in enumerate(planted.hostile):
        for place, command in enumerate(planted.room.commands):
            if place < ALWAYS or place % TURNS == number % TURNS:
                words = command.replace("FRESH", f"fresh-{number}.csv").split()
                sender = ["--from", "bob"] if words[0] in SENDING else []
                planted.said(capsys, planted.room.name, *words, option, address, *sender)


def test_commands__about_ones_own_by_its_name__go_on(
    planted: Planted, capsys: pytest.CaptureFixture[str]
) -> None:
    """Others have the same name or none that can be read: of those, the one that this folder made."""
    name, option = planted.room.name, f"--{planted.room.name}"
    (planted.folder / "home" / "known").rename(planted.folder / "home" / "unknown")
    planted.session.known.remember(planted.own.address, name)
    called = planted.room.finding.name_of(planted.session, planted.own)
    for command in planted.room.commands:
        words = command.replace("FRESH", "own.csv").split()
        if words[0] not in SENDING:
            code, said = planted.said(capsys, name, *words, option, called)
            assert code == 0, (command, said)


def test_find__name_that_only_others_have__none_is_found(planted: Planted) -> None:
    """All strangers' descriptors are read for it."""
    with pytest.raises(ChainError, match=f"no {planted.room.name} is called `nobody's`"):
        planted.room.finding.find(planted.session, "nobody's")


def test_find__made_by_another_factory__is_refused(
    planted: Planted, capsys: pytest.CaptureFixture[str]
) -> None:
    """It runs the very code, and knows the very terms."""
    room, session = planted.room, planted.session
    compiled = artifact(room.factory.ARTIFACT)
    real = room.finding.factory_of(session)
    contract = session.chain.web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
    [constructor] = [each for each in compiled["abi"] if each["type"] == "constructor"]
    arguments = [
        getattr(real.contract.functions, each["name"].upper())().call() for each in constructor["inputs"]
    ]
    made = session.chain.send(contract.constructor(*arguments), session.account("erin")).contract_address
    factory = room.factory(session.chain, made)
    create(room, session, factory, planted.own.terms)
    [foreign] = factory.events(room.finding.created, None, None)
    assert foreign.instance not in [each.address for each in room.finding.all(session)]
    session.known.remember(foreign.instance, room.name)
    for command in room.commands[:ALWAYS]:
        for reference in (foreign.instance, "latest"):
            words = command.replace("FRESH", "fresh.csv").split()
            code, said = planted.said(capsys, room.name, *words, f"--{room.name}", reference)
            assert code == 1
            assert f"is not a {room.name} of this chain's factory" in " ".join(said.split())
    code, said = planted.said(capsys, "keep", "--once", "--from", "bob")
    assert f"could not open {room.name} {foreign.instance}" in " ".join(said.split())


def test_keeper__knows_hostile_instances__does_what_is_due_in_ones_own(
    planted: Planted, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twice: what is done first is what the next waits for."""
    told = ""
    for _ in range(2):
        told += planted.said(capsys, "keep", "--once", "--from", "bob", "--others")[1]
    assert ("scored" if planted.room is TOURNAMENT else "committed to an update in round") in told, told


def test_doctor__knows_hostile_instances__is_well(
    planted: Planted, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = planted.said(capsys, "doctor")
    assert code == 0, said


@pytest.mark.parametrize("seed", range(8))
def test_parse__descriptor_mutated_at_random__is_read_or_refused_in_a_sentence(room: Room, seed: int) -> None:
    rng = random.Random(f"{room.name} {seed}")
    good, refused = GOOD[room.name], []
    assert room.finding.descriptor.parse(encode(good))
    for _ in range(250):
        changed = good | {rng.choice(sorted(good)): _any(rng, 0) for _ in range(rng.randrange(1, 4))}
        try:
            found = room.finding.descriptor.parse(encode(changed))
            assert room.finding.descriptor.parse(found.to_bytes()) == found
        except DataError as error:
            refused.append(error.message)
    assert refused
    assert all(each.isprintable() and len(each) < 1_000 for each in refused)


def _any(rng: random.Random, depth: int) -> Any:
    """Any value of JSON, the likelier what is near to something."""
    template = {
        "arrays": [{"name": "a", "shape": _shape(rng), "type": rng.choice(["float32", "int8", TRICK])}]
    }
    plain: list[Any] = [
        None, True, -1, 0, 2**53 - 1, 1e308, 5e-324, 0.5, "", "x", TRICK, "x" * 5_000, "0" * 64,
        json.dumps(template), "[" * 70, "1e999", "9" * 5_000,
    ]  # fmt: skip
    if depth > 2 or rng.random() < 0.6:
        return rng.choice(plain)
    some = [_any(rng, depth + 1) for _ in range(rng.randrange(4))]
    return some if rng.random() < 0.6 else {str(key): value for key, value in enumerate(some)}


def _shape(rng: random.Random) -> Any:
    infinite = float("inf")
    return rng.choice(
        [[], [2, 3], "12", [infinite], [-infinite], [10**4299], [9] * 9_000, [0], [None], 7, {}]
    )


GOOD: dict[str, dict[str, Any]] = {
    "tournament": {
        "format": "diln-tournament/1",
        **dict.fromkeys(("name", "id", "target", "train", "source", "baseline"), "x"),
        **{name: ["x"] for name in ("features", "live")},
    },
    "federation": {
        "format": "diln-federation/1",
        **dict.fromkeys(("name", "target", "source"), "x"),
        "features": ["x"],
        "classes": ["a", "b"],
        "hidden": 0,
        "epochs": 1,
        "rate": 1,
        "batch": 1,
    },
}
