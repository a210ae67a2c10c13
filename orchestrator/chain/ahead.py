"""Several questions in one request, where a node takes that, when it is known what is about to be asked.

Nodes refuse in many ways: with a status of HTTP, with one error for all, with an error for each, with fewer
answers than questions. None of that is an error here: what was not answered by a result is asked by itself,
and only what is said then counts.
"""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from web3._utils.encoding import Web3JsonEncoder
from web3.types import RPCEndpoint, RPCResponse

Question = tuple[RPCEndpoint, Any]
"""A method and its parameters, as they stand in the JSON."""

MOST_AT_ONCE = 50


class Sizes:
    """How many questions one request may have, learned from what the node refuses; below 2, none has several.

    A request that got lost halves the number, and each that is answered adds one, up to what was refused.
    """

    def __init__(self) -> None:
        self.most = MOST_AT_ONCE
        self._refused = MOST_AT_ONCE + 1

    def answered(self) -> None:
        self.most = min(self.most + 1, self._refused - 1)

    def failed(self, asked: int, *, refused: bool) -> None:
        """`asked` questions at once were not answered: `refused`, or lost on the way."""
        if refused:
            self._refused = min(self._refused, max(asked, 2))
        self.most = min(self.most, asked // 2, self._refused - 1)


class Asked(BaseException):
    """Raised instead of asking, by whoever only listens. No `except Exception` shall take it for a fault."""

    def __init__(self, question: Question) -> None:
        self.question = question


class Answers(threading.local):
    """What the node has answered ahead, to this thread."""

    def __init__(self) -> None:
        self._kept: dict[str, RPCResponse] = {}
        self._listening = False

    def heard(self, ask: Callable[[], object]) -> Question | None:
        """What `ask` would ask the node first; None if it asks nothing."""
        self._listening = True
        try:
            ask()
        except Asked as asked:
            return asked.question
        except Exception:  # it is raised when it is asked in earnest
            return None
        finally:
            self._listening = False
        return None

    @contextmanager
    def within(self, found: Sequence[tuple[Question, RPCResponse]]) -> Iterator[None]:
        """Serve `found` until the end of the block, and nothing of it afterwards."""
        before = self._kept
        self._kept = {_key(*question): answer for question, answer in found}
        try:
            yield
        finally:
            self._kept = before

    def get(self, method: RPCEndpoint, params: object) -> RPCResponse | None:
        """The answer to a question that was asked ahead. Raises Asked within `heard`."""
        if self._listening:
            raise Asked((method, params))
        return self._kept.get(_key(method, params)) if self._kept else None


def encoded(questions: Sequence[Question]) -> bytes:
    """The body of one request; a question's number is its place."""
    asked = [
        {"jsonrpc": "2.0", "id": number, "method": method, "params": params or []}
        for number, (method, params) in enumerate(questions)
    ]
    return json.dumps(asked, cls=Web3JsonEncoder).encode()


def matched(questions: Sequence[Question], answers: object) -> list[tuple[Question, RPCResponse]]:
    """Each question with its answer, as far as there is one and only one.

    Raises ValueError for what is not a list of answers: the node takes one question at a time, or fewer.
    """
    if not isinstance(answers, list) or not answers:
        raise ValueError("answers to several questions are a list")
    found: dict[int, list[RPCResponse]] = {}
    for each in answers:
        number = each.get("id") if isinstance(each, dict) else None
        if type(number) is int and 0 <= number < len(questions):
            found.setdefault(number, []).append(each)
    if not found:
        raise ValueError("the answers match no question that was asked")
    return [(questions[number], answer) for number, (answer, *more) in sorted(found.items()) if not more]


def _key(method: RPCEndpoint, params: object) -> str:
    return json.dumps([method, params or []], cls=Web3JsonEncoder, sort_keys=True)


__all__ = ["MOST_AT_ONCE", "Answers", "Asked", "Question", "Sizes", "encoded", "matched"]
