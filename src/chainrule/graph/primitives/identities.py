"""The same number: in another dtype, as a constant, under a name."""

from chainrule.graph.primitives import attributes as kind
from chainrule.graph.primitives.bounds import same
from chainrule.graph.primitives.primitive import REAL, Case, Primitive, as_named, row, same_shape

cast: Primitive = row(
    "cast", text="{0}", needs=(0,),
    forward=lambda x, dtype: x.astype(dtype), adjoint=lambda dy, y, x, dtype: [dy],
    attributes={"dtype": kind.DTYPE}, shape=same_shape, dtype=as_named,
    elementwise=True, linear="together", range=same,
    cases=(Case((2, 3), dtype="float64"), Case((0,), dtype="float64")),
)  # fmt: skip
stop_gradient: Primitive = row(
    "stop_gradient", latex=r"\operatorname{{stop}}\left({0}\right)",
    forward=lambda x: x, partials=lambda y, x: [None],
    nan="input", range=same, made_of=lambda x: x,
    kink="0 by definition: what is inside counts as a constant",
)  # fmt: skip
mark: Primitive = row(
    "mark", text="{0}", needs=(0,), forward=lambda x: x, partials=lambda y, x: [1],
    linear="together", nan="input", range=same, made_of=lambda x: x, domain=(REAL,),
    note="the same value; it says what the value means (the output of a layer, a gradient)",
)  # fmt: skip
