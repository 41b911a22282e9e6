"""Recurrence as graph: one step of each kind of cell, on nodes, and what holds for all of them.

A step is given what comes in at its time, already multiplied with W, and what the step before left. A cell that has
gates has the weights of all of them side by side, (…, gates · units), and they are taken apart before anything
is added.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from chainrule.graph.node import Node, as_node
from chainrule.graph.shapes import Shape
from chainrule.graph.siblings import InStep

Activation: TypeAlias = Callable[[Any], Any]


def gates(z: Node, count: int) -> list[Any]:
    """Return what belongs to each of so many gates, of what stands side by side along the last axis.

    >>> from chainrule.graph.node import constant
    >>> [gate.value.tolist() for gate in gates(constant([1.0, 2.0, 3.0, 4.0]), 2)]
    [[1.0, 2.0], [3.0, 4.0]]
    """
    units: Any = z.shape[-1]
    units //= count
    return [z[..., k * units : (k + 1) * units] for k in range(count)]


class Gate(InStep):
    """What the mark on a value within a step means: which one of the cell's formula it is, "f" for the forget gate."""


def called(name: str, value: Any) -> Any:
    """Return a value of a step, found again by what its formula calls it."""
    node: Node = value
    return Node(node.primitive, node.inputs, node.attributes, node.shape, node.dtype, node.name, Gate(name))


def simple(z: Node, h: Node, U: Node, activation: Activation) -> Node:
    """Return ``activation(z + h @ U)``: the units see what they were a step before (Elman 1990).

    Args:
        z: What comes in, x @ W + b, of shape (batch, units).
        h: What the units were, of shape (batch, units).
        U: The weights from each unit to each, (units, units).
        activation: A function of nodes.

    Returns:
        What they are, of shape (batch, units).
    """
    found: Node = activation(z + h @ U)
    return found


def lstm(z: Node, h: Node, c: Node, U: Node, activation: Activation, gate: Activation) -> tuple[Node, Node]:
    """Return what long short-term memory becomes (Hochreiter & Schmidhuber 1997; its forget gate: Gers et al. 2000).

    ``c' = f·c + i·g`` and ``h' = o · activation(c')``, where the gates i, f and o, and what may be written, g, are
    functions of what comes in and of h. The gradient passes through c by products with f alone.

    Args:
        z: What comes in, x @ W + b, of shape (batch, 4 · units): for i, f, g and o, in this order.
        h: What was put out, of shape (batch, units).
        c: What is remembered, of shape (batch, units).
        U: The weights from each unit to each, for each gate, (units, 4 · units).
        activation: Of g and of what is put out.
        gate: The activation of the gates.

    Returns:
        The new h and c.
    """
    parts = [a + b for a, b in zip(gates(z, 4), gates(h @ U, 4), strict=True)]
    of_each = zip("ifgo", (gate, gate, activation, gate), parts, strict=True)
    i, f, g, o = [called(name, function(part)) for name, function, part in of_each]
    c = f * c + i * g
    return o * activation(c), c


def gru(
    z: Node, h: Node, seen: Node, U: Node, b: Node | None, activation: Activation, gate: Activation
) -> Node:
    """Return what gated units become whose reset gate weighs h after its product, as PyTorch, Keras and cuDNN have it.

    ``h' = u·h + (1 - u)·n`` with ``n = activation(z + r · (h @ U + b))``, where u and r are the gates (Cho et al. 2014,
    in the form of their appendix; it takes one product a step).

    Args:
        z: What comes in, x @ W + b, of shape (batch, 3 · units): for u, r and n, in this order.
        h: What was put out, of shape (batch, units).
        seen: h as U sees it: itself, or with the holes of dropout.
        U: The weights from each unit to each, (units, 3 · units).
        b: What is added to h @ U, (3 · units,), or None.
        activation: Of n.
        gate: The activation of the gates.

    Returns:
        The new h.
    """
    behind = gates(seen @ U, 3)
    if b is not None:
        behind = [a + one for a, one in zip(behind, gates(b, 3), strict=True)]
    in_u, in_r, in_n = gates(z, 3)
    u, r = called("u", gate(in_u + behind[0])), called("r", gate(in_r + behind[1]))
    found: Node = u * h + (1 - u) * called("n", activation(in_n + r * behind[2]))
    return found


def gru_before(z: Node, h: Node, seen: Node, U: Node, activation: Activation, gate: Activation) -> Node:
    """Return what gated units become whose reset gate weighs h before its product (Cho et al. 2014, equation 8).

    ``n = activation(z + (r·h) @ U)``, else as :func:`gru`; it takes two products a step, one after the other.

    Args:
        z: What comes in, x @ W + b, of shape (batch, 3 · units): for u, r and n, in this order.
        h: What was put out, of shape (batch, units).
        seen: h as U sees it: itself, or with the holes of dropout.
        U: The weights from each unit to each, (units, 3 · units).
        activation: Of n.
        gate: The activation of the gates.

    Returns:
        The new h.
    """
    in_u, in_r, in_n = gates(z, 3)
    units: Any = h.shape[-1]
    behind_u, behind_r = gates(seen @ U[:, : 2 * units], 2)
    u, r = called("u", gate(in_u + behind_u)), called("r", gate(in_r + behind_r))
    found: Node = u * h + (1 - u) * called("n", activation(in_n + (r * seen) @ U[:, 2 * units :]))
    return found


def nothing(x: Node, shape: Shape) -> Node:
    """Return what is there before the first step: zeros for each example of x, of the shape of one."""
    begin: Any = np.broadcast_to(as_node(0.0, [x.dtype]), (x.shape[0], *shape))
    return begin
