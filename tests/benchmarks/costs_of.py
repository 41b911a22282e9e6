"""The costs at which a setting of a peer ends, twice: in a process of its own, for libraries leave traces in theirs."""

from benchmarks.work import Job

from benchmarks import peers


def costs_of(module: str, options: dict[str, object], work: Job) -> list[float] | str:
    """Return the cost of two trainings, or why the peer cannot do the work."""
    try:
        train = peers.load(module).trainer(work, **options)
    except peers.CannotExpress as reason:
        return str(reason)
    return [train(), train()]
