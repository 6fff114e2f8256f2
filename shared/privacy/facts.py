"""What a receipt of erasure says: what was found, what remains, with no identifier in clear."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.privacy import registry
from shared.privacy.keys import hidden
from shared.privacy.person import ANONYMOUS, Person
from shared.privacy.requests import Request, moment
from shared.privacy.stores.base import Store

SCHEMA = "shopwindow.erasure-receipt/1"


def receipt(request: Request, who: Person, stores: dict[str, Store], key: bytes, now: float) -> dict[str, Any]:
    """What was erased and what remains, with no identifier in clear."""
    return {
        "schema": SCHEMA,
        "request": request.id,
        "requestedAt": moment(request.created),
        "erasedAt": moment(request.erased_at),
        "completedAt": moment(now),
        "found": request.found > 0,
        "person": sorted(hidden(key, *identifier) for identifier in who.identifiers),
        "devicesSharedWithOthers": len(who.shared),
        "devicesNamedThoughShared": sorted(hidden(key, ANONYMOUS, device) for device in who.opened),
        "suppression": request.suppress,
        "stores": counts(request, stores),
        "models": models(request.models, now),
        "remains": remains(request, now),
    }


def counts(request: Request, stores: dict[str, Store]) -> list[dict[str, Any]]:
    """By store, what was erased and what a search of all of it found afterwards."""
    done = {step.name: step for step in request.steps}
    return [
        {
            "store": name,
            "what": store.title,
            "found": done[f"erase {name}"].found,
            "foundAfterwards": done[f"verify {name}"].found,
            "verifiedAt": moment(done[f"verify {name}"].ended),
        }
        for name, store in stores.items()
        if f"verify {name}" in done
    ]


def models(found: list[dict[str, Any]], now: float) -> dict[str, Any]:
    """`found` are versions that saw the person (or may have), newest first."""
    versions = {
        answer: [model["version"] for model in found if model["sawThePerson"] == answer]
        for answer in ("yes", "unknown")
    }
    last = datetime.fromtimestamp(now, UTC) + timedelta(days=registry.VERSIONS_KEPT)
    gone = last + timedelta(days=registry.NONCURRENT_DAYS)
    dates = {"lastRetiredBy": last.date().isoformat(), "lastCopyGoneBy": gone.date().isoformat()} if found else {}
    return {
        "sawThePerson": versions["yes"],
        "notKnown": versions["unknown"],
        **dates,
        "computed": (
            f"{registry.VERSIONS_KEPT} versions are kept and one is published each night, so the newest of now is retired after "
            f"{registry.VERSIONS_KEPT} nights, and its deleted files are gone {registry.NONCURRENT_DAYS} days later; nights without a "
            "new version are to be added. A model holds sums over all shoppers, none of a single one."
        ),
    }


def remains(request: Request, now: float) -> list[dict[str, str]]:
    """What cannot be erased at once, and when it goes by itself."""

    def day(seconds: float, days: float) -> str:
        return moment(seconds + days * registry.DAY)

    kept = "for ever" if request.suppress == "forever" else day(request.erased_at, registry.SUPPRESSION_DAYS)
    return [
        {
            "what": "records in the event stream",
            "until": day(request.erased_at, registry.STREAM_DAYS),
            "why": "a stream cannot be edited; the suppression keeps its consumers from using them",
        },
        {
            "what": "point-in-time backups of the tables",
            "until": day(now, registry.BACKUP_DAYS),
            "why": "a backup cannot be edited; after a restore `privacy replay` erases again whom kept receipts are about",
        },
        {
            "what": "hidden identifiers of the suppression",
            "until": kept,
            "why": "without them late events would bring the person back",
        },
        {
            "what": "this receipt",
            "until": day(request.created, registry.REQUEST_DAYS),
            "why": "it is the shop's proof; it names nobody",
        },
    ]
