"""Layers, activations, losses, initializers, architecture: functions that build graph and know no engine."""

from typing import Any

from chainrule.friendly import of_module


def __getattr__(name: str) -> Any:
    return of_module(__name__, name)
