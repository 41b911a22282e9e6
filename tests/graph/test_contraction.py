"""How the index string of a product is read."""

import pytest

from chainrule.errors import ShapeError
from chainrule.graph.contraction import contracted, contraction
from chainrule.graph.shapes import Extent

B = Extent("batch")


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("ik,kj->ij", ("", "k", "i", "j")),
        ("bik,bkj->bij", ("b", "k", "i", "j")),
        ("i,j->ij", ("", "", "i", "j")),
        ("ij,ij->", ("", "ij", "", "")),
    ],
)
def test_contractions_are_read_by_kinds_of_letters(spec, parts):
    plan = contraction(spec)
    assert (plan.batch, plan.inner, plan.rows, plan.columns) == parts


@pytest.mark.parametrize("spec", ["ii,ij->j", "ij,jk->ikl", "ij,k->k", "ij,jk->ii"])
def test_a_contraction_that_is_none_is_refused(spec):
    with pytest.raises(ShapeError, match=spec):
        contraction(spec)


def test_contracting_shapes():
    assert contracted([(B, 3), (3, 4)], "ik,kj->ij") == (B, 4)
    with pytest.raises(ShapeError, match=r"\(2, 3\) and \(4, 5\) do not fit in a product.*3 and 4"):
        contracted([(2, 3), (4, 5)], "ik,kj->ij")
