"""Merge protection as a shop sets it: words in one parameter of the stack."""

from shared.identity.graph import DEFAULT, WINDOWS, Limit, Settings

CAPS = ("merges", "identifiers")


def parse(text: str) -> Settings:
    """From words such as `email=3 anonymous=10/monthly loyalty=1/ever merges=50`, each over the default; `others=5` is every type that has
    no limit of its own. A known shopper has one user id, which is not for setting. Raises ValueError naming the word."""
    limits, caps = dict(DEFAULT.limits), {name: getattr(DEFAULT, name) for name in CAPS}
    others = DEFAULT.others
    for word in text.split():
        kind, sign, value = word.partition("=")
        most, _, window = value.partition("/")
        if (
            not (sign and kind and most.isdecimal() and int(most) > 0)
            or (window or "ever") not in WINDOWS
            or kind == "user"
        ):
            raise ValueError(
                f"{word} is no limit: write type=number or type=number/window, windows are {', '.join(WINDOWS)}"
            )
        if kind in CAPS:
            caps[kind] = int(most)
        elif kind == "others":
            others = Limit(int(most), window or "ever")
        else:
            limits[kind] = Limit(int(most), window or "ever")
    return Settings(limits=limits, others=others, merges=caps["merges"], identifiers=caps["identifiers"])
