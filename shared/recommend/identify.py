"""Who asks, where the keys that tell it may be out of reach: then an answer is about less, and still an answer."""

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from shared import auth
from shared.auth import Access
from shared.identity import ids
from shared.recommend.request import Request
from shared.recommend.shopper import Shopper, shopper


class Identify:
    """`failed` is told of a key that could not be read: then nothing is proven, and whose id needs the key is nobody."""

    def __init__(
        self, secret: Callable[[], str], keys: ids.Hashes, plus_tags: str, failed: Callable[[Exception], None]
    ) -> None:
        self.secret = secret
        self.keys = keys
        self.plus_tags = plus_tags
        self.failed = failed

    def __call__(self, request: Request, access: Access) -> Shopper:
        return shopper(request, access, self.proven, self.known_as)

    def proven(self, user_id: str, user_hash: str) -> bool:
        try:
            return auth.verify_user_hash(self.secret, user_id, user_hash)
        except (ClientError, BotoCoreError) as error:
            self.failed(error)
            return False

    def known_as(self, name: str) -> str:
        """The id that capture keeps; "" while the key for it cannot be read."""
        try:
            return ids.known_as(name, self.keys, self.plus_tags)
        except (ClientError, BotoCoreError) as error:
            self.failed(error)
            return ""
