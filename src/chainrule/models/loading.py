"""Model files of every kind: what ``cr.load`` reads."""

from collections.abc import Mapping
from os import PathLike
from os.path import isdir, isfile, join, splitext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.arguments import public
from chainrule.doors import DOORS, opened
from chainrule.errors import DataError, FileFormatError, MissingFileError, needing, short
from chainrule.models.places import MODEL
from chainrule.train import store
from chainrule.train.network import from_file

if TYPE_CHECKING:
    from chainrule.models.table import TableModel


@public
def load(path: str | PathLike[str], custom: Mapping[str, Any] | None = None) -> Any:
    """Return what a model file holds: a network, or a table model if the preparing of a table is there too.

    Files hold no code, so reading one of anybody's runs none.

    Args:
        path: The file that :meth:`Network.save` or :meth:`TableModel.save` wrote, or the folder of a run.
        custom: Your own callables and layer classes, by the names they were saved under; files hold no code.

    Returns:
        A :class:`Network` or a :class:`TableModel`, which predicts what the saved one predicted, to the last bit.

    Raises:
        MissingFileError: If there is no such file, or a folder without a model.
        FileFormatError: If the file is corrupt, truncated, foreign or written by a newer version.
        DataError: If ``custom`` is no dict of what is yours by name.

    >>> def cube(z):
    ...     return z**3
    >>> cr.Network([cr.Dense(1, cube)], input_shape=2, seed=0).save("own.safetensors")
    >>> cr.load("own.safetensors", custom={"cube": cube}).predict([[1.0, 2.0]]).shape
    (1, 1)
    """
    if custom is not None and not isinstance(custom, Mapping):
        raise DataError(
            "custom is a dict of your own functions and layers by name, such as {'swish': swish}; found "
            f"{short(custom)}."
        )
    if isinstance(path, str | PathLike) and isdir(path):
        folder, path = Path(path), join(path, MODEL)
        if not isfile(path):
            runs = sorted(folder.glob(f"*/{MODEL}"), key=lambda model: model.stat().st_mtime)
            newest = f"\nThe newest run in it is {runs[-1].parent}." if runs else ""
            raise MissingFileError(f"No {MODEL} in this folder, so no run that has ended: {path}.{newest}")
    if reader := DOORS.get(f"read {splitext(str(path))[1].lower()}"):  # another kind says so by its ending
        return opened(reader)(path, custom)
    config, arrays = store.read(path)
    if store.FITS in config:
        raise FileFormatError(f"{path} is no model: it keeps how far a training is, which goes on from it.")
    with store.trouble(path):
        network = from_file(config, arrays, custom)
        for kind in network.extra:  # where a file says that it is more than a network
            if place := DOORS.get(f"load {kind}"):
                with needing(f"The model in {path}"):
                    model: TableModel = opened(place)(network, network.extra.pop(kind))
                return model
    return network
