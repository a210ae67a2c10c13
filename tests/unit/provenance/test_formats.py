"""
recognize
├── each format: by its own bytes, under any name where the bytes tell
├── what runs code when it is loaded: said
└── anything else: unknown, never an exception
"""

import io
import json
import pickle
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.provenance.formats import FORMATS, format_named, recognize


def archive(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name in names:
            file.writestr(name, "{}")
    return packed.getvalue()


def safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return len(header).to_bytes(8, "little") + header + b"\0\0\0\0"


FILES = {
    "skops": ("m.skops", archive("schema.json", "1.npy")),
    "pytorch": ("m.pt", archive("m/data.pkl", "m/data/0")),
    "keras": ("m.keras", archive("config.json", "metadata.json", "model.weights.h5")),
    "keras-h5": ("m.h5", b"\x89HDF\r\n\x1a\n" + bytes(8)),
    "npz": ("m.npz", archive("a.npy", "b.npy")),
    "safetensors": ("m.safetensors", safetensors()),
    "gguf": ("m.gguf", b"GGUF\x03\0\0\0"),
    "tflite": ("m.tflite", b"\x1c\0\0\0TFL3"),
    "lightgbm": ("m.txt", b"tree\nversion=v4\nnum_class=1\n"),
    "xgboost-json": ("m.json", b'{"learner":{"attributes":{}}}'),
    "xgboost-ubj": ("m.ubj", b"{L\0\0\0\0\0\0\0\x07learner{"),
    "pickle": ("m.pkl", pickle.dumps([1, 2])),
    "onnx": ("m.onnx", b"\x08\x0a\x12\x07skl2onn"),
}


@pytest.mark.parametrize("name", FILES)
def test_recognize__a_file__by_its_bytes(name: str, tmp_path: Path) -> None:
    file, content = FILES[name]
    (tmp_path / file).write_bytes(content)
    assert recognize(tmp_path / file).name == name


@pytest.mark.parametrize("compress", [0, 3])
def test_recognize__joblib__compressed_or_not(compress: int, tmp_path: Path) -> None:
    joblib.dump({"w": np.zeros(2)}, tmp_path / "m.joblib", compress=compress)
    assert recognize(tmp_path / "m.joblib").name == "joblib"


def test_recognize__a_hugging_face_folder__is_safe_without_code(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(safetensors())
    assert recognize(tmp_path).name == "hugging-face"
    (tmp_path / "merges.txt").write_text("a b")
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx" / "model.onnx").write_bytes(FILES["onnx"][1])
    assert recognize(tmp_path).name == "hugging-face"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("modeling.py", b""),
        ("weights.PTH", b""),
        ("more/optimizer.ckpt", b""),
        ("more/model.safetensors", pickle.dumps([1])),
        ("tf_model.h5", FILES["keras-h5"][1]),
        ("vocab", archive("m/data.pkl")),
    ],
)
def test_recognize__a_hugging_face_folder_with_code__is_a_folder_that_runs_it(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(safetensors())
    (tmp_path / name).write_bytes(content)
    assert recognize(tmp_path).name == "folder"
    assert recognize(tmp_path).runs_code


def test_runs_code__of_each_format__as_its_loaders_do() -> None:
    dangerous = {"pickle", "joblib", "pytorch", "keras", "keras-h5", "folder", "unknown"}
    assert {name for name, each in FORMATS.items() if each.runs_code} == dangerous


@pytest.mark.parametrize(
    ("told", "name"), [("skops+age", "skops"), ("onnx", "onnx"), ("nonsense", "unknown")]
)
def test_format_named__what_a_manifest_says__is_ours_or_unknown(told: str, name: str) -> None:
    assert format_named(told).name == name


@given(st.binary(max_size=300), st.sampled_from([name for name, _ in FILES.values()]))
def test_recognize__any_bytes__raises_nothing(content: bytes, name: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(content)
        assert recognize(file).name in FORMATS
