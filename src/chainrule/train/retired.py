"""What was public of Network and is no business of its user's: it works for one version more, and says what to call."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from chainrule.doors import late
from chainrule.errors import deprecated
from chainrule.friendly import Hidden

if TYPE_CHECKING:
    from chainrule.train.taking import Taken
    from chainrule.train.targets import Given, classifies, prepare
else:
    Taken = late("chainrule.train.taking:Taken")
    Given = late("chainrule.train.targets:Given")
    classifies = late("chainrule.train.targets:classifies")
    prepare = late("chainrule.train.targets:prepare")


def _pair(network: Any, X: Any, y: Any, sample_weight: Any, *more: Any, **settings: Any) -> Any:
    given = network._read(X, y, sample_weight, *more, **settings)
    return given.inputs, given.y


def _prepare(
    network: Any,
    arrays: Any,
    y: Any,
    loss: Any,
    watched: Any,
    sample_weight: Any,
    class_weight: Any = None,
    what: tuple[str, str] = ("y", "sample_weight"),
) -> Any:
    wanted = network.loss if loss is None else loss
    given = Given(Taken(network._programs, arrays), y, sample_weight, *what)
    return prepare(given, wanted, watched, class_weight)


def _set_values(network: Any, arrays: Any) -> None:
    if isinstance(arrays, Mapping):
        network.parameters.update(arrays)
    else:
        network._programs.values.set(arrays)


def _measure(network: Any, goal: Any, table: Any, state: Any = None, engine: str | None = None) -> Any:
    return network._programs.measure(goal, table, state, engine)


def _slopes(network: Any, goal: Any, table: Any, state: Any = None) -> Any:
    return network._programs.slopes(goal, table, state)


NUMBERS = "Network.parameters and Network.statistics"
# name -> (what to call, from a network to the method)
METHODS: dict[str, tuple[str, Callable[[Any], Callable[..., Any]]]] = {
    "values": (NUMBERS, lambda network: network._programs.values.get),
    "set_values": (NUMBERS, lambda network: partial(_set_values, network)),
    "see": ("part of Network.fit", lambda network: lambda X: network._take(X, learning=True).arrays),
    "alone": ("part of Network.fit", lambda network: network._alone),
    "pair": ("part of Network.evaluate", lambda network: partial(_pair, network)),
    "prepare": ("part of Network.evaluate", lambda network: partial(_prepare, network)),
    "measure": ("part of Network.evaluate", lambda network: partial(_measure, network)),
    "slopes": ("part of Network.gradients", lambda network: partial(_slopes, network)),
    "classifies": (
        "part of Network.evaluate",
        lambda network: (
            lambda loss=None: classifies(network.architecture, network.loss if loss is None else loss)
        ),
    ),
}


T = TypeVar("T", bound=type)


def with_retired(network: T) -> T:
    """Give the class of networks these methods, where no ``dir`` shows them.

    ``__getattr__`` would be shorter, and slow down whatever else is looked up in a network.
    """
    for name, (instead, method) in METHODS.items():
        told = partial(_told, f"Network.{name}", instead, method)
        setattr(network, name, Hidden(told, doc=f"An old name: it is now {instead}."))
    return network


def _told(name: str, instead: str, method: Callable[[Any], Any], network: Any) -> Any:
    deprecated(name, instead)
    return method(network)
