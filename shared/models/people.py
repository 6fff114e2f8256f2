"""What shoppers said of themselves, or their devices said of them, as columns."""

import io
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.lists.segments import DEVICES, age_band


class People(NamedTuple):
    """One row a shopper. "" (or NaN) where nothing was said."""

    country: NDArray[Any]  # ISO 3166 alpha-2
    gender: NDArray[Any]  # f, m, x
    birth_year: NDArray[Any]
    device: NDArray[Any]
    language: NDArray[Any]
    timezone: NDArray[Any]


def segments(people: People, year: int) -> dict[str, Any]:
    """Segment -> mask over the shoppers who said that they are of it. `year` is that of the latest event."""
    ages = np.nan_to_num(np.asarray(year - people.birth_year, np.float64))
    bands = np.array([age_band(float(age)) for age in ages], dtype="U8") if len(ages) else np.empty(0, "U8")
    found: dict[str, Any] = {f"device:{device}": people.device == device for device in sorted(DEVICES)}
    genders = [gender for gender in np.unique(people.gender).tolist() if gender]
    for band in ("", *(band for band in np.unique(bands).tolist() if band)):
        of_age = bands == band if band else np.ones(len(bands), bool)
        found.update({f"people:{gender}-{band}".strip("-"): (people.gender == gender) & of_age for gender in genders})
        if band:
            found[f"people:{band}"] = of_age
    return {name: mask for name, mask in found.items() if mask.any()}


def dump(segments: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    names = np.array(list(segments), dtype=np.str_) if segments else np.empty(0, "U1")
    np.savez(out, names=names, masks=np.array(list(segments.values()), dtype=bool))
    return out.getvalue()


def load(data: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return dict(zip(arrays["names"].tolist(), arrays["masks"], strict=True))
