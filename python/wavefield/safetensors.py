"""The safetensors container: 8 bytes of header length, a JSON header, the tensors' bytes.

Read and written here, so that nothing has to be installed, and so that the same content gives the very bytes
that the engine writes.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping

import torch
from torch import Tensor

from .errors import CheckpointError

_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
#: Longest header that is looked at; the format's own limit.
MAX_HEADER = 100_000_000


@dataclass
class Container:
    """A file's metadata, and its tensors by name."""

    metadata: dict[str, str]
    tensors: dict[str, Tensor]


def read(path: Path) -> Container:
    """Reads a file; every length and offset is checked before it is used."""
    try:
        data = bytearray(path.read_bytes())
    except OSError as error:
        raise CheckpointError(str(path), f"cannot be read: {error.strerror}") from error
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > MAX_HEADER or 8 + length > len(data):
        hint = ""
        if data.startswith(b"version https://git-lfs"):
            hint = "it is the pointer of Git LFS in its place: fetch the file itself (git lfs pull)"
        raise CheckpointError(
            str(path),
            f"expected a safetensors file, found {len(data)} other bytes, or it was cut short; "
            + (hint or "choose or download it again"),
        )
    try:
        header = json.loads(bytes(data[8 : 8 + length]).decode().rstrip("\0 "))
        if not isinstance(header, dict):
            raise ValueError("it is no object")
    except ValueError as error:
        raise CheckpointError(
            "header", f"expected a safetensors header in JSON, found it broken ({error})"
        )
    metadata = header.pop("__metadata__", None) or {}
    texts = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in metadata.items()
        if value is not None
    }
    start = 8 + length
    return Container(
        texts, {name: _tensor(name, entry, data, start) for name, entry in header.items()}
    )


def _tensor(name: str, entry: Any, data: bytearray, start: int) -> Tensor:
    try:
        dtype, shape = entry["dtype"], [int(n) for n in entry["shape"]]
        first, last = (int(n) for n in entry["data_offsets"])
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(
            name, "expected a tensor with dtype, shape and data_offsets in the header"
        ) from None
    if dtype not in _DTYPES:
        raise CheckpointError(
            name, f"expected numbers of a known type, found {dtype}; save it in float32"
        )
    count = 1
    for n in shape:
        count *= n
    size = torch.empty(0, dtype=_DTYPES[dtype]).element_size()
    if first < 0 or any(n < 0 for n in shape) or last - first != count * size:
        raise CheckpointError(
            name, f"expected {count * size} bytes for {shape} of {dtype}, found {last - first}"
        )
    if start + last > len(data):
        raise CheckpointError(
            name,
            f"expected its values up to byte {last}, found {len(data) - start}: the file was cut short",
        )
    if count == 0:
        return torch.empty(shape, dtype=_DTYPES[dtype])
    # A copy: places in a file need not suit the type.
    part = bytearray(data[start + first : start + last])
    return torch.frombuffer(part, dtype=_DTYPES[dtype]).view(shape)


def write(path: Path, metadata: Mapping[str, str], tensors: Mapping[str, Tensor]) -> None:
    """Writes a file beside its place and renames it, so that an older one is whole until then."""
    placed = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name.encode()))
    header: dict[str, Any] = {"__metadata__": {key: metadata[key] for key in sorted(metadata)}}
    end = 0
    for name in placed:
        tensor = tensors[name]
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise CheckpointError(
                name,
                "expected numbers to write, found infinite ones or none, so nothing was written; "
                "the training failed, so use an earlier state of it",
            )
        first, end = end, end + tensor.numel() * tensor.element_size()
        header[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [first, end],
        }
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(len(text).to_bytes(8, "little"))
            file.write(text)
            for name in placed:
                file.write(_bytes(tensors[name]))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _bytes(tensor: Tensor) -> bytes:
    # Without numpy, which a torch need not have.
    flat = tensor.detach().cpu().contiguous().view(-1)
    if flat.numel() == 0:
        return b""
    size = flat.numel() * flat.element_size()
    storage = torch.empty(size, dtype=torch.uint8)
    storage.view(flat.dtype).copy_(flat)
    out = bytearray(size)
    torch.frombuffer(out, dtype=torch.uint8).copy_(storage)
    return bytes(out)
