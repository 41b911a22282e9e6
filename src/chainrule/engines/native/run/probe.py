"""Whether machine code can be made here: asked before LLVM is loaded, for it may not be installed."""

from chainrule.doors import opened


def missing() -> str:
    """Say why no machine code can be made here, or ""."""
    try:
        opened("chainrule.engines.native.run.build:host")()
    except ImportError:
        return "llvmlite is not installed"
    except Exception as error:  # whatever is wrong with LLVM, another engine can do the work
        return f"LLVM: {error}"
    return ""
