"""A keeper's figures, scraped as Prometheus does."""

from urllib.request import urlopen

import pytest

from orchestrator.errors import ChainError
from orchestrator.kernel.metrics import Metrics
from tests.unit.kernel.test_keeper import NOW, duty, keeper


def test_run__metrics__what_was_done_failed_and_is_due_can_be_scraped() -> None:
    duties = (duty("do", NOW), duty("late", NOW + 9), duty("pay", NOW, fails=ChainError("no money")))

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    metrics = Metrics(0)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(keeper(*duties).run(0, metrics=metrics, sleep=stop))
        with urlopen(f"http://127.0.0.1:{metrics.port}/metrics") as answer:
            told = answer.read().decode()
    finally:
        metrics.close()
    assert 'diln_keeper_acts_total{duty="do",system="test"} 1.0' in told
    assert 'diln_keeper_failures_total{duty="pay",system="test"} 1.0' in told
    assert 'diln_keeper_due{system="test"} 2.0' in told
    assert "diln_keeper_next_due_seconds 9.0" in told
