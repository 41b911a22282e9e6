"""Optimizers and schedules as graph, the training step, the loop, and the public Network."""
