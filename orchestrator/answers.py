"""What a service over HTTP answers: bounded in size and time, whoever answers."""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

_PART = 64 << 10


def body_of(response: "requests.Response", limit: int, seconds: float) -> bytes:
    """At most `limit` bytes, unpacked, of an answer that was asked for with `stream=True`.

    A socket's own time-out begins again with each byte; here all of it has `seconds`. Raises requests.Timeout
    where that is not enough, requests.ConnectionError where the line fails.
    """
    import requests
    from urllib3 import exceptions

    end = time.monotonic() + seconds
    body = bytearray()
    try:
        while len(body) < limit and (part := response.raw.read1(_PART, decode_content=True)):
            body += part
            if time.monotonic() > end:
                raise requests.Timeout("the answer does not end")
    except exceptions.ReadTimeoutError as error:
        raise requests.ReadTimeout(error) from error
    except exceptions.HTTPError as error:
        raise requests.ConnectionError(error) from error
    return bytes(body[:limit])


__all__ = ["body_of"]
