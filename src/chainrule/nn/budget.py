"""What the graph of a file may cost: a file comes from anywhere, and a kilobyte does not get gigabytes."""

from chainrule.errors import FileFormatError
from chainrule.nn.architecture import Architecture
from chainrule.nn.examples import Size, size_of_one

# What the graph of a file may take for one example: bytes at a time and in all, and multiplications. What the file has
# in parameters raises all three, so that a large network has room and a kilobyte does not get gigabytes.
BUDGET = Size(held=2**26, bytes=2**31, products=2**32)
FOR_EACH_BYTE = Size(held=64, bytes=2**12, products=2**14)


def check_size(architecture: Architecture, held: int) -> None:
    """Raise if the graph asks for more than its budget to work on one example.

    Args:
        architecture: Whose graph it is.
        held: How many bytes of parameters the file holds.
    """
    size = size_of_one([architecture.output, *architecture.updates.values()])
    for what, name in (("bytes at a time", "held"), ("bytes", "bytes"), ("multiplications", "products")):
        found, most = getattr(size, name), max(getattr(BUDGET, name), getattr(FOR_EACH_BYTE, name) * held)
        if found > most:
            raise FileFormatError(
                f"A single example takes {float(min(found, 10**300)):.3g} {what}, which is out of proportion to a "
                f"file of {held:,} bytes of parameters: at most {most:.3g}."
            )
