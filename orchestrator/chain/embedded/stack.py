"""Room on the interpreter's stack, for py-evm's loop.

CPython keeps the frames of Python functions in chunks of 16 KiB, and gives a chunk back to the operating
system as soon as the call that needed it returns. A loop that happens to stand at the end of a chunk maps and
unmaps memory at each call it makes. py-evm's makes millions, and where it stands depends on who called: more
than half of a transaction's time went that way, or none. A frame that is very large opens a chunk that is
larger still, and whatever is called from there finds room in it.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

_ROOM = 70_000  # slots of 8 bytes: the chunk, of a size that is a power of two, is 1 MiB then

_P = ParamSpec("_P")
_T = TypeVar("_T")


def with_room(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Call `function` where some 400 KiB of frames fit below it without another chunk."""
    return function(*args, **kwargs)


with_room.__code__ = with_room.__code__.replace(co_stacksize=_ROOM)

__all__ = ["with_room"]
