"""Every exception that chainrule raises.

Each is a :class:`ChainruleError` and also the built-in exception that a Python user expects, so both
``except cr.ChainruleError`` and ``except ValueError`` work.
"""

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any, ClassVar

from chainrule.names import closest

__all__ = [
    "ArgumentError", "ChainruleError", "CheckpointWarning", "DataError", "DataWarning", "DivergenceWarning",
    "EngineWarning", "FileFormatError", "ForeignNameError", "GraphError", "LearningWarning", "MissingFileError",
    "MissingLibraryError", "NoDerivativeError", "OutOfMemoryError", "RenamedWarning", "ShapeError",
    "UnknownNameError", "UnsupportedError",
]  # fmt: skip

_UNSAID = ContextVar("unsaid", default=False)
OLD_NAMES_END = "0.3.0"  # that version knows no name that says `deprecated`


class ChainruleError(Exception):
    """The base of every exception that chainrule raises on purpose.

    >>> try:
    ...     cr.Dense(0)
    ... except cr.ChainruleError as error:
    ...     print(error)
    Dense: units must be a whole number of at least 1; found 0.
    """


class ShapeError(ChainruleError, ValueError):
    """Shapes that do not fit together; the message names both. It is a ValueError too.

    >>> cr.variable([1.0, 2.0], "a") + cr.variable([1.0, 2.0, 3.0], "b")
    Traceback (most recent call last):
        ...
    chainrule.errors.ShapeError: add of a and b: shapes (2,) and (3,) do not fit together: axis -1 has lengths 2
    and 3. Axes, counted from the last, must be equal, or one of them 1.
    """

    where: Any = None  # the layer that was being built, or the name of the row, and the nodes it was given


class GraphError(ChainruleError, ValueError):
    """A graph, or a setting, that cannot be built, evaluated or differentiated as asked. It is a ValueError too.

    >>> cr.input("x").value
    Traceback (most recent call last):
        ...
    chainrule.errors.GraphError: The input 'x' () has no value. Give it one: cr.trace(outputs, {x:
    value})[outputs], or cr.compile(outputs, inputs=[x]).
    """


class UnsupportedError(ChainruleError, TypeError):
    """A NumPy function or an index that nodes do not have; the message says what to write instead.

    It is a TypeError too.

    >>> np.median(cr.variable([1.0, 2.0]))
    Traceback (most recent call last):
        ...
    chainrule.errors.UnsupportedError: np.median is not among the NumPy functions that nodes have. Of numbers
    that are known already it can be computed as np.median(x.value), through which no gradient passes.
    """


class NoDerivativeError(ChainruleError, ValueError):
    """A derivative that does not exist and would be useless for learning, such as that of a step.

    It is a ValueError too.

    >>> w = cr.variable(3.0)
    >>> cr.grad(cr.step(w), w)
    Traceback (most recent call last):
        ...
    chainrule.errors.NoDerivativeError: No gradient flows through step: the derivative of a step is 0 wherever
    it exists, so gradient descent learns nothing through it. Train with 'sigmoid' or 'relu' in its place, and
    use the step to predict.
    """


class UnknownNameError(ChainruleError, ValueError):
    """A name (of an activation, a loss, an optimizer, a column ...) that nothing bears.

    It is a ValueError too.

    >>> cr.Dense(3, "rellu")
    Traceback (most recent call last):
        ...
    chainrule.errors.UnknownNameError: Unknown activation 'rellu'. Did you mean 'relu'? ...
    """


class MissingNameError(UnknownNameError, KeyError):
    """Likewise, of what is looked up in square brackets: dicts raise KeyError."""

    __str__: ClassVar[Callable[[Any], str]] = Exception.__str__


class ForeignNameError(ChainruleError, AttributeError):
    """A name that nothing here bears, of another library perhaps; the message says what to write instead.

    >>> cr.Network([cr.Dense(1)]).forward
    Traceback (most recent call last):
    chainrule.errors.ForeignNameError: Network has no attribute 'forward'. It is called: network.predict(X).
    """


class ArgumentError(ChainruleError, TypeError):
    """Arguments that a class or a function does not take; the message says which it takes.

    >>> cr.Flatten(nam="flat")
    Traceback (most recent call last):
    chainrule.errors.ArgumentError: cr.Flatten takes no 'nam'. Did you mean 'name'? Known: name, trainable.
    """


class DataError(ChainruleError, ValueError):
    """Data that a network cannot learn from or predict with, by row, column and remedy. It is a ValueError too.

    >>> cr.Network([cr.Dense(1)]).fit([[1.0], [np.nan]], [0.0, 1.0])
    Traceback (most recent call last):
        ...
    chainrule.errors.DataError: X holds NaN (a missing value) in row 1, column 0. Fill or drop such rows first:
    missing values are often replaced by the column's median.
    """


class OutOfMemoryError(ChainruleError, MemoryError):
    """Work that takes more memory than there is. It is a MemoryError too.

    >>> issubclass(cr.OutOfMemoryError, MemoryError) and issubclass(cr.OutOfMemoryError, cr.ChainruleError)
    True
    """


class CheckpointWarning(UserWarning):
    """Training goes on, but what it would need to go on after a crash cannot be written; the message says why.

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", cr.CheckpointWarning)  # rather end than go on without
    ...     network = cr.Network([cr.Dense(1)], seed=0)
    ...     network.fit([[1.0], [2.0]], [1.0, 2.0], epochs=1, resume="fit.safetensors").epochs
    1
    """


class DataWarning(UserWarning):
    """Some cells of a table are not what their column holds, and count as missing; the message names the first.

    >>> import pandas as pd, warnings
    >>> table = pd.DataFrame({"x": range(40), "y": [2.5 * i for i in range(40)]})
    >>> model = cr.TableModel.train(table, "y", epochs=1)
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     predictions = model.predict(pd.DataFrame({"x": ["3", "oops", "5"]}))
    >>> print(told[0].message)
    Column 'x', row 2: 'oops' is no number and counts as missing.
    """


class DivergenceWarning(UserWarning):
    """Training stopped because the cost became NaN or infinite; the message says where, why and what to try.

    >>> import warnings
    >>> network = cr.Network([cr.Dense(1)], seed=0)
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     history = network.fit([[1e3], [2e3]], [1e3, 2e3], optimizer=cr.SGD(10.0))
    >>> history.diverged, told[0].category is cr.DivergenceWarning
    (True, True)
    """


class LearningWarning(UserWarning):
    """Training goes on, but will learn little or nothing as it was asked to; the message says why and what to try.

    >>> import warnings
    >>> network = cr.Network([cr.BatchNormalization(), cr.Dense(1)], seed=0)
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     history = network.fit([[1.0], [2.0]], [1.0, 2.0], batch_size=1, epochs=1)
    >>> told[0].category is cr.LearningWarning
    True
    """


class EngineWarning(UserWarning):
    """A slower engine than the one expected does the work, or an engine's checks found something; it says what.

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", cr.EngineWarning)  # stop where the fast engine is not there
    ...     print(cr.compile(cr.variable(2.0) * 3)())
    6.0
    """


class RenamedWarning(FutureWarning):
    """A public name that bears another today; the old one works for one version. The message says the new one.

    It is a FutureWarning too, which Python shows.

    >>> issubclass(cr.RenamedWarning, FutureWarning)
    True
    """


class FileFormatError(ChainruleError, ValueError):
    """A model file that is corrupt, truncated, foreign or newer than this library. It is a ValueError too.

    >>> with open("notes.safetensors", "w") as file:
    ...     print("no network", file=file)
    >>> cr.load("notes.safetensors")
    Traceback (most recent call last):
        ...
    chainrule.errors.FileFormatError: notes.safetensors is no model but a text...
    """


class MissingFileError(ChainruleError, FileNotFoundError):
    """A file that is not there. It is a FileNotFoundError too.

    >>> cr.load("none.safetensors")
    Traceback (most recent call last):
        ...
    chainrule.errors.MissingFileError: There is no file none.safetensors.
    """

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class MissingLibraryError(ChainruleError, ModuleNotFoundError):
    """A library that what was asked for needs and that is not installed, as in a browser; the message says which.

    It is a ModuleNotFoundError, and so an ImportError too.

    >>> try:
    ...     table, target = cr.load_table("iris")
    ... except cr.MissingLibraryError as error:
    ...     print(f"Install {error.name} first.")  # pandas: tables are read with it
    """


INSTALLED_AS = {"sklearn": "scikit-learn"}  # where that is not what is imported


@contextmanager
def needing(what: str) -> Iterator[None]:
    """Let a library that is missing say what needs it, and how it is had.

    >>> with needing("A cake"):
    ...     import flour
    Traceback (most recent call last):
    chainrule.errors.MissingLibraryError: A cake needs flour, which is not installed here: pip install flour
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library in ("", "chainrule") or isinstance(error, MissingLibraryError):
            raise
        called = INSTALLED_AS.get(library, library)
        how = (
            f"{'%' if sys.platform == 'emscripten' else ''}pip install {called}"  # in a notebook in a browser
        )
        message = f"{what} needs {called}, which is not installed here: {how}"
        raise MissingLibraryError(message, name=library) from None


def short(value: Any) -> str:
    """Write a value of the user's for an error: never more than the beginning of it.

    >>> short("a" * 100)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…"
    """
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()  # 3.0, and not np.float64(3.0)
    if isinstance(value, str | bytes | list | tuple) and len(value) > 60:
        value = value[:60]  # all of it would take long to write
    try:
        text = " ".join(repr(value).split())
    except (RecursionError, ValueError):  # too deep, or a number of too many digits
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 60 else f"{text[:60]}…"


@contextmanager
def warnings_unsaid() -> Iterator[None]:
    """Inside, nothing of ours is warned of; the filters of the process, which all threads share, stay as they are."""
    before = _UNSAID.set(True)
    try:
        yield
    finally:
        _UNSAID.reset(before)


def warn(message: str, category: type[Warning], module: str | None = None) -> None:
    """Warn at the line outside of this library that asked for what is warned of.

    Args:
        message: What is said.
        category: The class of the warning.
        module: As what module a user's filters know the place; by default that of the line.
    """
    if _UNSAID.get():
        return
    frame = sys._getframe(1)
    ours = ("chainrule.", "importlib.", "functools.", "contextlib.")  # the latter call what is ours
    asks = frame = _below(frame, ours)
    frame = _below(frame, (*ours, "sklearn.", "joblib."))
    if _is_of(
        frame, ("joblib.", "multiprocessing.", "concurrent.", "threading.")
    ):  # a worker's: no line is the user's
        frame = asks
    names = frame.f_globals
    registry = names.setdefault("__warningregistry__", {})  # where Python keeps that a line has warned
    module = module or names.get("__name__", "<string>")  # without one: exec
    warnings.warn_explicit(message, category, frame.f_code.co_filename, frame.f_lineno, module, registry)


def _below(frame: FrameType, modules: tuple[str, ...]) -> FrameType:
    """Return the first frame from here down that is of none of these modules, or the last."""
    while frame.f_back is not None and _is_of(frame, modules):
        frame = frame.f_back
    return frame


def _is_of(frame: FrameType, modules: tuple[str, ...]) -> bool:
    return f"{frame.f_globals.get('__name__')}.".startswith(modules)


def deprecated(old: str, new: str) -> None:
    """Say, once for each line of the user's, that a public name is another now; then do what the old one did.

    Names of ``chainrule``, methods and arguments of public classes, options of the command line and names in
    files work for one version after they were renamed: until :data:`OLD_NAMES_END`.

    >>> with warnings.catch_warnings(record=True) as seen:
    ...     warnings.simplefilter("always")
    ...     deprecated("cr.Row", "cr.Primitive")
    >>> print(seen[0].message)
    cr.Row is now cr.Primitive; the old name works until version 0.3.0.
    """
    warn(f"{old} is now {new}; the old name works until version {OLD_NAMES_END}.", RenamedWarning)


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """Return the error for a ``name`` that no ``kind`` bears, with the closest one that exists.

    >>> print(unknown_name("activation", "rellu", ["relu", "tanh"]))
    Unknown activation 'rellu'. Did you mean 'relu'? Known: relu, tanh.
    """
    names = sorted(known)
    close = closest(name, names)
    hint = f" Did you mean {close!r}?" if close else ""
    return UnknownNameError(f"Unknown {kind} {short(name)}.{hint} Known: {', '.join(names)}.")
