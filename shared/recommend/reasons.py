"""Why an item is shown: the one vocabulary of `Candidate.reason` and of `reasons[]` in answers."""

from shared.lists.model import Kind

SIMILAR = "similar_to"  # because: an item the shopper dealt with
TOGETHER = "bought_together"  # because: an item in the cart, on the page, or bought
FOR_YOU = "for_you"  # the shopper's taste as a whole (ALS)
SEEN = "looked_at"  # because: the item itself
AGAIN = "buy_again"  # because: the item itself
POPULAR = "popular"  # because: the segment, and so for all below
TRENDING = "trending"
BEST_SELLER = "best_seller"
MOST_VIEWED = "most_viewed"
NEW = "new_arrival"  # of a newcomer shown beside what it is like, because: that item
ON_SALE = "on_sale"
PROMOTED = "promoted"  # by a rule of the shop
CHOICE = "shop_choice"  # margins are nobody's business but the shop's

OF_LIST: dict[Kind, str] = {
    "popular": POPULAR,
    "trending": TRENDING,
    "best-sellers": BEST_SELLER,
    "most-viewed": MOST_VIEWED,
    "new-arrivals": NEW,
    "on-sale": ON_SALE,
    "high-margin": CHOICE,
}
