"""The native engine: a program, its whole training loop with it, as one function of machine code."""
