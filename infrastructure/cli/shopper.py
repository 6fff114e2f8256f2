"""What is known of a shopper, for people to read."""

from datetime import UTC, datetime
from math import exp

from infrastructure.cli.aws import client
from infrastructure.local.layout import LocalStackError, Stack
from shared.catalog.store import CatalogStore
from shared.profiles.state import Candidate, State
from shared.profiles.store import ShoppersStore

SHOWN = 10


def profile(stack: Stack, shopper: str) -> str:
    """States of `u#<id>` and `a#<id>`; `shopper` may name one of them. Raises LocalStackError when nothing is known."""
    store = ShoppersStore(client(stack, "dynamodb"), stack.outputs["ShoppersTable"])
    keys = [shopper] if shopper.startswith(("u#", "a#")) else [f"u#{shopper}", f"a#{shopper}"]
    states = {key: read.state for key, read in store.get_many(keys).items() if read.version}
    if not states:
        raise LocalStackError(f"Nothing is known of {shopper}.")
    catalog = CatalogStore(client(stack, "dynamodb"), stack.outputs["CatalogTable"])
    items = {item for state in states.values() for item in items_of(state)}
    titles = {item.id: item.title for item in catalog.get_many(sorted(items)).values()}
    return "\n\n".join(described(key, state, titles) for key, state in states.items())


def items_of(state: State) -> list[str]:
    """The items `described` names."""
    named = [t.item for t in state.recent[-SHOWN:]] + list(state.cart) + [p.item for p in state.purchases[-SHOWN:]]
    shown = state.candidates[:SHOWN] + state.again[:SHOWN]
    return named + [c.item for c in shown] + [c.because for c in shown if c.because]


def described(key: str, state: State, titles: dict[str, str]) -> str:
    def name(item: str) -> str:
        return f"{titles.get(item, '(not in the catalog)')} [{item}]"

    totals = state.totals
    kind = "known shopper" if key.startswith("u#") else "device"
    lines = [f"{kind.capitalize()} {key[2:]}"]
    if state.user_id:
        lines.append(f"  its history went to known shopper {state.user_id}")
    if not totals.events:
        return "\n".join(lines)
    lines += [
        f"  {totals.events} events from {_time(totals.first)} to {_time(state.session.last)}, {state.session.number} sessions",
        f"  {totals.views} product views, {totals.carts} put into the cart, {totals.orders} orders, {totals.refunds} refunds,"
        f" {totals.revenue:,.2f} in all",
        f"  traits: {_pairs(state.traits)}",
        f"  likes: {_weights(state.categories)}; brands: {_weights(state.brands)}; price about {_price(state)}",
        *_block("cart", [f"{quantity:g} × {name(item)}" for item, quantity in state.cart.items()]),
        *_block("latest", [_touched(name(t.item), t.views, t.dwell, t.last) for t in reversed(state.recent[-SHOWN:])]),
        *_block(
            "bought", [f"{name(p.item)}, {p.orders}×, last {_time(p.last)}" for p in reversed(state.purchases[-SHOWN:])]
        ),
        *_block(
            f"to show next (model {state.model_version or 'none yet'})",
            [_candidate(c, titles) for c in state.candidates[:SHOWN]],
        ),
        *_block("to buy again", [_candidate(c, titles) for c in state.again[:SHOWN]]),
    ]
    return "\n".join(lines)


def _block(heading: str, rows: list[str]) -> list[str]:
    return [f"  {heading}:", *(f"    {row}" for row in rows)] if rows else []


def _touched(name: str, views: int, dwell: float, last: float) -> str:
    return f"{name}, seen {views}×, {dwell:.0f} s, last {_time(last)}"


def _candidate(candidate: Candidate, titles: dict[str, str]) -> str:
    because = f" because of {titles.get(candidate.because, candidate.because)}" if candidate.because else ""
    title = titles.get(candidate.item, "(not in the catalog)")
    return f"{candidate.score:.3f}  {title} [{candidate.item}], {candidate.reason}{because}"


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def _pairs(values: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "none"


def _weights(values: dict[str, float], most: int = 4) -> str:
    best = sorted(values.items(), key=lambda pair: -pair[1])[:most]
    return ", ".join(f"{name} {weight:.1f}" for name, weight in best if weight > 0) or "nothing yet"


def _price(state: State) -> str:
    return f"{exp(state.price_log_mean):,.2f}" if state.price_weight else "unknown"
