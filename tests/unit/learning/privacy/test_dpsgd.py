import numpy as np
import pytest

from orchestrator.learning.privacy import dpsgd
from orchestrator.learning.privacy.dpsgd import clipped, gaussian, private_gradient, sampled, stream


def test_clipping_shortens_the_long_and_leaves_the_short() -> None:
    rows = np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    assert clipped(rows, 1.0) == pytest.approx(np.array([[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]]))


def test_one_record_moves_the_sum_by_at_most_the_norm() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(0, 100, (20, 7))
    with_all = private_gradient(rows, 1.5, 0.0, 20)
    without = private_gradient(rows[1:], 1.5, 0.0, 20)
    assert np.linalg.norm((with_all - without) * 20) <= 1.5 + 1e-9


def test_noise_has_the_stated_deviation_even_without_records() -> None:
    noise = private_gradient(np.zeros((0, 200_000)), 2.0, 3.0, expected=10) * 10
    assert noise.std() == pytest.approx(6.0, rel=0.02)
    assert noise.mean() == pytest.approx(0.0, abs=0.1)


def test_the_systems_noise_is_normal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dpsgd.secrets, "token_bytes", np.random.default_rng(1).bytes)
    drawn = gaussian(99_999)
    assert len(drawn) == 99_999
    for at, share in ((-2, 0.02275), (-1, 0.15866), (0, 0.5), (1, 0.84134), (2, 0.97725)):
        assert (drawn < at).mean() == pytest.approx(share, abs=0.005)
    assert np.corrcoef(drawn[:49_999], drawn[50_000:])[0, 1] == pytest.approx(0, abs=0.02)


def test_each_record_is_taken_by_itself() -> None:
    rng = np.random.default_rng(2)
    counts = [len(sampled(1000, 0.2, rng)) for _ in range(300)]
    assert np.mean(counts) == pytest.approx(200, rel=0.02)
    assert np.std(counts) == pytest.approx((1000 * 0.2 * 0.8) ** 0.5, rel=0.15)


def test_the_noise_of_a_secret_is_the_same_again_and_normal() -> None:
    drawn = gaussian(99_999, stream(b"a" * 32))
    assert (drawn == gaussian(99_999, stream(b"a" * 32))).all()
    assert abs(np.corrcoef(drawn, gaussian(99_999, stream(b"b" * 32)))[0, 1]) < 0.02
    for at, share in ((-2, 0.02275), (0, 0.5), (2, 0.97725)):
        assert (drawn < at).mean() == pytest.approx(share, abs=0.005)


def test_a_stream_never_repeats_itself() -> None:
    read = stream(b"a" * 32)
    assert len({read(32) for _ in range(100)}) == 100
