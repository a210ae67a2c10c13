"""load_spec
├── a template → accepted, with the defaults that it shows
├── not TOML → file, line, nearest key
├── a key that is unknown, missing or wrong → file, line, key
└── a file that is missing or not text
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import SpecError
from orchestrator.learning.catalogue import ESTIMATORS
from orchestrator.learning.spec import Range, Spec, load_spec
from orchestrator.learning.template import spec_template
from orchestrator.learning.tomllines import key_on_line, line_of

MINIMAL = """\
[project]
name = "trial"

[data]
file = "a.csv"

[model]
estimator = "ridge"
"""


def parsed(folder: Path, text: str) -> Spec:
    path = folder / "diln.toml"
    path.write_text(text, encoding="utf-8")
    return load_spec(path)


@pytest.mark.parametrize("dataset", ["breast_cancer", "iris", "wine", "digits", "diabetes"])
def test_load_spec__template_of_a_bundled_set__is_accepted(tmp_path: Path, dataset: str) -> None:
    spec = parsed(tmp_path, spec_template(dataset))  # type: ignore[arg-type]
    assert spec.data.sklearn == dataset
    assert spec.gate["gap"] > 0
    assert spec.folder == tmp_path


def test_load_spec__template__shows_the_defaults(tmp_path: Path) -> None:
    shown = parsed(tmp_path, spec_template("breast_cancer"))
    default = parsed(tmp_path, MINIMAL)
    assert shown.features == default.features
    assert shown.split == default.split
    assert shown.data.cleaning == default.data.cleaning


def test_spec_template__with_its_comments_removed__is_accepted_with_a_search(tmp_path: Path) -> None:
    text = spec_template()
    begin, end = text.index("# [search]"), text.index("[split]")
    search = "\n".join(line.removeprefix("# ") for line in text[begin:end].splitlines())
    spec = parsed(tmp_path, text[:begin] + search + "\n" + text[end:])
    assert spec.search is not None
    assert spec.search.parameters == {"C": [0.1, 1.0, 10.0]}


@given(name=st.text(st.characters(exclude_categories=("Cs",)), min_size=1))
def test_spec_template__any_file_name__comes_back(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    spec = parsed(tmp_path_factory.getbasetemp(), spec_template(file=name, target=name, name="trial"))
    assert spec.data.file == spec.data.target == name


def test_load_spec__windows_line_ends_and_mark__is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "diln.toml"
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    assert load_spec(path).project.name == "trial"


@pytest.mark.parametrize("name", ESTIMATORS)
def test_load_spec__estimator_by_any_of_its_names__is_the_same(tmp_path: Path, name: str) -> None:
    estimator = ESTIMATORS[name]
    for alias in (name, estimator.path, estimator.path.rpartition(".")[2]):
        assert parsed(tmp_path, MINIMAL.replace('"ridge"', f'"{alias}"')).model.definition == estimator


@pytest.mark.parametrize(
    ("old", "new", "line", "key"),
    [
        ("[model]", "[model", 7, "data.file"),
        ('"ridge"', "ridge", 8, "model.estimator"),
        ('"ridge"', '"ridge"\nestimator = "lasso"', 9, "model.estimator"),
        ('"trial"', '"trial', 2, "project.name"),
        ('"a.csv"', "", 5, "data.file"),
        ("[model]", "[data]", 7, "data"),
    ],
)
def test_load_spec__not_toml__names_line_and_key(
    tmp_path: Path, old: str, new: str, line: int, key: str
) -> None:
    with pytest.raises(SpecError, match=rf"diln\.toml, line {line}, near {key}: ") as caught:
        parsed(tmp_path, MINIMAL.replace(old, new))
    assert "TOML" in caught.value.hint


@pytest.mark.parametrize(
    ("added", "line", "key", "message"),
    [
        ("[split]\nsed = 1", 11, "split.sed", "not known"),
        ("[splt]\nseed = 1", 10, "splt", "not known"),
        ("[split]\n# seed\n\nseed = -1", 13, "split.seed", "greater than or equal to 0, not -1"),
        ("[split]\ntest_size = 1.0", 11, "split.test_size", "less than 1"),
        ('[split]\nseed = "1"', 11, "split.seed", "valid integer"),
        ("split.seed = true", 10, "model.split", "not known"),
        ("[gate]\nf1 = 1.5", 11, "gate.f1", "between 0 and 1"),
        ("[gate]\nf1 = nan", 11, "gate.f1", "not a number that a metric can reach"),
        ("[gate]\nr2 = 2", 11, "gate.r2", "at most 1"),
        ("[gate]\ngap = -0.1", 11, "gate.gap", "use 0 or more"),
        ("[gate]\nspeed = 1", 11, "gate.speed", "'accuracy'"),
        ("[model.parameters]\nalpha = 1\nn_jobs = 4", 12, "model.parameters.n_jobs", "the engine decides"),
        ("[model.parameters]\nrandom_state = 4", 11, "model.parameters.random_state", "split.seed"),
        ("[model.parameters]\na__b = 4", 11, "model.parameters.a__b", "not the name of a parameter"),
        ("[search]\nkind = 'grid'", 10, "search.parameters", "missing"),
        ("[search.parameters]\nalpha = []", 10, "search.parameters", "no value to try"),
        ("[search.parameters]\nalpha = 3", 11, "search.parameters.alpha", "valid list"),
        (
            "[search.parameters]\nalpha = {low = 2, high = 1}",
            11,
            "search.parameters.alpha",
            "low must be below high",
        ),
        (
            "[search.parameters]\nalpha = {low = 1, high = 2}",
            10,
            "search.parameters",
            "needs kind = 'random'",
        ),
        ("[features]\nscaler = 'log'", 11, "features.scaler", "'standard'"),
        ("[features]\nselection = { best = 0 }", 11, "features.selection.best", "greater than or equal to 1"),
        ("[data.cleaning]\nmissing = 'maybe'", 11, "data.cleaning.missing", "'drop', 'impute' or 'error'"),
        ("[data.types]\ntarget = 'numeric'", 10, "data.types", "set task instead"),
    ],
)
def test_load_spec__wrong_value__names_line_and_key(
    tmp_path: Path, added: str, line: int, key: str, message: str
) -> None:
    with pytest.raises(SpecError) as caught:
        parsed(tmp_path, MINIMAL + "\n" + added + "\n")
    assert f"diln.toml, line {line}: {key}: " in caught.value.message
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('file = "a.csv"', "", "line 4: data: give exactly one of file, folder and sklearn, not none"),
        (
            'file = "a.csv"',
            'file = "a"\nfolder = "b"',
            "line 4: data: give exactly one .* not file and folder",
        ),
        ('file = "a.csv"', 'sklearn = "mnist"', "line 5: data.sklearn: .*'breast_cancer'"),
        ('"ridge"', '"xgboost"', "line 8: model.estimator: 'xgboost' is not on the list"),
        ('"ridge"', '"os.system"', "line 8: model.estimator: 'os.system' is not on the list"),
        ('"trial"', '"../x"', "line 2: project.name: "),
        ('name = "trial"', "", "line 1: project.name: this key is missing"),
    ],
)
def test_load_spec__wrong_table__names_line_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parsed(tmp_path, MINIMAL.replace(old, new))


def test_load_spec__several_faults__names_the_others_in_the_hint(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        parsed(tmp_path, MINIMAL + "[split]\nsed = 1\nseed = -1\n")
    assert caught.value.hint == "also wrong: split.sed"


def test_load_spec__missing_file__says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="There is no") as caught:
        load_spec(tmp_path / "diln.toml")
    assert "diln init" in caught.value.hint


def test_load_spec__not_utf8__names_the_line(tmp_path: Path) -> None:
    (tmp_path / "diln.toml").write_bytes(b"[project]\nname = '\xff'\n")
    with pytest.raises(SpecError, match="line 2: not UTF-8"):
        load_spec(tmp_path / "diln.toml")


def test_load_spec__folder_or_deep_nesting__is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        load_spec(tmp_path)
    with pytest.raises(SpecError):
        parsed(tmp_path, "a = " + "[" * 20_000)


def test_fault__key_of_the_spec__names_its_line(tmp_path: Path) -> None:
    spec = parsed(tmp_path, MINIMAL)
    assert "line 8: model.estimator: too slow" in spec.fault("model.estimator", "too slow").message
    assert "line 7: model.parameters.C: no" in spec.fault("model.parameters.C", "no").message


TANGLED = '''\
top = 1 # [not.a.table]
long = """
[inside]
key = 2
"""
[ "a b" . c ]   # a comment
x.'y z' = [
  "]", # ]
  1,
]
other = { key = "=" }
[d]
last = 'x'
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 1),
        (("long",), 2),
        (("inside",), 1),
        (("a b", "c"), 6),
        (("a b", "c", "x", "y z"), 7),
        (("a b", "c", "other", "key"), 11),
        (("a b", "c", "missing"), 6),
        (("d", "last"), 13),
    ],
)
def test_line_of__tangled_toml__finds_the_key(path: tuple[str, ...], line: int) -> None:
    assert line_of(TANGLED, path) == line


def test_key_on_line__within_a_long_value__is_its_key() -> None:
    assert key_on_line(TANGLED, 4) == "long"
    assert key_on_line(TANGLED, 9) == "a b.c.x.y z"
    assert key_on_line("", 1) == ""


@given(st.text(max_size=200))
def test_load_spec__any_text__is_a_spec_or_a_spec_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SpecError):
        load_spec(path)


@given(low=st.floats(1e-6, 1e3), factor=st.floats(1.001, 1e3))
def test_range__ordered_bounds__is_accepted(low: float, factor: float) -> None:
    assert Range(low=low, high=low * factor, scale="log").low == low
