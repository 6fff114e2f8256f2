"""What the made-up shop for outdoors and home sells, in words: departments, shelves, brands, styles."""

from typing import NamedTuple


class Shelf(NamedTuple):
    """`price` is typical, in EUR; `goes_with` are shelves whose products are bought along with these."""

    nouns: tuple[str, ...]
    price: float
    goes_with: tuple[str, ...]
    features: tuple[str, ...]
    colours: bool = False


class Brand(NamedTuple):
    name: str
    level: float  # its prices against typical ones
    margin: float


def _shelf(nouns: str, price: float, goes_with: str, features: str, *, colours: bool = False) -> Shelf:
    return Shelf(
        tuple(nouns.split("|")),
        price,
        tuple(goes_with.split("|")) if goes_with else (),
        tuple(features.split("|")),
        colours,
    )


SHELVES: dict[str, Shelf] = {
    "Camping > Tents": _shelf(
        "Dome Tent|Tunnel Tent|Trekking Tent|Family Tent|Tarp", 190, "Camping > Mats|Camping > Sleeping Bags",
        "pitched in five minutes|taped seams and a deep groundsheet|room for two and their boots|packs to the size of a loaf"),
    "Camping > Sleeping Bags": _shelf(
        "Down Sleeping Bag|Summer Sleeping Bag|Quilt|Bag Liner", 115, "Camping > Mats",
        "warm to the first frost|a zip that does not catch|a hood that follows your head"),
    "Camping > Mats": _shelf(
        "Air Mat|Foam Mat|Double Mat|Camp Pillow", 55, "Camping > Sleeping Bags",
        "quiet when you turn over|inflates in twelve breaths|a patch kit in the bag"),
    "Camping > Stoves": _shelf(
        "Gas Stove|Alcohol Stove|Cook Set|Titanium Pot|Gas Cartridge", 45, "Kitchen > Storage|Travel > Bottles",
        "boils a litre in three minutes|folds into its own pot|steady on uneven ground"),
    "Hiking > Boots": _shelf(
        "Trekking Boot|Trail Shoe|Approach Shoe|Winter Boot", 150, "Hiking > Socks|Hiking > Poles",
        "a sole that can be replaced|dry in wet grass|comfortable from the first day"),
    "Hiking > Backpacks": _shelf(
        "Daypack|Trekking Backpack|Travel Pack|Rain Cover", 98, "Travel > Bottles|Travel > Comfort",
        "carries on the hips, not the shoulders|a pocket where you look for it|a back that breathes", colours=True),
    "Hiking > Poles": _shelf(
        "Carbon Poles|Folding Poles|Trekking Poles", 70, "Hiking > Socks",
        "adjusts with gloves on|cork grips|tips that can be changed"),
    "Hiking > Socks": _shelf(
        "Merino Socks|Liner Socks|Trail Socks", 18, "",
        "no seam at the toes|warm even when wet|washes at forty degrees", colours=True),
    "Clothing > Jackets": _shelf(
        "Rain Jacket|Down Jacket|Softshell|Windbreaker", 145, "Clothing > Hats|Clothing > Fleece",
        "dry through a long day of rain|pockets above the hip belt|made of recycled yarn", colours=True),
    "Clothing > Fleece": _shelf(
        "Fleece Pullover|Fleece Vest|Wool Sweater", 78, "Clothing > Hats",
        "soft on bare skin|dries overnight|cuffs that stay up", colours=True),
    "Clothing > Trousers": _shelf(
        "Trekking Trousers|Zip-Off Trousers|Shorts", 82, "Clothing > Fleece|Hiking > Socks",
        "stretches where you bend|ticks find no way in|a pocket for the map", colours=True),
    "Clothing > Hats": _shelf(
        "Wool Beanie|Sun Hat|Cap|Neck Warmer", 26, "",
        "covers the ears|shade without weight|does not itch", colours=True),
    "Kitchen > Coffee": _shelf(
        "Pour-Over Set|Hand Grinder|Espresso Pot|Coffee Beans", 32, "Kitchen > Storage|Living > Candles",
        "a clean cup every morning|easy to take apart|roasted in small batches"),
    "Kitchen > Pans": _shelf(
        "Cast Iron Pan|Wok|Saucepan|Pan Lid", 62, "Kitchen > Knives",
        "works on every stove|gets better with the years|an even heat up to the rim"),
    "Kitchen > Knives": _shelf(
        "Chef's Knife|Bread Knife|Paring Knife|Whetstone", 52, "Kitchen > Pans",
        "stays sharp for months|well balanced|a handle of oiled oak"),
    "Kitchen > Storage": _shelf(
        "Glass Jar|Lunch Box|Bread Tin|Thermos", 23, "",
        "tight even upside down|stacks neatly|free of plastic"),
    "Living > Lamps": _shelf(
        "Reading Lamp|Floor Lamp|Table Lamp|String Lights", 68, "Living > Candles|Living > Blankets",
        "warm light that dims|a shade of washed linen|a switch where the hand is"),
    "Living > Blankets": _shelf(
        "Wool Blanket|Linen Throw|Cushion", 58, "Living > Candles",
        "woven from new wool|big enough for two|softer after each wash", colours=True),
    "Living > Candles": _shelf(
        "Beeswax Candle|Tealights|Candle Holder", 16, "",
        "burns without smoke|smells of honey|poured by hand"),
    "Living > Plants": _shelf(
        "Plant Pot|Watering Can|Herb Kit|Plant Stand", 29, "Living > Candles",
        "with a saucer|fired twice|thrives on a window sill"),
    "Climbing > Ropes": _shelf(
        "Single Rope|Half Rope|Rope Bag|Accessory Cord", 120, "Climbing > Harnesses|Climbing > Hardware",
        "runs smoothly through every device|marked in the middle|treated against wet"),
    "Climbing > Harnesses": _shelf(
        "Sport Harness|Alpine Harness|Kids Harness", 70, "Climbing > Hardware|Climbing > Chalk",
        "comfortable to hang in|four gear loops|adjusts at the legs"),
    "Climbing > Hardware": _shelf(
        "Quickdraw Set|Carabiner|Belay Device|Nut Set", 40, "Climbing > Chalk",
        "a gate that does not snag|light on the belt|easy to clip when pumped"),
    "Climbing > Chalk": _shelf(
        "Chalk Bag|Liquid Chalk|Chalk Ball", 14, "",
        "a closure that holds|dries in seconds|fits two hands"),
    "Cycling > Bags": _shelf(
        "Pannier|Handlebar Bag|Frame Bag|Saddle Bag", 62, "Cycling > Tools|Cycling > Lights",
        "on and off with one hand|welded, not sewn|reflects at night", colours=True),
    "Cycling > Lights": _shelf(
        "Front Light|Rear Light|Light Set", 39, "Cycling > Tools",
        "seen from a kilometre away|charges over lunch|stays on in the rain"),
    "Cycling > Tools": _shelf(
        "Multi Tool|Pump|Repair Kit|Chain Oil", 21, "",
        "everything for the roadside|fits the jersey pocket|steel that lasts"),
    "Cycling > Helmets": _shelf(
        "Road Helmet|City Helmet|Kids Helmet", 78, "Cycling > Lights",
        "air where it is hot|a fit you set with one hand|certified and light", colours=True),
    "Travel > Luggage": _shelf(
        "Duffel|Cabin Trolley|Packing Cubes", 92, "Travel > Comfort",
        "rolls quietly over cobbles|within every airline's limits|handles on all sides", colours=True),
    "Travel > Comfort": _shelf(
        "Neck Pillow|Sleep Mask|Travel Towel", 21, "",
        "packs to a fist|soft on the face|dry within the hour"),
    "Travel > Bottles": _shelf(
        "Steel Bottle|Filter Bottle|Soft Flask", 27, "",
        "cold all day|drinks from any stream|no taste of its own", colours=True),
    "Travel > Notebooks": _shelf(
        "Field Notebook|Map Case|Pen Set", 15, "",
        "paper that takes rain|lies flat|a loop for the pen"),
}  # fmt: skip
USES = {
    "Camping": "nights outside", "Hiking": "long days on foot", "Clothing": "any weather", "Kitchen": "the kitchen you cook in every day",
    "Living": "evenings at home", "Climbing": "rock and hall", "Cycling": "the way to work and far beyond", "Travel": "being on the road",
}  # fmt: skip
BRANDS = [
    Brand("Alm", 1.0, 0.45), Brand("Norrvik", 1.5, 0.4), Brand("Tarn", 0.7, 0.3), Brand("Birkholm", 1.2, 0.42),
    Brand("Fjellro", 1.35, 0.38), Brand("Costa Verde", 0.8, 0.33), Brand("Maro", 0.6, 0.25), Brand("Hazel & Oak", 1.1, 0.48),
    Brand("Lumen", 0.9, 0.36), Brand("Steinbach", 1.25, 0.4), Brand("Wren", 0.75, 0.35), Brand("Ostrea", 1.6, 0.5),
]  # fmt: skip
STYLES = {
    "light": ("Feather", "Swift", "Drift", "Breeze", "Glide"),
    "classic": ("Heritage", "Willow", "Harbour", "Orchard", "Hearth"),
    "rugged": ("Granite", "Storm", "Summit", "Ridge", "Anvil"),
    "bright": ("Meadow", "Poppy", "Lagoon", "Ember", "Kite"),
}
COLOURS = ("moss", "slate", "sand", "rust", "night blue", "berry")
REFILLS = {  # noun -> days until it is used up
    "Coffee Beans": 17, "Tealights": 24, "Gas Cartridge": 26, "Chain Oil": 30, "Liquid Chalk": 28, "Merino Socks": 45,
}  # fmt: skip
COUNTRIES = {"GB": 0.38, "DE": 0.25, "FR": 0.15, "NL": 0.12, "AT": 0.1}
PERSONAS = {  # accounts of the demo shop: name -> departments they love
    "Ada": ("Climbing", "Hiking"), "Bruno": ("Kitchen", "Living"), "Chloé": ("Clothing", "Travel"), "Daan": ("Cycling", "Travel"),
    "Emil": ("Camping", "Hiking"),
}  # fmt: skip
