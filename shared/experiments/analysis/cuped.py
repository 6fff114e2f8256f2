"""CUPED (Deng, Xu, Kohavi, Walker 2013): what shoppers were like before takes out noise that no variant made.

For any metric with a linear error the adjusted value of a variant is m − θᵀ(x̄ of the variant − x̄ of all), with θ from one regression of
the errors on the covariates within the variants. It estimates the same difference, since the assignment is random and x came before it.
"""

from collections.abc import Sequence

import numpy as np

from shared.experiments.analysis.metrics import Measured
from shared.experiments.analysis.units import Floats


def adjusted(measured: Sequence[Measured], before: Sequence[Floats]) -> list[Measured]:
    """`before` are (n, k) covariates of each variant's units, in the order of `measured`."""
    centred = [rows - rows.mean(axis=0) if len(rows) else rows for rows in before]
    gram = sum(rows.T @ rows for rows in centred)
    right = sum(rows.T @ one.errors for rows, one in zip(centred, measured, strict=True))
    theta = np.linalg.lstsq(np.asarray(gram), np.asarray(right), rcond=None)[0]
    everybody = np.concatenate(before).mean(axis=0)
    return [
        Measured(one.value - float(theta @ (rows.mean(axis=0) - everybody)), one.errors - inner @ theta)
        if len(rows)
        else one
        for one, rows, inner in zip(measured, before, centred, strict=True)
    ]
