"""A graph of more steps than anybody reads: its end is told, with gradients that are the engine's."""

import numpy as np

import chainrule as cr


def deep(steps, shared):
    """Return a long chain, in which one variable stands everywhere, one in the first half and one at the end."""
    early, late = cr.variable([0.5, -0.5], "early"), cr.variable([0.25, 1.0], "late")
    h = cr.variable([0.1, 0.2], "h0")
    for i in range(steps):
        h = np.tanh(h * shared + early) if i < steps // 2 else np.tanh(h * shared)
    return np.sum(h * late).named("J"), early, late


def test_the_end_of_a_long_graph_is_told_with_true_gradients():
    shared = cr.variable([1.5, -0.75], "shared")
    J, early, late = deep(80, shared)
    told = cr.explain(J)
    assert len(told.forward) == 100 and told.forward[-1].name == "J"
    assert told.remarks[0].startswith(
        "J takes 202 steps: the last 100 are told, and what they start from is given."
    )
    assert "The gradients by h0, shared, early come from further back" in told.remarks[0]
    names = {step.name for step in told.backward}
    assert "dlate" in names and not names & {
        "dshared",
        "dearly",
        "dh0",
    }  # in the end alone they would be parts
    assert set(told.gradients) == {"h0", "shared", "early", "late"}
    for name, w in (("shared", shared), ("early", early), ("late", late)):
        assert np.allclose(told.gradients[name], cr.grad(J, w).value, rtol=1e-12)
    (last,) = [step for step in told.backward if step.name == "dlate"]
    assert np.allclose(last.value, told.gradients["late"])


def test_where_the_end_begins_the_gradient_is_that_of_the_whole_graph():
    h = cr.variable([0.1, 0.2], "h")
    every = [h]
    for _ in range(150):
        every.append(np.tanh(every[-1]) + 0.25)
    J = np.sum(every[-1] ** 2).named("J")
    told = cr.explain(J)
    begin = told.backward[-1]
    assert begin.node.primitive.name == "input" and f"d{begin.node.name}" == begin.name
    values = [told.forward[0], *told.given]
    (start,) = [step for step in values if step.name == begin.node.name]
    same = next(n for n in cr.trace(J) if n.inputs and n.shape and np.array_equal(n.value, start.value))
    assert np.allclose(begin.value, cr.grad(J, same).value, rtol=1e-12)


def test_a_short_graph_is_told_whole():
    J, *_ = deep(10, cr.variable([1.0, 1.0], "w"))
    told = cr.explain(J)
    assert not any("steps:" in remark for remark in told.remarks)
    assert {"dw", "dearly", "dlate", "dh0"} <= {step.name for step in told.backward}
