"""Raw data in, predictions out: one file a kind of data."""

from typing import Any

from chainrule.friendly import of_module


def __getattr__(name: str) -> Any:
    return of_module(__name__, name)
