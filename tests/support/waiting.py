import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(condition: Callable[[], T], *, within: float = 30.0, every: float = 0.05) -> T:
    """Return the condition's first truthy value; fail when the deadline passes without one.

    An AssertionError inside the condition counts as "not yet" and is the one shown at the end.
    """
    deadline = time.monotonic() + within
    last: AssertionError | None = None
    while True:
        try:
            value = condition()
            last = None
        except AssertionError as error:
            value, last = None, error
        if value:
            return value
        if time.monotonic() > deadline:
            if last is not None:
                raise last
            raise AssertionError(f"still {value!r} after {within} s: {condition}")
        time.sleep(every)
