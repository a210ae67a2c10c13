"""From a table to sealed, committed groups, and what is refused on the way."""

from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.bindings.competition import Group
from orchestrator.chain.bound import value_of
from orchestrator.errors import DataError, IntegrityError, UsageError
from orchestrator.kernel.secrets import salts_from as group_salts
from orchestrator.merkle import climb, proof_of, root_of
from orchestrator.storage import digest_bytes
from orchestrator.systems.competition.archive import Archive, check_group
from orchestrator.systems.competition.encoding import read_table
from orchestrator.systems.competition.offer import Shape, encode_groups, shape_of, terms_of
from orchestrator.systems.competition.records import Terms
from orchestrator.systems.competition.tree import Data, is_group
from orchestrator.systems.competition.trivial import trivial_models
from orchestrator.types import Wei
from tests.unit.competition.stage import offer_of, write_points

MASTER = bytes(range(32))


@pytest.fixture
def points(tmp_path: Path) -> Path:
    return write_points(tmp_path / "points.csv", rows=60)


def sealed(file: Path, **changes: Any) -> tuple[Archive, Data, Terms]:
    offer = offer_of(file, **changes)
    table = read_table(file, "side", numbers=False)
    shape = shape_of(offer, table)
    data = encode_groups(table, shape, group_salts(MASTER, shape.groups), MASTER)
    archive = Archive.seal("points", table.encoding, bytes(32), data)
    return archive, data, terms_of(offer, table, shape, data.root, digest_bytes(archive.to_bytes()))


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_read_table__whole_numbers_up_to_255__stay_as_they_are(points: Path) -> None:
    table = read_table(points, "side", numbers=False)
    assert table.encoding.steps == (1.0, 1.0)
    assert table.encoding.classes == ("above", "below")
    assert set(np.unique(table.labels)) == {0, 1}


def test_read_table__other_numbers__fill_the_byte(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "x,label", "-1.5,a", "0,b", "3.6,a")
    table = read_table(file, "label", numbers=False)
    assert table.features[:, 0].tolist() == [0, 75, 255]
    assert table.encoding.features_of([[3.6], [-99], [99]])[:, 0].tolist() == [255, 0, 255]


def test_read_table__numbers_as_labels__get_a_unit(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "x,y", "1,0.25", "2,7.5", "3,3.125")
    table = read_table(file, "y", numbers=True)
    assert table.encoding.unit == 0.001
    assert table.labels.tolist() == [250, 7500, 3125]
    assert table.encoding.label(7500) == 7.5


@pytest.mark.parametrize(
    ("lines", "target", "said", "hint"),
    [
        (["x,y", "1,a", ",b"], "y", "row 2, column 'x': the value is missing", "--drop-missing"),
        (["x,y", "1,a", "2,"], "y", "the label is missing", "--drop-missing"),
        (["x,y", "1,a", "2,a"], "y", "All labels are 'a'", "--target"),
        (["x,y", "1,a", "2,b"], "z", "no column 'z'", "--target"),
        (["x,y", "red,a", "blue,b"], "y", "column 'x' does not hold numbers", "Encode it"),
    ],
)
def test_read_table__bad_data__says_where(
    tmp_path: Path, lines: list[str], target: str, said: str, hint: str
) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read_table(write(tmp_path / "a.csv", *lines), target, numbers=False)
    assert hint in caught.value.hint


def test_read_table__labels_beyond_int32__names_the_unit(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "x,y", "1,0", "2,9000000000")
    with pytest.raises(DataError, match="int32") as caught:
        read_table(file, "y", numbers=True, unit=1.0)
    assert "--label-unit" in caught.value.hint


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"groups": 8, "group_size": 10}, "60 rows are too few for 8 groups of 10: 80 are needed"),
        ({"groups": 100, "test_groups": 5}, "60 rows are too few for 100 groups"),
        ({"groups": 257}, "not 2…256"),
        ({"groups": 4, "test_groups": 4}, "4 of 4 groups cannot be for testing"),
    ],
)
def test_shape_of__impossible_groups__says_what_is_needed(
    points: Path, changes: dict[str, int], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        shape_of(offer_of(points, **changes), read_table(points, "side", numbers=False))


def test_shape_of__a_group_longer_than_a_transaction__names_the_size(tmp_path: Path) -> None:
    table = read_table(write_points(tmp_path / "a.csv", rows=20_000), "side", numbers=False)
    with pytest.raises(DataError, match="24575") as caught:
        shape_of(offer_of(tmp_path / "a.csv", groups=2, test_groups=1), table)
    assert "--group-size 8191" in caught.value.hint


@pytest.mark.parametrize("shares", [(0.5, 0.4), (1.5, -0.5), (0.2,) * 5])
def test_terms_of__shares_that_cannot_be_paid__usage_error(points: Path, shares: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="cannot be paid"):
        sealed(points, shares=shares)


def test_terms_of__criterion_in_percent__usage_error(points: Path) -> None:
    with pytest.raises(UsageError, match="not a share of 1"):
        sealed(points, criterion=90)


def test_trivial_models__majority_reaches_the_criterion__says_so(tmp_path: Path) -> None:
    rows = [f"{i},{'b' if i % 10 == 0 else 'a'}" for i in range(100)]
    file = write(tmp_path / "a.csv", "x,y", *rows)
    table = read_table(file, "y", numbers=False)
    constant, _ = trivial_models(offer_of(file, criterion=0.9), table)
    assert (str(constant), constant.passes) == ("always y = a: accuracy 0.9", True)
    constant, question = trivial_models(offer_of(file, metric="macro-f1", criterion=0.5), table)
    assert not constant.passes
    assert question.score >= constant.score


def test_trivial_models__one_question_is_enough__says_so(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "x,z,y", *(f"{i},{i % 7},{'b' if i > 49 else 'a'}" for i in range(100)))
    constant, question = trivial_models(offer_of(file, criterion=0.9), read_table(file, "y", numbers=False))
    assert (question.says, question.score, question.passes) == ("one question about x", 1.0, True)
    assert not constant.passes


def test_trivial_models__numbers__are_in_their_own_unit(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "x,y", *(f"{i},{i / 8}" for i in range(100)))
    offer = offer_of(file, metric="mae", criterion=3.0)
    constant, question = trivial_models(offer, read_table(file, "y", numbers=True))
    assert constant.score == pytest.approx(25 / 8, abs=0.01)
    assert question.score == pytest.approx(12.5 / 8, abs=0.1)
    assert (constant.passes, question.passes) == (False, True)


def test_archive__sealed_and_parsed__every_group_opens(points: Path) -> None:
    archive, data, terms = sealed(points)
    again = Archive.parse(archive.to_bytes(), terms)
    assert again == archive
    for number in range(terms.groups):
        group = again.open(terms, number, data.salts[number])
        assert group == data.opened(number)
        assert climb(data.leaves[number], group.proof, number, terms.groups) == terms.root


def test_archive__sealed__shows_no_sample(points: Path) -> None:
    archive, data, _ = sealed(points)
    content = archive.to_bytes()
    assert not any(group[:12] in content for group in data.groups)


def test_archive__wrong_salt_or_changed_byte__is_refused(points: Path) -> None:
    archive, data, terms = sealed(points)
    with pytest.raises(IntegrityError, match="group 2 does not match the root"):
        archive.open(terms, 2, data.salts[3])
    damaged = replace(archive, sealed=(bytes(len(archive.sealed[0])), *archive.sealed[1:]))
    with pytest.raises(IntegrityError, match="group 0"):
        damaged.open(terms, 0, data.salts[0])
    with pytest.raises(IntegrityError, match="these salts are not those"):
        archive.data(terms, group_salts(bytes(32), terms.groups))


@pytest.mark.parametrize("cut", [b"", b"{}\n", b"not json\n", b"[" * 200_000])
def test_archive__something_else__is_no_data(points: Path, cut: bytes) -> None:
    with pytest.raises(DataError):
        Archive.parse(cut, sealed(points)[2])


def test_archive__cut_short_or_other_leaves__is_refused(points: Path) -> None:
    archive, _, terms = sealed(points)
    with pytest.raises(DataError, match="not what its terms say"):
        Archive.parse(archive.to_bytes()[:-1], terms)
    with pytest.raises(IntegrityError, match="do not lead to the root"):
        Archive.parse(archive.to_bytes(), replace(terms, root=bytes(32)))


def test_check_group__proof_of_another_group__is_refused(points: Path) -> None:
    _, data, terms = sealed(points)
    group = data.opened(0)
    assert is_group(terms, 0, group)
    with pytest.raises(IntegrityError):
        check_group(terms, 1, group)
    with pytest.raises(IntegrityError):
        check_group(terms, 0, replace(group, proof=data.opened(1).proof))
    with pytest.raises(IntegrityError):
        check_group(terms, 0, Group(group.salt, group.data + b"\0", group.proof))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_proof_of__any_size__leads_to_the_root(count: int) -> None:
    leaves = [bytes([i]) * 32 for i in range(count)]
    assert all(climb(leaf, proof_of(leaves, i), i, count) == root_of(leaves) for i, leaf in enumerate(leaves))


def test_encode_groups__another_secret__another_order(points: Path) -> None:
    table = read_table(points, "side", numbers=False)
    shape = Shape(6, 2, 10, 0)
    salts = group_salts(MASTER, 6)
    one, other = (encode_groups(table, shape, salts, order) for order in (MASTER, bytes(32)))
    assert one.groups != other.groups
    assert sorted(b"".join(one.groups)) == sorted(b"".join(other.groups))


def test_terms__as_the_contract_has_them__are_read_back(points: Path) -> None:
    terms = replace(sealed(points)[2], prize=Wei(7))
    assert value_of(Terms, astuple(terms)) == terms
