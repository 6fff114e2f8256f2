"""What items are like by what the catalog says, and how that gives way to what shoppers do."""

import numpy as np
import pytest

from shared.catalog.model import Item, Price
from shared.models import content
from shared.models.content import counted, embed, like, neighbours, placed

WORDS = {
    "Camping > Tents": "tent pole waterproof dome trekking shelter",
    "Camping > Stoves": "stove gas burner cooking flame pot",
    "Kitchen > Mugs": "mug enamel coffee handle ceramic cup",
}


def shop(each=30):
    rng = np.random.default_rng(3)
    for path, words in WORDS.items():
        for n in range(each):
            said = rng.choice(words.split(), 4)
            brand = f"Brand {n % 3}"
            yield Item(
                id=f"{path[-3:]}{n:02d}".lower(),
                title=f"{brand} {' '.join(said)}",
                brand=brand,
                product_type=path,
                price=Price(float(10 + n), "EUR"),
                description="Sold by our shop with care.",
            )


@pytest.fixture(scope="module")
def items():
    return list(shop())


@pytest.fixture(scope="module")
def made(items):
    return embed(items)


def test_items_of_a_kind_are_alike(items, made):
    path = {item.id: item.product_type for item in items}
    found = neighbours(made, 10)
    same = [
        path[str(made.ids[row])] == path[str(made.ids[other])]
        for row, others in enumerate(found.items)
        for other in others
    ]
    assert np.mean(same) > 0.95


def test_vectors_have_length_one_and_an_item_is_never_its_own_neighbour(made):
    assert made.vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(made.vectors, axis=1), 1.0, atol=1e-5)
    found = neighbours(made, 200)
    assert not (found.items == np.arange(len(made.ids))[:, None]).any()
    assert (np.diff(found.scores, axis=1) <= 0).all()


def test_neighbours_in_small_pieces_are_those_of_all_at_once(made, monkeypatch):
    whole = neighbours(made, 7)
    monkeypatch.setattr(content, "CHUNK", 4)
    pieces = neighbours(made, 7)
    assert np.array_equal(whole.items, pieces.items)
    exact = made.vectors @ made.vectors.T
    np.fill_diagonal(exact, -1.0)
    assert np.allclose(whole.scores, -np.sort(-exact, axis=1)[:, :7], atol=1e-5)
    some = neighbours(made, 7, np.array([5, 2], np.int32))
    assert np.array_equal(some.items, whole.items[[5, 2]])


def test_a_new_item_is_placed_by_what_was_learned_as_if_it_had_been_there(items, made):
    """The same vectors come out of the loaded file as of the fit, for items of the fit and for others."""
    loaded = content.load(content.dump(made))
    assert np.allclose(placed(loaded, sorted(items, key=lambda i: i.id)), made.vectors, atol=1e-5)
    new = Item(id="new", title="A dome tent with poles", product_type="Camping > Tents", price=Price(25.0, "EUR"))
    nearest = like(loaded, placed(loaded, [new]), 5)
    assert all(str(loaded.ids[place]).startswith("nts") for place in nearest.items[0]) and nearest.scores[0, 0] > 0.5


def test_the_text_part_is_scikit_learns(items, made):
    from sklearn.feature_extraction.text import TfidfVectorizer

    known = sorted(items, key=lambda item: item.id)
    matrix = TfidfVectorizer(analyzer=content.facets, sublinear_tf=True).fit_transform(known)
    part = content._projected(made.facet_terms, made.facet_weights, known, content.facets)
    assert np.allclose(part @ part.T, (matrix @ matrix.T).toarray(), atol=0.08)


def test_an_item_of_which_nothing_is_known_is_like_nothing(made):
    found = like(made, placed(made, [Item(id="?", title="?")]), 3)
    assert (found.items == -1).all() and (found.scores == 0).all()


@pytest.mark.parametrize("few", [[], [Item(id="a", title="")], [Item(id="a", title="Mug"), Item(id="b", title="Mug")]])
def test_a_shop_of_hardly_anything_has_content_too(few):
    made = embed(few)
    assert len(neighbours(made, 5).items) == len(few)
    assert content.load(content.dump(made)).ids.tolist() == [item.id for item in few]


def test_prices_near_each_other_share_a_band_and_a_path_shares_its_beginning():
    def facets(amount, path):
        return set(content.facets(Item(id="a", title="", price=Price(amount, "EUR"), product_type=path)))

    assert facets(10.0, "A > B") & facets(12.0, "A > C") == {"c:A", "p:7"} & facets(10.0, "A > B") | {"c:A"} | (
        facets(10.0, "") & facets(12.0, "")
    )
    assert not facets(10.0, "A") & facets(100.0, "B")


def test_dealings_are_counted_by_item(made):
    items = np.array(["mug00", "nts01", "gone"])
    numbers = counted(made, items, np.array([2, 1, 2]))
    assert dict(zip(numbers.ids.tolist(), numbers.dealings.tolist(), strict=True))["ugs00"] == 0
    assert numbers.dealings.sum() == 1
