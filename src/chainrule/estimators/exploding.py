"""What is said of a fit whose loss became NaN or infinite: where, and what to try."""

from collections.abc import Sequence

from chainrule.engines.epochs import Failure

SCALE = "scale X to mean 0 and deviation 1 with StandardScaler (y too, where it is numbers)"


def explosion(failure: Failure, losses: Sequence[float], epochs: int, rate: str, tenth: str) -> str:
    """Return what happened where, and what to try.

    Args:
        failure: Where the engine saw it.
        losses: The losses of all epochs before.
        epochs: How many epochs this fit had done.
        rate: The learning rate, as the user sets it.
        tenth: A tenth of it, likewise.

    >>> failure = Failure(0, 3, (), [], ())
    >>> print(explosion(failure, [2.5, 1e30], 2, "learning_rate_init=1", "learning_rate_init=0.1"))
    The loss became NaN or infinite in iteration 3, at its batch 4, after a loss of 1e+30 in iteration 2:
    learning_rate_init=1 is too high for this data. Scale X to mean 0 and deviation 1 with StandardScaler (y too, where
    it is numbers), or try learning_rate_init=0.1.
    """
    where = f"in iteration {epochs + 1}, at its batch {failure.step + 1}"
    if not epochs and not failure.step:
        return (
            "The loss was NaN or infinite before the first update, so no learning rate is to blame: "
            f"{SCALE}, and look whether the loss is finite for these targets."
        )
    after = f", after a loss of {losses[-1]:.4g} in iteration {epochs}" if epochs else ""
    return (
        f"The loss became NaN or infinite {where}{after}: {rate} is too high for this data. "
        f"S{SCALE[1:]}, or try {tenth}."
    )


def last_update(rate: str, tenth: str) -> str:
    """Return what to say where the weights are not finite though the loss before the last update was."""
    return f"The last update made them so: {rate} is too high for this data. S{SCALE[1:]}, or try {tenth}."


def not_finite(why: str = "") -> str:
    """Return what scikit-learn says of weights that are not finite, and why they are not."""
    return (
        "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
        f"preprocessed.{why}"
    )
