"""What Python lets one write with nodes: operators, and methods by NumPy's names. Each is one of NumPy's functions."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

import numpy as np

from chainrule import doors
from chainrule.graph.shapes import Extent

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike

N = TypeVar("N")  # what comes out: a node, which is known above
Operand: TypeAlias = "Extent | ArrayLike"  # a node is one too: it says how it would become an array
Axis: TypeAlias = "int | Sequence[int] | None"

# How NumPy's functions become nodes is written on nodes, and stands above them.
opened: Callable[[str], Any] = cache(doors.opened)


@cache
def _written(ufunc: np.ufunc) -> Callable[..., Any]:
    written: Callable[..., Any] = opened("chainrule.graph.numpy_api.calls:FUNCTIONS")[ufunc]
    return written


class Operators(Generic[N]):
    """Python's operators: for nodes and open extents."""

    __slots__ = ()
    __array_priority__: ClassVar[float] = 1000

    def __add__(self, other: "Operand") -> N:
        return _written(np.add)(self, other)

    def __radd__(self, other: "Operand") -> N:
        return _written(np.add)(other, self)

    def __sub__(self, other: "Operand") -> N:
        return _written(np.subtract)(self, other)

    def __rsub__(self, other: "Operand") -> N:
        return _written(np.subtract)(other, self)

    def __mul__(self, other: "Operand") -> N:
        return _written(np.multiply)(self, other)

    def __rmul__(self, other: "Operand") -> N:
        return _written(np.multiply)(other, self)

    def __truediv__(self, other: "Operand") -> N:
        return _written(np.divide)(self, other)

    def __rtruediv__(self, other: "Operand") -> N:
        return _written(np.divide)(other, self)

    def __floordiv__(self, other: "Operand") -> N:
        return _written(np.floor_divide)(self, other)

    def __rfloordiv__(self, other: "Operand") -> N:
        return _written(np.floor_divide)(other, self)

    def __mod__(self, other: "Operand") -> N:
        return _written(np.remainder)(self, other)

    def __rmod__(self, other: "Operand") -> N:
        return _written(np.remainder)(other, self)

    def __pow__(self, other: "Operand") -> N:
        return _written(np.power)(self, other)

    def __rpow__(self, other: "Operand") -> N:
        return _written(np.power)(other, self)

    def __matmul__(self, other: "Operand") -> N:
        return _written(np.matmul)(self, other)

    def __rmatmul__(self, other: "Operand") -> N:
        return _written(np.matmul)(other, self)

    def __and__(self, other: "Operand") -> N:
        return _written(np.bitwise_and)(self, other)

    def __rand__(self, other: "Operand") -> N:
        return _written(np.bitwise_and)(other, self)

    def __or__(self, other: "Operand") -> N:
        return _written(np.bitwise_or)(self, other)

    def __ror__(self, other: "Operand") -> N:
        return _written(np.bitwise_or)(other, self)

    def __gt__(self, other: "Operand") -> N:
        return _written(np.greater)(self, other)

    def __ge__(self, other: "Operand") -> N:
        return _written(np.greater_equal)(self, other)

    def __lt__(self, other: "Operand") -> N:
        return _written(np.less)(self, other)

    def __le__(self, other: "Operand") -> N:
        return _written(np.less_equal)(self, other)

    def __neg__(self) -> N:
        return _written(np.negative)(self)

    def __pos__(self) -> N:
        return _written(np.positive)(self)

    def __abs__(self) -> N:
        return _written(np.absolute)(self)

    def __invert__(self) -> N:
        return _written(np.invert)(self)

    def __divmod__(self, other: "Operand") -> tuple[N, N]:
        return self // other, self % other

    def __rdivmod__(self, other: "Operand") -> tuple[N, N]:
        return self.__rfloordiv__(other), self.__rmod__(other)


class Methods(Generic[N]):
    """NumPy's methods, for type checkers and editors alone: a node finds them where their functions stand, above."""

    __slots__ = ()

    if TYPE_CHECKING:

        def sum(self, axis: Axis = None, *, keepdims: bool = False) -> N: ...
        def mean(self, axis: Axis = None, *, keepdims: bool = False) -> N: ...
        def max(self, axis: Axis = None, *, keepdims: bool = False) -> N: ...
        def min(self, axis: Axis = None, *, keepdims: bool = False) -> N: ...
        def var(self, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> N: ...
        def std(self, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> N: ...
        def prod(self, axis: Axis = None, *, keepdims: bool = False) -> N: ...
        def any(self, axis: Axis = None, *, keepdims: bool = False) -> N: ...
        def all(self, axis: Axis = None, *, keepdims: bool = False) -> N: ...
        def argmax(self, axis: Axis = None) -> N: ...
        def argmin(self, axis: Axis = None) -> N: ...
        def cumsum(self, axis: int | None = None) -> N: ...
        def cumprod(self, axis: int | None = None) -> N: ...
        def dot(self, b: Operand) -> N: ...
        def clip(
            self,
            a_min: Operand | None = None,
            a_max: Operand | None = None,
            *,
            min: Operand | None = None,
            max: Operand | None = None,
        ) -> N: ...
        def round(self, decimals: int = 0) -> N: ...
        def ravel(self, order: str = "C") -> N: ...
        def flatten(self, order: str = "C") -> N: ...
        def reshape(self, *shape: Any) -> N: ...
        def transpose(self, *axes: Any) -> N: ...
        def squeeze(self, axis: Axis = None) -> N: ...
        def swapaxes(self, axis1: int, axis2: int) -> N: ...
        def take(self, indices: Operand, axis: int | None = None) -> N: ...
        def repeat(self, repeats: Any, axis: int | None = None) -> N: ...
        def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> N: ...
        def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> N: ...
        def copy(self) -> N: ...
        def astype(self, dtype: DTypeLike) -> N: ...
