"""From a plan to LLVM's language."""
