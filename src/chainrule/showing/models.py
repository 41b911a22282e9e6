"""What a notebook shows of a model of a table, and of scores."""

from chainrule.data.columns import describe_columns, plan_rows
from chainrule.data.target import describe_target
from chainrule.models.found import confusion_table
from chainrule.models.plan import Plan
from chainrule.models.scores import Scores, cells, heads, in_short, remarks
from chainrule.models.table import TableModel
from chainrule.showing.html import page, sentences, table, title
from chainrule.showing.svg.page import html as picture
from chainrule.showing.training import summary_of
from chainrule.shown import cut, in_a_row


def scores(of: Scores) -> str:
    """Return the metrics beside those of the baseline."""
    return page(*_scores(of))


def _scores(of: Scores, drawn: bool = False) -> tuple[str, ...]:
    confusion = None if drawn else confusion_table(of.classes, of.confusion)
    mixed = (table(confusion[0], confusion[1:]),) if confusion else ()
    return table(heads(of), cells(of)), *mixed, sentences(remarks(of))


def model(of: TableModel) -> str:
    """Return what is predicted from what, how well, and by which layers."""
    report = of.report
    about = [describe_target(of.target), describe_columns(of.columns), *report.notes[:5], in_short(report)]
    names = in_a_row([repr(name) for name in of.target.columns], 80)
    drawn = "" if of.judged is None else picture(of.plot())
    tested = () if report.scores is None else (title("Test"), *_scores(report.scores, bool(drawn)), drawn)
    return page(
        title(f"Model of {names}", of.target.task),
        sentences([cut(line, 400) for line in about]),
        *tested,
        *summary_of(of.network),
    )


def plan(of: Plan) -> str:
    """Return what each column is and becomes, and what is to be trained."""
    sentence = [line for line in of.about if "\n" not in line]
    rows = plan_rows(of.columns)
    return page(table(("column", "kind", "becomes"), rows, left=(0, 1, 2)), sentences(sentence))
