"""Normalization: numbers of mean 0 and variance 1, over the examples or over the features, all or in groups."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.errors import ShapeError
from chainrule.graph.node import Node
from chainrule.graph.primitives import identities
from chainrule.graph.shapes import show
from chainrule.nn.layers.base import Layer, Scope, width_of
from chainrule.nn.masking import mask_of, over_steps
from chainrule.nn.specs import Count, NoWidth, Share

__all__ = ["BatchNormalization", "GroupNormalization", "LayerNormalization"]


@dataclass(frozen=True, repr=False, eq=False)
class BatchNormalization(Layer):
    """``gamma · (x - mean) / sqrt(variance + epsilon) + beta``, over the examples (Ioffe & Szegedy 2015).

    Takes x of shape (batch, ..., features) and gives the same.

    While training, mean and variance (divided by n) are those of the batch, for each feature of the last
    axis; at prediction they are the running ones, which move by ``1 - momentum`` toward the batch's at every
    step. One example has no variance: ``fit`` lets a last batch of one join the batch before it, and warns where
    ``batch_size=1`` leaves nothing else. Steps that are padding do not count (see :class:`Masking`).

    Args:
        momentum: The weight of the past in the running mean and variance, at least 0 and below 1. With 0.9, as in
            PyTorch, they follow the last ten batches or so: short runs need it. Keras has 0.99.
        epsilon: What keeps the root from 0, above 0 and no whole number; 1e-5 as in PyTorch.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; a frozen one uses the running mean and variance in training too, and
            leaves them alone, as in Keras. ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If the momentum is not from 0 to below 1, or epsilon not above 0 or a whole number.

    >>> network = cr.Network([cr.BatchNormalization()], input_shape=3)
    >>> network.parameters, network.statistics
    ({'gamma_0': (3,), 'beta_0': (3,)}, {'mean_0': (3,), 'variance_0': (3,)})
    """

    momentum: Share = 0.9
    epsilon: NoWidth = 1e-5
    name: str = ""
    sets_scale: ClassVar[bool] = True
    least_examples: ClassVar[int] = 2

    def build(self, scope: Scope, x: Node) -> Node:
        """Return the normalized x.

        Args:
            scope: What the variables are made with.
            x: A node of shape (batch, ..., features).

        Returns:
            A node of the same shape.

        Raises:
            ShapeError: If x has no features: only the examples' axis, or an open last one.

        >>> cr.BatchNormalization()(cr.input("x", ("batch", 3))).shape  # which calls build
        (batch, 3)
        """
        width = width_of(self, x)
        gamma = scope.parameter("gamma", (width,), "ones")
        beta = scope.parameter("beta", (width,), "zeros")
        running_mean = scope.parameter("mean", (width,), "zeros", trainable=False)
        running_variance = scope.parameter("variance", (width,), "ones", trainable=False)
        mean = _mean_over_examples(x, mask_of(x))
        centred = x - mean
        variance = _mean_over_examples(centred * centred, mask_of(x))
        for running, found in ((running_mean, mean), (running_variance, variance)):
            moved = running + (1 - self.momentum) * (identities.stop_gradient(found) - running)
            scope.update(running, moved)
        used_mean: Any = np.where(scope.training, mean, running_mean)
        used_variance: Any = np.where(scope.training, variance, running_variance)
        return (x - used_mean) / np.sqrt(used_variance + self.epsilon) * gamma + beta

    def mask_after(self, x: Node) -> Node | None:
        """Return which steps of x count: mean and variance are those of these.

        Args:
            x: A node of shape (batch, ..., features).

        Returns:
            The mask of x, (batch, time), or None.

        >>> cr.BatchNormalization().mask_after(cr.Masking()(cr.input("x", ("batch", 5, 3)))).shape
        (batch, 5)
        """
        return mask_of(x)


def _mean_over_examples(x: Node, mask: Node | None) -> Any:
    """Return the mean of each feature, over what counts."""
    axes = tuple(range(x.ndim - 1))
    if mask is None:
        return np.mean(x, axis=axes)
    there: Any = np.broadcast_to(over_steps(mask, x.ndim), (*x.shape[:-1], 1))
    count: Any = np.sum(there.astype(x.dtype), axis=axes)
    total: Any = np.sum(np.where(there, x, 0), axis=axes)
    return total / np.maximum(count, 1)


@dataclass(frozen=True, repr=False, eq=False)
class LayerNormalization(Layer):
    """``gamma · (x - mean) / sqrt(variance + epsilon) + beta``, over the features (Ba et al. 2016).

    Takes x of shape (batch, ..., features) and gives the same: for each example by itself, in training and in
    prediction alike.

    Args:
        epsilon: What keeps the root from 0, above 0 and no whole number; 1e-5 as in PyTorch.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If epsilon is not above 0 or a whole number.

    >>> network = cr.Network([cr.LayerNormalization()], input_shape=3)
    >>> network.predict([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]).round(2)
    array([[-1.22,  0.  ,  1.22],
           [-1.22,  0.  ,  1.22]], dtype=float32)
    """

    epsilon: NoWidth = 1e-5
    name: str = ""
    sets_scale: ClassVar[bool] = True

    def build(self, scope: Scope, x: Node) -> Node:
        """Return the normalized x.

        Args:
            scope: What the variables are made with.
            x: A node of shape (batch, ..., features).

        Returns:
            A node of the same shape.

        Raises:
            ShapeError: If x has no features: only the examples' axis, or an open last one.

        >>> cr.LayerNormalization()(cr.input("x", ("batch", 3))).shape  # which calls build
        (batch, 3)
        """
        width = width_of(self, x)
        gamma = scope.parameter("gamma", (width,), "ones")
        beta = scope.parameter("beta", (width,), "zeros")
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = (centred * centred).mean(axis=-1, keepdims=True)
        return centred / np.sqrt(variance + self.epsilon) * gamma + beta


@dataclass(frozen=True, repr=False, eq=False)
class GroupNormalization(Layer):
    """``gamma · (x - mean) / sqrt(variance + epsilon) + beta``, over groups of channels (Wu & He 2018).

    Takes x of shape (batch, ..., channels) and gives the same: for each example by itself, in training and in
    prediction alike, so that small batches do not matter. Mean and variance are those of all places and of the
    channels of a group, which lie side by side. With ``groups=1`` they are those of the whole example; with as many
    groups as channels each channel has its own, which is instance normalization (Ulyanov et al. 2016).

    Args:
        groups: Into how many groups the channels are divided; it divides their number. The paper has 32.
        epsilon: What keeps the root from 0, above 0 and no whole number; 1e-5 as in the paper and PyTorch.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If groups is no whole number of at least 1, or epsilon not above 0 or a whole number.

    >>> network = cr.Network([cr.GroupNormalization(2)], input_shape=(1, 1, 4))
    >>> network.predict([[[[1.0, 3.0, 10.0, 20.0]]]]).round(2)
    array([[[[-1.,  1., -1.,  1.]]]], dtype=float32)
    """

    groups: Count = 32
    epsilon: NoWidth = 1e-5
    name: str = ""
    sets_scale: ClassVar[bool] = True

    def build(self, scope: Scope, x: Node) -> Node:
        """Return the normalized x.

        Args:
            scope: What the variables are made with.
            x: A node of shape (batch, ..., channels).

        Returns:
            A node of the same shape.

        Raises:
            ShapeError: If x has no channels, or the groups do not divide their number.

        >>> cr.GroupNormalization(4)(cr.input("x", ("batch", 8, 8, 16))).shape  # which calls build
        (batch, 8, 8, 16)
        """
        width = width_of(self, x)
        if width % self.groups:
            raise ShapeError(
                f"{self!r} divides the channels into {self.groups} groups of the same size; {show(x.shape[1:])} has "
                f"{width}. Give a number of groups that divides {width}."
            )
        gamma = scope.parameter("gamma", (width,), "ones")
        beta = scope.parameter("beta", (width,), "zeros")
        apart = x.reshape(*x.shape[:-1], self.groups, width // self.groups)
        axes = (*range(1, x.ndim - 1), x.ndim)
        centred = apart - apart.mean(axis=axes, keepdims=True)
        variance = (centred * centred).mean(axis=axes, keepdims=True)
        normal: Any = centred / np.sqrt(variance + self.epsilon)
        return normal.reshape(x.shape) * gamma + beta
