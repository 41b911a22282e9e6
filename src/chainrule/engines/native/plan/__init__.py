"""From a program to a plan: what is computed where, in which order and layout. No LLVM."""
