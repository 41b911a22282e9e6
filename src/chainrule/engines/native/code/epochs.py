"""Epochs as code: a program's own loop, called epoch after epoch, and after each what validates and may end the run.

What is written here is :func:`chainrule.engines.stopping.end_of_epoch` once more, for what asks no Python: the bits of
both are the same. It is one function for all programs, which is told where their functions lie.
"""

from collections.abc import Sequence

from chainrule.engines.native.code.frame import copy_bytes
from chainrule.engines.native.code.ir import Code, Module, Value
from chainrule.engines.native.code.loop import RUN_PARAMETERS
from chainrule.engines.native.code.step import STEP_PARAMETERS
from chainrule.engines.native.code.tiny import PARAMETERS as TINY_PARAMETERS
from chainrule.engines.native.code.types import I64, PTR, Type

# What the function is given, each a row of words:
# of the loop, whether it is one in registers, where its function lies, what that is given without the steps, and how;
LOOP_WORDS = ("tiny", "function", *(n for n, _ in RUN_PARAMETERS if n not in ("first", "last")), "width")
# of validation, if there is some: its step and what that is given, how many numbers it puts out, for each whether it is
# a double, what the examples weigh together (a float), and where the numbers go, those of an epoch side by side;
JUDGE_WORDS = ("function", *(n for n, _ in STEP_PARAMETERS), "numbers", "doubles", "share", "found")
# of the rule, as in Stopping, with -1 for no patience and no tol;
RULE_WORDS = ("patience", "on_validation", "monitor", "larger", "then_cost", "min_delta", "tol", "tol_epochs")
# of the state that is kept: how many arrays, where they are, where they are kept, and how many bytes each has;
KEPT_WORDS = ("arrays", "from", "to", "bytes")
# and what goes on from call to call, as in Progress, with how many epochs this call did, and why it ended.
PROGRESS_WORDS = ("best", "best_cost", "best_epoch", "waited", "tol_best", "tol_waited", "epochs_done")
CALL_WORDS = ("first", "last", "did", "why", "improved")
TABLES = {
    "loop": LOOP_WORDS, "judge": JUDGE_WORDS, "rule": RULE_WORDS, "kept": KEPT_WORDS, "progress": PROGRESS_WORDS,
    "call": CALL_WORDS,
}  # fmt: skip
FLOATS = {"share", "min_delta", "tol", "best", "best_cost", "tol_best"}
REASONS = ("", "tol", "patience")
EPOCHS = "chainrule_epochs"
F64 = Type("f64")


class _Words:
    """A row of words while code is written."""

    def __init__(self, code: Code, base: Value, names: Sequence[str]) -> None:
        self.code, self.base, self.names = code, base, tuple(names)

    def place(self, name: str) -> Value:
        return self.code.at(self.base, self.names.index(name), I64)

    def __getitem__(self, name: str) -> Value:
        return self.code.load(self.place(name), F64 if name in FLOATS else I64)

    def pointer(self, name: str) -> Value:
        return self.code.load(self.place(name), PTR)

    def __setitem__(self, name: str, value: Value) -> None:
        self.code.store(value, self.place(name))


def write_epochs(module: Module) -> None:
    """Write the function that does epochs ``first`` to before ``last``, as far as they go."""
    with module.function(EPOCHS, [(name, PTR) for name in TABLES]) as code:
        table = {n: _Words(code, x, TABLES[n]) for n, x in zip(TABLES, code.parameters, strict=True)}
        loop, judge, call = table["loop"], table["judge"], table["call"]
        first, per_epoch, width = call["first"], loop["per_epoch"], loop["width"]
        with code.loop(call["last"], start=first) as turn:
            _train(code, loop, turn.index * per_epoch, (turn.index + 1) * per_epoch)
            _go_on_if(code, code.load(loop.pointer("status"), I64).equals(0))
            total = code.load(code.at(loop.pointer("totals"), turn.index * width, F64), F64)
            cost = total / code.convert(per_epoch, "f64")
            value, of_best = code.slot(F64), code.slot(F64)
            code.store(cost, value)
            code.store(cost, of_best)
            with code.when(judge.base.differs(None)):
                _validate(code, judge, table["rule"], turn.index - first, value, of_best)
            _end(code, table, cost, code.load(value, F64), code.load(of_best, F64))
            call["did"] = turn.index - first + 1
            _go_on_if(code, call["why"].equals(0))


def _go_on_if(code: Code, fine: Value) -> None:
    """Return from the function unless all is well."""
    on, out = code.fresh("on"), code.fresh("out")
    code.fork(fine, on, out)
    code.block(out)
    code.give()
    code.block(on)


def _called(code: Code, function: Value, arguments: Sequence[Value]) -> None:
    code.do(f"call void {function.text}({', '.join(map(str, arguments))})")


def _train(code: Code, loop: _Words, first: Value, last: Value) -> None:
    """Do the steps of an epoch."""
    steps = {"first": first, "last": last}
    for tiny, parameters in ((0, RUN_PARAMETERS), (1, TINY_PARAMETERS)):
        with code.when(loop["tiny"].equals(tiny)):
            given = [steps.get(n) or (loop.pointer(n) if kind is PTR else loop[n]) for n, kind in parameters]
            _called(code, loop.pointer("function"), given)


def _validate(code: Code, judge: _Words, rule: _Words, epoch: Value, value: Value, of_best: Value) -> None:
    """Compute what the validation rows cost, and their metrics; they are what is watched if the rule says so."""
    _called(code, judge.pointer("function"), [judge.pointer(n) for n, _ in STEP_PARAMETERS])
    _go_on_if(code, code.load(judge.pointer("status"), I64).equals(0))
    numbers, share = judge["numbers"], judge["share"]
    line = code.at(judge.pointer("found"), epoch * (numbers - 1), F64)
    raw = code.slot(F64)
    with code.loop(numbers) as loop:
        address = code.load(code.at(judge.pointer("outputs"), loop.index, PTR), PTR)
        double = code.load(code.at(judge.pointer("doubles"), loop.index, I64), I64)
        with code.when(double.equals(1)):
            code.store(code.load(address, F64), raw)
        with code.when(double.equals(0)):
            code.store(code.convert(code.load(address, Type("f32")), "f64"), raw)
        number = code.load(raw, F64)
        total = code.constant(0.0, F64) + share * number
        mean = code.select(share.differs(0.0), total / share, total)
        with code.when(loop.index.equals(0)):
            code.store(mean, line)
        with code.when(loop.index.equals(1)):  # the price of the weights
            code.store(code.load(line, F64) + number, line)
        with code.when(loop.index > 1):
            code.store(mean, code.at(line, loop.index - 1, F64))
    with code.when(rule["on_validation"].differs(0)):
        code.store(code.load(code.at(line, rule["monitor"], F64), F64), value)
        code.store(code.load(line, F64), of_best)


def _end(code: Code, table: dict[str, _Words], cost: Value, value: Value, of_best: Value) -> None:
    """Look after the end of an epoch: is it the best one, and is it the last?"""
    rule, progress, call = table["rule"], table["progress"], table["call"]
    value = code.select(rule["larger"].differs(0), -value, value)
    epoch = progress["epochs_done"]
    progress["epochs_done"] = epoch + 1
    best = progress["best"]
    tied = rule["then_cost"].differs(0) & value.equals(best) & (of_best < progress["best_cost"])
    better = (value < best - rule["min_delta"]) | tied
    with code.when(better):
        progress["best"], progress["best_cost"], progress["best_epoch"] = value, of_best, epoch
        call["improved"] = code.index(1)
        _keep(code, table["kept"])
    progress["waited"] = waited = code.select(better, code.index(0), progress["waited"] + 1)
    limit = rule["patience"]
    call["why"] = code.select((limit >= 0) & (waited >= limit), code.index(2), code.index(0))
    with code.when(rule["tol_epochs"] >= 0):
        before = progress["tol_best"]
        falls = cost < before - rule["tol"]
        progress["tol_waited"] = idle = code.select(falls, code.index(0), progress["tol_waited"] + 1)
        progress["tol_best"] = code.select(before < cost, before, cost)
        with code.when(idle >= rule["tol_epochs"]):
            call["why"] = code.index(1)


def _keep(code: Code, kept: _Words) -> None:
    """Copy the state to where the best one is kept."""
    with code.loop(kept["arrays"]) as loop:
        source, target = (code.load(code.at(kept.pointer(n), loop.index, PTR), PTR) for n in ("from", "to"))
        copy_bytes(code, target, source, code.load(code.at(kept.pointer("bytes"), loop.index, I64), I64))
