"""What a session gives back: facts that tell what they are, also in a notebook."""

import html
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.console.printing import printed

if TYPE_CHECKING:
    import pandas as pd


class Facts(Mapping[str, Any]):
    """One thing, by names: `facts["prize"]` or `facts.prize`. `diln schema` says what each command's are."""

    def __init__(self, values: Mapping[str, Any], kind: str = "") -> None:
        self._values, self._kind = dict(values), kind

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(f"{self._kind or 'this'} has no {name}") from None

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._values]

    def __repr__(self) -> str:
        width = max(map(len, self._values), default=0)
        lines = [f"  {name:<{width}}  {_shown(value)}" for name, value in self._values.items()]
        return "\n".join([self._kind or "facts", *lines])

    def _repr_html_(self) -> str:
        left = "<tr><th style='text-align:left'>"
        rows = "".join(
            f"{left}{html.escape(name)}</th><td>{html.escape(_shown(value))}</td></tr>"
            for name, value in self._values.items()
        )
        return f"<b>{html.escape(self._kind)}</b><table>{rows}</table>"


def plain(value: Any) -> Any:
    """A command's result as machines read it: dictionaries, lists, numbers, texts."""
    return json.loads(printed(value))


def frame(rows: Sequence[Mapping[str, Any]]) -> "pd.DataFrame":
    """Rows as a table: times as timestamps in UTC, amounts as whole numbers of the smallest unit."""
    import pandas as pd

    return pd.DataFrame([{name: _cell(value) for name, value in row.items()} for row in rows])


def _cell(value: Any) -> Any:
    import pandas as pd

    if isinstance(value, dict) and value.keys() == {"unix", "rfc3339"}:
        return pd.Timestamp(value["unix"], unit="s", tz="UTC")
    if isinstance(value, dict) and value.keys() == {"value", "currency"}:
        return int(value["value"])
    return value


def _shown(value: Any) -> str:
    """A value in a line; text of strangers is escaped."""
    if isinstance(value, dict) and value.keys() == {"unix", "rfc3339"}:
        return str(value["rfc3339"])
    if isinstance(value, dict) and value.keys() == {"value", "currency"}:
        whole, ether = int(value["value"]), not int(value["currency"], 16)
        return f"{whole / 10**18:g} ether" if ether else f"{whole} of {value['currency']}"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if text.isprintable() else repr(text)
