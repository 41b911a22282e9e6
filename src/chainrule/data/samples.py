"""The sample tables that scikit-learn ships: real data without a download."""

from typing import TYPE_CHECKING

from chainrule.errors import unknown_name

if TYPE_CHECKING:  # the names below are asked for where pandas is not needed
    import pandas as pd

SAMPLES = ("iris", "wine", "breast_cancer", "digits", "diabetes")
"""The names that :func:`sample_table` knows."""

SAMPLE_TARGET = "target"
"""The column that is to be predicted, in every sample table."""


def sample_table(name: str) -> "pd.DataFrame":
    """Return a sample table; its last column, ``target``, is what is to be predicted.

    The target of iris, wine and breast_cancer holds the names of the classes as text, that of digits the
    digit, that of diabetes the progress of the disease. An unknown name raises
    :class:`~chainrule.errors.UnknownNameError`.

    >>> table = sample_table("iris")
    >>> table.shape, list(table.columns[:2]), table["target"].unique().tolist()
    ((150, 5), ['sepal_length', 'sepal_width'], ['setosa', 'versicolor', 'virginica'])
    """
    if name not in SAMPLES:
        raise unknown_name("sample table", name, SAMPLES)
    from sklearn import datasets  # noqa: PLC0415 -- scikit-learn takes seconds to import, files do not need it

    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    table: pd.DataFrame = bunch.frame.rename(columns=_plain)
    if name in {"iris", "wine", "breast_cancer"}:
        table[SAMPLE_TARGET] = [str(bunch.target_names[i]) for i in bunch.target]
    return table


def _plain(name: str) -> str:
    # "sepal length (cm)" has to be typed on a command line
    return name.removesuffix(" (cm)").replace(" ", "_")
