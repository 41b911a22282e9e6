"""Code is made once, by one thread at a time; whatever goes wrong meanwhile says that there is none."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from chainrule.engines.executable import undisturbed
from chainrule.errors import UnsupportedError

_lock = threading.RLock()  # LLVM has one compiler for the process


@contextmanager
def making() -> Iterator[None]:
    """Make code within: another thread waits, and another engine may do what there turns out to be no code for."""
    with _lock, undisturbed():
        try:
            yield
        except UnsupportedError:
            raise
        except Exception as error:
            what = f"{type(error).__name__}: {str(error).rstrip('.')}"
            raise UnsupportedError(f"The native engine has no code for this program ({what}).") from error


class once(cached_property[Any]):
    """A property that is made when it is first needed. Of two threads that need it, one waits for the other.

    Python's own would let both make it from 3.12 on, and the one that comes second would take away what the first
    has the addresses of.
    """

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with making():
            known = instance.__dict__
            return known[self.attrname] if self.attrname in known else super().__get__(instance, owner)
