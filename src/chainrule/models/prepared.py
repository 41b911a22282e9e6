"""A table made ready for a network: which rows are for what, and what those to learn from tell of its columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.belonging import NOTHING_TOGETHER, Belonging, belonging_of
from chainrule.data.categories import CategoryColumn
from chainrule.data.cells import MISSING
from chainrule.data.columns import (
    Columns,
    describe_columns,
    encode,
    fit_columns,
    news,
    plan_lines,
    wrong_cells,
)
from chainrule.data.labels import encode_target
from chainrule.data.splitting import about_rare_classes, folds as dealt, strata_of
from chainrule.data.target import (
    Target,
    alike_classes,
    describe_target,
    drop_rows_without_target,
    target_columns,
    target_of,
    told_by,
)
from chainrule.data.together import copies, found_together
from chainrule.data.told import Told
from chainrule.data.words import apart, checked_table, listed
from chainrule.data.written import texts_of, written_of
from chainrule.errors import DataError
from chainrule.models.base import Ready, adam
from chainrule.models.conformal import Distances
from chainrule.models.options import Options, made_by_hand
from chainrule.models.plan import about_network
from chainrule.models.recipe import MOST_MEMBERS, members_for, patience_for
from chainrule.models.rows import Rows, by_fold, divided, named_in, told
from chainrule.models.suited import (
    check_room,
    decide,
    edges_of,
    falling,
    network_for,
    setting_for,
    several_values,
)
from chainrule.models.weighing import check_choices, class_weights, watching, weights_of
from chainrule.shown import counted

TEST_FRACTION = 0.2


@dataclass(frozen=True)
class Prepared:
    """What the rows to learn from, and those that say when to stop, tell of a table.

    Attributes:
        columns: Of its columns.
        target: Of what is predicted.
        notes: Sentences that the owner of the table should know.
        settled: How the thresholds of the target were found, in words.
        measured: How far the network was off, in rows that it did not learn from: of numbers only.
        folds: Where several networks decide: which rows each learns from, and of which it says what it never saw.
        in_time: Whether these are in the order of time, so that the first of them learned from few rows.
        blocks: For each row to learn from the number of those that it is like; None where each is its own.
    """

    columns: Columns
    target: Target
    notes: tuple[str, ...]
    settled: str = ""
    measured: Distances | None = None
    folds: tuple[tuple[np.ndarray, np.ndarray], ...] = ()
    in_time: bool = False
    blocks: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Sorted:
    """The rows of a table that have all their targets, and which of them are for what.

    Attributes:
        frame: Those rows.
        target: What all of them tell of the target: they decide the task and its classes.
        rows: Which are learned from, say when to stop, and judge.
        folds: The same for each fold.
        judges: Rows of a table of their own that judge; then none of the frame do.
        belonging: Which of them belong together.
        notes: Sentences about them.
        members: How many networks learn from them usually.
        by_hand: Choices of the user's that make a network by hand, if any were made.
        seen: What is said of rows that were found to belong together: a configuration names them from then on.
    """

    frame: pd.DataFrame
    target: Target
    rows: Rows
    folds: tuple[Rows, ...]
    judges: pd.DataFrame | None
    belonging: Belonging
    notes: tuple[str, ...]
    members: int = 1
    by_hand: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()


def sort_rows(
    frame: pd.DataFrame, options: Options, judges: pd.DataFrame | None = None
) -> tuple[Sorted, Options]:
    """Decide which rows of a table are for what; returns the choices with the target and the share of the test.

    Args:
        frame: The table.
        options: The choices, the target among them.
        judges: Rows of a table of their own, which judge.
    """
    frame = checked_table(frame)
    written = written_of(frame).notes
    frame, dropped = drop_rows_without_target(frame, options.target)
    said = {name: named_in(frame, getattr(options, name)) for name in ("group", "time_order")}
    frame, belonging, about = belonging_of(frame, **said)
    whole = target_of(frame, target_columns(frame, options.target), options.task)
    check_choices(whole, options.metric, options.class_weight, options.threshold)
    corrected: dict[str, Any] = {
        each.name: apart(getattr(options, each.name), frame.columns) for each in fields(Told)
    }
    seen: list[str] = []
    if belonging == NOTHING_TOGETHER:
        taken = [name for each in ("keep", "numbers", "categories", "dates") for name in corrected[each]]
        open_ = {name: getattr(options, name) is None for name in said}
        group, time_order, said_of = found_together(frame, whole, taken, open_["group"], open_["time_order"])
        seen = [said_of] * bool(said_of)
        frame, belonging, about = belonging_of(frame, group, time_order)
        if belonging == NOTHING_TOGETHER and open_["group"] and options.time_order is None:
            groups, same = copies(frame, whole.columns, taken)
            belonging, about = Belonging(groups), (*about, *filter(None, [same]))
        corrected |= {"group": group or options.group, "time_order": time_order or options.time_order}
    fraction = options.test_fraction
    if fraction is None:
        fraction = 0.0 if options.folds or judges is not None else TEST_FRACTION
    if fraction and judges is not None:
        raise DataError(
            f"test_fraction={fraction:g} holds back rows for the test, and there are rows of their own that judge: "
            "give one of the two."
        )
    strata, rare = _strata(whole, frame, belonging, 2 if fraction or not options.folds else options.folds)
    rows = divided(strata, belonging, fraction, options.seed)
    among = np.sort(np.concatenate([rows.learn, rows.validation]))
    folds = (
        by_fold(strata_of(whole, frame), belonging, among, options.folds, options.seed)
        if options.folds
        else ()
    )
    by_hand = made_by_hand(options) if options.recipe is None else ()
    options, usual = _decided_by(options, belonging.of(among), len(among))
    if (options.members or usual) > 1:
        rows, folds = rows.without_validation, tuple(each.without_validation for each in folds)
    notes = (
        *written,
        *dropped,
        *about,
        *rare,
        *told(rows, belonging, options.folds),
        *_known_already(frame, judges),
    )
    options = replace(options, target=whole.columns, task=whole.task, test_fraction=fraction, **corrected)
    return Sorted(frame, whole, rows, folds, judges, belonging, notes, usual, by_hand, tuple(seen)), options


def _decided_by(options: Options, belonging: Belonging, rows: int) -> tuple[Options, int]:
    """Return the choices with whether the recipe decides, and how many networks there are usually.

    How many there are is open where that is a question of time.
    """
    by_recipe = not made_by_hand(options) if options.recipe is None else options.recipe
    most = members_for(rows, belonging.parts)
    usual, members = most if by_recipe else 1, options.members
    if members is None and not (by_recipe and options.time_budget):
        members = usual
    return replace(options, recipe=by_recipe, members=1 if members and most == 1 else members), usual


def _known_already(frame: pd.DataFrame, judges: pd.DataFrame | None) -> tuple[str, ...]:
    """Return a sentence about rows that judge and are learned from too."""
    if judges is None:
        return ()
    names = [name for name in frame if name in judges]
    learned, judging = (
        pd.util.hash_pandas_object(table[names].astype(str), index=False) for table in (frame, judges)
    )
    alike = int(judging.isin(learned).sum())
    if not alike:
        return ()
    return (
        f"{alike:,} of the {counted(len(judges), 'row')} that judge {'is' if alike == 1 else 'are'} among those to "
        "learn from as well: the scores flatter.",
    )


def _strata(
    target: Target, frame: pd.DataFrame, belonging: Belonging, fewest: int
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return what is to have its share in all parts, by number, and a sentence about classes of too few rows."""
    if belonging != NOTHING_TOGETHER:
        return strata_of(target, frame), ()
    if target.task not in {"binary", "multiclass"}:
        return np.zeros(len(frame), np.intp), ()
    labels = texts_of(frame[target.columns[0]])
    return pd.factorize(labels)[0], about_rare_classes(target.columns[0], labels, fewest)


def prepare(whole: Sorted, rows: Rows, options: Options) -> Ready[Prepared]:
    """Make rows of a table ready.

    What is learned of its columns is learned from the rows to learn from, and from those that say when to stop.

    Args:
        whole: The table.
        rows: Which of its rows are for what.
        options: The choices.
    """
    frame = whole.frame
    training = frame.iloc[np.sort(np.concatenate([rows.learn, rows.validation]))]
    target = told_by(whole.target, training)
    columns = fit_columns(training, target, told_in(options), whole.belonging.aside(options.keep))
    learned = encode(columns, part := frame.iloc[rows.learn]), encode_target(target, part)
    decided = decide(options, target, len(rows.learn), several_values(learned[0]))
    check_room(columns.width, target, decided)
    every = *whole.notes, *alike_classes(target), *_never_learned(target), *columns.notes
    by_class = class_weights(target, options.class_weight)
    patience = setting_for(len(rows.learn)).patience
    if decided.recipe:
        patience = max(patience, patience_for(decided.epochs or 0))
    validated = len(rows.validation) > 0
    watched, stopping = watching(target, options.metric if validated else (), patience)

    def arrays(part: pd.DataFrame) -> tuple[np.ndarray, np.ndarray] | None:
        return (encode(columns, part), encode_target(target, part)) if len(part) else None

    judges = frame.iloc[rows.test]
    if rows is whole.rows and whole.judges is not None:
        judges = whole.judges
    plan = "\n".join(plan_lines(columns))
    network = about_network(
        columns.width,
        target,
        replace(decided, members=decided.members or whole.members),
        rows,
        len(judges),
        whole.folds,
        whole.belonging.times is not None,
        whole.by_hand,
    )
    # of the same table, spellings and dates are no news
    remarks = news if judges is whole.judges else wrong_cells
    every = *every, *(f"Of the rows that judge: {sentence}" for sentence in remarks(columns, judges))
    edges, folds = edges_of(learned[0], decided.bins or 0), member_folds(whole, rows, decided)
    return Ready(
        Prepared(
            columns,
            target,
            every,
            folds=folds,
            in_time=whole.belonging.times is not None,
            blocks=whole.belonging.of(rows.learn).blocks,
        ),
        decided,
        partial(network_for, columns, target, edges),
        learned,
        _weighed(arrays(frame.iloc[rows.validation]), None if watched else by_class),
        arrays(judges),
        stopping,
        guess_of(target),
        (describe_target(target), plan, describe_columns(columns), *whole.seen, *every, network),
        watched,
        by_class,
        falling if decided.recipe else adam,
    )


def member_folds(whole: Sorted, rows: Rows, options: Options) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Return for each of several networks which of the rows to learn from it learns from, and those it never sees.

    More networks than there are folds take folds of another seed; as many as there ever are where time decides.
    """
    wanted = options.members or (MOST_MEMBERS if whole.members > 1 else 1)
    if wanted == 1 or not len(rows.learn):
        return ()
    belonging, strata = whole.belonging.of(rows.learn), strata_of(whole.target, whole.frame)[rows.learn]
    most = max(2, min(options.members or whole.members, members_for(len(rows.learn), belonging.parts)))
    found: list[tuple[np.ndarray, np.ndarray]] = []
    while len(found) < wanted:
        found += dealt(strata, most, options.seed + len(found), belonging)
    return tuple(found[:wanted])


def _never_learned(target: Target) -> tuple[str, ...]:
    """Return a sentence about classes of which no row is learned from."""
    lost = [label for label, share in zip(target.classes, target.shares, strict=False) if not share]
    if not lost or target.task == "multilabel":
        return ()
    return (
        f"No row to learn from is of {listed(map(repr, lost))}, since all of them judge: nothing is learned of such "
        "rows.",
    )


def told_in(options: Options) -> Told:
    """Return what the choices tell of the columns."""
    return Told(*(getattr(options, each.name) for each in fields(Told)))


def _weighed(arrays: Any, by_class: Mapping[int, float] | None) -> Any:
    """Return arrays, and what each row weighs where that differs: a metric is one of rows as they are."""
    weights = None if arrays is None else weights_of(by_class, arrays[1])
    return arrays if weights is None else (*arrays, weights)


def guess_of(target: Target) -> float:
    """Return the cost of what is the same in every row: the mean, which is 0 here, or the shares of the classes.

    >>> round(guess_of(Target("binary", ("kind",), ("ham", "spam"), (0.5, 0.5))), 3)
    0.693
    """
    if target.task == "regression":
        return 1.0
    shares = np.clip(target.shares, 1e-7, 1 - 1e-7)
    no = (1 - shares) * np.log(1 - shares) if target.task == "multilabel" else 0.0
    return float(-(shares * np.log(shares) + no).sum()) / (len(shares) if target.task == "multilabel" else 1)


def words_for_nothing(table: pd.DataFrame, columns: Columns, target: Target) -> dict[str, Sequence[str]]:
    """Return what the reader of the table was told, and where a usual word for nothing is a category or class."""
    known: dict[str, Sequence[Any]] = {
        each.name: each.categories for each in columns.columns if isinstance(each, CategoryColumn)
    }
    known |= dict.fromkeys(target.columns, target.classes)
    usual = {
        name: tuple(word for word in MISSING if word not in names)
        for name, names in known.items()
        if any(word in names for word in MISSING)
    }
    told = dict(written_of(table).missing)
    return told if "" in told else usual | told
