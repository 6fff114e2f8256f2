from shared.recommend.kept import Kept


def counted(most=10):
    made = []

    def decode(value):
        made.append(value)
        return value.decode() if value != b"broken" else None

    return Kept(decode, most), made


def test_the_same_bytes_are_decoded_once():
    kept, made = counted()
    assert [kept.get("tent", b"green"), kept.get("tent", b"green")] == ["green", "green"]
    assert made == [b"green"]


def test_other_bytes_are_never_answered_with_what_was_kept():
    kept, _ = counted()
    kept.get("tent", b"green")
    assert kept.get("tent", b"red") == "red"
    assert kept.get("tent", b"green") == "green"


def test_what_cannot_be_read_is_none_until_it_changes():
    kept, made = counted()
    assert kept.get("tent", b"broken") is None
    assert kept.get("tent", b"broken") is None
    assert made == [b"broken"]
    assert kept.get("tent", b"green") == "green"


def test_no_more_is_kept_than_may_be():
    kept, _ = counted(most=3)
    for n in range(10):
        assert kept.get(f"item-{n}", b"%d" % n) == str(n)
        assert len(kept.values) <= 3
