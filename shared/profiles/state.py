"""What is known about one shopper: a value small enough to be read in one go and folded event by event.

Structs are `array_like`: fields are stored by position, so they may only be added at the end, with a default.
Times are epoch seconds (float, UTC).
"""

import msgspec

RECENT_ITEMS = 50
PURCHASES = 500
AFFINITIES = 30
MESSAGE_IDS = 128
WATERMARKS = 50
SHOWN = 64
ORDERS = 10


class Touch(msgspec.Struct, array_like=True):
    """The shopper's dealings with one item, in this and earlier sessions (not purchases)."""

    item: str
    last: float
    views: int = 0
    carts: int = 0
    dwell: float = 0.0  # seconds of visible time, all views together
    scroll: float = 0.0  # deepest, 0-1
    clicks: int = 0  # clicks on our recommendations of it
    session: int = 0  # number of the session that touched it last


class Purchase(msgspec.Struct, array_like=True):
    item: str
    last: float
    orders: int = 0  # in how many orders
    quantity: float = 0.0
    first: float = 0.0


class Order(msgspec.Struct, array_like=True):
    """One of the latest orders, and what of it was not given back."""

    number: int  # 63-bit hash of its id
    at: float
    revenue: float = 0.0
    items: dict[str, float] = {}  # item -> quantity


class Session(msgspec.Struct, array_like=True):
    """A session ends after 30 minutes without an event."""

    number: int = 0
    started: float = 0.0
    last: float = 0.0
    events: int = 0
    views: int = 0


class Totals(msgspec.Struct, array_like=True):
    events: int = 0
    views: int = 0
    carts: int = 0
    orders: int = 0
    refunds: int = 0
    revenue: float = 0.0
    first: float = 0.0


class Candidate(msgspec.Struct, array_like=True):
    """An item worth showing. `reason` is one of the words of `shared.recommend.reasons`, `because` the item that led to it."""

    item: str
    score: float
    reason: str
    because: str = ""


class Choice(msgspec.Struct, array_like=True, frozen=True):
    """What the shopper said about consent, once. `source` is one of the words of `shared.consent.choices`."""

    at: float
    source: str
    analytics: bool = False
    personalization: bool = False
    advertising: bool = False


class Wish(msgspec.Struct, array_like=True, frozen=True):
    """What the shopper asked for themselves about one value. `about` and `said` are words of `shared.preferences.wishes`."""

    about: str
    value: str
    said: str  # "" when it was taken back
    at: float
    within: str = ""  # of a size: the category it is meant for, "" for all


class State(msgspec.Struct, array_like=True):
    recent: list[Touch] = []  # oldest first, one per item, at most RECENT_ITEMS
    cart: dict[str, float] = {}  # item -> quantity
    purchases: list[Purchase] = []  # oldest first, one per item, at most PURCHASES
    categories: dict[str, float] = {}  # affinity, decayed to `decayed_at`
    brands: dict[str, float] = {}
    price_log_mean: float = 0.0  # mean of ln(price) of what was looked at, decayed
    price_weight: float = 0.0
    decayed_at: float = 0.0
    session: Session = msgspec.field(default_factory=Session)
    totals: Totals = msgspec.field(default_factory=Totals)
    traits: dict[str, str] = {}  # country, device, gender, age: what segments are made of, as it was said
    candidates: list[Candidate] = []  # new items, best first
    again: list[Candidate] = []  # bought before and worth buying again, best first; scores comparable with `candidates`
    model_version: str = ""
    watermarks: dict[str, str] = {}  # partition key -> last Kinesis sequence number folded in
    message_ids: list[int] = []  # 63-bit hashes of the latest message ids, oldest first
    merged: int = 0  # how many anonymous histories were merged in
    user_id: str = ""  # of the profile a device's history went to, on `a#` items
    shared: bool = False  # on `a#` items: several known shoppers use the device, so each anonymous session stands alone
    choices: list[Choice] = []  # history of consent, oldest first; only changes
    preferences: list[Wish] = []  # the shopper's own, oldest first, one per value
    shown: dict[str, float] = {}  # item -> how often it was shown in vain (`shared.profiles.fatigue`), at most SHOWN
    carted_at: float = 0.0  # when something was put into the cart, taken out or ordered last; 0: before this was noted
    orders: list[Order] = []  # oldest first, at most ORDERS: for refunds


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(State)


def encode(state: State) -> bytes:
    return _encoder.encode(state)


def decode(value: bytes) -> State:
    """Raises msgspec.ValidationError when the value is not a state."""
    return _decoder.decode(value)
