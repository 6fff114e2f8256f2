"""What shoppers said of themselves, or their devices said of them, as columns."""

from typing import Any, NamedTuple

from numpy.typing import NDArray


class People(NamedTuple):
    """One row a shopper. "" (or NaN) where nothing was said."""

    country: NDArray[Any]  # ISO 3166 alpha-2
    gender: NDArray[Any]  # f, m, x
    birth_year: NDArray[Any]
    device: NDArray[Any]
    language: NDArray[Any]
    timezone: NDArray[Any]
