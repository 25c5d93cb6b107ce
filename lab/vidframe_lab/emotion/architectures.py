"""The networks that can be trained: each takes grey faces of 48 x 48 and ends in one dense layer.

All are plain Keras layers, so that a saved file opens under any backend without this package.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

SIZE = 48  # pixels a side

Tensor = Any


def mini_xception(x: Tensor) -> Tensor:
    """Separable convolutions with residuals, after Arriaga et al. 2017 (arXiv 1710.07557): the known baseline."""
    for width in (8, 8):
        x = _convolved(x, width, 3)
    for width in (16, 32, 64, 128):
        shortcut = _normed(layers.Conv2D(width, 1, strides=2, padding="same", use_bias=False)(x))
        y = _normed(layers.SeparableConv2D(width, 3, padding="same", use_bias=False)(x))
        y = layers.ReLU()(y)
        y = _normed(layers.SeparableConv2D(width, 3, padding="same", use_bias=False)(y))
        x = layers.Add()([layers.MaxPooling2D(3, strides=2, padding="same")(y), shortcut])
    return layers.GlobalAveragePooling2D()(x)


def vgg(x: Tensor) -> Tensor:
    """Pairs of 3 x 3 convolutions between poolings, after Simonyan & Zisserman 2014 (arXiv 1409.1556)."""
    x = _convolved(x, 32, 5, strides=2)
    for width, depth in ((32, 2), (64, 2), (128, 3), (256, 2)):
        for _ in range(depth):
            x = _convolved(x, width, 3)
        x = layers.MaxPooling2D(2, padding="same")(x)
    return layers.GlobalAveragePooling2D()(x)


def residual(x: Tensor) -> Tensor:
    """Residual pairs of 3 x 3 convolutions, after He et al. 2015 (arXiv 1512.03385)."""
    return layers.GlobalAveragePooling2D()(_residual_stages(x))


def aligned(x: Tensor) -> Tensor:
    """`residual` with a learned weight per place and channel instead of the average.

    Faces that are aligned have their mouths in one place: what MobileFaceNets (arXiv 1804.07573) call global
    depthwise convolution.
    """
    x = _residual_stages(x)
    mean = keras.initializers.Constant(1 / 9)
    x = layers.DepthwiseConv2D(3, use_bias=False, depthwise_initializer=mean)(x)
    return layers.Flatten()(x)


ARCHITECTURES: dict[str, Callable[[Tensor], Tensor]] = {
    "mini_xception": mini_xception,
    "vgg": vgg,
    "residual": residual,
    "aligned": aligned,
}


def build(architecture: str, outputs: int, *, softmax: bool = False, dropout: float = 0.3) -> keras.Model:
    """A network for pictures of 48 x 48 x 1, values 0..255, with `outputs` logits or probabilities.

    Each picture is brought to mean 0 and deviation 1 inside, so that light and contrast do not count.
    """
    picture = keras.Input((SIZE, SIZE, 1), name="face")
    x = layers.LayerNormalization(axis=[1, 2, 3], center=False, scale=False, epsilon=1.0)(picture)
    x = ARCHITECTURES[architecture](x)
    x = layers.Dropout(dropout)(x)
    x = layers.Dense(outputs, activation="softmax" if softmax else None, name="classes")(x)
    return keras.Model(picture, x, name=architecture)


def _residual_stages(x: Tensor) -> Tensor:
    x = _convolved(x, 32, 5, strides=2)
    for width, depth, strides in ((32, 1, 1), (64, 2, 2), (128, 2, 2), (256, 1, 2)):
        for step in range(depth):
            x = _residual_pair(x, width, strides if step == 0 else 1)
    return x


def _residual_pair(x: Tensor, width: int, strides: int) -> Tensor:
    shortcut = x
    if strides > 1:
        shortcut = layers.AveragePooling2D(strides, padding="same")(shortcut)
    if x.shape[-1] != width:
        shortcut = layers.Conv2D(width, 1, use_bias=False, kernel_initializer="he_normal")(shortcut)
    y = _convolved(x, width, 3, strides=strides)
    y = _normed(layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(y))
    return layers.ReLU()(layers.Add()([shortcut, y]))


def _convolved(x: Tensor, width: int, kernel: int, strides: int = 1) -> Tensor:
    convolution = layers.Conv2D(
        width, kernel, strides=strides, padding="same", use_bias=False, kernel_initializer="he_normal"
    )
    return layers.ReLU()(_normed(convolution(x)))


def _normed(x: Tensor) -> Tensor:
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
