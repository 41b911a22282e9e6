"""Walking a graph: it asks only for inputs, so plain objects will do."""

from dataclasses import dataclass

from chainrule.graph.walk import descendants, order, rebuild


@dataclass(frozen=True, eq=False)
class Step:
    name: str
    inputs: tuple["Step", ...] = ()


a, b = Step("a"), Step("b")
c = Step("c", (a, b))
d = Step("d", (c, a, c))
e = Step("e", (b,))


def names(steps):
    return [s.name for s in steps]


def test_inputs_come_first_and_each_once():
    assert names(order([d])) == ["a", "b", "c", "d"]
    assert names(order([d, e, d])) == ["a", "b", "c", "d", "e"]
    assert order([]) == []


def test_the_walk_stops_where_it_is_told():
    assert names(order([d], stop=[c])) == ["c", "a", "d"]
    assert names(order([d], stop=[d])) == ["d"]


def test_descendants():
    assert descendants([b], order([d, e])) == {b, c, d, e}
    assert descendants([a], order([d, e])) == {a, c, d}
    assert descendants([], order([d])) == set()


def test_rebuilding_visits_each_once_with_what_its_inputs_became():
    visited = []

    def visit(step, inputs):
        visited.append(step.name)
        return Step(step.name.upper(), inputs)

    became = rebuild([d], visit)
    assert visited == ["a", "b", "c", "d"]
    assert became[d].inputs == (became[c], became[a], became[c])
    assert names(became[d].inputs) == ["C", "A", "C"]


def test_depth_is_no_limit():
    step = a
    for _ in range(100_000):
        step = Step("s", (step,))
    assert len(order([step])) == 100_001
    assert len(rebuild([step], lambda n, _: n)) == 100_001
