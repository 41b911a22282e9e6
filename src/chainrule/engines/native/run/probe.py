"""Whether machine code can be made here: asked before LLVM is loaded, for it may not be installed."""

from chainrule.doors import opened
from chainrule.engines.cores import threads
from chainrule.engines.executable import undisturbed

_ABOUT = ("build:host", "build:llvm_version", "cache:told")


def missing() -> str:
    """Say why no machine code can be made here, or ""."""
    try:
        with undisturbed():
            opened("chainrule.engines.native.run.build:host")()
    except ImportError:
        return "llvmlite is not installed"
    except Exception as error:  # whatever is wrong with LLVM, another engine can do the work
        return f"LLVM: {error}"
    return ""


def about() -> dict[str, str]:
    """Return what machine code is made for and by, on how many threads it runs, and where it is kept."""
    host, llvm, kept = (opened(f"chainrule.engines.native.run.{place}") for place in _ABOUT)
    cpu = host()
    return {"CPU": f"{cpu.cpu} ({cpu.triple})", "LLVM": llvm(), "threads": str(threads()), "cache": kept()}
