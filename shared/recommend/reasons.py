"""Why an item is shown: the one vocabulary of `Candidate.reason` and of `reasons[]` in answers."""

SIMILAR = "similar_to"  # because: an item the shopper dealt with
TOGETHER = "bought_together"  # because: an item in the cart, on the page, or bought
FOR_YOU = "for_you"  # the shopper's taste as a whole (ALS)
AGAIN = "buy_again"  # because: the item itself
POPULAR = "popular"  # because: the segment
TRENDING = "trending"  # because: the segment
