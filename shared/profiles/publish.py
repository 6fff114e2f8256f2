"""Written states go into the cache at once, so that the next answer sees them."""

from shared.cache import Cache
from shared.profiles.state import State, encode

STATE_TTL = 60


class WriteThrough:
    def __init__(self, cache: Cache | None) -> None:
        self.cache = cache

    def __call__(self, states: dict[str, State]) -> None:
        if self.cache:
            self.cache.put_many({f"s:{key}": encode(state) for key, state in states.items()}, STATE_TTL)
