"""What a shop's server may ask of the catalog, in JSON."""

import math
from typing import Any

from shared.catalog.model import Item
from shared.catalog.parse import as_feed, id_of, parse, patched
from shared.catalog.store import CatalogStore
from shared.errors import Conflict, InvalidRequest, NotFound, ShopwindowError

MOST_ITEMS = 1000
MOST_LISTED = 1000
PATCH_ATTEMPTS = 5


class CatalogDesk:
    def __init__(self, store: CatalogStore, now: float) -> None:
        self.store = store
        self.now = now

    def put_many(self, body: Any) -> dict[str, Any]:
        """Write `items`, each judged on its own. Raises InvalidRequest when none can be taken.

        Answers how many were `written`, the ids that are `older` than what is stored, and the `rejected` with their reasons.
        """
        rows = body.get("items") if isinstance(body, dict) else None
        if not isinstance(rows, list) or not rows:
            raise InvalidRequest("must be a list of at least one item", "items")
        if len(rows) > MOST_ITEMS:
            raise InvalidRequest(f"has more than {MOST_ITEMS} items; send several requests or a feed", "items")
        items: dict[str, Item] = {}
        rejected = []
        for index, row in enumerate(rows):
            try:
                item = parse(row, self.now)
                items[item.id] = item
            except InvalidRequest as error:
                rejected.append({"index": index, "id": id_of(row), **error.body()})
        if not items:
            first = rejected[0]
            field = f"items[0].{first['field']}" if "field" in first else "items[0]"
            raise InvalidRequest(f"no item could be taken; the first: {first['message']}", field)
        written = self.store.put_many(list(items.values()))
        older = [item_id for item_id, done in zip(items, written, strict=True) if not done]
        return {"written": sum(written), "older": older, "rejected": rejected}

    def put(self, item_id: str, body: Any) -> dict[str, Any]:
        """Write one item whole. Raises InvalidRequest, or Conflict when a newer one is stored."""
        item = parse({"id": item_id, **body} if isinstance(body, dict) else body, self.now)
        if item.id != item_id:
            raise InvalidRequest("differs from the id in the address", "id")
        if self.store.put_many([item]) == [False]:
            raise Conflict("a newer version of this item is stored; read it and send yours again")
        return as_feed(item)

    def patch(self, item_id: str, body: Any) -> dict[str, Any]:
        """Change some fields. Raises NotFound, InvalidRequest, or Conflict when others keep changing the item."""
        for _ in range(PATCH_ATTEMPTS):
            item = self._item(item_id)
            changed = patched(item, body, max(self.now, math.nextafter(item.updated_at, math.inf)))
            if self.store.replace(changed, item.updated_at):
                return as_feed(changed)
        raise Conflict("others keep changing this item; try again")

    def get(self, item_id: str) -> dict[str, Any]:
        return as_feed(self._item(item_id))

    def delete(self, item_id: str) -> dict[str, Any]:
        if not self.store.delete(item_id):
            raise _unknown(item_id)
        return {"deleted": item_id}

    def page(self, limit: str, cursor: str) -> dict[str, Any]:
        """Up to `limit` items, in no particular order, and `nextCursor` if there are more. Raises InvalidRequest."""
        if not (limit.isdecimal() and len(limit) < 5 and 1 <= int(limit) <= MOST_LISTED):
            raise InvalidRequest(f"must be a number from 1 to {MOST_LISTED}", "limit")
        items, following = self.store.page(int(limit), cursor)
        return {"items": [as_feed(item) for item in items], **({"nextCursor": following} if following else {})}

    def _item(self, item_id: str) -> Item:
        item = self.store.get_many([item_id]).get(item_id)
        if item is None:
            raise _unknown(item_id)
        return item


def _unknown(item_id: str) -> ShopwindowError:
    return NotFound(f"the catalog has no item {item_id!r}", "id")
