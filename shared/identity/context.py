"""What of an event's `context` is kept: what is listed here, and nothing else."""

from typing import Any

# What of `context` is kept: Segment's common fields that say how and where something was done, not by whom. None: what is inside is
# scrubbed like everything else; otherwise only these fields of it.
LISTED: dict[str, frozenset[str] | None] = {
    "app": frozenset({"name", "version", "build", "namespace"}),
    "campaign": frozenset({"name", "source", "medium", "term", "content"}),
    "consent": frozenset({"categoryPreferences", "tcfString", "usPrivacy", "gpc", "updatedAt"}),
    "device": frozenset({"type", "manufacturer", "model"}),
    "library": frozenset({"name", "version"}),
    "locale": None,
    "location": frozenset({"country", "region"}),
    "network": frozenset({"bluetooth", "cellular", "wifi"}),
    "os": frozenset({"name", "version"}),
    "page": frozenset({"path", "referrer", "search", "title", "url"}),
    "referrer": frozenset({"type", "name", "url", "link"}),
    "screen": frozenset({"width", "height", "density", "innerWidth", "innerHeight"}),
    "timezone": None,
    "userAgent": None,
    "userAgentData": frozenset({"brands", "mobile", "platform"}),
}


def listed(context: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, part in context.items():
        fields = LISTED.get(name, frozenset())
        if fields is None and isinstance(part, str):
            kept[name] = part
        elif fields and isinstance(part, dict):
            kept[name] = {field: value for field, value in part.items() if field in fields}
    return kept
