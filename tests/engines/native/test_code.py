"""Code depends neither on the size of pictures and kernels nor on where things lie, and no window is kept."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.native.run import machine_code
from chainrule.engines.native.run.build import host
from chainrule.engines.native.run.pipeline import stages

EXAMPLES = 6


@pytest.fixture
def step_of(monkeypatch):
    """Return what makes the program of a training step of a CNN that ends in what any picture has."""
    asked = []

    def noted(program, *more, **named):
        asked.append(program)
        return stages(program, *more, **named)

    monkeypatch.setattr(machine_code, "stages", noted)

    def step(kernel, side, filters=(7, 9)):
        first, second = filters
        layers = [
            cr.Conv2D(first, kernel, padding="same", activation="relu"),
            cr.MaxPooling2D(2),
            cr.Conv2D(second, kernel, padding="same"),
            cr.BatchNormalization(),
            cr.Activation("relu"),
            cr.GlobalAveragePooling2D(),
            cr.Dense(3, "softmax"),
        ]
        X, y = np.zeros((EXAMPLES, side, side, 3), np.float32), np.arange(EXAMPLES) % 3
        network = cr.Network(layers, seed=0, engine="native")
        network.fit(X, y, epochs=1, batch_size=EXAMPLES, optimizer="adam")
        return asked[-1]

    return step


def test_code_of_a_cnn_grows_neither_with_its_pictures_nor_with_its_kernels(step_of):
    """What is short is not cut into parts, so the numbers of lines are near each other, and need not be the same."""
    lines = [len(stages(step_of(k, side), host()).ir.splitlines()) for k in (3, 7) for side in (16, 64)]
    assert max(lines) < 1.05 * min(lines)


def test_what_a_step_keeps_does_not_grow_with_the_window(step_of):
    small, large = (stages(step_of(k, 32, (8, 16)), host()).memory.size({"batch": 64}) for k in (3, 7))
    pixels = 4 * 64 * 32 * 32
    assert large < small + 2 * pixels * 3  # wider frames of zeros around x and around what is pooled
    assert large < 49 * pixels * 3  # the windows of x alone


def test_code_is_the_same_wherever_things_lie_in_memory(step_of):
    """Else the next process would not find it on disk."""
    program, held, texts = step_of(3, 20, (16, 24)), [], set()
    for n in range(8):
        held.append([object() for _ in range(1000 * n)])
        texts.add(stages(program, host()).ir)
    assert len(texts) == 1
