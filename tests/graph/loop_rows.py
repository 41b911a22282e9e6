"""A row with a graph of its own, as loops will be: a body, applied again and again, and its derivatives."""

from chainrule.graph.closed import ClosedGraph
from chainrule.graph.node import record
from chainrule.graph.primitives.attributes import BODY, COUNT
from chainrule.graph.primitives.primitive import Primitive
from chainrule.transform.loops import pulled_back, pushed_forward


def forward(x, *shared, body, times):
    for _ in range(times):
        (x,) = body(x, *shared)
    return x


def shape(x, *shared, body, times):
    (out,) = body.outputs
    assert (x, *shared) == tuple(n.shape for n in body.given) and x == out.shape
    return x


def repeat(x, *shared, body, times):
    return record(REPEAT, (x, *shared), {"body": body, "times": times})


def call(body, output, *values):
    """Apply one output of a closed graph, as a node."""
    return record(CALL, values, {"body": ClosedGraph(body.inputs, body.shared, (body.outputs[output],))})


def vjp(dy, y, x, *shared, body, times):
    back = pulled_back(body)
    slopes = [None] * len(shared)
    for before in reversed(range(times)):
        at = repeat(x, *shared, body=body, times=before) if before else x
        dx, *found = (call(back, i, at, dy, *shared) for i in range(1 + len(shared)))
        slopes = [new if s is None else s + new for s, new in zip(slopes, found, strict=True)]
        dy = dx
    return [dy, *slopes]


def jvp(dots, y, x, *shared, body, times):
    along = pushed_forward(body)
    still = [0.0 * v if d is None else d for v, d in zip((x, *shared), dots, strict=True)]
    for before in range(times):
        at = repeat(x, *shared, body=body, times=before) if before else x
        still[0] = call(along, 0, at, *still, *shared)
    return still[0]


REPEAT = Primitive(
    name="repeat",
    text="repeat({all}, {body}, {times})",
    forward=forward,
    vjp=vjp,
    jvp=jvp,
    attributes={"body": BODY, "times": COUNT},
    shape=shape,
    dtype=lambda x, *_shared, **_: x,
)


def call_vjp(dy, y, *x, body):
    back = pulled_back(body)
    n = len(body.inputs)
    return [call(back, i, *x[:n], dy, *x[n:]) for i in range(len(x))]


def call_jvp(dots, y, *x, body):
    along = pushed_forward(body)
    n = len(body.inputs)
    dots = [0.0 * v if d is None else d for v, d in zip(x, dots, strict=True)]
    return call(along, 0, *x[:n], *dots, *x[n:])


CALL = Primitive(
    name="call",
    text="call({all}, {body})",
    forward=lambda *x, body: body(*x)[0],
    vjp=call_vjp,
    jvp=call_jvp,
    attributes={"body": BODY},
    shape=lambda *_x, body: body.outputs[0].shape,
    dtype=lambda *_x, body: body.outputs[0].dtype,
)


def unrolled(node):
    """Return what a node of these rows is, written out."""
    return node.primitive.forward(*node.inputs, **node.attributes)
