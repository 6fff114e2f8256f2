"""What a call says about consent, whatever form it comes in.

`context.consent` may hold Segment's `categoryPreferences`, an IAB TCF string, a US Privacy string and Global Privacy Control, which
browsers also send as a header. Of several that speak about a purpose, all must agree to it. What nobody speaks about is a no, except
where the shop has said that a country's law lets it ask for objection instead (`Policy.opt_out`).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from shared.consent import tcf
from shared.events.model import Consent

Purpose = Literal["analytics", "personalization", "advertising"]
PURPOSES: tuple[Purpose, ...] = ("analytics", "personalization", "advertising")
GPC_HEADER = "sec-gpc"


class Policy(NamedTuple):
    """What holds for a call beyond what its body says: the browser's GPC header, and the countries (ISO 3166) with opt-out."""

    gpc: bool = False
    opt_out: frozenset[str] = frozenset()


OPT_IN = Policy()


class Statement(NamedTuple):
    """`spoken`: personalization was spoken about. `denied`: with an explicit, well-formed no."""

    consent: Consent
    spoken: bool = False
    denied: bool = False


class Vote(NamedTuple):
    purpose: Purpose
    yes: bool
    plain: bool = True  # false: malformed, which is no consent, but no withdrawal either


def policy(headers: Mapping[str, str], opt_out_countries: str = "") -> Policy:
    """`headers` in lower case; `opt_out_countries` separated by commas."""
    countries = (country.strip().upper() for country in opt_out_countries.split(","))
    return Policy(headers.get(GPC_HEADER, "").strip() == "1", frozenset(filter(None, countries)))


def read(context: Mapping[str, Any], policy: Policy = OPT_IN, received: datetime | None = None) -> Statement:
    """Never raises: what cannot be understood is a no. An `updatedAt` after `received` is of a wrong clock and not heeded."""
    said = context.get("consent")
    said = said if isinstance(said, dict) else {}
    votes = list(_votes(said, policy))
    presumed = _country(context) in policy.opt_out
    decided = {}
    for purpose in PURPOSES:
        mine = [vote.yes for vote in votes if vote.purpose == purpose]
        decided[purpose] = all(mine) if mine else presumed
    about = [vote for vote in votes if vote.purpose == "personalization"]
    return Statement(
        Consent(**decided, updated_at=_updated_at(said, received), presumed=presumed and not about),
        spoken=bool(about),
        denied=any(vote.plain and not vote.yes for vote in about),
    )


def _votes(said: dict[str, Any], policy: Policy) -> Iterator[Vote]:
    preferences = said.get("categoryPreferences")
    if isinstance(preferences, dict):
        for purpose in PURPOSES:
            value = preferences.get(purpose)
            if value is not None:
                yield Vote(purpose, value is True, isinstance(value, bool))
    if tc_string := said.get("tcfString"):
        given = tcf.consent(tc_string) if isinstance(tc_string, str) else None
        for purpose in PURPOSES:
            yield Vote(purpose, given is not None and getattr(given, purpose), given is not None)
    if policy.gpc or said.get("gpc") in (True, 1, "1"):
        yield Vote("advertising", yes=False)
    if us_privacy := said.get("usPrivacy"):
        yield from _us_privacy(us_privacy)


def _us_privacy(value: Any) -> Iterator[Vote]:
    """CCPA: version 1, notice given, opted out of sale, covered transaction. Not to have opted out is no agreement."""
    if not (isinstance(value, str) and len(value) == 4 and value[0] == "1" and set(value[1:].upper()) <= set("YN-")):
        yield Vote("advertising", yes=False, plain=False)
    elif value[2].upper() == "Y":
        yield Vote("advertising", yes=False)


def _country(context: Mapping[str, Any]) -> str:
    location = context.get("location")
    country = location.get("country") if isinstance(location, dict) else None
    return country.strip().upper() if isinstance(country, str) else ""


def _updated_at(said: dict[str, Any], received: datetime | None) -> datetime | None:
    value = said.get("updatedAt")
    try:
        parsed = datetime.fromisoformat(value) if isinstance(value, str) else None
        at = parsed and (parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
    return at if at and (received is None or at <= received) else None
