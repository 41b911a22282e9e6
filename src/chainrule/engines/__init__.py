"""Graph in, executable out: engines with one interface that do not know each other."""
