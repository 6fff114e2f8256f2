"""Who a call about consent speaks for."""

from collections.abc import Callable
from typing import NamedTuple


class Person(NamedTuple):
    """`proven`: a user hash or the secret key vouches for the user id; otherwise it is a claim and leads nowhere."""

    anonymous_id: str = ""
    user_id: str = ""
    proven: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """Of the states the call may touch: the device's own, and the known shopper's when proven."""
        device = (f"a#{self.anonymous_id}",) if self.anonymous_id else ()
        return (f"u#{self.user_id}", *device) if self.user_id and self.proven else device

    @property
    def names(self) -> list[tuple[str, str]]:
        """Type and value of every name that the call may speak for; what was erased is told to nobody who merely claims a name."""
        names = [("userId", self.user_id if self.proven else ""), ("anonymousId", self.anonymous_id)]
        return [(kind, value) for kind, value in names if value]

    def known_as(self, name: Callable[[str], str]) -> "Person":
        """The same by the ids that capture keeps."""
        return self._replace(anonymous_id=name(self.anonymous_id), user_id=name(self.user_id))
