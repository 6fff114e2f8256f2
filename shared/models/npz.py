"""Dataclasses of arrays as numpy's npz, without pickle."""

import io
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


def pack(columns: Any) -> bytes:
    out = io.BytesIO()
    np.savez(out, **{field.name: getattr(columns, field.name) for field in fields(columns)})
    return out.getvalue()


def unpack(kind: type[T], data: bytes) -> T:
    """Raises ValueError or KeyError when the bytes are nothing of the kind."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return kind(**{field.name: arrays[field.name] for field in fields(kind)})  # type: ignore[arg-type]
