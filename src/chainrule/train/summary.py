"""A network as a table: a row for each layer, and the totals."""

from math import prod

import numpy as np

from chainrule.nn.architecture import Architecture
from chainrule.nn.reading import summary


def summary_text(architecture: Architecture, dtype: str) -> str:
    """Return what :meth:`Network.summary` prints."""
    rows = summary(architecture)
    lines = [("layer", "output shape", "parameters"), *((a, b, f"{n:,}") for a, b, n in rows)]
    wide = [max(len(line[i]) for line in lines) for i in range(3)]
    rule = "─" * (sum(wide) + 4)
    table = [f"{a:<{wide[0]}}  {b:<{wide[1]}}  {c:>{wide[2]}}" for a, b, c in lines]
    trained = sum(prod(w.shape) for w in architecture.parameters.values())
    kept = sum(prod(w.shape) for w in architecture.statistics.values())
    size = _bytes((trained + kept) * np.dtype(dtype).itemsize)
    total = f"total {trained + kept:,} parameters ({trained:,} trained, {kept:,} kept), {size} as {dtype}"
    depth = len({id(call.layer) for call in architecture.calls.values() if call.layer.counts})
    title = f"{depth}-layer network" if depth else "network"
    return "\n".join([title, rule, table[0], rule, *table[1:], rule, total])


def _bytes(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
