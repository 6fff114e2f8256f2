"""Is the data fit to learn from? Every finding is a sentence with numbers; the grave ones keep a run from training.

A finding stops a run when learning from the data would make the model worse than the one it replaces: identifiers that fit nothing, clocks
that mix up before and after, machines that outnumber shoppers, a broken tag. What is merely less than usual warns: the past is still good.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, cast, get_args

import numpy as np

from shared.errors import InvalidRequest
from shared.evaluation.protocol import Facts
from shared.models.interactions import DAY, Interactions
from shared.models.vitals import AHEAD, LEARNED_FROM, Vitals

Severity = Literal["warn", "stop"]
Strictness = Literal["strict", "normal", "lenient"]
NEVER = float("inf")

# From which value on a check warns and stops. Shares from 0 to 1 unless said otherwise.
LIMITS: dict[str, tuple[float, float]] = {
    "delivered twice": (0.05, NEVER),  # counted once anyway, by the message id
    "told twice": (0.1, 0.4),  # counted twice: the ids differ
    "orders told twice": (0.05, 0.5),
    "clock ahead": (0.01, 0.3),
    "gap": (1, NEVER),  # days of the last 28
    "stale": (2, NEVER),  # days
    "without item": (0.05, 0.5),
    "unknown items": (0.05, 0.5),
    "event mix": (0.25, 0.7),  # total variation distance
    "volume": (0.8, NEVER),  # share that is gone
    "bots": (0.2, 0.8),
    "consent": (0.5, NEVER),  # share of the usual consent that is gone
    "orders without views": (0.5, NEVER),
    "without price": (0.2, NEVER),
}
FEWEST = 200  # events, interactions or order lines: of fewer no share is told
USUAL = 50.0  # events in two days: what is rarer may be missing for two days by chance
RECENT, BEFORE = 7, 28  # days that are compared
MOST_PLATFORMS = 3  # whose drop is told one by one


class Finding(NamedTuple):
    check: str
    severity: Severity
    value: float
    sentence: str


def strictness(text: str) -> Strictness:
    """Raises InvalidRequest for a word that is none."""
    if text not in get_args(Strictness):
        raise InvalidRequest(f"must be one of {', '.join(get_args(Strictness))}, not {text!r}", "doctor")
    return cast("Strictness", text)


def may_train(findings: list[Finding], strict: Strictness) -> bool:
    """`strict` lets no finding pass, `normal` all but the grave ones, `lenient` every one."""
    grave = {"strict": {"warn", "stop"}, "normal": {"stop"}, "lenient": set[str]()}[strict]
    return not any(finding.severity in grave for finding in findings)


def sentences(findings: list[Finding]) -> list[str]:
    return [f"{'Stop' if f.severity == 'stop' else 'Warning'}: {f.sentence}" for f in findings]


def examine(vitals: Vitals, data: Interactions, facts: Facts, now: float) -> list[Finding]:
    """Everything found, the grave first. `facts` are those of the catalog, `now` epoch seconds."""
    found = [*_delivery(vitals), *_time(vitals, now), *_content(vitals), *_catalog(data, facts), *_change(vitals)]
    return sorted(found, key=lambda finding: finding.severity != "stop")


def _graded(check: str, value: float, sentence: str) -> Iterator[Finding]:
    warn, stop = LIMITS[check]
    if value >= warn:
        yield Finding(check, "stop" if value >= stop else "warn", round(float(value), 4), sentence)


def _share(check: str, part: float, whole: float, sentence: str) -> Iterator[Finding]:
    """`{}` in the sentence is the share, as a percentage."""
    if whole >= FEWEST:
        yield from _graded(check, part / whole, sentence.format(f"{part / whole:.1%}"))


def _delivery(vitals: Vitals) -> Iterator[Finding]:
    counts, daily = vitals.counts, vitals.daily
    lines = int(daily["events"].sum() + daily["repeated"].sum())
    yield from _share(
        "delivered twice",
        daily["repeated"].sum(),
        lines,
        "{} of the lines in the lake repeat a message that came before; each counts once. Look for a sender that retries without end.",
    )
    yield from _share(
        "told twice",
        counts["twice"],
        counts["told"],
        "{} of views, carts and orders were told again within the same second under another message id, and count twice. Is a page tagged twice?",
    )
    yield from _share(
        "orders told twice",
        counts["orders_again"],
        counts["orders_with_id"],
        "{} of the orders have the order id of another one. Is an order sent by the browser and by the server, or at every look at the thank-you page?",
    )
    yield from _share(
        "bots",
        counts["bot_views"],
        counts["views"],
        f"{{}} of all product views come from {counts['bots']} visitors that behave like machines; they are left out.",
    )


def _time(vitals: Vitals, now: float) -> Iterator[Finding]:
    daily, days = vitals.daily, (now - vitals.last) / DAY
    yield from _share(
        "clock ahead",
        daily["ahead"].sum(),
        daily["events"].sum(),
        f"{{}} of the events happened more than {AHEAD // 60} minutes after they arrived, by their own clock; they count as of their arrival.",
    )
    if days < 365:  # a shop of the past that was loaded on purpose is not late
        yield from _graded("stale", days, f"The newest event is {days:.1f} days old. Do events still arrive?")
    by_day = np.bincount(daily["ago"], daily["events"], BEFORE + 1)
    gaps = [
        day
        for day in range(BEFORE)
        if by_day[day] == 0 and np.median(by_day[day + 7 :: 7][:4] if day + 7 < len(by_day) else [0]) >= USUAL / 2
    ]
    if gaps:
        names = ", ".join(f"{datetime.fromtimestamp(vitals.last - day * DAY, UTC):%d %B}" for day in gaps[:3])
        yield from _graded(
            "gap",
            len(gaps),
            f"On {len(gaps)} of the last {BEFORE} days nothing was recorded, though the same days of other weeks were busy (up to {names}).",
        )


def _content(vitals: Vitals) -> Iterator[Finding]:
    counts = vitals.counts
    yield from _share(
        "without item",
        counts["nameless"],
        counts["rows"],
        "{} of views, carts and order lines name no product (product_id); nothing is learned from them.",
    )
    yield from _share(
        "without price", counts["unpriced"], counts["order_lines"], "{} of the order lines have no price."
    )
    if counts["views"] >= FEWEST:  # a shop may send its orders only
        yield from _share(
            "orders without views",
            counts["lines_without_views"],
            counts["lines_of_known"],
            "{} of the order lines belong to shoppers who never looked at anything. Do orders carry the anonymousId or userId of the visit?",
        )


def _catalog(data: Interactions, facts: Facts) -> Iterator[Finding]:
    recent = data.since(float(data.at.max()) - BEFORE * DAY) if len(data) else data
    if not facts:
        if len(data) >= FEWEST:
            yield Finding(
                "unknown items",
                "warn",
                1.0,
                "The catalog is empty: items have no category and no price, and none can be shown.",
            )
        return
    known = np.array([str(item) in facts for item in data.items], bool)
    unpriced = np.array([not facts.get(str(item), ("", "", 1.0))[2] > 0 for item in data.items], bool)
    strangers = np.unique(recent.item[~known[recent.item]])
    some = ", ".join(str(data.items[place]) for place in strangers[:3])
    yield from _share(
        "unknown items",
        (~known[recent.item]).sum(),
        len(recent),
        f"{{}} of what shoppers did in the last {BEFORE} days was with {len(strangers)} items that the catalog does not know, such as {some}.",
    )
    yield from _share(
        "without price",
        unpriced[recent.item].sum(),
        len(recent),
        f"{{}} of what shoppers did in the last {BEFORE} days was with items that have no price in the catalog.",
    )


def _change(vitals: Vitals) -> Iterator[Finding]:
    daily = vitals.daily
    yield from _mix(daily)
    yield from _volume(daily)
    recent, before = (_sum(daily["ago"], daily, *span) for span in ((0, RECENT), (RECENT, RECENT + BEFORE)))
    if min(recent["events"], before["events"]) >= FEWEST and before["agreed"]:
        now, usual = recent["agreed"] / recent["events"], before["agreed"] / before["events"]
        yield from _graded(
            "consent",
            1 - now / usual,
            f"{now:.1%} of the events of the last {RECENT} days came with consent to personalization, {usual:.1%} in the {BEFORE} days before. Does the banner still tell?",
        )


def _sum(ago: Any, daily: dict[str, Any], first: int, end: int) -> dict[str, int]:
    rows = (ago >= first) & (ago < end)
    return {name: int(daily[name][rows].sum()) for name in ("events", "agreed")}


def _mix(daily: dict[str, Any]) -> Iterator[Finding]:
    """Shares of the kinds of events that are learned from, lately and before, and half the sum of their differences."""
    spans = ((0, RECENT), (RECENT, RECENT + BEFORE))
    counts = np.array(
        [
            [
                daily["events"][(daily["name"] == name) & (daily["ago"] >= first) & (daily["ago"] < end)].sum()
                for name in LEARNED_FROM
            ]
            for first, end in spans
        ],
        float,
    )
    if counts.sum(axis=1).min() < FEWEST:
        return
    shares = counts / counts.sum(axis=1, keepdims=True)
    most = int(np.abs(shares[0] - shares[1]).argmax())
    yield from _graded(
        "event mix",
        np.abs(shares[0] - shares[1]).sum() / 2,
        f"Shoppers do other things than before: {LEARNED_FROM[most]} is {shares[0, most]:.1%} of what is learned from in the last {RECENT} days, {shares[1, most]:.1%} in the {BEFORE} days before.",
    )


def _volume(daily: dict[str, Any]) -> Iterator[Finding]:
    """The last two days against the same two days of the four weeks before, in all and by where events come from."""
    told = list(_drop("all events", np.ones(len(daily["ago"]), bool), daily))
    if told:
        yield from told
        return
    for column in ("library", "device", "name"):
        for value in [value for value in np.unique(daily[column].astype(str)) if value][:50]:
            drops = _drop(
                f"events with {column} {value}" if column != "name" else f"{value} events",
                daily[column] == value,
                daily,
            )
            told += drops
    yield from sorted(told, key=lambda finding: -finding.value)[:MOST_PLATFORMS]


def _drop(what: str, rows: Any, daily: dict[str, Any]) -> Iterator[Finding]:
    by_day = np.bincount(daily["ago"][rows], daily["events"][rows], 7 * 5)
    weeks = [by_day[7 * week] + by_day[7 * week + 1] for week in range(5)]
    usual = float(np.median(weeks[1:]))
    if usual >= USUAL:
        yield from _graded(
            "volume",
            1 - weeks[0] / usual,
            f"In the last two days {weeks[0]:,.0f} {what} came; in the same two days of the weeks before there were {usual:,.0f}.",
        )
