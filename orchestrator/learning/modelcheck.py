"""Check a model that came from a file."""

from typing import Any


def check_model(model: Any) -> None:
    """Placeholder."""
