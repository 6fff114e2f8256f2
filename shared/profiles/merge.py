"""Joining an anonymous history into the history of the shopper who logged in."""

from shared.consent.choices import join
from shared.preferences import wishes
from shared.profiles import fatigue
from shared.profiles.fold import SESSION_GAP, decay
from shared.profiles.state import (
    AFFINITIES,
    MESSAGE_IDS,
    ORDERS,
    PURCHASES,
    RECENT_ITEMS,
    WATERMARKS,
    Purchase,
    State,
    Touch,
)


def merge(user: State, device: State, user_id: str) -> State:
    """Add `device` to `user` (changed in place) and return what stays on the device: no history and no preferences, only what is
    needed to recognise records already folded in. What was agreed to on a shared device, anybody may have said."""
    if device.totals.events:
        _merge_history(user, device)
        user.merged += 1
    user.watermarks = merged_watermarks(user.watermarks, device.watermarks)
    user.message_ids = (device.message_ids + user.message_ids)[-MESSAGE_IDS:]
    if not device.shared:
        user.choices = join(user.choices, device.choices)
    user.preferences = wishes.join(user.preferences, device.preferences)
    left = left_over(device)
    left.user_id, left.preferences = user_id, []
    return left


def moved(present: State, former: State) -> tuple[State, State]:
    """Both states of one shopper whose name changed: everything under the present name (changed in place), and what stays under the
    former one. No device joins anybody by this, and a no stays a no."""
    device = present.user_id or former.user_id
    merged = present.merged + former.merged
    merge(present, former, "")
    present.choices = join(present.choices, former.choices)
    present.shared, present.user_id, present.merged = present.shared or former.shared, device, merged
    return present, State(watermarks=former.watermarks, message_ids=former.message_ids)


def left_over(device: State) -> State:
    """A device without its history: what recognises records already folded in, what was agreed to, and that it is shared. What was
    asked for since the session of that history is somebody's who is there now."""
    over = device.session.last + SESSION_GAP
    return State(
        watermarks=device.watermarks,
        message_ids=device.message_ids,
        user_id=device.user_id,
        shared=device.shared,
        choices=device.choices,
        preferences=[wish for wish in device.preferences if wish.at > over],
    )


def merged_watermarks(ours: dict[str, str], theirs: dict[str, str]) -> dict[str, str]:
    """The later sequence number for each partition key, at most WATERMARKS keys, the latest."""
    both = {key: max(ours.get(key, "0"), theirs.get(key, "0"), key=int) for key in {**ours, **theirs}}
    return dict(sorted(both.items(), key=lambda pair: int(pair[1]))[-WATERMARKS:])


def _merge_history(user: State, device: State) -> None:
    user.recent = _join_touches(user.recent + device.recent)
    taken = {touch.item: touch.last for touch in user.recent}
    user.shown = fatigue.joined(user.shown, device.shown, taken)
    user.cart = {**user.cart, **{k: user.cart.get(k, 0.0) + v for k, v in device.cart.items()}}
    user.carted_at = max(user.carted_at, device.carted_at)
    user.orders = sorted(user.orders + device.orders, key=lambda order: order.at)[-ORDERS:]
    user.purchases = _join_purchases(user.purchases + device.purchases)
    at = max(user.decayed_at, device.decayed_at)
    decay(user, at)
    decay(device, at)
    user.categories = _sum(user.categories, device.categories)
    user.brands = _sum(user.brands, device.brands)
    weight = user.price_weight + device.price_weight
    if weight:
        total = user.price_log_mean * user.price_weight + device.price_log_mean * device.price_weight
        user.price_log_mean = total / weight
    user.price_weight = weight
    user.traits = {**device.traits, **user.traits}
    _join_totals(user, device)


def _join_totals(user: State, device: State) -> None:
    if device.session.last > user.session.last:
        device.session.number = user.session.number + 1
        user.session = device.session
    ours, theirs = user.totals, device.totals
    ours.events += theirs.events
    ours.views += theirs.views
    ours.carts += theirs.carts
    ours.orders += theirs.orders
    ours.refunds += theirs.refunds
    ours.revenue += theirs.revenue
    ours.first = min(filter(None, (ours.first, theirs.first)), default=0.0)


def _join_touches(touches: list[Touch]) -> list[Touch]:
    joined: dict[str, Touch] = {}
    for touch in touches:
        same = joined.setdefault(touch.item, touch)
        if same is not touch:
            same.views += touch.views
            same.carts += touch.carts
            same.clicks += touch.clicks
            same.dwell += touch.dwell
            same.scroll = max(same.scroll, touch.scroll)
            same.last = max(same.last, touch.last)
    return sorted(joined.values(), key=lambda t: t.last)[-RECENT_ITEMS:]


def _join_purchases(purchases: list[Purchase]) -> list[Purchase]:
    joined: dict[str, Purchase] = {}
    for purchase in purchases:
        same = joined.setdefault(purchase.item, purchase)
        if same is not purchase:
            same.orders += purchase.orders
            same.quantity += purchase.quantity
            same.last = max(same.last, purchase.last)
            same.first = min(same.first, purchase.first)
    return sorted(joined.values(), key=lambda p: p.last)[-PURCHASES:]


def _sum(ours: dict[str, float], theirs: dict[str, float]) -> dict[str, float]:
    both = {name: ours.get(name, 0.0) + theirs.get(name, 0.0) for name in {**ours, **theirs}}
    return dict(sorted(both.items(), key=lambda pair: (-pair[1], pair[0]))[:AFFINITIES])
