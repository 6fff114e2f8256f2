"""TC strings of the wild and of an encoder are read; everything else is no consent and no error."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.consent import tcf
from shared.events.model import Consent

# strings published with open-source decoders; of the first, its documentation says which purposes it names
KNOWN = [
    (
        "CLcVDxRMWfGmWAVAHCENAXCkAKDAADnAABRgA5mdfCKZuYJez-NQm0TBMYA4oCAAGQYIAAAAAAEAIAEgAA.argAC0gAAAAAAAAAAAA",
        {1, 3, 9, 10},
    ),
    ("COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA", {1, 2, 3}),
    ("COxSKBCOxSKCCBcABCENAgCMAPzAAEPAAAqIDaQBQAMgAgABqAR0A2gDaQAwAMgAgANoAAA", {1, 2, 3, 4, 5, 6, 9, 10}),
]


def encode(purposes, *, version=2, policy=2, legitimate=0, vendors=0, **fields):
    """A core segment, bit by bit, as the specification lists its fields."""
    written = ""

    def put(value, bits):
        nonlocal written
        written += format(value, f"0{bits}b")

    put(version, 6)
    put(fields.get("created", 0), 36)
    put(fields.get("updated", 0), 36)
    put(fields.get("cmp", 0), 12)
    put(fields.get("cmp_version", 0), 12)
    put(0, 6)  # screen
    put(0, 12)  # language
    put(fields.get("list", 0), 12)
    put(policy, 6)
    put(fields.get("specific", 0), 1)
    put(0, 1)  # non-standard texts
    put(fields.get("features", 0), 12)
    for number in range(1, 25):
        put(int(number in purposes), 1)
    put(legitimate, 24)
    put(0, 1)  # purpose one treatment
    put(0, 12)  # publisher's country
    put(vendors, 16)
    put(0, 1)
    put(0, vendors)
    put(0, 16)
    put(0, 1)
    put(0, 12)  # no restrictions
    written += "0" * (-len(written) % 8)
    raw = int(written, 2).to_bytes(len(written) // 8, "big")
    return urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(("text", "purposes"), KNOWN)
def test_strings_of_the_wild_are_read(text, purposes):
    assert tcf.purposes(text) == purposes


@given(
    st.frozensets(st.integers(1, 24)),
    st.integers(2, 5),
    st.integers(0, 2**24 - 1),
    st.integers(0, 40),
    st.fixed_dictionaries(
        {"created": st.integers(0, 2**36 - 1), "features": st.integers(0, 4095), "list": st.integers(0, 4095)}
    ),
    st.sampled_from(["", ".IF3EXySoGY2tho2YVFzBEIYwfJxyigMgShg", ".elAAAAAAAWA", ".."]),
)
def test_what_an_encoder_writes_is_read_back_and_legitimate_interest_is_no_consent(
    purposes, policy, legitimate, vendors, fields, more
):
    text = encode(purposes, policy=policy, legitimate=legitimate, vendors=vendors, **fields) + more
    assert tcf.purposes(text) == purposes
    read = tcf.consent(text)
    assert read == Consent({1, 8} <= purposes, {1, 5, 6} <= purposes, {1, 3, 4} <= purposes)


@given(
    st.text()
    | st.text("ABCabc019-_.=", max_size=80)
    | st.binary(max_size=60).map(lambda b: urlsafe_b64encode(b).decode())
)
def test_nothing_makes_it_fail(text):
    assert tcf.purposes(text) is None or tcf.consent(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "C",
        "CAAA",
        "BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA",  # version 1
        encode({1, 5, 6}, version=1),
        encode({1, 5, 6}, version=3),
        encode({1, 5, 6})[:36],
        " " + encode({1, 5, 6}),
        "é" + encode({1, 5, 6}),
        encode({1}) + "A" * 30_000,
    ],
)
def test_what_is_no_whole_string_of_version_two_is_none(text):
    assert tcf.consent(text) is None
