"""Bytes kept close to the functions. A cache is never the truth: when it fails, reads go to the tables."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

REST = 1.0  # seconds a cache that failed is not read from: a shopper waits for its time limit once, not at every read


class Cache(Protocol):
    def get_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        """The keys that are there; nothing when the cache fails."""
        ...

    def put_many(self, values: Mapping[str, bytes], ttl: int) -> None:
        """Keep what was just written to the tables, for `ttl` seconds. A failure is swallowed: the tables have it."""
        ...

    def fill_many(self, values: Mapping[str, bytes], ttl: int) -> None:
        """Keep what was just read from the tables, unless something is there: it may be newer than what was read."""
        ...

    def delete_many(self, keys: Iterable[str]) -> None: ...


class MemoryCache:
    """In this process, for development and tests."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.values: dict[str, tuple[bytes, float]] = {}

    def get_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        now = self.clock()
        there = ((key, self.values.get(key)) for key in keys)
        return {key: kept[0] for key, kept in there if kept and kept[1] > now}

    def put_many(self, values: Mapping[str, bytes], ttl: int) -> None:
        self.values.update({key: (value, self.clock() + ttl) for key, value in values.items()})

    def fill_many(self, values: Mapping[str, bytes], ttl: int) -> None:
        there = self.get_many(values)
        self.put_many({key: value for key, value in values.items() if key not in there}, ttl)

    def delete_many(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.values.pop(key, None)


class RedisCache:
    """Redis or Valkey. `failed` is called with each error, to be counted. What writes (put, delete) always tries."""

    def __init__(
        self, client: Any, failed: Callable[[Exception], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.client = client
        self.failed = failed
        self.clock = clock
        self.rests_until = 0.0

    def get_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        wanted = list(keys)
        if not wanted or self._rests():
            return {}
        found = self._try(lambda: self.client.mget(wanted)) or ()
        return {key: value for key, value in zip(wanted, found, strict=False) if value is not None}

    def put_many(self, values: Mapping[str, bytes], ttl: int) -> None:
        self._set(values, ttl, only_new=False)

    def fill_many(self, values: Mapping[str, bytes], ttl: int) -> None:
        if not self._rests():
            self._set(values, ttl, only_new=True)

    def delete_many(self, keys: Iterable[str]) -> None:
        wanted = list(keys)
        if wanted:
            self._try(lambda: self.client.delete(*wanted))

    def _set(self, values: Mapping[str, bytes], ttl: int, *, only_new: bool) -> None:
        if values:
            pipeline = self.client.pipeline(transaction=False)
            for key, value in values.items():
                pipeline.set(key, value, ex=ttl, nx=only_new)
            self._try(pipeline.execute)

    def _rests(self) -> bool:
        return self.clock() < self.rests_until

    def _try(self, command: Callable[[], Any]) -> Any:
        try:
            return command()
        except Exception as error:  # noqa: BLE001 - whatever a cache does, a shopper gets an answer
            self.rests_until = self.clock() + REST
            self.failed(error)
            return None


def connect(url: str, failed: Callable[[Exception], None]) -> RedisCache | None:
    """The cache at `url` (redis:// or rediss://); None when the shop runs without one."""
    if not url:
        return None
    import redis  # noqa: PLC0415 - costs 100 ms of cold start, and most shops run without a cache
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    # one retry at once: the connection of an environment that was frozen may be gone
    client = redis.Redis.from_url(url, socket_connect_timeout=0.2, socket_timeout=0.1, retry=Retry(NoBackoff(), 1))
    return RedisCache(client, failed)
