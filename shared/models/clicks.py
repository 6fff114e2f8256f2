"""How likely a recommendation is clicked, learned as it happens: logistic regression by stochastic gradient descent (scikit-learn).

Each batch is foreseen before it is learned from, so the loss is honest without days held out; a loss that rises says that shoppers or
shelves have changed. A model goes on from where its state was stored.
"""

import io
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.evaluation.protocol import UNKNOWN, Facts
from shared.models.impressions import Impressions

FEATURES = 2**14  # hashed
BATCH = 500
SEED = 1
RATE = 0.05  # constant, so that it never stops following shoppers
LEAST = 1e-6  # chance of what the model thinks impossible
HALF_LIFE = 1000  # impressions by which the loss that is usual forgets half


class Clicks(NamedTuple):
    """The state of a model. `loss` and `plain` are the decayed means per impression of its logarithmic loss, and of that of always
    foreseeing the rate of clicks so far; `seen` and `clicked` count impressions."""

    coef: NDArray[np.float64]  # (1, FEATURES)
    intercept: NDArray[np.float64]  # (1,)
    steps: float = 1.0
    seen: int = 0
    clicked: int = 0
    loss: float = 0.0
    plain: float = 0.0


def fresh() -> Clicks:
    return Clicks(np.zeros((1, FEATURES)), np.zeros(1))


def learned(clicks: Clicks, impressions: Impressions, facts: Facts) -> tuple[Clicks, dict[str, float]]:
    """The model after the impressions, and what these were: how many, their rate of clicks, the mean loss of foreseeing them (`loss`), and
    what was usual before (`usual`)."""
    losses: list[float] = []
    usual = clicks.loss
    rows: Any = hashed(impressions, facts) if len(impressions) else ()
    for start in range(0, len(impressions), BATCH):
        part = slice(start, start + BATCH)
        clicks, found = _batch(clicks, rows[part], impressions.clicked[part])
        losses += found
    told = {"impressions": len(impressions), "rate": _mean(impressions.clicked), "loss": _mean(losses), "usual": usual}
    return clicks, told


def hashed(impressions: Impressions, facts: Facts) -> Any:
    """(m, FEATURES) sparse: item, category, placement, position in it, and quarter of the day."""
    from sklearn.feature_extraction import FeatureHasher  # noqa: PLC0415 - takes a second, and only training needs it

    columns = zip(impressions.item, impressions.placement, impressions.position, impressions.at, strict=True)
    words = [
        [
            f"item={item}",
            f"category={facts.get(str(item), UNKNOWN)[0]}",
            f"placement={placement}",
            f"position={placement}/{min(position, 30)}",
            f"quarter={int(at // 21600) % 4}",
        ]
        for item, placement, position, at in columns
    ]
    return FeatureHasher(FEATURES, input_type="string", alternate_sign=False).transform(words)


def _batch(clicks: Clicks, rows: Any, clicked: NDArray[np.bool_]) -> tuple[Clicks, list[float]]:
    """Foresee, then learn."""
    losses = _log_loss(_chances(clicks, rows), clicked)
    rate = (clicks.clicked + 1) / (clicks.seen + 2)
    plain = _log_loss(np.full(len(clicked), rate), clicked)
    model = _model(clicks)
    model.partial_fit(rows, clicked.astype(np.int64))
    kept = 0.5 ** (len(clicked) / HALF_LIFE) if clicks.seen else 0.0
    return Clicks(
        model.coef_,
        model.intercept_,
        float(model.t_),
        clicks.seen + len(clicked),
        clicks.clicked + int(clicked.sum()),
        kept * clicks.loss + (1 - kept) * _mean(losses),
        kept * clicks.plain + (1 - kept) * _mean(plain),
    ), losses.tolist()


def _model(clicks: Clicks) -> Any:
    from sklearn.linear_model import SGDClassifier  # noqa: PLC0415

    model = SGDClassifier(
        loss="log_loss", alpha=1e-5, learning_rate="constant", eta0=RATE, random_state=SEED, shuffle=False
    )
    model.partial_fit(np.zeros((1, FEATURES)), [0], classes=[0, 1])  # makes its arrays
    model.coef_, model.intercept_, model.t_ = clicks.coef.copy(), clicks.intercept.copy(), clicks.steps
    model._standard_coef, model._standard_intercept = model.coef_, model.intercept_  # what partial_fit goes on from
    return model


def _chances(clicks: Clicks, rows: Any) -> Any:
    margin = rows @ clicks.coef[0] + clicks.intercept[0]
    return 1 / (1 + np.exp(-np.clip(margin, -30, 30)))


def _log_loss(chances: Any, clicked: NDArray[np.bool_]) -> Any:
    given = np.clip(np.where(clicked, chances, 1 - chances), LEAST, 1.0)
    return -np.log(given)


def _mean(values: Any) -> float:
    return round(float(np.mean(values)), 6) if len(values) else 0.0


def dump(clicks: Clicks) -> bytes:
    out = io.BytesIO()
    arrays: dict[str, Any] = {name: np.asarray(value) for name, value in clicks._asdict().items()}
    np.savez(out, **arrays)
    return out.getvalue()


def load(data: bytes) -> Clicks:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        numbers = {name: arrays[name].item() for name in Clicks._fields[2:]}
        return Clicks(arrays["coef"], arrays["intercept"], **numbers)
