"""The plan's document as a JSON Schema (draft 2020-12), made of the definitions that the parser reads by.

A schema knows fields, types and limits. What it cannot say the parser does: expressions, time zones and times, names that must exist
or may be given once only, as many slots as there are items, and the values of placements' settings.
"""

from collections.abc import Collection
from typing import Any

from shared.experiments import bandits, model
from shared.experiments.form import NAME
from shared.merchandising import values
from shared.merchandising.parse import COMMON, MOST_RULES, MOST_SEGMENTS, NEEDED, ONE_OF, OWN
from shared.merchandising.plan import ACTIONS
from shared.recommend.settings import DIALS, SETTINGS

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
OBJECT: Schema = {"type": "object"}
FLAGS: Schema = {"type": "object", "additionalProperties": {"type": "boolean"}}
SLUG: Schema = {"type": "string", "pattern": f"^{NAME.pattern}$"}
EXPRESSION: Schema = {"type": "string", "description": 'an expression, such as item.brand = "Alm" and item.price < 50'}
DAY: Schema = {"type": "string", "description": "a day or a time, such as 2026-12-01 or 2026-12-01T18:00"}
FILLED = r"\S"
ITEM: Schema = {"type": "string", "pattern": FILLED, "maxLength": values.LONGEST_ID}
FIELDS: dict[str, Schema] = {
    "name": {"type": "string", "pattern": FILLED, "maxLength": values.LONGEST_NAME},
    "action": {"enum": list(ACTIONS)},
    "where": EXPRESSION,
    "when": EXPRESSION,
    "placements": {"type": "array", "items": TEXT, "uniqueItems": True},
    "from": DAY,
    "until": DAY,
    "timezone": {"type": "string", "description": "such as Europe/Berlin"},
    "priority": {"type": "integer", "minimum": -values.MOST_PRIORITY, "maximum": values.MOST_PRIORITY},
    "enabled": {"type": "boolean"},
    "items": {"type": "array", "items": ITEM, "minItems": 1, "maxItems": values.MOST_ITEMS, "uniqueItems": True},
    "slots": {
        "type": "array",
        "items": {"type": "integer", "minimum": 1, "maximum": values.LAST_SLOT},
        "minItems": 1,
        "maxItems": values.MOST_SLOTS,
        "uniqueItems": True,
    },
    "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    "by": {"type": "number", "exclusiveMinimum": 1, "maximum": values.MOST_FACTOR},
    "with": ITEM,
}


def schema() -> Schema:
    settings = _closed({**dict.fromkeys(SETTINGS, {}), "dials": _closed(dict.fromkeys(DIALS, {}))})
    recipe = {"name": SLUG, "settings": settings, "rules": FLAGS}
    placement = _closed({**settings["properties"], "like": TEXT, "strategies": {"type": "array"}})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A shop's plan",
        **_closed(
            {
                "$schema": {},
                "timezone": FIELDS["timezone"],
                "rules": {"type": "array", "maxItems": MOST_RULES, "items": {"oneOf": [_rule(a) for a in ACTIONS]}},
                "segments": {
                    "type": "object",
                    "maxProperties": MOST_SEGMENTS,
                    "propertyNames": {"pattern": r"^[^:]*[^:\s][^:]*$", "maxLength": values.LONGEST_NAME},
                    "additionalProperties": EXPRESSION,
                },
                "lifecycle": _closed(
                    {
                        name: {
                            "type": "integer" if name == "loyalOrders" else "number",
                            "minimum": low,
                            "maximum": high,
                        }
                        for name, (_, low, high) in values.LIMITS.items()
                    }
                ),
                "placements": {"type": "object", "additionalProperties": placement},
                "experiments": _each(model.FIELDS, "variants", _closed({**recipe, "share": {"type": "number"}})),
                "bandits": _each(bandits.FIELDS, "arms", _closed(recipe)),
            }
        ),
    }


def _rule(action: str) -> Schema:
    own = {name: FIELDS[name] for name in (*COMMON, *OWN[action])}
    pairs = ONE_OF.get(action, (("where", "items"),))
    return {
        "title": action,
        **_closed({**own, "action": {"const": action}}),
        "required": ["name", "action", *NEEDED[action]],
        **({"allOf": [{"oneOf": [{"required": [name]} for name in pair]} for pair in pairs]} if pairs else {}),
    }


def _each(fields: Collection[str], recipes: str, recipe: Schema) -> Schema:
    """Experiments or bandits by name; each has at least two `recipes`."""
    known: dict[str, Schema] = {name: {} for name in sorted(fields)} | {recipes: {"type": ["array", "object"]}}
    known[recipes] |= {"minItems": 2, "minProperties": 2, "items": recipe, "additionalProperties": recipe}
    return {"type": "object", "additionalProperties": {**_closed(known), "required": [recipes]}}


def _closed(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}
