"""The demo, from beginning to end; its committee is drawn from blocks, so it is another one in every run."""

import re
import time
from pathlib import Path

from orchestrator.config import load_settings
from orchestrator.systems.federation.demo import demo

LONGEST = 60.0
"""Seconds of the processor: what else the machine does is not the demo's."""


def test_demo__whoever_is_drawn__poison_is_out_and_a_lie_refuted(tmp_path: Path) -> None:
    settings, before = load_settings(home=tmp_path / ".diln", environ={}), time.process_time()
    steps = list(demo(settings, tmp_path))
    assert time.process_time() - before < LONGEST
    told = [sentence for name, sentence in steps if name == "judge"]
    assert [re.search(r"in are (.*)", each)[1] for each in told] == ["alice, bob, carol"] * 2  # type: ignore[index]
    assert [name for name, _ in steps[-3:]] == ["verify", "pay", "publish"]
    assert "refute" in [name for name, _ in steps]
