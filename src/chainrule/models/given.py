"""What a training on a table is given: the table, the rows that judge, and what a configuration says of both."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from glob import has_magic
from os import PathLike, fspath, path as paths
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.tables import load_table
from chainrule.data.target import drop_rows_without_target, target_columns
from chainrule.data.unpacking import spoken
from chainrule.data.words import apart, checked_table, listed
from chainrule.data.written import written_of
from chainrule.errors import DataError, MissingFileError, UnknownNameError
from chainrule.models import configuration, runs
from chainrule.models.base import Say
from chainrule.models.configuration import IN_MEMORY, Configuration
from chainrule.models.fingerprint import fingerprint_of
from chainrule.models.obvious import obvious_target
from chainrule.models.options import Options
from chainrule.models.prepared import Sorted, sort_rows
from chainrule.models.scoring import chosen
from chainrule.shown import counted

Place = tuple[Path, Configuration]  # of a run, and what was chosen when it began


def table_of(data: Any, options: Options, say: Say = lambda sentence: None) -> tuple[pd.DataFrame, Options]:
    """Return the table that was given, read if it is a file, and the choices with its target."""
    known: str | None = None
    several = isinstance(data, list | tuple) and all(isinstance(each, str | PathLike) for each in data)
    if isinstance(data, str | PathLike) or several:
        how = {name: value for name in ("missing", "any_size", "table") if (value := getattr(options, name))}
        how |= {} if options.header is None else {"header": options.header}
        named = ", ".join(map(spoken, data)) if isinstance(data, list | tuple) else spoken(data)
        data, known = load_table(data, **how)
        for column, words in (options.missing or {}).items():
            if column and column not in data:
                only = {column: tuple(filter(None, words))}
                raise UnknownNameError(f"missing={only} names no column of {named}.")
        say(f"Read {named}: {counted(len(data), 'row')}, {counted(len(data.columns), 'column')}.")
    elif options.missing and isinstance(data, pd.DataFrame) and not written_of(data).missing:
        raise DataError(
            "missing says how a file is read, and this table is in memory already.\n"
            "Put NaN where there is no value, such as table.replace('?', float('nan')), or give the file."
        )
    target = known if options.target is None else options.target
    if target is None:
        target, told = obvious_target(data)
        say(told)
    # values, not names; they are refused as such
    values = isinstance(target, pd.Series | np.ndarray)
    if isinstance(target, str) or (not values and all(isinstance(name, str) for name in target)):
        target = apart([target] if isinstance(target, str) else target, checked_table(data).columns)
    return data, replace(options, target=target)


def rows_of(table: pd.DataFrame, options: Options) -> tuple[Sorted, Options]:
    """Return which rows of a table are for what, and the choices with what they decide."""
    whole, options = sort_rows(table, options, _judges(table, options))
    chosen(whole.target, options.metric)  # which refuses what makes no sense, before anything is done
    return whole, options


def _judges(table: pd.DataFrame, options: Options) -> pd.DataFrame | None:
    """Return the rows of a table of their own that judge, if there is one; read if it is a file."""
    if options.test_data is None:
        return None
    if isinstance(options.test_data, str) and options.test_data == IN_MEMORY:
        raise DataError(
            "The rows that judged were a table in memory, and others would give other scores.\n"
            "Give them again: test_data='rows.csv', for example."
        )
    judges, _ = table_of(options.test_data, options)
    names, judges = target_columns(table, options.target), checked_table(judges)
    if lost := [name for name in names if name not in judges]:
        raise DataError(
            f"The rows that judge have no column {lost[0]!r}, which is predicted; their columns: "
            f"{listed(judges.columns)}.\nWithout answers rows cannot judge: train without them, and predict for them."
        )
    return drop_rows_without_target(judges, names)[0]


def data_of(found: Configuration, config: Any, data: Any) -> Any:
    """Return the data that is given, or else that a configuration names."""
    if data is None and not found.data:
        raise DataError(f"{fspath(config)} names no data: it was a table in memory.\nGive the table, too.")
    if (
        data is None
        and paths.isabs(found.data)
        and not has_magic(found.data)
        and not paths.exists(found.data)
    ):
        raise MissingFileError(
            f"{fspath(config)} is of the table {found.data}, which is not there.\nPut it back, or repeat the "
            "configuration with the table where it is now."
        )
    return found.data if data is None else data


def source_of(data: Any) -> str:
    """Return the file or the sample that was given; "" for a table in memory."""
    if not isinstance(data, str | PathLike):
        return ""
    name = fspath(data)
    return paths.abspath(name) if paths.exists(name) or has_magic(name) else name


@contextmanager
def place_of(
    run: str | PathLike[str] | bool | None,
    data: Any,
    table: pd.DataFrame,
    options: Options,
    compares: bool = False,
) -> Iterator[Place | None]:
    """Make the folder of a run, if there is to be one."""
    if run is None or run is False:
        yield None
        return
    source = source_of(data)
    begun = configuration.of(options, source, fingerprint_of(table), compares)
    with runs.begun(run, "-".join([runs.called(source), *options.target]), begun) as folder:
        yield folder, begun
