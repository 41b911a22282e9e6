"""Which networks are compared: from a linear one to wide and deep, and variations of the usual one."""

from dataclasses import dataclass
from typing import Any

from chainrule.models.options import USUAL_RATE, Options

_VARIED = ("hidden", "dropout", "batch_norm", "activation", "learning_rate")


@dataclass(frozen=True)
class Rung:
    """A network to be tried.

    Attributes:
        name: What it is called.
        says: Its hidden units, or what differs from the usual network.
        changes: The choices in which it differs.
    """

    name: str
    says: str
    changes: dict[str, Any]


def ladder(options: Options) -> tuple[Rung, ...]:
    """Return the networks to be tried: first larger and larger ones, then the usual one with one choice changed.

    Two that would be the same are one. ``options`` are the choices of the usual network, all decided.

    >>> names = [rung.name for rung in ladder(Options(hidden=(32, 16), dropout=0.0))]
    >>> names[:6]
    ['linear', 'small', 'usual', 'wide', 'deep', 'wide and deep']
    >>> names[6:]
    ['dropout', 'batch norm', 'tanh', 'gelu', 'fast', 'slow']
    """
    usual = tuple(options.hidden or ()) or (32, 16)
    most, rate = max(usual), options.learning_rate or USUAL_RATE
    wide = 4 * most
    drops = {"dropout": 0.0} if options.dropout else {"dropout": 0.2}
    shapes = [
        Rung("linear", "none", {"hidden": (), "dropout": 0.0, "batch_norm": False}),
        Rung("small", "8", {"hidden": (8,)}),
        Rung("usual", _of(usual), {"hidden": usual}),
        Rung("wide", _of((wide,)), {"hidden": (wide,)}),
        Rung("deep", _of((most,) * 4), {"hidden": (most,) * 4}),
        Rung("wide and deep", _of((wide, 2 * most, most)), {"hidden": (wide, 2 * most, most)}),
    ]
    no = "no " if options.batch_norm else ""
    changed = [
        Rung("no dropout" if options.dropout else "dropout", f"dropout {drops['dropout']:g}", drops),
        Rung(f"{no}batch norm", f"usual, {no or 'with '}it", {"batch_norm": not options.batch_norm}),
        *(Rung(name, f"not {options.activation}", {"activation": name}) for name in ("tanh", "gelu")),
        Rung("fast", f"rate {3 * rate:.3g}", {"learning_rate": 3 * rate}),
        Rung("slow", f"rate {rate / 3:.3g}", {"learning_rate": rate / 3}),
    ]
    rungs = shapes + [Rung(each.name, each.says, {"hidden": usual, **each.changes}) for each in changed]
    different: dict[str, Rung] = {}
    for rung in rungs:
        key = str([rung.changes.get(name, getattr(options, name)) for name in _VARIED])
        different.setdefault(key, rung)
    return tuple(different.values())


def _of(units: tuple[int, ...]) -> str:
    return ", ".join(map(str, units))
