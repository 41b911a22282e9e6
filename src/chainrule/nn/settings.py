"""The settings of layers as plain data for JSON, and back.

What is the user's own goes by its name: no file holds code.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from chainrule import plain
from chainrule.errors import FileFormatError, GraphError, short
from chainrule.nn import activations, initializers, regularizers, specs
from chainrule.nn.layers import LAYERS, Layer
from chainrule.nn.rows import from_plain, to_plain

FUNCTIONS: dict[str, Any] = {**activations.ACTIVATIONS, **initializers.INITIALIZERS}
SETTINGS: dict[str, type] = {**activations.CLASSES, **initializers.CLASSES, **regularizers.CLASSES}
# Which of them may stand in a field of that name; in any other, of a layer of the user's, all may.
SETTINGS_OF: dict[str, Mapping[str, type]] = {
    "activation": activations.CLASSES,
    "initializer": initializers.CLASSES,
    "regularizer": {},  # it has a form of its own
}


class Names:
    """The names under which a file knows the user's own callables and classes: each means one thing."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}
        self._layers: list[Layer] = []

    def of(self, thing: Any, ours: Mapping[str, Any]) -> str:
        """Return the name of ``thing``, or raise if it could not be found again by it."""
        if isinstance(thing, type):
            same = ours.get(thing.__name__) in (None, thing)
            name = thing.__name__ if same else f"{thing.__module__}.{thing.__name__}"
        else:
            name = specs.name_of(thing, ours)
        if "<" in name:
            raise GraphError(
                "A function without a name (a lambda) cannot be saved: nothing could find it again. "
                "Define it with def, or use one of the named ones."
            )
        if self._found.setdefault(name, thing) is not thing and self._found[name] != thing:
            raise GraphError(
                f"Two different things of yours are called '{name}', and a file knows them by name. "
                "Rename one."
            )
        return name

    def once(self, layer: Layer) -> None:
        """Raise if a layer stands in the file already: what one layer holds inside, a file cannot share."""
        if any(layer is one for one in self._layers):
            raise GraphError(
                f"One layer object, {layer!r}, stands inside another layer and in a second place; a file would make "
                f"two of it. Write {layer!r} in each place, or share it in the function of the network."
            )
        self._layers.append(layer)


def layer_to_config(layer: Layer, named: Names) -> dict[str, Any]:
    """Return a layer's class and settings as data that JSON can hold."""
    named.once(layer)
    config: dict[str, Any] = {"class": named.of(type(layer), LAYERS)}
    ours = type(layer) is LAYERS.get(config["class"])  # whose annotations say how a list is read
    for f in fields(layer):
        value = getattr(layer, f.name)
        kind = f.name.rpartition("_")[2] if ours else f.name
        if f.name == "trainable" and value is True:
            continue  # as older versions, which know no other, write and read it
        if kind == "initializer" and isinstance(value, np.ndarray | list):
            value = None  # the parameter itself is in the file, and may have millions of numbers
        elif kind == "regularizer":
            price = regularizers.regularizer(value)
            own = price is not None and type(price) not in regularizers.CLASSES.values()
            config[f.name] = {"regularizer": named.of(price, {}) if own else specs.to_config(price)}
            continue
        config[f.name] = to_plain(value) if ours and type(value) is tuple else _setting_config(value, named)
    return config


def _setting_config(value: Any, named: Names) -> Any:
    if isinstance(value, Layer):
        return {"layer": layer_to_config(value, named)}
    if type(value) in (tuple, list):
        return {type(value).__name__: [_setting_config(v, named) for v in value]}
    if type(value) in SETTINGS.values():
        return {"settings": specs.to_config(value)}
    if callable(value):
        return {"function": named.of(value, FUNCTIONS)}
    if isinstance(value, np.ndarray):
        return to_plain(value)
    return value.item() if isinstance(value, np.generic) else value


def layer_from_config(config: Any, custom: Mapping[str, Any], where: str) -> Layer:
    """Return the layer that :func:`layer_to_config` wrote; a layer is itself."""
    if isinstance(config, Layer):
        return config
    if not isinstance(config, Mapping) or not isinstance(config.get("class"), str):
        raise FileFormatError(f"{where}: expected a layer; found {short(config)}.")
    name = plain.renamed("layer", config["class"])
    settings = {key: value for key, value in config.items() if key != "class"}
    ours = name in LAYERS
    kind = LAYERS[name] if ours else _own("layer", name, custom)
    if not (isinstance(kind, type) and issubclass(kind, Layer)):
        raise FileFormatError(
            f"{where}: custom[{short(name)}] must be a class of layers; it is {short(kind)}."
        )

    def setting(declared: Any, value: Any, at: str) -> Any:
        field = at.rpartition(".")[2]
        kind = field.rpartition("_")[2] if ours else field
        return _make_setting(value, custom, at, kind) if declared is Any else plain.read(declared, value, at)

    layer: Layer = plain.record(kind, settings, where, setting, typed=ours)
    return layer


def _make_setting(value: Any, custom: Mapping[str, Any], where: str, kind: str) -> Any:
    match value:
        case {"regularizer": inner} if len(value) == 1 and kind == "regularizer":
            price = plain.read(dict[str, Any] | str | None, inner, where)
            named = isinstance(price, str)
            return _own(kind, price, custom) if named else specs.from_config(price, regularizers.CLASSES)
        case _ if kind == "regularizer":
            raise FileFormatError(f"{where}: expected a regularizer; found {short(value)}.")
        case str():
            return plain.renamed(kind, value)
        case {"layer": inner} if len(value) == 1:
            return layer_from_config(inner, custom, where)
        case {"tuple": list(parts)} if len(value) == 1:
            return tuple([_make_setting(v, custom, where, kind) for v in parts])
        case {"list": list(parts)} if len(value) == 1:
            return [_make_setting(v, custom, where, kind) for v in parts]
        case {"settings": settings} if len(value) == 1:
            return specs.from_config(settings, SETTINGS_OF.get(kind, SETTINGS))
        case {"function": str(name)} if len(value) == 1:
            name = plain.renamed(kind, name)
            return name if name in FUNCTIONS else _own(kind, name, custom)
    return from_plain(value, where)


def _own(kind: str, name: str, custom: Mapping[str, Any]) -> Any:
    found = specs.own(name, custom)
    if found is None:
        plain_name = name.rpartition(".")[2] if name.replace(".", "_").isidentifier() else name
        raise FileFormatError(
            f"The file uses your own {kind} '{plain_name}', and files hold no code. "
            f"Give it: cr.load(path, custom={{'{plain_name}': {plain_name}}})."
        )
    return found
