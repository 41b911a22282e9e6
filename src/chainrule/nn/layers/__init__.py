"""Layers by family. Each file names its layers in ``__all__``, and nothing else does."""

from chainrule.nn.layers.augmentation import *
from chainrule.nn.layers.base import TRAINING as TRAINING, Layer as Layer, Scope as Scope
from chainrule.nn.layers.convolution import *
from chainrule.nn.layers.dense import *
from chainrule.nn.layers.dropout import *
from chainrule.nn.layers.embedding import *
from chainrule.nn.layers.merging import *
from chainrule.nn.layers.normalization import *
from chainrule.nn.layers.padding import *
from chainrule.nn.layers.pooling import *
from chainrule.nn.layers.reshaping import *
from chainrule.nn.layers.scaling import *
from chainrule.nn.layers.separable import *
from chainrule.nn.layers.transposed import *

# What a model file may name.
LAYERS: dict[str, type[Layer]] = {
    name: thing
    for name, thing in tuple(globals().items())
    if isinstance(thing, type) and issubclass(thing, Layer) and thing is not Layer
}

__all__ = ["Layer", *LAYERS]
