"""The words of the world. No word is a cue of two classes, or both a cue and a filler."""

from typing import NamedTuple

IRREGULAR_PLURALS = {"child": "children", "man": "men", "woman": "women", "person": "people"}


def plural(noun: str) -> str:
    if noun in IRREGULAR_PLURALS:
        return IRREGULAR_PLURALS[noun]
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def _forms(who: str, thing: str, doing: str) -> dict[str, list[str]]:
    """Lists by grammatical form: persons and things in both numbers, and intransitive present participles."""
    return {
        "who": who.split(),
        "whos": [plural(noun) for noun in who.split()],
        "thing": thing.split(),
        "things": [plural(noun) for noun in thing.split()],
        "doing": doing.split(),
    }


# Topic

SINGULAR = ("who", "thing", "doing")
TOPICS = ("world", "sports", "business", "technology")

STRONG = {
    "world": _forms(
        "diplomat senator ambassador refugee dictator rebel soldier president minister lawmaker politician envoy",
        "treaty election parliament embassy ceasefire invasion coup ministry referendum rebellion senate protest army war",
        "governing protesting negotiating campaigning rebelling legislating",
    ),
    "sports": _forms(
        "goalkeeper striker athlete referee sprinter jockey cyclist boxer gymnast golfer swimmer wrestler",
        "trophy tournament championship stadium marathon racket league playoff medal semifinal relay touchdown javelin wicket",
        "dribbling sprinting wrestling jogging skiing golfing",
    ),
    "business": _forms(
        "shareholder banker investor retailer broker economist wholesaler accountant trader auditor lender exporter",
        "merger dividend profit invoice takeover loan mortgage bank company investment bankruptcy revenue franchise supermarket",
        "investing trading exporting banking lending retailing",
    ),
    "technology": _forms(
        "programmer hacker coder physicist engineer scientist astronaut inventor chemist biologist technician roboticist",
        "app laptop website algorithm satellite microchip smartphone telescope database processor browser robot rocket computer",
        "coding programming debugging hacking computing downloading",
    ),
}

WEAK = {
    "world": _forms(
        "leader officer official citizen guard judge",
        "vote border law nation flag conflict march speech council camp",
        "marching voting hiding fleeing",
    ),
    "sports": _forms(
        "coach captain player rider runner fan",
        "ball game team race field score goal jersey bench whistle",
        "running jumping training winning",
    ),
    "business": _forms(
        "manager customer owner buyer seller clerk",
        "price shop market sale store contract job budget deal office",
        "selling buying paying hiring",
    ),
    "technology": _forms(
        "expert user designer maker operator researcher",
        "screen machine battery cable code phone device signal test button",
        "typing clicking scanning testing",
    ),
}

NEUTRAL = _forms(
    "woman man neighbour teacher visitor stranger friend cousin aunt uncle child girl boy guest painter writer",
    "letter picture garden song story bridge window river lamp dinner birthday holiday wedding island mountain cake chair dream "
    "poem castle festival forest basket blanket lesson journey tree lake coat museum",
    "waiting singing talking laughing reading cooking walking resting dancing smiling whispering listening drawing",
)


class Cue(NamedTuple):
    topic: str
    strong: bool
    form: str


CUES = {
    word: Cue(topic, strong, form)
    for strong, lists in ((True, STRONG), (False, WEAK))
    for topic in TOPICS
    for form, found in lists[topic].items()
    for word in found
}
FORM_OF = {word: form for form, found in NEUTRAL.items() for word in found} | {word: cue.form for word, cue in CUES.items()}

PERSON_ADJECTIVES = "young old quiet famous friendly careful tired busy proud shy kind calm cheerful polite gentle clever".split()
THING_ADJECTIVES = "old new famous strange small large simple special recent unusual lovely little local beautiful".split()
MANNERS = "slowly loudly quietly happily calmly gladly softly proudly eagerly openly gently patiently".split()
# What may stand before a word of each form without changing anything.
MODIFIERS = {
    "who": PERSON_ADJECTIVES,
    "whos": PERSON_ADJECTIVES,
    "thing": THING_ADJECTIVES,
    "things": THING_ADJECTIVES,
    "doing": MANNERS,
}
ADJECTIVES = set(PERSON_ADJECTIVES) | set(THING_ADJECTIVES)

NAMES = "Anna Ben Clara David Emma Frank Grace Henry Ida Jack Karen Leo Maria Nora Oscar Paula Rosa Simon Tom Vera".split()
CITIES = "Oslo Lima Cairo Paris Rome Delhi Tokyo Quito Madrid Vienna Dublin Prague".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

# Scenes (nli): every value's parent in its tree; "" has none. Two values exclude each other unless one is above the other.

KINDS = {
    "animal": "", "dog": "animal", "cat": "animal", "horse": "animal", "cow": "animal", "pig": "animal", "goat": "animal",
    "rabbit": "animal", "bird": "animal", "duck": "bird", "owl": "bird", "crow": "bird", "eagle": "bird",
    "person": "", "child": "person", "boy": "child", "girl": "child", "worker": "person", "farmer": "worker", "nurse": "worker",
    "baker": "worker", "cook": "worker", "driver": "worker", "sailor": "worker",
    "vehicle": "", "car": "vehicle", "taxi": "car", "van": "car", "truck": "vehicle", "bus": "vehicle", "train": "vehicle",
    "tractor": "vehicle",
}
ACTIONS = {
    "moving": "", "running": "moving", "walking": "moving", "jumping": "moving", "crawling": "moving",
    "resting": "", "sleeping": "resting", "sitting": "resting", "standing": "",
    "driving": "moving", "reversing": "moving", "waiting": "",
}
PLACES = {
    "house": "", "kitchen": "house", "bedroom": "house", "attic": "house", "bathroom": "house",
    "school": "", "classroom": "school", "library": "school",
    "castle": "", "tower": "castle", "cellar": "castle", "chapel": "castle",
    "park": "", "street": "", "garden": "", "forest": "", "tunnel": "", "garage": "", "yard": "",
}
SIZES = {"small": "", "tiny": "small", "big": "", "huge": "big"}
COLOURS = dict.fromkeys("blue green grey orange pink purple golden silver".split(), "")
NUMBERS = dict.fromkeys("one two three four five six".split(), "")

VEHICLE_ACTIONS = "moving driving reversing waiting".split()
VEHICLE_PLACES = "park street garden forest tunnel garage yard".split()
LIVING_ACTIONS = [word for word in ACTIONS if word == "moving" or word not in VEHICLE_ACTIONS]
LIVING_PLACES = [word for word in PLACES if word not in ("tunnel", "garage", "yard")]

# Say nothing about the scene, so that a hypothesis may hold them as well as not.
ASIDES = "really surely truly clearly simply certainly now just also indeed currently obviously plainly still".split()
SCENE_MANNERS = "quietly calmly happily gladly proudly gently".split()

# Choice

CATEGORIES = {
    "bird": "duck owl crow eagle robin swan parrot".split(),
    "fish": "salmon shark trout herring cod tuna".split(),
    "insect": "ant bee wasp beetle moth fly".split(),
    "fruit": "apple banana cherry grape peach plum pear".split(),
    "vegetable": "carrot onion potato cabbage bean spinach".split(),
    "tool": "hammer saw drill wrench shovel axe".split(),
    "metal": "iron gold steel copper tin lead".split(),
    "drink": "tea coffee juice water milk wine".split(),
    "vehicle": "car truck bus train tractor taxi".split(),
    "flower": "rose tulip daisy lily orchid violet".split(),
    "garment": "shirt coat hat sock glove scarf".split(),
    "instrument": "piano violin flute drum guitar trumpet".split(),
    "building": "castle tower church school hotel barn".split(),
    "tree": "oak pine birch maple willow elm".split(),
    "relative": "mother father sister brother aunt uncle cousin".split(),
    "worker": "farmer nurse baker cook driver sailor".split(),
}

# A category, and others whose members may belong to it as well.
CLOSE_CATEGORIES = {"tree": {"fruit"}, "tool": {"instrument"}}

# Dimension, value, things that have it. Wrong options come from the other values of the same dimension.
PROPERTIES = {
    "colour": {
        "yellow": "banana lemon canary sunflower".split(),
        "white": "snow milk salt swan".split(),
        "green": "grass frog cucumber leaf".split(),
        "red": "blood tomato strawberry ruby".split(),
        "black": "coal raven tar soot".split(),
        "blue": "sky sapphire denim".split(),
    },
    "taste": {
        "sweet": "honey sugar candy syrup".split(),
        "sour": "vinegar lemon lime".split(),
        "salty": "salt seawater bacon".split(),
    },
    "heat": {"hot": "fire lava sun steam".split(), "cold": "ice snow frost glacier".split()},
    "touch": {"hard": "stone brick steel diamond".split(), "soft": "pillow cotton wool feather".split()},
    "shape": {"round": "ball wheel coin globe".split(), "sharp": "knife needle razor thorn".split()},
    "sound": {"loud": "thunder siren trumpet cannon".split(), "silent": "statue pillow stone cloud".split()},
    "weight": {"heavy": "elephant whale truck ship".split(), "light": "feather leaf paper balloon".split()},
    "speed": {"fast": "rocket cheetah falcon train".split(), "slow": "snail turtle worm sloth".split()},
}

CAPITALS = {
    "Norway": "Oslo", "Peru": "Lima", "Egypt": "Cairo", "France": "Paris", "Italy": "Rome", "India": "Delhi", "Japan": "Tokyo",
    "Ecuador": "Quito", "Spain": "Madrid", "Austria": "Vienna", "Ireland": "Dublin", "Greece": "Athens", "Poland": "Warsaw",
    "Germany": "Berlin", "Portugal": "Lisbon", "Cuba": "Havana", "Kenya": "Nairobi", "Chile": "Santiago", "Russia": "Moscow",
    "Finland": "Helsinki", "Hungary": "Budapest", "China": "Beijing", "Canada": "Ottawa", "Iran": "Tehran",
}
OPPOSITES = {
    "early": "late", "open": "closed", "full": "empty", "rich": "poor", "strong": "weak", "wet": "dry", "thick": "thin",
    "left": "right", "day": "night", "up": "down", "love": "hate", "begin": "end", "happy": "sad", "clean": "dirty",
    "near": "far", "young": "old",
}
ORDERED_NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty"
).split()
EXTREMES = {"largest": max, "smallest": min}
REQUESTS = "please now quickly kindly honestly briefly simply clearly calmly directly".split()


def all_words() -> list[str]:
    """Every word with a meaning, in the singular, once."""
    topics = (word for lists in (STRONG, WEAK) for topic in TOPICS for form in SINGULAR for word in lists[topic][form])
    neutral = (word for form in SINGULAR for word in NEUTRAL[form])
    scenes = (*KINDS, *ACTIONS, *PLACES, *SIZES, *COLOURS, *NUMBERS, *ASIDES, *SCENE_MANNERS)
    categories = (word for category, members in CATEGORIES.items() for word in (category, *members))
    properties = (word for values in PROPERTIES.values() for value, things in values.items() for word in (value, *things))
    pairs = (word for pairs in (CAPITALS, OPPOSITES) for pair in pairs.items() for word in pair)
    others = (*ADJECTIVES, *MANNERS, *NAMES, *CITIES, *DAYS, *ORDERED_NUMBERS, *EXTREMES, *REQUESTS)
    return sorted({*topics, *neutral, *scenes, *categories, *properties, *pairs, *others})
