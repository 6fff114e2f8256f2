"""What shoppers said of themselves, or their devices said of them, as columns."""

import io
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.lists.segments import DEVICES, age_band

# What each shopper said of themselves, and when last. A shopper says few different things: they are put together before they are looked at.
WORDS = """
CREATE TABLE words AS
SELECT n, max(ts) AS ts,
       json_extract_string(traits, ['$.address.country', '$.country', '$.gender', '$.birth_year', '$.age']) AS trait,
       json_extract_string(context, ['$.location.country', '$.locale', '$.device.type', '$.timezone']) AS around
FROM owned JOIN numbers USING (shopper) GROUP BY n, trait, around
"""

# The latest of it, from `numbers` (n) and `words`.
SAID = r"""
WITH said AS (
  SELECT n, ts, coalesce(
           nullif(regexp_extract(trait[1], '^[A-Za-z]{2}$'), ''), nullif(regexp_extract(trait[2], '^[A-Za-z]{2}$'), ''),
           nullif(regexp_extract(around[1], '^[A-Za-z]{2}$'), ''),
           nullif(regexp_extract(around[2], '^[A-Za-z]{2,3}[-_](?:[A-Za-z]{4}[-_])?([A-Za-z]{2})$', 1), '')) AS country,
         CASE WHEN lower(trim(trait[3])) IN ('f', 'female', 'woman', 'w') THEN 'f'
              WHEN lower(trim(trait[3])) IN ('m', 'male', 'man') THEN 'm'
              WHEN lower(trim(trait[3])) IN ('x', 'd', 'diverse', 'non-binary', 'nonbinary', 'other') THEN 'x' END AS gender,
         coalesce(TRY_CAST(trait[4] AS DOUBLE), year(to_timestamp(ts)) - TRY_CAST(trait[5] AS DOUBLE)) AS birth_year,
         lower(around[3])[:20] AS device, lower(regexp_extract(around[2], '^[A-Za-z]{2,3}')) AS language, around[4] AS timezone
  FROM words)
SELECT upper(coalesce(arg_max(country, (ts, country)), '')) AS country,
       coalesce(arg_max(gender, (ts, gender)), '') AS gender,
       coalesce(arg_max(birth_year, (ts, birth_year))
                FILTER (year(to_timestamp(ts)) - birth_year BETWEEN 10 AND 110), 'nan'::DOUBLE) AS birth_year,
       coalesce(arg_max(device, (ts, device)) FILTER (device <> ''), '') AS device,
       coalesce(arg_max(language, (ts, language)) FILTER (language <> ''), '') AS language,
       coalesce(arg_max(timezone, (ts, timezone)) FILTER (timezone <> ''), '') AS timezone
FROM numbers LEFT JOIN said USING (n) GROUP BY n ORDER BY n
"""


class People(NamedTuple):
    """One row a shopper. "" (or NaN) where nothing was said."""

    country: NDArray[Any]  # ISO 3166 alpha-2
    gender: NDArray[Any]  # f, m, x
    birth_year: NDArray[Any]
    device: NDArray[Any]
    language: NDArray[Any]
    timezone: NDArray[Any]


def segments(people: People, year: int) -> dict[str, Any]:
    """Segment -> mask over the shoppers who said that they are of it. `year` is that of the latest event."""
    ages = np.nan_to_num(np.asarray(year - people.birth_year, np.float64))
    bands = np.array([age_band(float(age)) for age in ages], dtype="U8") if len(ages) else np.empty(0, "U8")
    found: dict[str, Any] = {f"device:{device}": people.device == device for device in sorted(DEVICES)}
    genders = [gender for gender in np.unique(people.gender).tolist() if gender]
    for band in ("", *(band for band in np.unique(bands).tolist() if band)):
        of_age = bands == band if band else np.ones(len(bands), bool)
        found.update({f"people:{gender}-{band}".strip("-"): (people.gender == gender) & of_age for gender in genders})
        if band:
            found[f"people:{band}"] = of_age
    return {name: mask for name, mask in found.items() if mask.any()}


def dump(segments: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    names = np.array(list(segments), dtype=np.str_) if segments else np.empty(0, "U1")
    np.savez(out, names=names, masks=np.array(list(segments.values()), dtype=bool))
    return out.getvalue()


def load(data: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return dict(zip(arrays["names"].tolist(), arrays["masks"], strict=True))
