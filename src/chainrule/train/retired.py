"""What was public of Network and is no business of its user's: it works for one version more, and says what to call."""

from collections.abc import Callable
from functools import partial
from typing import Any

from chainrule.train.targets import Given, classifies, prepare


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
    given = Given(arrays, y, sample_weight, *what)
    return prepare(network._programs, given, wanted, watched, class_weight)


NUMBERS = "Network.parameters and Network.statistics"
# name -> (what to call, from a network to the method)
METHODS: dict[str, tuple[str, Callable[[Any], Callable[..., Any]]]] = {
    "values": (NUMBERS, lambda network: network._programs.values.get),
    "set_values": (NUMBERS, lambda network: network._programs.values.set),
    "see": ("part of Network.fit", lambda network: partial(network._inputs, learning=True)),
    "alone": ("part of Network.fit", lambda network: network._alone),
    "pair": ("part of Network.evaluate", lambda network: partial(_pair, network)),
    "prepare": ("part of Network.evaluate", lambda network: partial(_prepare, network)),
    "measure": ("part of Network.evaluate", lambda network: network._programs.measure),
    "slopes": ("part of Network.gradients", lambda network: network._programs.slopes),
    "classifies": (
        "part of Network.evaluate",
        lambda network: (
            lambda loss=None: classifies(network.architecture, network.loss if loss is None else loss)
        ),
    ),
}
