"""What an item's texts say, in 64 bits: a SimHash (Charikar 2002, Similarity estimation techniques from rounding algorithms).

Each word has 64 numbers of its own, drawn by its hash; bit n says whether the words' n-th numbers together are above what is usual.
The share p of bits in which two sketches differ tells the angle between the texts as vectors of word counts: its cosine is cos(π · p).
Nothing is learned, so a new item has its sketch at once, and a sketch stays right when models change.
"""

import math
from collections import Counter
from functools import lru_cache
from hashlib import blake2b
from struct import unpack

from shared.catalog.model import Item
from shared.catalog.words import texts

BITS = 64
BY_CHANCE = 24  # bits that two texts without a common word differ in, or fewer, in one pair of 40: 32 ± 2 · 4
LEAST = math.cos(math.pi * BY_CHANCE / BITS)  # a cosine that says nothing
ALIKE = tuple(max((math.cos(math.pi * n / BITS) - LEAST) / (1.0 - LEAST), 0.0) for n in range(BITS + 1))
MOST_KEPT = 20_000  # words, some 6 MB


def sketch(item: Item) -> int:
    """Unsigned 64 bits; 0 for an item whose texts have no words."""
    counts = Counter(texts(item))
    total = sum(count * _numbers(word) for word, count in counts.items())
    usual = 255 * counts.total() / 2
    return sum(1 << bit for bit, sum_ in enumerate(unpack("<64I", total.to_bytes(4 * BITS, "little"))) if sum_ > usual)


def likeness(one: int, other: int) -> float:
    """Of two sketches, 0-1: 1.0 for the same words, 0.0 for what may be chance, and where an item has no sketch."""
    return ALIKE[(one ^ other).bit_count()] if one and other else 0.0


@lru_cache(MOST_KEPT)
def _numbers(word: str) -> int:
    """The word's 64 numbers, 0-255 each, in 32 bits each of one integer: to add two words is to add all their numbers."""
    spread = bytearray(4 * BITS)
    spread[::4] = blake2b(word.encode(), digest_size=BITS, person=b"sketch").digest()
    return int.from_bytes(spread, "little")
