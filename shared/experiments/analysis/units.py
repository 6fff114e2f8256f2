"""What each unit of an experiment (a shopper, as it was assigned) was shown and did since it first took part."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Units:
    """u rows. `names` are the variants in the plan's order, the first being the control; a holdout is the last.

    `before` are (u, k) numbers from before the experiment, which no variant can have changed: what CUPED takes out.
    """

    names: tuple[str, ...]
    variant: NDArray[np.intp]  # number in `names`
    answers: Floats  # given, at least 1
    clicks: Floats  # answers with a click or several
    orders: Floats
    revenue: Floats
    margin: Floats
    variety: Floats  # over the answers, the sum of (different categories / items)
    empty: Floats  # answers without any item
    fallback: Floats  # answers in which something had to stand in
    milliseconds: Floats  # over the answers, how long they took
    before: Floats

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name != "names" and len(getattr(self, field.name)) != len(self.variant):
                raise ValueError(f"{field.name} has another number of rows than variant")

    def __len__(self) -> int:
        return len(self.variant)

    @property
    def sizes(self) -> list[int]:
        """Units by variant."""
        return np.bincount(self.variant, minlength=len(self.names)).tolist()  # type: ignore[no-any-return]

    def of(self, variant: int) -> "Units":
        return self.where(self.variant == variant)

    def where(self, rows: NDArray[Any]) -> "Units":
        """The rows chosen by a mask or by positions."""
        kept = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "names"}
        return Units(self.names, **kept)
