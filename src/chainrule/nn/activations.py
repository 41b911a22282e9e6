"""Activations: what a neuron makes of its weighted sum z. Each takes an array or a node of any shape."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

import numpy as np

from chainrule.arguments import public
from chainrule.errors import UnknownNameError
from chainrule.graph import shapes
from chainrule.graph.node import Node
from chainrule.graph.numbers import numbers
from chainrule.graph.primitives import corners, exponentials, reductions
from chainrule.nn.kinds import of_numbers
from chainrule.nn.specs import Checked, Number, classes, find, functions, name_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "ELU", "LeakyReLU", "elu", "exponential", "gelu", "identity", "leaky_relu", "relu", "sigmoid", "silu", "softmax",
    "softplus", "step", "tanh",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def stops_half(activation: F) -> F:
    """Say of an activation that it stops about half of the signal's variance, as ReLU does: He's weights suit it.

    In a class the same is said by ``stops_half = True``.
    """
    activation.stops_half = True  # type: ignore[attr-defined]
    return activation


@public
def identity(z: T) -> T:
    """``z``, in (-∞, ∞): the output of linear regression.

    Args:
        z: A number, an array or a node, of any shape.

    Returns:
        z itself, just as it was given.

    >>> cr.identity(3.0)
    3.0
    """
    return z


@of_numbers
def step(z: Any) -> Any:
    """``1 where z ≥ 0, else 0``: the perceptron's (Rosenblatt 1958), which cannot be trained through.

    Args:
        z: A number, an array or a node, of any shape.

    Returns:
        An array of the same shape, or a node for a node. Whole numbers become float64.

    Raises:
        GraphError: If z holds anything but real numbers.
        NoDerivativeError: When something is differentiated through it.

    >>> cr.step([-2.0, 0.0, 3.0])
    array([0., 1., 1.])
    """
    return corners.step(_numbers(z))


@of_numbers
def sigmoid(z: Any) -> Any:
    """``1 / (1 + exp(-z))``, in (0, 1): the probability of yes in logistic regression (Cox 1958).

    Its derivative is ``s · (1 - s)``, never above ¼. No z is too large for it.

    Args:
        z: A number, an array or a node, of any shape.

    Returns:
        An array of the same shape, or a node for a node. Whole numbers become float64.

    Raises:
        GraphError: If z holds anything but real numbers.

    >>> cr.sigmoid([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """
    with np.errstate(over="ignore"):  # exp(1000) is infinite and its reciprocal 0, as it should be
        return exponentials.sigmoid(_numbers(z))


@of_numbers
def tanh(z: Any) -> Any:
    """``(exp(z) - exp(-z)) / (exp(z) + exp(-z))``, in (-1, 1): a sigmoid centred at 0 (LeCun et al. 1998).

    Its derivative is ``1 - tanh²(z)``, 1 at 0.

    Args:
        z: A number, an array or a node, of any shape.

    Returns:
        An array of the same shape, or a node for a node. Whole numbers become float64.

    Raises:
        GraphError: If z holds anything but real numbers.

    >>> cr.tanh([0.0, 1000.0])
    array([0., 1.])
    """
    return exponentials.tanh(_numbers(z))


@of_numbers
def exponential(z: Any) -> Any:
    """``exp(z)``, in (0, 1.7e38]: for counts and amounts, of which the layer before gives the logarithm.

    Above z = 88 it stays what it is there, the largest that float32 holds: no z makes it infinite.

    Args:
        z: A number, an array or a node, of any shape.

    Returns:
        An array of the same shape, or a node for a node. Whole numbers become float64.

    Raises:
        GraphError: If z holds anything but real numbers.

    >>> cr.exponential([0.0, 1.0]).round(3)
    array([1.   , 2.718])
    """
    return np.exp(np.minimum(_numbers(z), 88))


@stops_half
@of_numbers
def relu(z: Any) -> Any:
    """``max(0, z)``, in [0, ∞): the rectified linear unit (Nair & Hinton 2010); its derivative at 0 is 0.

    Args:
        z: A number, an array or a node, of any shape.

    Returns:
        An array of the same shape, or a node for a node. Whole numbers become float64.

    Raises:
        GraphError: If z holds anything but real numbers.

    >>> cr.relu([-2.0, -0.5, 0.0, 0.5, 3.0])
    array([0. , 0. , 0. , 0.5, 3. ])
    """
    return corners.relu(_numbers(z))


@stops_half
@of_numbers
def leaky_relu(z: Any, slope: float = 0.01) -> Any:
    """``z where z > 0, else slope · z``, in (-∞, ∞) (Maas et al. 2013); its derivative at 0 is the slope.

    To train with a slope of your own give the layer ``cr.LeakyReLU(slope=0.2)``.

    Args:
        z: A number, an array or a node, of any shape.
        slope: What z is multiplied by below 0; 0.01 is the paper's. Any number will do, one above 1 too, where
            ``max(slope · z, z)`` would be wrong.

    Returns:
        An array of the same shape, or a node for a node. Whole numbers become float64.

    Raises:
        GraphError: If z holds anything but real numbers.

    >>> cr.leaky_relu([-3.0, 2.0]), cr.leaky_relu([-1.0, 1.0], slope=2)
    (array([-0.03,  2.  ]), array([-2.,  1.]))
    """
    z = _numbers(z)
    return np.where(z > 0, z, slope * z)


@stops_half
@of_numbers
def elu(z: Any, alpha: float = 1.0) -> Any:
    """``z where z ≥ 0, else alpha · (exp(z) - 1)``, in (-alpha, ∞) (Clevert et al. 2016).

    Its derivative at 0 is 1. To train with an alpha of your own give the layer ``cr.ELU(alpha=0.5)``.

    Args:
        z: A number, an array or a node, of any shape.
        alpha: How far below 0 it goes; 1, the paper's, makes it smooth at 0.

    Returns:
        An array of the same shape, or a node for a node. Whole numbers become float64.

    Raises:
        GraphError: If z holds anything but real numbers.

    >>> cr.elu([-1000.0, 0.0, 1000.0])
    array([  -1.,    0., 1000.])
    """
    z = _numbers(z)
    # The branch for z < 0 is kept from overflowing where it is not taken.
    return np.where(z >= 0, z, alpha * np.expm1(np.minimum(z, 0)))


@stops_half
@of_numbers
def gelu(z: Any) -> Any:
    """``z/2 · (1 + tanh(√(2/π) · (z + 0.044715 z³)))``, in (-0.17…, ∞).

    This is the tanh form of Hendrycks & Gimpel 2016, within 0.0005 of ``z · Φ(z)``, with Φ the distribution
    function of normal numbers.

    Args:
        z: A number, an array or a node, of any shape.

    Returns:
        An array of the same shape, or a node for a node. Whole numbers become float64.

    Raises:
        GraphError: If z holds anything but real numbers.

    >>> cr.gelu([-1000.0, 0.0, 1000.0]).tolist()
    [-0.0, 0.0, 1000.0]
    """
    z = _numbers(z)
    return 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))


@stops_half
@of_numbers
def silu(z: Any) -> Any:
    """``z · sigmoid(z)``, in (-0.278…, ∞): also called swish (Elfwing et al. 2018; Ramachandran et al. 2017).

    Args:
        z: A number, an array or a node, of any shape.

    Returns:
        An array of the same shape, or a node for a node. Whole numbers become float64.

    Raises:
        GraphError: If z holds anything but real numbers.

    >>> cr.silu([0.0, 1000.0])
    array([   0., 1000.])
    """
    return _numbers(z) * sigmoid(z)


@of_numbers
def softplus(z: Any) -> Any:
    """``log(1 + exp(z))``, in (0, ∞): a smooth ReLU (Dugas et al. 2001), for outputs that must be positive.

    Its derivative is the sigmoid.

    Args:
        z: A number, an array or a node, of any shape.

    Returns:
        An array of the same shape, or a node for a node. Whole numbers become float64.

    Raises:
        GraphError: If z holds anything but real numbers.

    >>> cr.softplus([-1000.0, 0.0, 1000.0]).round(4)
    array([0.000e+00, 6.931e-01, 1.000e+03])
    """
    return exponentials.softplus(_numbers(z))


@of_numbers
def softmax(z: Any, axis: int = -1) -> Any:
    """``exp(zᵢ) / Σⱼ exp(zⱼ)`` along ``axis``, in (0, 1), with sum 1: class probabilities (Bridle 1990).

    Args:
        z: A number, an array or a node, of any shape.
        axis: Along which the classes lie, or several axes; the last by default, as layers have them:
            ``(batch, classes)``.

    Returns:
        An array of the same shape, or a node for a node. Whole numbers become float64.

    Raises:
        GraphError: If z holds anything but real numbers.

    >>> cr.softmax([[1000.0, 1000.0], [0.0, -1000.0]])
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    z = _numbers(z)
    return reductions.softmax(z, axes=shapes.axes_tuple(axis, len(z.shape)))


@dataclass(frozen=True)
class LeakyReLU(Checked):
    """:func:`leaky_relu` with a slope of its own.

    Args:
        slope: What z is multiplied by below 0; 0.01 as in Maas et al. 2013.

    Raises:
        GraphError: If the slope is no finite number.

    >>> cr.LeakyReLU(slope=0.2)(-1.0).item()
    -0.2
    >>> cr.Dense(16, cr.LeakyReLU(slope=0.2))
    Dense(16, activation=LeakyReLU(slope=0.2))
    """

    slope: Number = 0.01
    stops_half: ClassVar[bool] = True

    @overload
    def __call__(self, z: Node) -> Node: ...
    @overload
    def __call__(self, z: "ArrayLike") -> "NDArray[Any]": ...
    def __call__(self, z: Any) -> Any:
        """Return ``z where z > 0, else slope · z``.

        Args:
            z: A number, an array or a node, of any shape.

        Returns:
            An array of the same shape, or a node for a node.
        """
        return leaky_relu(z, self.slope)


@dataclass(frozen=True)
class ELU(Checked):
    """:func:`elu` with an alpha of its own.

    Args:
        alpha: How far below 0 it goes; 1 as in Clevert et al. 2016.

    Raises:
        GraphError: If alpha is no finite number.

    >>> cr.ELU(alpha=0.5)(-1000.0).item()
    -0.5
    >>> cr.Dense(16, cr.ELU(alpha=0.5))
    Dense(16, activation=ELU(alpha=0.5))
    """

    alpha: Number = 1.0
    stops_half: ClassVar[bool] = True

    @overload
    def __call__(self, z: Node) -> Node: ...
    @overload
    def __call__(self, z: "ArrayLike") -> "NDArray[Any]": ...
    def __call__(self, z: Any) -> Any:
        """Return ``z where z ≥ 0, else alpha · (exp(z) - 1)``.

        Args:
            z: A number, an array or a node, of any shape.

        Returns:
            An array of the same shape, or a node for a node.
        """
        return elu(z, self.alpha)


ACTIVATIONS: dict[str, Callable[..., Any]] = {
    **functions(globals()),
    "linear": identity,
    "logistic": sigmoid,
    "swish": silu,
}
CLASSES = classes(globals())


def activation(spec: Any) -> Callable[..., Any]:
    """Return the activation that ``spec`` means: a name, a callable on nodes, or None for the identity.

    Raises:
        UnknownNameError: If no activation bears the name.

    >>> activation("logistic") is sigmoid, activation(None) is identity
    (True, True)
    """
    if isinstance(spec, int) and not isinstance(spec, bool):
        raise UnknownNameError(
            f"Unknown activation {spec}. The layer before says how many inputs there are: cr.Dense({spec})."
        )
    return find("activation", "identity" if spec is None else spec, ACTIVATIONS)


def activation_name(spec: Any) -> str:
    """Return the name of the activation that ``spec`` means; one with settings is written as it is made.

    >>> activation_name(None), activation_name("swish"), activation_name(LeakyReLU(0.2))
    ('identity', 'silu', 'LeakyReLU(slope=0.2)')
    """
    return name_of(activation(spec), ACTIVATIONS)


def _numbers(z: Any) -> Any:
    return z if isinstance(z, Node) else numbers(z)
