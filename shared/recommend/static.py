"""The list of last resort: popular items complete with what a shelf shows, as they were at the last publishing."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import json

from shared.catalog.model import Item, Price
from shared.lists.model import Scored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "static/popular.json"
FRESH = 600.0
REST = 30.0  # seconds until a list that could not be read is asked for again


class S3Static:
    """The cards in S3. The client is made when they are first needed: most environments never need them."""

    def __init__(self, client: "Callable[[], S3Client]", bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    def __call__(self) -> list[dict[str, Any]]:
        found = self.client().get_object(Bucket=self.bucket, Key=KEY)
        return json.decode(found["Body"].read(), type=list[dict[str, Any]])


class Static:
    """`load` fetches cards as `shared.catalog.card.kept_card` makes them; whatever it raises is told to `failed`."""

    def __init__(
        self,
        load: Callable[[], list[dict[str, Any]]],
        failed: Callable[[Exception], None],
        clock: Callable[[], float],
    ) -> None:
        self.load = load
        self.failed = failed
        self.clock = clock
        self.kept: dict[str, Item] = {}
        self.until = float("-inf")

    def items(self) -> dict[str, Item]:
        """By id, most popular first; empty before the first publishing."""
        if self.clock() >= self.until:
            try:
                self.kept = {card["id"]: from_card(card) for card in self.load()}
                self.until = self.clock() + FRESH
            except Exception as error:  # noqa: BLE001 - behind this there is nothing: an empty shelf, never an error
                self.until = self.clock() + REST
                self.failed(error)
        return self.kept

    def scored(self) -> Scored:
        return [(item, 0.0) for item in self.items()]


def from_card(card: dict[str, Any]) -> Item:
    return Item(
        id=card["id"],
        title=card["title"],
        link=card.get("link", ""),
        image_link=card.get("imageLink", ""),
        price=_price(card.get("price")),
        sale_price=_price(card.get("salePrice")),
        brand=card.get("brand", ""),
        product_type=card.get("productType", ""),
        minimum_age=card.get("minimumAge", 0),
        countries=card.get("countries", []),
        excluded_countries=card.get("excludedCountries", []),
        sizes=card.get("sizes", []),
    )


def _price(value: dict[str, Any] | None) -> Price | None:
    return Price(value["amount"], value["currency"]) if value else None
