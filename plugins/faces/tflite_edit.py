"""Edits two TFLite models so that MediaPipe Tasks takes them: used by the build, never at run time.

Field names are those of the TFLite schema (tensorflow/lite/schema/schema.fbs), through the Python module
that flatc made of it and that the mediapipe package carries.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flatbuffers.builder import Builder

Schema = Any  # the generated module: ModelT, TensorT, OperatorT ...

METADATA = b"TFLITE_METADATA"
COORDINATES = 3  # x, y, z of a mesh point
MESH_POINTS = 468
IRIS_POINTS = 5
EYELID_POINTS = 16  # the first points of an eye's table; an iris is as far away as they are on average


def with_metadata_of(schema: Schema, model: bytes, donor: bytes) -> bytes:
    """`model` with the donor's metadata buffer, which says how pictures are normalised."""
    edited, source = _read(schema, model), _read(schema, donor)
    metadata = next(entry for entry in source.metadata if entry.name == METADATA)
    entry = schema.MetadataT()
    entry.name = METADATA
    entry.buffer = _add_buffer(schema, edited, source.buffers[metadata.buffer].data)
    edited.metadata = [*(edited.metadata or []), entry]
    return _packed(edited)


def with_478_points(schema: Schema, metadata_schema: Schema, model: bytes) -> bytes:
    """The attention mesh with its seven outputs made into the two that a face landmarker reads.

    The model gives a mesh of 468 x 3, and finer x, y of lips (80 x 2), eyes (71 x 2 each) and irises (5 x 2 each).
    Seven operators are appended that put them together as 478 x 3: finer points replace x and y of their mesh
    points, the irises are points 468 to 477, and the z of an iris is the mean of its eyelids'.
    """
    edited = _read(schema, model)
    graph = edited.subgraphs[0]
    mesh, lips, left_eye, right_eye, left_iris, right_iris, presence = (int(index) for index in graph.outputs)
    tables = _index_tables(edited)
    head = _Head(schema, edited, graph)

    parts = [mesh, lips, left_eye, right_eye, left_iris, right_iris]
    points = head.concatenate("points", parts)
    depths = [
        head.mean(f"{side}_iris_z", head.gather(f"{side}_eyelid_z", points, table[:EYELID_POINTS] * COORDINATES + 2))
        for side, table in (("left", tables["left_eye"]), ("right", tables["right_eye"]))
    ]
    with_depths = head.concatenate("points_and_iris_z", [points, *depths])
    landmarks = head.gather("landmarks", with_depths, _order(tables))

    graph.outputs = np.array([landmarks, presence], np.int32)
    edited.signatureDefs = None
    edited.metadata = [entry for entry in edited.metadata if entry.name == METADATA]
    _keep_input_metadata(metadata_schema, edited)
    return _packed(edited)


def _read(schema: Schema, content: bytes) -> Any:
    return schema.ModelT.InitFromPackedBuf(content, 0)


def _packed(packable: Any, identifier: bytes = b"TFL3") -> bytes:
    builder: Any = Builder(1024)
    builder.Finish(packable.Pack(builder), file_identifier=identifier)
    return bytes(builder.Output())


def _add_buffer(schema: Schema, model: Any, content: Any) -> int:
    buffer = schema.BufferT()
    buffer.data = content
    model.buffers.append(buffer)
    return len(model.buffers) - 1


def _index_tables(model: Any) -> dict[str, Any]:
    """Which mesh point each lip and eye point refines: int32 vectors in one of the model's own buffers.

    FlatBuffers are written back to front, so the outputs' vectors stand there last output first.
    """
    (content,) = (bytes(model.buffers[index].data) for index in model.metadataBuffer if _is_table(model, index))
    words = np.frombuffer(content, "<i4")
    right_eye, left_eye = _vectors(words, 71)
    (lips,) = _vectors(words, 80)
    return {"lips": lips, "left_eye": left_eye, "right_eye": right_eye}


def _is_table(model: Any, index: int) -> bool:
    return bytes(model.buffers[index].data[4:8]) == b"COMD"


def _vectors(words: Any, length: int) -> list[Any]:
    """Each run of `length` different mesh indices that stands behind its own length.

    The mesh's own table, which is 0, 1, 2 ..., holds every length and indices behind it, but in a row.
    """
    starts = np.flatnonzero(words[:-length] == length) + 1
    runs = [words[start : start + length] for start in starts]
    return [run for run in runs if _are_mesh_points(run) and np.ptp(np.diff(run)) > 0]


def _are_mesh_points(run: Any) -> bool:
    return len(set(run)) == len(run) and bool(run.min() >= 0 and run.max() < MESH_POINTS)


def _order(tables: dict[str, Any]) -> Any:
    """Where each of 478 x 3 values stands in: mesh, lips, left eye, right eye, left iris, right iris, both irises' z."""
    order = np.empty((MESH_POINTS + 2 * IRIS_POINTS, COORDINATES), np.int32)
    order[:MESH_POINTS] = np.arange(MESH_POINTS * COORDINATES).reshape(MESH_POINTS, COORDINATES)
    offset = MESH_POINTS * COORDINATES
    irises = {"left": np.arange(IRIS_POINTS) + MESH_POINTS, "right": np.arange(IRIS_POINTS) + MESH_POINTS + IRIS_POINTS}
    for table in (*tables.values(), *irises.values()):
        order[table, :2] = offset + np.arange(len(table) * 2).reshape(-1, 2)
        offset += len(table) * 2
    for iris in irises.values():
        order[iris, 2] = offset
        offset += 1
    return order.ravel()


class _Head:
    """Appends operators to the end of a graph; every tensor is 1 x 1 x 1 x n float32."""

    def __init__(self, schema: Schema, model: Any, graph: Any) -> None:
        self.schema = schema
        self.model = model
        self.graph = graph

    def concatenate(self, name: str, tensors: list[int]) -> int:
        options = self.schema.ConcatenationOptionsT()
        options.axis = 3
        size = sum(int(self.graph.tensors[tensor].shape[3]) for tensor in tensors)
        return self._append("CONCATENATION", "ConcatenationOptions", options, tensors, name, size)

    def gather(self, name: str, tensor: int, indices: Any) -> int:
        options = self.schema.GatherOptionsT()
        options.axis = 3
        table = self._constant(f"{name}_indices", indices)
        return self._append("GATHER", "GatherOptions", options, [tensor, table], name, len(indices))

    def mean(self, name: str, tensor: int) -> int:
        options = self.schema.ReducerOptionsT()
        options.keepDims = True
        axis = self._constant(f"{name}_axis", np.array([3], np.int32))
        return self._append("MEAN", "ReducerOptions", options, [tensor, axis], name, 1)

    def _constant(self, name: str, values: Any) -> int:
        content = np.frombuffer(np.asarray(values, "<i4").tobytes(), np.uint8)
        return self._tensor(name, [len(values)], self.schema.TensorType.INT32, content)

    def _tensor(self, name: str, shape: list[int], kind: int, content: Any = None) -> int:
        tensor = self.schema.TensorT()
        tensor.name = name.encode()
        tensor.shape = np.array(shape, np.int32)
        tensor.type = kind
        # Buffer 0 is the empty one that all computed tensors name.
        tensor.buffer = 0 if content is None else _add_buffer(self.schema, self.model, content)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def _append(self, code: str, options_name: str, options: Any, inputs: list[int], name: str, size: int) -> int:
        output = self._tensor(name, [1, 1, 1, size], self.schema.TensorType.FLOAT32)
        operator = self.schema.OperatorT()
        operator.opcodeIndex = self._opcode(getattr(self.schema.BuiltinOperator, code))
        operator.inputs = np.array(inputs, np.int32)
        operator.outputs = np.array([output], np.int32)
        operator.builtinOptionsType = getattr(self.schema.BuiltinOptions, options_name)
        operator.builtinOptions = options
        self.graph.operators.append(operator)
        return output

    def _opcode(self, builtin: int) -> int:
        for index, known in enumerate(self.model.operatorCodes):
            if known.deprecatedBuiltinCode == builtin:
                return index
        code = self.schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = builtin
        code.version = 1
        self.model.operatorCodes.append(code)
        return len(self.model.operatorCodes) - 1


def _keep_input_metadata(metadata_schema: Schema, model: Any) -> None:
    """Drops what the metadata says of the seven outputs that are no more."""
    buffer = model.buffers[model.metadata[0].buffer]
    metadata = metadata_schema.ModelMetadataT.InitFromPackedBuf(bytes(buffer.data), 0)
    metadata.subgraphMetadata[0].outputTensorMetadata = None
    buffer.data = np.frombuffer(_packed(metadata, b"M001"), np.uint8)
