"""Walking a graph: it asks only for inputs, so plain objects will do."""

from dataclasses import dataclass

from chainrule.graph.walk import descendants, order, rebuild, settle


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


def test_a_rule_that_recurses_is_run_without_recursion():
    chain = Step("old")
    for _ in range(100_000):
        chain = Step("old", (chain,))
    asked = []

    def renewed(node):
        asked.append(node)
        inputs = []
        for x in node.inputs:
            inputs.append((yield x))
        return node if node.name == "new" else (yield Step("new", tuple(inputs)))

    found = order([settle([chain], renewed)[chain]])
    assert len(found) == 100_001 and {step.name for step in found} == {"new"}
    assert len(asked) == len(set(asked)) == 2 * len(found)  # each is asked once, and what replaces it


def test_rules_that_lead_round_in_a_circle_come_to_an_end():
    def rule(number):
        return (yield (number + 1) % 3 if number < 3 else number)

    assert settle([1, 5], rule) == {1: 1, 2: 1, 0: 1, 5: 5}
