"""Programs for scikit-learn's networks run with the import swapped, and print the same."""

import pytest
from benchmarks.gallery.__main__ import SCRIPTS, Ran, differing, run, swapped


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_program_prints_the_same_with_the_import_swapped(path):
    source = path.read_text(encoding="utf-8")
    theirs, ours = run(source, few=True), run(swapped(source), few=True)
    assert theirs.fitted and theirs.printed and ours.apart(theirs) < 1e-6
    assert [n for _, n, _ in ours.fitted] == [n for _, n, _ in theirs.fitted]
    assert ours.printed == theirs.printed, differing(ours, theirs)


def test_the_import_is_all_that_is_swapped():
    program = "from sklearn.neural_network import MLPClassifier\nfrom sklearn.base import clone\n"
    assert swapped(program) == "from chainrule import MLPClassifier\nfrom sklearn.base import clone\n"
    with pytest.raises(ValueError, match="no line begins with"):
        swapped("import sklearn.neural_network\n")


def test_runs_that_differ_are_told_apart():
    one = Ran(1.0, 0.5, "a\nb\n", [("MLPClassifier", 5, 0.5)])
    other = Ran(1.0, 0.5, "a\nc\n", [("MLPClassifier", 5, 0.25)])
    assert one.apart(one) == 0 and one.apart(other) == 1
    assert differing(one, other) == "1 of 2 lines differ"
    assert one.apart(Ran(1.0, 0.5, "", [])) == float("inf")
