"""Writes a TensorFlow.js graph model as a frozen TensorFlow GraphDef, which OpenVINO reads: used by the build alone.

The few protocol buffer messages that are needed are encoded here (GraphDef, NodeDef, AttrValue, TensorProto of
TensorFlow 2; wire format of Protocol Buffers), so that the build needs neither TensorFlow nor protobuf.
Convolutions that TensorFlow.js fused with their bias and activation are taken apart again.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Json = Mapping[str, Any]

TYPES = {"DT_FLOAT": 1, "DT_INT32": 3, "DT_UINT8": 4, "DT_STRING": 7, "DT_INT64": 9, "DT_BOOL": 10, "DT_HALF": 19}
STORED = {"float32": np.float32, "float16": np.float16, "int32": np.int32, "uint8": np.uint8, "bool": np.bool_}
FUSED = {"_FusedConv2D": "Conv2D", "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative"}
CONVOLUTION = ("T", "strides", "padding", "data_format", "dilations", "explicit_paddings")

VARINT, LENGTH, FIXED32 = 0, 2, 5  # wire types


def graph_def(topology: Json, manifest: Sequence[Json], weights: bytes) -> bytes:
    """The serialised GraphDef of `modelTopology`, with the weights of all groups of `weightsManifest` one after another.

    ValueError for what cannot be written.
    """
    constants = dict(_constants(manifest, weights))
    return b"".join(part for node in topology["node"] for part in _nodes(node, constants))


def _constants(manifest: Sequence[Json], weights: bytes) -> Iterator[tuple[str, NDArray[Any]]]:
    at = 0
    for weight in (weight for group in manifest for weight in group["weights"]):
        quantization = weight.get("quantization", {})
        stored = STORED[quantization.get("dtype", weight["dtype"])]
        count = int(np.prod(weight["shape"], dtype=np.int64))
        array = np.frombuffer(weights, stored, count, at).reshape(weight["shape"])
        at += array.nbytes
        if "scale" in quantization:
            array = array.astype(np.float32) * quantization["scale"] + quantization["min"]
        yield weight["name"], array.astype(STORED[weight["dtype"]])
    if at != len(weights):
        raise ValueError(f"the manifest describes {at} bytes of weights, found {len(weights)}")


def _nodes(node: Json, constants: Mapping[str, NDArray[Any]]) -> Iterator[bytes]:
    """A node of the graph; several where it was fused."""
    name, kind, inputs, attributes = node["name"], node["op"], node.get("input", []), node.get("attr", {})
    if kind == "Const":
        value = constants[name]
        kept = {"dtype": _number(6, _type_of(value)), "value": _bytes(8, _tensor(value))}
        yield _node(name, kind, [], kept)
    elif kind in FUSED:
        yield from _taken_apart(name, FUSED[kind], inputs, attributes)
    else:
        kept = {key: _attribute(value) for key, value in attributes.items() if value and not key.startswith("_")}
        yield _node(name, kind, inputs, kept)


def _taken_apart(name: str, kind: str, inputs: Sequence[str], attributes: Json) -> Iterator[bytes]:
    followers = [_text(part) for part in attributes["fused_ops"].get("list", {}).get("s", [])]
    names = [f"{name}/{step}" for step in ("convolution", *followers[:-1])] + [name] if followers else [name]
    kept = {key: _attribute(attributes[key]) for key in CONVOLUTION if attributes.get(key, {}).get("list") != {}
            and key in attributes}  # fmt: skip
    yield _node(names[0], kind, inputs[:2], {"T": _number(6, TYPES["DT_FLOAT"])} | kept)
    biases = iter(inputs[2:])
    for follower, before, own in zip(followers, names, names[1:], strict=False):
        if follower not in ("BiasAdd", "Relu", "Relu6", "Elu"):
            raise ValueError(f"node {name}: a convolution fused with {follower} is not known")
        its_inputs = [before, next(biases)] if follower == "BiasAdd" else [before]
        yield _node(own, follower, its_inputs, {"T": _number(6, TYPES["DT_FLOAT"])})


# --- messages ---


def _node(name: str, kind: str, inputs: Iterable[str], attributes: Mapping[str, bytes]) -> bytes:
    parts = [_bytes(1, name.encode()), _bytes(2, kind.encode())]
    parts += [_bytes(3, each.encode()) for each in inputs]
    parts += [_bytes(5, _bytes(1, key.encode()) + _bytes(2, value)) for key, value in attributes.items()]
    return _bytes(1, b"".join(parts))


def _attribute(value: Json) -> bytes:
    """An AttrValue."""
    (key, content), *_ = value.items()
    match key:
        case "s":
            return _bytes(2, _raw(content))
        case "i":
            return _number(3, int(content))
        case "f":
            return _float(4, float(content))
        case "b":
            return _number(5, int(bool(content)))
        case "type":
            return _number(6, _type(content))
        case "shape":
            return _bytes(7, _number(3, 1) if content.get("unknownRank") else _json_shape(content))
        case "list":
            return _bytes(1, _list(content))
    raise ValueError(f"an attribute of the kind {key!r} is not known")


def _list(content: Json) -> bytes:
    parts = [_bytes(2, _raw(each)) for each in content.get("s", [])]
    if "i" in content:
        parts.append(_bytes(3, b"".join(_varint(int(each)) for each in content["i"])))
    if "f" in content:
        parts.append(_bytes(4, b"".join(struct.pack("<f", float(each)) for each in content["f"])))
    if "type" in content:
        parts.append(_bytes(6, b"".join(_varint(_type(each)) for each in content["type"])))
    parts += [_bytes(7, _json_shape(each)) for each in content.get("shape", [])]
    return b"".join(parts)


def _tensor(value: NDArray[Any]) -> bytes:
    return _number(1, _type_of(value)) + _bytes(2, _shape(value.shape)) + _bytes(4, value.tobytes())


def _shape(sizes: Iterable[int]) -> bytes:
    return b"".join(_bytes(2, _number(1, size)) for size in sizes)


def _json_shape(shape: Json) -> bytes:
    return _shape(int(size.get("size", 0)) for size in shape.get("dim", []))


def _type(name: str | int) -> int:
    return TYPES[name] if isinstance(name, str) else name


def _type_of(value: NDArray[Any]) -> int:
    return {np.float32: 1, np.int32: 3, np.uint8: 4, np.bool_: 10}[value.dtype.type]


def _raw(content: str | list[int]) -> bytes:
    """Bytes, which TensorFlow.js writes as base64 or as numbers."""
    return bytes(content) if isinstance(content, list) else base64.b64decode(content)


def _text(content: str | list[int]) -> str:
    return _raw(content).decode()


# --- the wire ---


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    digits = bytearray()
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes([*digits, number])


def _tag(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _number(field: int, number: int) -> bytes:
    return _tag(field, VARINT) + _varint(number)


def _float(field: int, number: float) -> bytes:
    return _tag(field, FIXED32) + struct.pack("<f", number)


def _bytes(field: int, content: bytes) -> bytes:
    return _tag(field, LENGTH) + _varint(len(content)) + content
