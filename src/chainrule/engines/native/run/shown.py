"""What the pipeline makes of a simplified program, stage by stage, as text."""

from chainrule.engines.native.look.show import show_fusion, show_memory
from chainrule.engines.native.run.build import assembly
from chainrule.engines.native.run.executable import compile_program
from chainrule.graph.closed import Program


def fusion(program: Program) -> str:
    """Show the loops, and what each computes, of a simplified program."""
    made = compile_program(program).stages
    return show_fusion(made.fusion, made.regions)


def memory(program: Program) -> str:
    """Show where results lie."""
    made = compile_program(program).stages
    return show_memory(made.fusion, made.memory)


def ir(program: Program) -> str:
    """Show LLVM's language, as we write it."""
    return compile_program(program).stages.ir


def asm(program: Program) -> str:
    """Show the machine's language, as LLVM makes it."""
    made = compile_program(program).stages
    return assembly(made.ir, made.machine)
