"""Sample tables: those that scikit-learn ships, read without its seconds, and the lectures' own, made by a seed."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.doors import late
from chainrule.errors import MissingFileError, unknown_name

if TYPE_CHECKING:  # the names below are asked for where neither is needed
    import numpy as np
    import pandas as pd

made = late("chainrule.data.made:made")

_NUCLEUS = (
    "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave_points",
    "symmetry", "fractal_dimension",
)  # fmt: skip
_COLUMNS = {
    "iris": ["sepal_length", "sepal_width", "petal_length", "petal_width"],
    "wine": [
        "alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids",
        "nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue", "od280/od315_of_diluted_wines",
        "proline",
    ],
    "breast_cancer": [
        seen.format(what) for seen in ("mean_{}", "{}_error", "worst_{}") for what in _NUCLEUS
    ],
    "digits": [f"pixel_{row}_{column}" for row in range(8) for column in range(8)],
    "diabetes": ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"],
}  # fmt: skip

MADE = ("xor", "circles", "moons", "spirals", "four_people")
SAMPLES = (*_COLUMNS, *MADE)
"""The names of the sample tables, which ``load_table`` and the command line read like files."""

SAMPLE_TARGET = "target"
"""The column that is to be predicted, in every sample table."""


def sample_table(name: str) -> "pd.DataFrame":
    """Return a sample table; its last column, ``target``, is what is to be predicted.

    The target of iris, wine and breast_cancer holds the names of the classes as text, that of digits the
    digit, that of diabetes the progress of the disease. Those that are made have points x1, x2 of two classes, but for
    four_people, who have weights, heights and a gender; they are the same on every machine. An unknown name raises
    :class:`~chainrule.errors.UnknownNameError`; where scikit-learn, whose files they are, is not installed,
    :class:`~chainrule.errors.MissingFileError` says so.

    >>> table = sample_table("iris")
    >>> table.shape, list(table.columns[:2]), table["target"].unique().tolist()
    ((150, 5), ['sepal_length', 'sepal_width'], ['setosa', 'versicolor', 'virginica'])
    """
    import numpy as np  # noqa: PLC0415 -- the names are asked for where no table is
    import pandas as pd  # noqa: PLC0415 -- likewise

    if name not in SAMPLES:
        raise unknown_name("sample table", name, SAMPLES)
    if name in MADE:
        return pd.DataFrame(made(name))
    target: Any
    if name == "diabetes":
        X = _numbers("diabetes_data_raw.csv.gz", " ")
        X = (X - X.mean(axis=0)) / X.std(axis=0) / np.sqrt(len(X))
        target = _numbers("diabetes_target.csv.gz", " ")[:, 0]
    elif name == "digits":
        X = _numbers("digits.csv.gz")
        X, target = X[:, :-1], X[:, -1].astype(np.int64)
    else:
        file = "wine_data.csv" if name == "wine" else f"{name}.csv"
        with _path(file).open(encoding="utf-8") as lines:
            _, _, *classes = lines.readline().strip().split(",")
        X = _numbers(file, skip=1)
        X, target = X[:, :-1], [classes[int(number)] for number in X[:, -1]]
    return pd.DataFrame(X, columns=_COLUMNS[name]).assign(**{SAMPLE_TARGET: target})


def _numbers(file: str, delimiter: str = ",", skip: int = 0) -> "np.ndarray":
    import numpy as np  # noqa: PLC0415 -- see above

    return np.loadtxt(_path(file), delimiter=delimiter, skiprows=skip, ndmin=2)


def _path(file: str) -> Path:
    sklearn = find_spec("sklearn")  # which imports nothing of it
    for folder in (sklearn.submodule_search_locations or ()) if sklearn else ():
        if (path := Path(folder, "datasets", "data", file)).is_file():
            return path
    raise MissingFileError(
        "The sample tables are files of scikit-learn, which is not installed here: pip install scikit-learn\n"
        "Tables of your own need none of it."
    )
