"""Naming: what the layers of a network and all that they learn are called.

A layer is called by its kind and a number, "dense_1", or as the user calls it; what it learns by its role and the
number of the last layer with units, "W1", "gamma_1". Equal networks have equal names, which files keep.
"""

import re
from collections.abc import Hashable, Mapping
from itertools import count
from typing import Any

from chainrule.errors import ShapeError
from chainrule.graph.closed import Visit, map_bodies
from chainrule.graph.node import Node, with_attributes, with_inputs
from chainrule.graph.shapes import show
from chainrule.graph.siblings import loop_key
from chainrule.graph.walk import order
from chainrule.nn.layers.base import Layer


def labels_of(layers: list[Layer]) -> list[str]:
    """Return a label for each use of a layer: "dense_1", or its name; its second use is "dense_1/2"."""
    own: dict[int, str] = {}
    uses: dict[int, int] = {}
    taken: set[str] = set()
    spent: dict[str, int] = {}  # the last number of each stem
    result: list[str] = []
    for layer in layers:
        uses[id(layer)] = uses.get(id(layer), 0) + 1
        if id(layer) not in own:
            given = str(getattr(layer, "name", ""))
            stem = given or _stem(type(layer).__name__)
            label = given
            while not label or label in taken:
                spent[stem] = spent.get(stem, 1 if given else 0) + 1
                label = f"{stem}_{spent[stem]}"
            own[id(layer)] = label
            taken.add(label)
        again = f"/{uses[id(layer)]}" if uses[id(layer)] > 1 else ""
        result.append(own[id(layer)] + again)
    return result


def _stem(kind: str) -> str:
    """Return the name of a class in small letters.

    >>> _stem("BatchNormalization"), _stem("Conv2DTranspose")
    ('batch_normalization', 'conv2d_transpose')
    """
    dimensions_small = re.sub(r"(?<=[0-9])D(?![a-z])", "d", kind)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", dimensions_small).lower()


def numbers_of(marks: list[Node]) -> dict[int, int]:
    """Return l for each layer: those with units are counted, others share the number of the one before."""
    result: dict[int, int] = {}
    before: dict[Node, int] = {}  # the number that each mark gives to one behind it
    counted = 0
    among = set(marks)
    for mark in marks:
        layer = mark.meaning.layer
        if layer.counts:
            if id(layer) not in result:
                counted += 1
                result[id(layer)] = counted
            before[mark] = result[id(layer)]
        else:
            before[mark] = _number_before(mark, among, before)
            result.setdefault(id(layer), before[mark])
    return result


def _number_before(mark: Node, among: set[Node], before: Mapping[Node, int]) -> int:
    """Return the number of the last layer with units among all that a layer is built on."""
    nearest = [n for n in order(mark.meaning.inputs, stop=among) if n in among]
    if not nearest:
        return 0
    if len(nearest) == 1 and (nearest[0].meaning.layer.counts or _is_one_way(nearest[0], among)):
        return before[nearest[0]]  # all others lie behind it, and are not walked through again and again
    every = [n for n in order(mark.meaning.inputs) if n in among]
    return next((before[n] for n in reversed(every) if n.meaning.layer.counts), 0)


def _is_one_way(mark: Node, among: set[Node]) -> bool:
    """Say whether a layer has one input, and holds no other layers."""
    inputs = mark.meaning.inputs
    inside = [n for n in order([mark], stop=inputs) if n in among]
    return len(inputs) == 1 and not set(inside) - {mark, *inputs}


def _name(role: str, number: int) -> str:
    return f"{role}{number}" if len(role) == 1 else f"{role}_{number}"


def owner(w: Node) -> tuple[int, str]:
    """Return whose a variable is: its layer and role."""
    return id(w.meaning.layer), w.meaning.role


def shared_variables(marks: list[Node], numbers: dict[int, int]) -> dict[tuple[int, str], Node]:
    """Return the one variable for each layer and role, under its name; a layer that is used twice has one."""
    shared: dict[tuple[int, str], Node] = {}
    taken: set[str] = set()
    spent: dict[tuple[str, ...], int] = {}  # how many endings of these names are taken
    for mark in marks:
        layer, made = mark.meaning.layer, mark.meaning.parameters
        new = [w for w in made if owner(w) not in shared]
        plain = tuple([_name(w.meaning.role, numbers[id(layer)]) for w in new])
        for ending in count(spent.get(plain, 0)):
            named = [name + _letters(ending) for name in plain]
            if taken.isdisjoint(named):
                break
        spent[plain] = ending
        taken.update(named)
        for w, name in zip(new, named, strict=True):
            shared[owner(w)] = Node(w.primitive, (), w.attributes, w.shape, w.dtype, name, w.meaning)
        for w in made:
            if w.shape != shared[owner(w)].shape:
                raise ShapeError(
                    f"One layer object, {layer!r}, is used twice and so shares its weights, but it is given inputs "
                    f"of different widths: its {w.meaning.role} would have the shapes {show(shared[owner(w)].shape)} "
                    f"and {show(w.shape)}. Make two layers: write {layer!r} in each place."
                )
    return shared


def _letters(number: int) -> str:
    """Return what tells the parameters of layers with the same number apart: "", "b" ... "z", "aa", "ab" ..."""
    found = ""
    number = number + 1 if number else 0
    while number:
        number, letter = divmod(number - 1, 26)
        found = "abcdefghijklmnopqrstuvwxyz"[letter] + found
    return found


def numbered_draws() -> Visit:
    """Return what gives each draw of random numbers a stream of its own, a number, those in steps of loops too."""
    streams = count()
    loops: dict[Hashable, Mapping[str, Any]] = {}  # what is one for all results of a loop

    def visit(node: Node, new: tuple[Node, ...]) -> Node:
        if node.primitive.name == "random_uniform":
            attributes = {**node.attributes, "stream": next(streams)}
            return Node(node.primitive, new, attributes, node.shape, node.dtype)
        key = loop_key(node)
        if key is not None:
            if key not in loops:
                loops[key] = map_bodies(node.attributes, lambda body: body.rebuild(visit))
            if loops[key]["body"] is not node.attributes["body"]:
                node = with_attributes(node, {**loops[key], "take": node.attributes["take"]})
        return with_inputs(node, new)

    return visit
