"""What a session gives back: facts that tell what they are, also in a notebook."""

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    import pandas as pd


class Facts(Mapping[str, Any]):
    """One thing, by names: `facts["prize"]` or `facts.prize`; `diln schema COMMAND` says which there are.

    Amounts are `{"value", "currency"}`, times `{"unix", "rfc3339"}`, as docs/json.md has them.
    """

    def __init__(self, values: Mapping[str, Any], kind: str = "facts") -> None:
        self._values, self._kind = dict(values), kind

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._values:
            raise AttributeError(f"{self._kind} has no {name}")
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._values]

    def __repr__(self) -> str:
        width = max(map(len, self._values), default=0)
        return "\n".join([self._kind, *(f"  {name:<{width}}  {shown(self[name])}" for name in self)])

    def _repr_html_(self) -> str:
        cell = "<tr><th style='text-align:left'>{}</th><td style='text-align:left'>{}</td></tr>"
        rows = [cell.format(html.escape(name), html.escape(shown(self[name]))) for name in self]
        return f"<b>{html.escape(self._kind)}</b><table>{''.join(rows)}</table>"


class Verification(Facts):
    """What was checked of a model: true where all of it holds and nothing was left unchecked."""

    def __bool__(self) -> bool:
        return bool(self["whole"])

    def __repr__(self) -> str:
        checks = [
            f"  {each['outcome']:<11}  {each['name']}: {shown(each['sentence'])}" for each in self["checks"]
        ]
        return "\n".join([self._verdict(), *checks])

    def _repr_html_(self) -> str:
        told = ([each["outcome"], each["name"], shown(each["sentence"])] for each in self["checks"])
        rows = (
            "".join(f"<td style='text-align:left'>{html.escape(cell)}</td>" for cell in row) for row in told
        )
        table = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<b>{html.escape(self._verdict())}</b><table>{table}</table>"

    def _verdict(self) -> str:
        verdict = "holds" if self else "holds in part" if self["ok"] else "does not hold"
        return f"{shown(self['subject'])}: {verdict}"


def frame(rows: Sequence[Mapping[str, Any]], command: str = "") -> "pd.DataFrame":
    """Rows as a table: times as timestamps in UTC, amounts as whole numbers of the smallest unit.

    Columns of amounts hold Python's own numbers, which are exact however large sums of them become. Where
    there are no rows, the columns are those of what `command` lists.
    """
    import pandas as pd

    def cell(value: Any) -> Any:
        if isinstance(value, dict) and value.keys() == {"unix", "rfc3339"}:
            return pd.Timestamp(value["unix"], unit="s", tz="UTC")
        return int(value["value"]) if _is_amount(value) else value

    if not rows and command:
        return pd.DataFrame(columns=_columns_of(command))
    made = pd.DataFrame([{name: cell(value) for name, value in row.items()} for row in rows])
    for column in {name for row in rows for name, value in row.items() if _is_amount(value)}:
        made[column] = pd.Series([cell(row.get(column)) for row in rows], dtype=object)
    return made


def _columns_of(command: str) -> list[str]:
    """What each row of a command's list has, from the type of its results."""
    from orchestrator.cli.schemas import results

    (kind,) = get_args(results()[command])
    first, *_ = get_args(kind) or (kind,)
    return list(first.__annotations__)


def shown(value: Any) -> str:
    """A value in a line; text of strangers is escaped."""
    if isinstance(value, dict) and value.keys() == {"unix", "rfc3339"}:
        return str(value["rfc3339"])
    if _is_amount(value):
        amount, ether = int(value["value"]), not int(value["currency"], 16)
        return f"{amount / 10**18:.10g} ether" if ether else f"{amount} of {value['currency']}"
    if isinstance(value, dict) and value:
        return ", ".join(f"{shown(name)} {shown(each)}" for name, each in value.items())
    if isinstance(value, list) and value:
        return ("; " if isinstance(value[0], dict) else ", ").join(map(shown, value))
    text = value if isinstance(value, str) else json.dumps(value)
    return text if text.isprintable() else repr(text)


def _is_amount(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"value", "currency"}
