"""Things in a line: put behind any other, compared by where they stand."""

import random

import pytest

from chainrule.engines.native.plan import line as module
from chainrule.engines.native.plan.line import Line


@pytest.mark.parametrize("gap", [2, 5, 1 << 500])
def test_a_line_is_in_the_order_of_a_list(gap, monkeypatch):
    monkeypatch.setattr(module, "GAP", gap)
    r, line, wanted = random.Random(1), Line(), []
    for name in map(str, range(300)):
        at = r.choice([0, len(wanted), r.randint(0, len(wanted)), len(wanted) // 2])
        line.put(name, wanted[at - 1] if at else None)
        wanted.insert(at, name)
    assert list(line) == wanted
    assert sorted(wanted, key=line.at) == wanted and line.at(None) < line.at(wanted[0])
    assert [line.before(x) for x in [*wanted, None]] == [None, *wanted]
    assert [line.after(x) for x in [None, *wanted]] == [*wanted, None]
