"""The stages of compiling as text: what each says, of which engine, and what is answered to a wrong name."""

import re

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.listing import show_graph
from chainrule.engines.registry import ENGINES
from chainrule.engines.stages import show_stage
from chainrule.errors import RenamedWarning
from chainrule.graph.closed import Program
from chainrule.graph.node import input, variable

X, Y = np.arange(12.0).reshape(6, 2), np.arange(6.0)


def network(**settings):
    return cr.Network([cr.Dense(3, "relu"), cr.Dense(1)], seed=0, **settings)


def lines(text):
    return text.splitlines()


# --- a compiled function ---


@pytest.mark.parametrize(("engine", "stage"), [(e, s) for e in ENGINES for s in ENGINES[e].stages])
def test_every_stage_of_every_engine_says_something(engine, stage):
    x, w = input("x", ("n", 3)), variable(np.ones((3, 4)), "w")
    shown = cr.compile(np.sum(np.tanh(x @ w)), [x], {w: w * 0.5}, engine=engine).show(stage)
    wanted = {
        "graph": "return v", "fusion": "nest over", "memory": "state w, 96 bytes: overwritten by w'",
        "ir": "define void @chainrule_step(", "asm": "chainrule_step:", "source": "def step(state, batch, lengths)",
    }  # fmt: skip
    assert wanted[stage] in shown


def test_the_graph_has_a_line_for_each_node_in_order():
    x, w = input("x", ("n", 3)), variable(np.ones(3), "w")
    shown = cr.compile(np.tanh(x) @ w, [x], {w: w - 1}, engine="numpy").show("graph")
    assert lines(shown) == [
        "input x: float64 (n, 3)",
        "state w: float64 (3,)",
        "v1: float64 (n, 3) = tanh(x)",
        "v2: float64 (n,) = v1 @ w",
        "w': float64 (3,) = w - 1",
        "return v2",
    ]


def test_names_are_told_apart_and_given_where_there_are_none():
    a, b, nameless = variable(1.0, "w"), variable(2.0, "w"), variable(3.0)
    shown = show_graph(Program((), (a, b, nameless), (a * b * nameless,), (a + 1, b, nameless)))
    assert lines(shown)[:3] == ["state w: float64", "state w_2: float64", "state variable: float64"]
    assert "w': float64 = w + 1" in lines(shown)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_equal_program_of_other_names_is_shown_with_its_own(engine):
    shown = [
        cr.compile(x * 3, [x], engine=engine).show("graph") for x in (input("a", ("n",)), input("b", ("n",)))
    ]
    assert [lines(s)[0] for s in shown] == ["input a: float64 (n,)", "input b: float64 (n,)"]


def test_the_source_is_the_same_each_time():
    def source():
        x, y = input("x", ()), input("y", ())
        z = x
        for _ in range(20):
            z = np.tanh(z) * np.sin(y) + np.exp(z * y)
        return cr.compile(z, [x, y], engine="numpy").show("source")

    assert len({source() for _ in range(5)}) == 1


def test_a_product_that_was_turned_over_is_written_as_it_is():
    x, w = input("x", ("n", 2), "float32"), variable(np.ones((2, 3), np.float32), "w")
    shown = cr.compile(np.tanh(x @ w), [x], engine="native").show("fusion")
    assert "v1 = tanh(wᵀ @ x)" in shown


def test_what_is_read_once_in_its_own_nest_stands_in_the_formula_of_its_reader():
    x = input("x", ("n", 40))
    y = np.tanh(x * 2)
    shown = cr.compile((y + 1) / np.sum(y, axis=1, keepdims=True), [x], engine="native").show("fusion")
    assert lines(shown) == [
        "each by itself, in parts:",
        "nest over (n, 40)",
        "  * v1 = tanh(x · 2)",
        "  * v2 = sum(v1) over 40",
        "each by itself, in parts:",
        "nest over (n, 40)",
        "  * v3 = (v1 + 1) / v2",
    ]


def test_what_the_memory_plan_names_is_kept_in_the_plan_of_loops():
    found = network(engine="native")
    kept = {line.split()[1] for line in lines(found.show(X, Y, "fusion")) if line.startswith("  *")}
    placed = [line for line in lines(found.show(X, Y, "memory")) if line.startswith("place")]
    assert placed
    assert set(re.findall(r"\bv\d+", " ".join(placed))) <= kept


@pytest.mark.parametrize(
    ("engine", "stage", "message"),
    [
        ("numpy", "ir", "This runs on the numpy engine, which has no stage 'ir': that is one of the native engine, "
         "engine='native'. Here there are: graph, source."),
        ("native", "source", "no stage 'source': that is one of the numpy engine"),
        ("native", "fusoin", "Unknown stage 'fusoin'. Did you mean 'fusion'? Known: asm, fusion, graph, ir, memory."),
    ],
)  # fmt: skip
def test_a_stage_that_an_engine_lacks(engine, stage, message):
    x = input("x", ())
    with pytest.raises(cr.UnknownNameError, match=re.escape(message)):
        cr.compile(x + 1, [x], engine=engine).show(stage)


def test_where_the_choice_is_open_the_stage_decides():
    x = input("x", ())
    program = Program((x,), (), (x + 1,), ())
    assert "define void" in show_stage(program, "ir") and "def step" in show_stage(program, "source")
    with pytest.raises(cr.UnknownNameError, match="Known: asm, fusion, graph, ir, memory"):
        show_stage(program, "none")
    with pytest.raises(cr.UnknownNameError, match="which has no stage 'ir'"):
        show_stage(program, "ir", "numpy")


def test_what_is_no_name_is_shown_as_it_was_given():
    x = input("x", ())
    with pytest.raises(cr.UnknownNameError, match=r"Unknown engine \['numpy'\]\."):
        cr.compile(x + 1, [x], engine=["numpy"])
    with pytest.raises(
        cr.UnknownNameError, match=r"Unknown stage \['ir'\]\. .*Known: asm, fusion, graph, ir, .*source"
    ):
        cr.compile(x + 1, [x]).show(["ir"])


def test_an_engine_that_is_not_there_is_named_whoever_asks():
    found = network(input_shape=2)
    found.engine = "nativ"  # set later, where nothing looks at it
    for ask in (found.show, found.fit, found.gradients):
        with pytest.raises(cr.UnknownNameError, match=r"Unknown engine 'nativ'\. Did you mean 'native'"):
            ask(X, Y)


def test_the_old_name_of_a_stage_says_the_new_one():
    x = input("x", ("n",))
    function = cr.compile(np.tanh(x), [x], engine="native")
    with pytest.warns(RenamedWarning, match="The stage 'schedule' is now 'fusion'; .* until version") as seen:
        assert function.show("schedule") == function.show("fusion")
    assert seen[0].filename == __file__ and len(seen) == 1


# --- a network ---


@pytest.mark.parametrize("stage", ["graph", "fusion", "memory", "ir", "asm", "source"])
def test_a_network_shows_every_stage_and_learns_nothing(stage):
    found = network(input_shape=X.shape[1])
    before = {name: value.copy() for name, value in found.parameters.items()}
    assert len(lines(found.show(X, Y, stage))) > 5
    assert found.runs == 0 and found.loss is None
    for name, value in found.parameters.items():
        np.testing.assert_array_equal(value, before[name])


def test_what_is_shown_is_what_fit_runs():
    found = network(engine="native")
    shown = found.show(X, Y, "ir", optimizer=cr.SGD(0.3), metrics=["mae"])
    found.fit(X, Y, optimizer=cr.SGD(0.3), metrics=["mae"], epochs=1)
    programs = [p for goal in found._made.objectives.values() for p in goal.programs.values()]
    *_, training = [
        p for p in programs if p.program.new_state != p.program.state
    ]  # the last that changes its state
    assert training.on("native").stages.ir == shown


def test_the_optimizer_and_the_weights_of_examples_are_seen():
    adam, plain = (network().show(X, Y, "graph", optimizer=o) for o in ("adam", "sgd"))
    assert "first_moment_W1'" in adam and "moment" not in plain
    assert "input sample_weight" in network().show(X, Y, "graph", sample_weight=np.ones(6))
    assert "W1'" not in network().show(X, Y, "graph", optimizer="lbfgs")


def test_a_network_that_runs_on_numpy_has_no_machine_code():
    with pytest.raises(cr.UnknownNameError, match="This runs on the numpy engine"):
        network(engine="numpy").show(X, Y, "asm")


def test_what_cannot_be_shown_leaves_a_network_unbuilt():
    found = network()
    with pytest.raises(cr.DataError):
        found.show(X, Y[:3])
    assert found._made is None
