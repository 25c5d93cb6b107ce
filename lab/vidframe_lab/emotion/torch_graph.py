"""Runs the graph of a Keras model on torch's own kernels, for training.

Keras computes batch normalisation and padding from several general operations; torch's fused ones take the
same variables and give the same numbers in about half the time on a CPU. A test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers
from torch.nn import functional

Tensor = Any  # torch.Tensor
Operation = Callable[..., Tensor]


class TorchGraph:
    """Calls `model` as torch code; pictures are N x 1 x height x width.

    Unlike the model itself it also takes other sizes than the model's input, which makes the first epochs cheap.
    """

    def __init__(self, model: keras.Model) -> None:
        self._training = True
        self._steps: list[tuple[Operation, list[int], int]] = []
        self._outputs = [id(tensor) for tensor in model.outputs]
        self._inputs = [id(tensor) for tensor in model.inputs]
        for layer in model.layers:
            if isinstance(layer, layers.InputLayer):
                continue
            node = layer._inbound_nodes[0]
            sources = [id(tensor) for tensor in node.input_tensors]
            self._steps.append((self._operation(layer), sources, id(node.outputs[0])))

    def __call__(self, pictures: Tensor, *, training: bool) -> Tensor:
        """The model's output, N x outputs."""
        self._training = training
        values = {self._inputs[0]: pictures}
        for operation, sources, target in self._steps:
            values[target] = operation(*(values[source] for source in sources))
        return values[self._outputs[0]]

    def _operation(self, layer: Any) -> Operation:
        for kind, make in _OPERATIONS.items():
            if type(layer) is kind:
                return make(self, layer)
        raise TypeError(f"layer {layer.name} of type {type(layer).__name__} cannot be trained here")

    @property
    def training(self) -> bool:
        """Whether the call that runs is one of training."""
        return self._training


def _pad_same(x: Tensor, kernel: int, stride: int, value: float = 0.0) -> Tensor:
    """Pads as Keras does for `padding="same"`: the odd pixel goes to the right and the bottom."""
    pads: list[int] = []
    for length in (x.shape[3], x.shape[2]):
        total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
        pads += [total // 2, total - total // 2]
    return functional.pad(x, pads, value=value)


def _convolve(x: Tensor, kernel: Tensor, layer: Any, groups: int = 1) -> Tensor:
    stride = layer.strides[0]
    size = kernel.shape[2]
    if layer.padding == "valid":
        return functional.conv2d(x, kernel, stride=stride, groups=groups)
    if size % 2 and stride == 1:
        return functional.conv2d(x, kernel, padding=size // 2, groups=groups)
    return functional.conv2d(_pad_same(x, size, stride), kernel, stride=stride, groups=groups)


def _depthwise(kernel: Tensor) -> Tensor:
    return kernel.permute(2, 3, 0, 1)


def _convolution(graph: TorchGraph, layer: Any) -> Operation:
    return lambda x: _convolve(x, layer.kernel.value.permute(3, 2, 0, 1), layer)


def _depthwise_convolution(graph: TorchGraph, layer: Any) -> Operation:
    return lambda x: _convolve(x, _depthwise(layer.kernel.value), layer, groups=x.shape[1])


def _separable_convolution(graph: TorchGraph, layer: Any) -> Operation:
    def run(x: Tensor) -> Tensor:
        x = _convolve(x, _depthwise(layer.depthwise_kernel.value), layer, groups=x.shape[1])
        return functional.conv2d(x, layer.pointwise_kernel.value.permute(3, 2, 0, 1))

    return run


def _normalisation(graph: TorchGraph, layer: Any) -> Operation:
    def run(x: Tensor) -> Tensor:
        # torch counts the new batch where Keras counts the old mean.
        return functional.batch_norm(
            x,
            layer.moving_mean.value,
            layer.moving_variance.value,
            layer.gamma.value,
            layer.beta.value,
            training=graph.training,
            momentum=1 - layer.momentum,
            eps=layer.epsilon,
        )

    return run


def _pooling(pool: Callable[..., Tensor], outside: float) -> Callable[[TorchGraph, Any], Operation]:
    def make(graph: TorchGraph, layer: Any) -> Operation:
        size, stride = layer.pool_size[0], layer.strides[0]
        return lambda x: pool(_pad_same(x, size, stride, outside), size, stride)

    return make


def _dropout(graph: TorchGraph, layer: Any) -> Operation:
    return lambda x: functional.dropout(x, layer.rate, graph.training)


def _dense(graph: TorchGraph, layer: Any) -> Operation:
    return lambda x: functional.linear(x, layer.kernel.value.T, layer.bias.value)


_OPERATIONS: dict[type, Callable[[TorchGraph, Any], Operation]] = {
    layers.LayerNormalization: lambda graph, layer: lambda x: functional.layer_norm(x, x.shape[1:], eps=layer.epsilon),
    layers.Conv2D: _convolution,
    layers.DepthwiseConv2D: _depthwise_convolution,
    layers.SeparableConv2D: _separable_convolution,
    layers.BatchNormalization: _normalisation,
    layers.ReLU: lambda graph, layer: functional.relu,
    layers.Add: lambda graph, layer: lambda *xs: sum(xs[1:], xs[0]),
    layers.MaxPooling2D: _pooling(functional.max_pool2d, float("-inf")),
    layers.AveragePooling2D: _pooling(functional.avg_pool2d, 0.0),
    layers.GlobalAveragePooling2D: lambda graph, layer: lambda x: x.mean((2, 3)),
    layers.Flatten: lambda graph, layer: lambda x: x.flatten(1),
    layers.Dropout: _dropout,
    layers.Dense: _dense,
}
