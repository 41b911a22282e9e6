"""The elementwise primitives: value and derivative of each, side by side, as formulas."""

from typing import Any

import numpy as np

from chainrule.errors import GraphError
from chainrule.graph.primitives import attributes as kind
from chainrule.graph.primitives.primitive import (
    ADD,
    COMPARE,
    MULTIPLY,
    NEGATE,
    NONZERO,
    POSITIVE,
    POWER,
    REAL,
    Case,
    Primitive,
    add,
    boolean,
    floating,
    numeric,
    same_shape,
)

# --- arithmetic -----------------------------------------------------------------------------------------

plus = add(
    Primitive(
        name="add",
        text="{0} + {1}",
        binds=ADD,
        needs=(ADD, ADD),
        forward=np.add,
        partials=lambda y, a, b: [1, 1],
        domain=(REAL, REAL),
        note="a sum passes the gradient on unchanged to both its terms",
    )
)
minus = add(
    Primitive(
        name="subtract",
        text="{0} - {1}",
        binds=ADD,
        needs=(ADD, ADD + 1),
        forward=np.subtract,
        dtype=numeric,
        partials=lambda y, a, b: [1, -1],
        domain=(REAL, REAL),
    )
)
times = add(
    Primitive(
        name="multiply",
        text="{0} · {1}",
        latex=r"{0} \cdot {1}",
        binds=MULTIPLY,
        needs=(MULTIPLY, MULTIPLY),
        forward=np.multiply,
        partials=lambda y, a, b: [b, a],
        domain=(REAL, REAL),
        note="each factor's gradient is scaled by the other factor",
    )
)


def _weighed(w: Any, x: Any) -> Any:
    product = w * x
    if isinstance(product, np.ndarray) and product.dtype.kind == "f" and not np.isnan(product).any():
        return product  # nearly always, and four times as fast
    return w * np.where(np.equal(w, 0), np.minimum(np.maximum(x, -1.0), 1.0), x)


weigh = add(
    Primitive(
        name="weigh",
        text="{0} · {1}",
        latex=r"{0} \cdot {1}",
        binds=MULTIPLY,
        needs=(MULTIPLY, MULTIPLY),
        forward=_weighed,
        dtype=floating,
        partials=lambda y, w, x: [
            np.where(np.logical_and(np.equal(w, 0), np.equal(np.abs(x), np.inf)), 0, x),
            # w passes, and its own slope with it, but beside a logarithm that may be infinitely steep.
            np.where(np.logical_or(np.not_equal(w, 0), np.less(np.abs(x), 30)), w, 0),
        ],
        domain=(REAL, REAL),
        kink="0 by a weight of 0 beside an infinity, which counts 0 itself",
        note="a product with a weight: 0 times infinity is 0, as y · log(p) tends to 0 where y = p = 0",
    )
)
divide = add(
    Primitive(
        name="divide",
        text="{0} / {1}",
        latex=r"\frac{{{0}}}{{{1}}}",
        binds=MULTIPLY,
        needs=(MULTIPLY, MULTIPLY + 1),
        forward=np.true_divide,
        partials=lambda y, a, b: [1 / b, -y / b],
        dtype=floating,
        domain=(REAL, NONZERO),
    )
)
negative = add(
    Primitive(
        name="negative",
        text="-{0}",
        binds=NEGATE,
        needs=(NEGATE,),
        forward=np.negative,
        dtype=numeric,
        partials=lambda y, x: [-1],
        domain=(REAL,),
    )
)
raised = add(
    Primitive(
        name="raised",
        text="{0}^{exponent}",
        latex="{{{0}}}^{{{exponent}}}",
        binds=POWER,
        needs=(POWER + 1,),
        attributes={"exponent": kind.NUMBER},
        forward=lambda x, exponent: np.power(x, exponent),
        # The exponent is a number, so that the derivative of x² at 0 and below is 2x and no logarithm.
        partials=lambda y, x, exponent: [
            None if exponent == 0 else 2 * x if exponent == 2 else exponent * x ** (exponent - 1)
        ],
        dtype=floating,
        domain=(POSITIVE,),
        cases=tuple(Case((), {"exponent": p}) for p in (2, 3, 1, 0, -1, 0.5, -1.5)),
    )
)
power = add(
    Primitive(
        name="power",
        text="{0}^{1}",
        latex="{{{0}}}^{{{1}}}",
        binds=POWER,
        needs=(POWER + 1, POWER + 1),
        forward=np.power,
        partials=lambda y, x, p: [
            p * np.power(x, np.where(np.equal(p, 0), 1, p - 1)),  # 0 · x, and not 0 · ∞, where p is 0
            y * np.log(np.where(np.equal(x, 0), 1, x)),
        ],
        dtype=floating,
        domain=(POSITIVE, REAL),
        kink="the gradient of the exponent needs log(x): 0 at x = 0, NaN below",
    )
)

# --- exponentials, logarithms, roots, waves -------------------------------------------------------------

exp = add(
    Primitive(
        name="exp",
        text="exp({0})",
        latex="e^{{{0}}}",
        forward=np.exp,
        dtype=floating,
        partials=lambda y, x: [y],
        domain=(REAL,),
        note="its own derivative",
    )
)
expm1 = add(
    Primitive(
        name="expm1",
        text="expm1({0})",
        latex=r"\left(e^{{{0}}} - 1\right)",
        forward=np.expm1,
        dtype=floating,
        partials=lambda y, x: [y + 1],
        domain=(REAL,),
    )
)
log = add(
    Primitive(
        name="log",
        text="log({0})",
        latex=r"\log\left({0}\right)",
        forward=np.log,
        dtype=floating,
        partials=lambda y, x: [1 / x],
        domain=(POSITIVE,),
        note="the natural logarithm",
    )
)
log1p = add(
    Primitive(
        name="log1p",
        text="log1p({0})",
        latex=r"\log\left(1 + {0}\right)",
        forward=np.log1p,
        dtype=floating,
        partials=lambda y, x: [1 / (1 + x)],
        domain=(POSITIVE,),
    )
)
sqrt = add(
    Primitive(
        name="sqrt",
        text="sqrt({0})",
        latex=r"\sqrt{{{0}}}",
        forward=np.sqrt,
        dtype=floating,
        partials=lambda y, x: [1 / (2 * y)],
        domain=(POSITIVE,),
        kink="infinite at 0",
    )
)
root = add(
    Primitive(
        name="root",
        text="sqrt({0})",
        latex=r"\sqrt{{{0}}}",
        forward=np.sqrt,
        dtype=floating,
        # At 0 the other branch is 0 too, and infinitely steep: a second derivative there is NaN, and not a silent 0.
        partials=lambda y, x: [np.where(y > 0, 1 / (2 * y), sqrt(x))],
        domain=(POSITIVE,),
        kink="0 at 0, as for |x|",
        note="the root of a sum of squares: a norm, a standard deviation, a root mean square",
    )
)
sin = add(
    Primitive(
        name="sin",
        text="sin({0})",
        latex=r"\sin\left({0}\right)",
        forward=np.sin,
        dtype=floating,
        partials=lambda y, x: [np.cos(x)],
        domain=(REAL,),
    )
)
cos = add(
    Primitive(
        name="cos",
        text="cos({0})",
        latex=r"\cos\left({0}\right)",
        forward=np.cos,
        dtype=floating,
        partials=lambda y, x: [-np.sin(x)],
        domain=(REAL,),
    )
)
arctan = add(
    Primitive(
        name="arctan",
        text="arctan({0})",
        latex=r"\arctan\left({0}\right)",
        forward=np.arctan,
        dtype=floating,
        partials=lambda y, x: [1 / (1 + x * x)],
        domain=(REAL,),
    )
)
arcsin = add(
    Primitive(
        name="arcsin",
        text="arcsin({0})",
        latex=r"\arcsin\left({0}\right)",
        forward=np.arcsin,
        dtype=floating,
        partials=lambda y, x: [1 / np.sqrt((1 - x) * (1 + x))],
        domain=((-0.9, 0.9),),
        kink="infinite at -1 and 1",
    )
)
arccos = add(
    Primitive(
        name="arccos",
        text="arccos({0})",
        latex=r"\arccos\left({0}\right)",
        forward=np.arccos,
        dtype=floating,
        partials=lambda y, x: [-1 / np.sqrt((1 - x) * (1 + x))],
        domain=((-0.9, 0.9),),
        kink="infinite at -1 and 1",
    )
)
arctan2 = add(
    Primitive(
        name="arctan2",
        text="arctan2({0}, {1})",
        latex=r"\operatorname{{arctan2}}\left({0}, {1}\right)",
        forward=np.arctan2,
        dtype=floating,
        partials=lambda angle, y, x: [x / (x * x + y * y), -y / (x * x + y * y)],
        domain=(REAL, NONZERO),
        note="the angle of the point (x, y), in (-π, π]",
    )
)
arcsinh = add(
    Primitive(
        name="arcsinh",
        text="arcsinh({0})",
        latex=r"\operatorname{{arsinh}}\left({0}\right)",
        forward=np.arcsinh,
        dtype=floating,
        partials=lambda y, x: [1 / np.sqrt(x * x + 1)],
        domain=(REAL,),
    )
)
arccosh = add(
    Primitive(
        name="arccosh",
        text="arccosh({0})",
        latex=r"\operatorname{{arcosh}}\left({0}\right)",
        forward=np.arccosh,
        dtype=floating,
        partials=lambda y, x: [1 / np.sqrt((x - 1) * (x + 1))],
        domain=((1.1, 4.0),),
        kink="infinite at 1",
    )
)
cbrt = add(
    Primitive(
        name="cbrt",
        text="cbrt({0})",
        latex=r"\sqrt[3]{{{0}}}",
        forward=np.cbrt,
        dtype=floating,
        partials=lambda y, x: [1 / (3 * y * y)],
        domain=(NONZERO,),
        kink="infinite at 0",
    )
)
tanh = add(
    Primitive(
        name="tanh",
        text="tanh({0})",
        latex=r"\tanh\left({0}\right)",
        forward=np.tanh,
        dtype=floating,
        # In terms of y it costs nothing and cannot overflow, as 1/cosh² would.
        partials=lambda y, x: [1 - y * y],
        domain=(REAL,),
        note="never above 1, and 0.01 at |z| = 3: it still vanishes",
    )
)
sigmoid = add(
    Primitive(
        name="sigmoid",
        text="σ({0})",
        latex=r"\sigma\left({0}\right)",
        # Below -709 the exponential is infinite and the quotient exactly 0, as it should be.
        forward=lambda x: 1 / (1 + np.exp(-x)),
        dtype=floating,
        partials=lambda y, x: [y * (1 - y)],
        domain=(REAL,),
        note="never above 1/4: deep stacks of it starve their first layers",
    )
)
softplus = add(
    Primitive(
        name="softplus",
        text="softplus({0})",
        latex=r"\operatorname{{softplus}}\left({0}\right)",
        forward=lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
        dtype=floating,
        partials=lambda y, x: [sigmoid(x)],
        domain=(REAL,),
        note="log(1 + exp(z)) without overflow; Dugas et al. 2001",
    )
)
log_softplus = add(
    Primitive(
        name="log_softplus",
        text="log(softplus({0}))",
        latex=r"\log \operatorname{{softplus}}\left({0}\right)",
        # Below -40 it is x to the last digit, and softplus may be 0.
        forward=lambda x: np.where(x > -40, np.log(softplus(x)), x),
        dtype=floating,
        partials=lambda y, x: [np.where(x > -40, sigmoid(x) / softplus(x), 1)],
        domain=(REAL,),
    )
)


def _apart(a: Any, b: Any) -> Any:
    """Return a - b, and 0 where both are the same infinity."""
    return np.where(np.equal(a, b), 0, a - b)


def _share(a: Any, b: Any) -> Any:
    """Return the share of exp(a) in exp(a) + exp(b); where a = b it moves with them, as a second derivative asks."""
    difference = a - b
    return sigmoid(np.where(np.equal(difference, difference), difference, _apart(a, b)))


logaddexp = add(
    Primitive(
        name="logaddexp",
        text="logaddexp({0}, {1})",
        latex=r"\log\left(e^{{{0}}} + e^{{{1}}}\right)",
        forward=lambda a, b: np.maximum(a, b) + softplus(-np.abs(_apart(a, b))),
        dtype=floating,
        partials=lambda y, a, b: [_share(a, b), _share(b, a)],
        domain=(REAL, REAL),
        kink="½ each where both are the same infinity",
        note="log(exp(a) + exp(b)) without overflow, and with every digit of a small part",
    )
)

# --- corners: every convention is in the row ------------------------------------------------------------

relu = add(
    Primitive(
        name="relu",
        text="relu({0})",
        latex=r"\max\left(0, {0}\right)",
        forward=lambda x: np.maximum(x, 0),
        dtype=floating,
        partials=lambda y, x: [x > 0],
        domain=(REAL,),
        kink="0 at z = 0",
        note="passes the gradient where z > 0 and stops it elsewhere",
    )
)
absolute = add(
    Primitive(
        name="abs",
        text="|{0}|",
        latex=r"\left|{0}\right|",
        needs=(0,),
        forward=np.abs,
        partials=lambda y, x: [np.sign(x)],
        domain=(NONZERO,),
        kink="0 at x = 0",
    )
)
sign = add(
    Primitive(
        name="sign",
        text="sign({0})",
        latex=r"\operatorname{{sign}}\left({0}\right)",
        forward=np.sign,
        dtype=numeric,
        partials=lambda y, x: [None],
        domain=(NONZERO,),
        kink="0 everywhere, at x = 0 too",
    )
)
floor = add(
    Primitive(
        name="floor",
        text="⌊{0}⌋",
        latex=r"\left\lfloor {0} \right\rfloor",
        needs=(0,),
        forward=np.floor,
        dtype=floating,
        partials=lambda y, x: [None],
        domain=((1.1, 1.9),),
        kink="0 everywhere, at whole numbers too",
    )
)
fmod = add(
    Primitive(
        name="fmod",
        text="fmod({0}, {1})",
        latex=r"\operatorname{{fmod}}\left({0}, {1}\right)",
        forward=np.fmod,
        dtype=floating,
        partials=lambda y, a, b: [1, -np.floor((a - y) / b + 0.5)],  # a whole number but for rounding
        domain=((2.2, 2.9), (1.0, 1.05)),  # between jumps
        kink="where it jumps, as if it did not",
        note="what is left of a when b is taken from it as often as it goes; it has the sign of a",
    )
)
maximum = add(
    Primitive(
        name="maximum",
        text="max({0}, {1})",
        latex=r"\max\left({0}, {1}\right)",
        attributes={"tie": kind.NUMBER},
        forward=lambda a, b, tie: np.maximum(a, b),
        partials=lambda y, a, b, tie: _shares(a, b, tie, y),
        domain=(REAL, REAL),
        cases=(Case((), {"tie": 0.5}), Case((), {"tie": 0.0})),
        kink="two nodes that tie share ½ each; a node that ties with a constant gets 0",
    )
)
minimum = add(
    Primitive(
        name="minimum",
        text="min({0}, {1})",
        latex=r"\min\left({0}, {1}\right)",
        attributes={"tie": kind.NUMBER},
        forward=lambda a, b, tie: np.minimum(a, b),
        partials=lambda y, a, b, tie: _shares(b, a, tie, y),
        domain=(REAL, REAL),
        cases=(Case((), {"tie": 0.5}), Case((), {"tie": 0.0})),
        kink="two nodes that tie share ½ each; a node that ties with a constant gets 0",
    )
)


def _shares(larger: Any, smaller: Any, tie: float, y: Any) -> list[Any]:
    if tie == 0:
        return [larger > smaller, larger < smaller]
    share = np.where(np.equal(larger, smaller), np.asarray(tie, y.dtype), np.asarray(1, y.dtype))
    return [np.where(larger >= smaller, share, 0), np.where(larger <= smaller, share, 0)]


def _clipped(x: np.dtype, low: float | None, high: float | None) -> np.dtype:
    bounds = [b for b in (low, high) if b is not None]
    if not bounds:
        raise GraphError("There is nothing to clip to: give a low bound or a high one.")
    made = np.result_type(x, *bounds)
    if made.kind in "iu":
        held = np.iinfo(made)
        if (low is not None and low > held.max) or (high is not None and high < held.min):
            raise GraphError(f"clip: no {made.name} lies between the bounds {low} and {high}.")
    return made


clip = add(
    Primitive(
        name="clip",
        text="clip({0}, {low}, {high})",
        latex=r"\operatorname{{clip}}\left({0}, {low}, {high}\right)",
        attributes={"low": kind.BOUND, "high": kind.BOUND},
        forward=lambda x, low, high: np.clip(x, low, high),
        partials=lambda y, x, low, high: [_inside(x, low, high)],
        dtype=_clipped,
        domain=(REAL,),
        cases=tuple(Case((), {"low": a, "high": b}) for a, b in ((-1.0, 1.0), (0.5, None), (None, 0.5))),
        kink="0 at both edges",
    )
)


def _inside(x: Any, low: float | None, high: float | None) -> Any:
    if low is None:
        return x < high
    if high is None:
        return x > low
    return np.logical_and(x > low, x < high)


def _truth(c: Any) -> Any:
    return c if c.dtype == bool else np.not_equal(c, 0)


where = add(
    Primitive(
        name="where",
        text="where({0}, {1}, {2})",
        latex=r"\begin{{cases}} {1} & {0} \\ {2} & \text{{else}} \end{{cases}}",
        needs=(0, 0, 0),
        forward=np.where,
        partials=lambda y, c, a, b: [None, _truth(c), np.logical_not(c)],
        dtype=lambda c, a, b: np.result_type(a, b),
        domain=(REAL, REAL, REAL),
        kink="the gradient follows the selected branch",
    )
)
step = add(
    Primitive(
        name="step",
        text="step({0})",
        latex=r"H\left({0}\right)",
        forward=lambda x: cast(x >= 0, dtype=x.dtype.name),
        dtype=floating,
        no_derivative="the derivative of a step is 0 wherever it exists, so gradient descent learns nothing "
        "through it. Train with 'sigmoid' or 'relu' in its place, and use the step to predict",
        domain=(REAL,),
        kink="step(0) = 1",
    )
)

# --- comparisons and logic: their derivative is 0, so no gradient flows ---------------------------------


def _comparison(name: str, text: str, latex: str, function: np.ufunc) -> Primitive:
    return add(
        Primitive(
            name=name,
            text=text,
            latex=latex,
            binds=COMPARE,
            needs=(COMPARE + 1, COMPARE + 1),
            forward=function,
            partials=lambda y, a, b: [None, None],
            dtype=boolean,
            domain=(REAL, REAL),
        )
    )


greater = _comparison("greater", "{0} > {1}", "{0} > {1}", np.greater)
greater_equal = _comparison("greater_equal", "{0} ≥ {1}", r"{0} \geq {1}", np.greater_equal)
less = _comparison("less", "{0} < {1}", "{0} < {1}", np.less)
less_equal = _comparison("less_equal", "{0} ≤ {1}", r"{0} \leq {1}", np.less_equal)
equal = _comparison("equal", "{0} = {1}", "{0} = {1}", np.equal)
not_equal = _comparison("not_equal", "{0} ≠ {1}", r"{0} \ne {1}", np.not_equal)
logical_and = _comparison("logical_and", "{0} and {1}", r"{0} \wedge {1}", np.logical_and)
logical_or = _comparison("logical_or", "{0} or {1}", r"{0} \vee {1}", np.logical_or)
logical_not = add(
    Primitive(
        name="logical_not",
        text="not {0}",
        latex=r"\neg {0}",
        binds=NEGATE,
        needs=(NEGATE,),
        forward=np.logical_not,
        partials=lambda y, x: [None],
        dtype=boolean,
        domain=(REAL,),
    )
)

# --- kinds of number ------------------------------------------------------------------------------------

cast: Primitive = add(
    Primitive(
        name="cast",
        text="{0}",
        needs=(0,),
        attributes={"dtype": kind.DTYPE},
        forward=lambda x, dtype: x.astype(dtype),
        vjp=lambda dy, y, x, dtype: [dy],
        jvp=lambda x_dots, y, x, dtype: cast(x_dots[0], dtype=dtype),
        moves="all",
        shape=same_shape,
        dtype=lambda x, dtype: np.dtype(dtype),
        cases=(Case(((2, 3),), {"dtype": "float64"}), Case(((0,),), {"dtype": "float64"})),
    )
)
stop_gradient = add(
    Primitive(
        name="stop_gradient",
        text="stop_gradient({0})",
        latex=r"\operatorname{{stop}}\left({0}\right)",
        forward=lambda x: x,
        partials=lambda y, x: [None],
        kink="0 by definition: what is inside counts as a constant",
    )
)
mark = add(
    Primitive(
        name="mark",
        text="{0}",
        needs=(0,),
        forward=lambda x: x,
        partials=lambda y, x: [1],
        domain=(REAL,),
        note="the same value; it says what the value means (the output of a layer, a gradient)",
    )
)
