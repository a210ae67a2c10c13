import csv
from pathlib import Path

import numpy as np
import pytest

from orchestrator.errors import DataError
from orchestrator.systems.federation.aligning import align
from orchestrator.systems.federation.alignment import Blinded, Party, common, point_of
from orchestrator.systems.federation.vertical import Columns, Labels, predict, train


def party(number: int) -> Party:
    return Party(bytes([number]) * 32)


def test_equal_identifiers_meet_and_others_do_not() -> None:
    a, b = party(1), party(2)
    known = ["ann", "bob", "cem"], ["bob", "dan", "ann", "eve"]
    first, second = b.again(a.blind(known[0])), a.again(b.blind(known[1]))
    mine, theirs = common(first, [second]), common(second, [first])
    assert [a.order(known[0])[place] for place in mine] == [b.order(known[1])[place] for place in theirs]
    assert {a.order(known[0])[place] for place in mine} == {"ann", "bob"}


def test_a_list_tells_nothing_without_the_secret() -> None:
    blinded = party(1).blind(["ann", "bob"])
    assert not {point_of(each).format() for each in ("ann", "bob")} & set(blinded.points)
    assert not set(party(2).blind(["ann", "bob"]).points) & set(blinded.points)
    assert point_of("ann").format() != point_of("bob").format()


def test_all_lists_go_through_all_hands() -> None:
    a, b, c = party(1), party(2), party(3)
    lists = [a.blind(["x"]), b.blind(["x"]), c.blind(["x"])]
    with pytest.raises(DataError, match="every party"):
        common(b.again(lists[0]), [a.again(lists[1]), b.again(lists[2])])
    with pytest.raises(DataError, match="one list of each"):
        common(c.again(b.again(lists[0])), [c.again(a.again(lists[1]))])
    with pytest.raises(DataError, match="already"):
        a.again(lists[0])
    for points in ((b"\2" + b"\xff" * 32,), (b"",), (b"\4" * 65,)):
        with pytest.raises(DataError, match="not a"):
            a.again(Blinded("other", ("other",), points))
    for wrong in ([], ["x", "x"]):
        with pytest.raises(DataError, match="each once"):
            a.blind(wrong)


def table(path: Path, people: list[int], column: str) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", column])
        writer.writerows([f"person {each}", each * 10] for each in people)
    return path


def test_three_parties_align_by_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    known = [rng.choice(30, 22, replace=False).tolist() for _ in range(3)]
    homes = [tmp_path / name for name in "abc"]
    tables = [table(tmp_path / f"{i}.csv", known[i], f"c{i}") for i in range(3)]
    run = [
        lambda files, i=i: align(homes[i], tables[i], files, 3, homes[i] / "out", "name") for i in range(3)
    ]
    once = [each([]).written[0] for each in run]
    for first in range(3):
        path = once[first]
        for other in range(3):
            if other != first:
                done = run[other]([path])
                path = done.written[0]
                assert done.common is None
        once[first] = path
    shared = set(known[0]) & set(known[1]) & set(known[2])
    orders = []
    for i in range(3):
        done = run[i](once)
        assert done.common == len(shared) > 5
        with (homes[i] / "out" / "aligned.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert all(row[f"c{i}"] == str(10 * int(row["name"].split()[1])) for row in rows)
        orders.append([row["name"] for row in rows])
        assert not (homes[i] / "federation" / "alignment.key").exists()
    assert orders[0] == orders[1] == orders[2]
    assert {int(name.split()[1]) for name in orders[0]} == shared


def test_bad_tables_and_files_are_refused(tmp_path: Path) -> None:
    good = table(tmp_path / "good.csv", [1, 2], "c")
    home = tmp_path / "home"
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "ragged.csv").write_text("a,b\n1\n")
    (tmp_path / "twice.csv").write_text("a\n1\n1\n")
    for name in ("none.csv", "empty.csv", "ragged.csv", "twice.csv"):
        with pytest.raises(DataError):
            align(home, tmp_path / name, [], 2, tmp_path)
    with pytest.raises(DataError, match="no column"):
        align(home, good, [], 2, tmp_path, "nothing")
    (tmp_path / "blinded-a").mkdir()
    outside = '{"owner": "a/../../b", "parties": ["a/../../b"], "points": []}'
    for text in (
        "",
        "{}",
        "[" * 10_000,
        '{"owner": "a", "parties": ["b"], "points": []}',
        '{"owner": 7}',
        outside,
    ):
        (tmp_path / "strange.json").write_text(text)
        with pytest.raises(DataError, match="not a list"):
            align(home, good, [tmp_path / "strange.json"], 2, tmp_path)
    assert not list(tmp_path.parent.glob("b-*.json"))
    with pytest.raises(DataError, match="not a list"):
        align(home, good, [tmp_path / "nowhere.json"], 2, tmp_path)
    other = tmp_path / "other.json"
    other.write_text(party(5).blind(["x"]).to_json())
    with pytest.raises(DataError, match="same party"):
        align(home, good, [other, other], 2, tmp_path)
    other.write_text(party(6).again(party(5).blind(["x"])).to_json())
    other.write_text(party(7).again(party(6).again(party(5).blind(["x"]))).to_json())
    with pytest.raises(DataError, match="parties had"):
        align(home, good, [other], 2, tmp_path)


def test_a_split_model_learns_what_one_table_would() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 4))
    labels = (features @ [2, -1, 0.5, 1] > 0).astype(np.int64)
    parties, owner = [Columns(features[:, :2]), Columns(features[:, 2:])], Labels(labels)
    train(parties, owner)
    assert (predict(parties, owner, [features[:, :2], features[:, 2:]]) == labels).mean() > 0.97
    alone = [Columns(features[:, 2:])]
    train(alone, Labels(labels))
    assert (predict(alone, Labels(labels), [features[:, 2:]]) == labels).mean() < 0.85


def test_tables_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="same rows"):
        train([Columns(np.zeros((3, 1)))], Labels(np.array([0, 1])))
    for wrong in (np.array([1, 1]), np.array([0, 2]), np.array([], np.int64)):
        with pytest.raises(DataError, match="both occur"):
            Labels(wrong)
    for bad in (np.zeros((0, 2)), np.zeros(3), np.full((2, 2), np.nan)):
        with pytest.raises(DataError, match="finite"):
            Columns(bad)
