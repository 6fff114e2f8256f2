"""Bytes kept close to the functions. A cache is never the truth: when it fails, reads go to the tables."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol


class Cache(Protocol):
    def get_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        """The keys that are there; nothing when the cache fails."""
        ...

    def put_many(self, values: Mapping[str, bytes], ttl: int) -> None:
        """Keep values for `ttl` seconds. A failure is swallowed: the tables have them."""
        ...

    def delete_many(self, keys: Iterable[str]) -> None: ...


class RedisCache:
    """Redis or Valkey. `failed` is called with each error, to be counted."""

    def __init__(self, client: Any, failed: Callable[[Exception], None]) -> None:
        self.client = client
        self.failed = failed

    def get_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        wanted = list(keys)
        try:
            found = self.client.mget(wanted) if wanted else []
        except Exception as error:  # noqa: BLE001 - whatever a cache does, a shopper gets an answer
            self.failed(error)
            return {}
        return {key: value for key, value in zip(wanted, found, strict=True) if value is not None}

    def put_many(self, values: Mapping[str, bytes], ttl: int) -> None:
        try:
            pipeline = self.client.pipeline(transaction=False)
            for key, value in values.items():
                pipeline.set(key, value, ex=ttl)
            pipeline.execute()
        except Exception as error:  # noqa: BLE001
            self.failed(error)

    def delete_many(self, keys: Iterable[str]) -> None:
        wanted = list(keys)
        try:
            if wanted:
                self.client.delete(*wanted)
        except Exception as error:  # noqa: BLE001
            self.failed(error)


def connect(url: str, failed: Callable[[Exception], None]) -> RedisCache | None:
    """The cache at `url` (redis:// or rediss://); None when the shop runs without one."""
    if not url:
        return None
    import redis  # noqa: PLC0415 - costs 100 ms of cold start, and most shops run without a cache

    client = redis.Redis.from_url(url, socket_connect_timeout=0.2, socket_timeout=0.1, health_check_interval=30)
    return RedisCache(client, failed)
