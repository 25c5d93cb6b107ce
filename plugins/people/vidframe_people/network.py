"""Runs a TensorFlow graph on OpenVINO, from any thread."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino.frontend import FrontEndManager

from vidframe_people.model_files import model_path

Array = NDArray[Any]


class Network:
    """One model of the plugin's, compiled for one core: cameras are many, and each asks for itself."""

    def __init__(self, name: str, inputs: Sequence[tuple[str, list[int]]] = (), outputs: Sequence[str] = ()) -> None:
        """`inputs` (tensor and shape) and `outputs` cut the graph; without them it is taken whole."""
        model = _graph(str(model_path(name)), inputs, outputs)
        config = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
        self._compiled = openvino.Core().compile_model(model, "CPU", config)
        self._own = threading.local()

    def __call__(self, array: Array) -> list[NDArray[np.float32]]:
        """The outputs for one input, in the order of the model; valid until the thread's next call."""
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        results = self._own.request.infer([array], share_inputs=True, share_outputs=True)
        return [results[output] for output in self._compiled.outputs]


def _graph(path: str, inputs: Sequence[tuple[str, list[int]]], outputs: Sequence[str]) -> Any:
    frontend = FrontEndManager().load_by_framework("tf")
    graph = frontend.load(path)
    if outputs:
        graph.override_all_outputs([graph.get_place_by_tensor_name(name) for name in outputs])
    if inputs:
        places = [graph.get_place_by_tensor_name(name) for name, _ in inputs]
        graph.override_all_inputs(places)
        for place, (_, shape) in zip(places, inputs, strict=True):
            graph.set_partial_shape(place, openvino.PartialShape(shape))
    model = frontend.convert(graph)
    if inputs:  # the graph's own input, of which nothing is left that reads it
        for parameter in list(model.get_parameters()):
            if not any(target for output in parameter.outputs() for target in output.get_target_inputs()):
                model.remove_parameter(parameter)
    return model
