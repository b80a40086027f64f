"""'List five fruits': kinds of things, counting, letters."""

import json

from . import vocab as v
from .core import Gen, Item, fix_articles, in_words
from .countries import COUNTRIES, area_names

_FEW = {  # plural name(s) of a kind -> its members, most popular first
    "animals": v.ANIMALS, "farm animals": v.FARM_ANIMALS, "pets": v.PETS, "wild animals": v.WILD_ANIMALS, "birds": v.BIRDS,
    "kinds of fish": v.FISH, "insects": v.INSECTS, "sea animals": v.SEA_ANIMALS, "fruits": v.FRUITS, "vegetables": v.VEGETABLES,
    "colors": v.COLORS, "jobs": v.JOBS, "musical instruments": v.INSTRUMENTS, "flowers": v.FLOWERS, "trees": v.TREES,
    "vehicles": v.VEHICLES, "clothes": v.CLOTHES, "sports": v.SPORTS, "shapes": v.SHAPES, "body parts": v.BODY, "drinks": v.DRINKS,
    "foods": v.FOODS, "desserts": v.DESSERTS, "tools": v.TOOLS, "pieces of furniture": v.FURNITURE, "school subjects": v.SUBJECTS,
    **{f"{c} things": things for c, things in v.COLORED.items()},
    "things in a kitchen": v.KITCHEN, "toys": v.TOYS, "family members": v.FAMILY, "feelings": v.FEELINGS, "oceans": v.OCEANS,
    "continents": v.CONTINENTS, "metals": v.METALS, "gemstones": v.GEMS, "hobbies": v.HOBBIES, "rooms in a house": v.ROOMS,
    "materials": v.MATERIALS, "kinds of weather": v.WEATHER, "spices": v.SPICES, "languages": v.LANGUAGES,
    "programming languages": v.PROGRAMMING, "buildings": v.BUILDINGS, "things in a school bag": v.SCHOOL_THINGS, "planets": v.PLANETS,
    "months": v.MONTHS, "days of the week": v.DAYS, "seasons": v.SEASONS, "vowels": v.VOWELS, "first names": v.NAMES[:40],
    "girls' names": v.GIRLS[:25], "boys' names": v.BOYS[:25], "US states": sorted(v.US_STATES)[:50],
    "chemical elements": list(v.ELEMENTS), "even numbers": [str(n) for n in range(2, 42, 2)], "odd numbers": [str(n) for n in range(1, 41, 2)],
    "prime numbers": "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47".split(), "things": v.THINGS[:40],
    "countries": [c["name"] for c in COUNTRIES], "capital cities": [c["capital"] for c in COUNTRIES],
}
KINDS = dict(_FEW)
for _area in area_names():
    KINDS[f"countries in {_area}"] = [c["name"] for c in COUNTRIES if _area in (c["continent"], c["area"])]
    KINDS[f"capitals in {_area}"] = [c["capital"] for c in COUNTRIES if _area in (c["continent"], c["area"])]
# Closed or ordered kinds are always listed from the start, without gaps.
ORDERED = {"planets", "months", "days of the week", "seasons", "vowels", "continents", "oceans", "even numbers", "odd numbers", "prime numbers"}
COMPLETE = {"planets": "[planets|planets of the solar system|planets in our solar system|planets of our solar system|eight planets|planets in space]",
    "months": "months[| of the year| in a year]", "days of the week": "days of the week", "seasons": "[|four ]seasons[| of the year]",
            "vowels": "vowels[| of the alphabet| in English]", "continents": "[|seven ]continents[| of the world]",
            "oceans": "[|five ]oceans[| of the world]"}
ALIASES = {
    "colors": ["colors", "colors", "colours"], "jobs": ["jobs", "jobs", "professions", "occupations"], "musical instruments": ["musical instruments",
    "instruments"],
    "clothes": ["clothes", "items of clothing", "pieces of clothing", "clothing items"], "kinds of fish": ["kinds of fish", "types of fish", "fish"],
    "vehicles": ["vehicles", "vehicles", "means of transport"], "body parts": ["body parts", "parts of the body"], "foods": ["foods", "things to eat",
    "dishes"],
    "pieces of furniture": ["pieces of furniture", "furniture items", "kinds of furniture"], "drinks": ["drinks", "drinks", "beverages",
    "things to drink"],
    "things in a kitchen": ["things in a kitchen", "kitchen items", "things you find in a kitchen"], "feelings": ["feelings", "emotions"],
    "first names": ["first names", "names", "names for people"], "US states": ["US states", "states of the USA", "American states"],
    "animals": ["animals", "animals", "different animals"], **{f"{c} things": [f"{c} things", f"things that are {c}",
    f"things that are {c}"] for c in v.COLORED}, "sports": ["sports", "sports", "kinds of sport"], "rooms in a house": ["rooms in a house",
    "rooms of a house", "rooms"],
    "capital cities": ["capital cities", "capitals"], "chemical elements": ["chemical elements", "elements"], "fruits": ["fruits", "fruits",
    "kinds of fruit", "types of fruit"],
    "vegetables": ["vegetables", "vegetables", "veggies"], "gemstones": ["gemstones", "gems", "precious stones"], "pets": ["pets", "pet animals",
    "animals people keep as pets"],
    "insects": ["insects", "bugs"], "buildings": ["buildings", "kinds of buildings"], "hobbies": ["hobbies", "hobbies", "free time activities"],
    "family members": ["family members", "members of a family"], "things in a school bag": ["things in a school bag", "school supplies",
    "things for school"],
    "desserts": ["desserts", "sweet dishes"], "sea animals": ["sea animals", "animals that live in the sea", "sea creatures"], "toys": ["toys",
    "toys for children"],
    "farm animals": ["farm animals", "animals on a farm", "animals that live on a farm"], "metals": ["metals", "kinds of metal"], "months": ["months",
    "months of the year"],
}
SINGULAR = {"animals": "animal", "birds": "bird", "insects": "insect", "fruits": "fruit", "vegetables": "vegetable", "colors": "color", "jobs": "job",
            "musical instruments": "musical instrument", "flowers": "flower", "trees": "tree", "vehicles": "vehicle", "sports": "sport",
            "shapes": "shape",
            "body parts": "body part", "drinks": "drink", "foods": "food", "tools": "tool", "toys": "toy", "planets": "planet",
            "countries": "country",
            "pets": "pet", "farm animals": "farm animal", "languages": "language", "metals": "metal", "hobbies": "hobby", "months": "month",
            "programming languages": "programming language", "desserts": "dessert", "continents": "continent", "oceans": "ocean", "seasons": "season"}

COUNTED = [
    "List {n} {k}.", "Name {n} {k}.", "Give me {n} {k}.", "Write a list of {n} {k}.", "[Can|Could] you name {n} {k}?", "What are {n} {k}?",
    "Write down {n} {k}.", "Make a list of {n} {k}.", "Show me {n} {k}.", "I need {n} {k}.", "Provide a list of {n} {k}.", "{n} {k}",
    "Think of {n} {k}.", "Tell me {n} {k}.", "I want a list of {n} {k}.", "Give me a list [of|with] {n} {k}.", "Name any {n} {k}.",
    "[List|Name|Give] {n} {k} [that you know|you know].", "Do you know {n} {k}?", "Give me the names of {n} {k}.", "Please name {n} {k} for me.",
    "Enumerate {n} {k}.", "Create a list of {n} {k}.", "Can you list {n} {k}?", "Mention {n} {k}.", "I am looking for {n} {k}.",
    "What are {n} [examples of|common|popular|well-known] {k}?", "Give me {n} [examples of|common|popular|different] {k}.",
    "List {n} [different|common|examples of|popular] {k}.", "[Name|Tell me] {n} [different|well-known] {k}.", "I'd like {n} {k}.",
    "a list of {n} {k}",
    "Which {n} {k} can you name?"]
UNCOUNTED = ["Which {k} are there?", "What {k} are there?", "Which {k} can you name?", "Tell me some {k} that you know.", "Name a couple of {k}.",
    "I want some {k}.", "List a couple of {k}.", "What are {k}, for example?","[List|Name|Give me|Tell me|Show me] some {k}.",
    "[List|Name] a few {k}.", "What are some {k}?", "Give me examples of {k}.",
             "Can you [list|name] some {k}?", "I need a list of {k}.", "Make a list of {k}.", "[List|Name] {k}.", "Which {k} do you know?",
             "some {k}", "examples of {k}",
             "What {k} do you know?", "Give me [a few|several] {k}.", "Tell me the names of some {k}."]
ALL = ["What are the {k}?", "List [all|all the|all of the|the] {k}.", "Name [all|all the|the] {k}.", "Tell me [all|all the|the] {k}.",
    "[Can|Could] you list the {k}?",
       "Give me [all|all the|the] {k}.", "Write down [all|all the|the] {k}.", "the {k}", "What are all the {k}?", "What are the names of the {k}?",
       "[Show me|I want to know] [all|all the|the] {k}.", "Write the {k} in order.", "List every one of the {k}.", "Do you know the {k}?",
       "Which are the {k}?"]
ONE = ["Name [a|one] {k}.", "Tell me [a|one|the name of a] {k}.", "Give me [a|one|the name of a] {k}.", "What is an example of a {k}?",
    "Give me an example of a {k}.",
       "Can you name [a|one] {k}?", "[a|one] {k}", "Say the name of a {k}.", "Pick a {k}.", "Choose a {k}.", "Think of a {k}.", "I need [a|one] {k}.",
       "Which {k} do you know?",
       "Name any {k}."]
LETTERED = ["Name [a|one] {k} that [starts|begins] with {l}.", "Give me a {k} [starting|beginning] with {l}.",
    "What is a {k} that starts with the letter {l}?",
            "Tell me a {k} that begins with {l}.", "Which {k} starts with {l}?", "a {k} [starting|beginning] with {l}",
            "Can you name a {k} with the first letter {l}?",
            "[Think of|Find|Pick] a {k} that [starts|begins] with the letter {l}.", "I need a {k} that starts with {l}.", "{k} that starts with {l}",
            "Name a {k} [starting|beginning] with the letter {l}."]


def layout(style: str, things: list) -> str:
    if style == "comma":
        return ", ".join(things)
    if style == "json":
        return json.dumps(things, ensure_ascii=False)
    return "\n".join((f"{i + 1}. " if style == "number" else "- ") + x for i, x in enumerate(things))


def choose(g: Gen, kind: str, n: int) -> list:
    return KINDS[kind][:n] if kind in ORDERED else g.take(KINDS[kind], n)


def counted(g: Gen) -> Item:
    kind = g.pick(list(KINDS)) if g.chance(0.25) else g.pick(list(_FEW))
    n = min(g.int(2, 6) if g.chance(0.75) else g.int(2, 10), len(KINDS[kind]))
    shown = str(n) if g.chance(0.6) else in_words(n)
    style, ask = "number", g.phrase(COUNTED, n=shown, k=g.pick(ALIASES.get(kind, [kind])))
    if g.chance(0.16) and not g.evaluating:
        style = g.pick(["comma", "dash"])
        hint = {"comma": g.pick(["separated by commas", "in one line", "as a comma separated list"]),
                "dash": g.pick(["as bullet points", "as a bulleted list", "with bullets"])}[style]
        ask = ask.rstrip(".?") + " " + hint + "."
    return Item([(ask, layout(style, choose(g, kind, n)))], {"n": n, "kind": kind}, "list_of", extra={"style": style})


def uncounted(g: Gen) -> Item:
    kind = g.pick([k for k in _FEW if k not in COMPLETE]) if g.chance(0.75) else g.pick([k for k in KINDS if k not in _FEW])
    n = min(5, len(KINDS[kind]))
    ask = g.phrase(UNCOUNTED, k=g.pick(ALIASES.get(kind, [kind])))
    return Item([(ask, layout("number", choose(g, kind, n)))], {"n": n, "kind": kind}, "list_of", extra={"style": "number"})


def complete(g: Gen) -> Item:
    kind = g.pick(list(COMPLETE))
    ask = g.phrase(ALL, k=g.expand(COMPLETE[kind]))
    return Item([(ask, layout("number", KINDS[kind]))], {"n": len(KINDS[kind]), "kind": kind}, "list_of", extra={"style": "number"})


def one(g: Gen) -> Item:
    kind = g.pick(list(SINGULAR))
    ask = fix_articles(g.phrase(ONE, k=SINGULAR[kind]))
    thing = g.peaked(KINDS[kind])
    return Item([(ask, thing[0].upper() + thing[1:] + ".")], KINDS[kind], "one_of")


def lettered(g: Gen) -> Item:
    kind = g.pick(["animals", "fruits", "vegetables", "countries", "jobs", "colors", "sports", "birds", "flowers", "months", "planets"])
    letter = g.pick(sorted({x[0].upper() for x in KINDS[kind]}))
    thing = next(x for x in KINDS[kind] if x[0].upper() == letter)
    ask = fix_articles(g.phrase(LETTERED, k=SINGULAR[kind], l=letter))
    return Item([(ask, thing[0].upper() + thing[1:] + ".")], thing, noise="wrap")


COUNT_UP = ["Count from {a} to {b}.", "Count [up |]to {b} from {a}.", "Write the numbers from {a} to {b}.", "List the numbers from {a} to {b}.",
    "count {a} to {b}",
            "Give me the numbers [between|from] {a} [and|to] {b}.", "Show the numbers {a} to {b}.", "Can you count from {a} to {b}?",
            "Say the numbers from {a} to {b}.",
            "Print all numbers from {a} to {b}.", "I want you to count from {a} to {b}.", "numbers from {a} to {b}",
            "What are the numbers from {a} to {b}?",
            "Start at {a} and count up to {b}."]
COUNT_DOWN = ["Count down from {b} to {a}.", "Count backwards from {b} to {a}.", "Write the numbers from {b} down to {a}.",
    "Count from {b} down to {a}.", "countdown from {b} to {a}",
              "List the numbers from {b} back to {a}.", "Can you count backwards from {b} to {a}?", "Count back from {b} to {a}."]
COUNT_DOWN_BARE = ["Count down starting at {b}.", "Count down starting from {b}.", "Count back from {b}.", "Count backward from {b}.",
    "Start at {b} and count down.", "Start counting backwards at {b}.", "Make a countdown from {b}.", "Count down from {b} to one.",
    "Count in reverse from {b}.", "Give me a countdown from {b}.", "backwards from {b}", "Begin at {b} and count backwards.",
    "Count backwards, beginning at {b}.","Count down from {b}.", "Count backwards from {b}.", "countdown from {b}", "Can you count down from {b}?",
    "Do a countdown from {b}.", "Count backward, starting at {b}."]
COUNT_BARE = ["Count to {b}.", "Count up to {b}.", "Can you count to {b}?", "Please count to {b}.", "Show me how you count to {b}.",
    "I want you to count to {b}."]
COUNT_STEP = ["Count to {b} in {s}.", "List the multiples of {s} up to {b}.", "Count by {s} until {b}.", "Skip count by {s} to {b}.",
    "Give me the multiples of {s} up to {b}.", "multiples of {s} to {b}","Count by {s}[|s] to {b}.", "Count to {b} by {s}[|s].",
    "Count up to {b} in steps of {s}.", "Count in {s}s up to {b}.", "Write the multiples of {s} up to {b}."]


def count(g: Gen) -> Item:
    x = g.rng.random()
    if x < 0.4:
        a = 1 if g.chance(0.6) else g.int(0, 90)
        b = a + g.int(2, 14)
        seq, ask = range(a, b + 1), g.phrase(COUNT_UP, a=a, b=b)
        if g.chance(0.15):
            ask = g.phrase(COUNT_UP, a=in_words(a), b=in_words(b))
    elif x < 0.55:
        b = g.int(3, 20)
        seq, ask = range(1, b + 1), g.phrase(COUNT_BARE, b=b if g.chance(0.7) else in_words(b))
    elif x < 0.7:
        a = 1 if g.chance(0.6) else g.int(0, 20)
        b = a + g.int(2, 10)
        seq, ask = range(b, a - 1, -1), g.phrase(COUNT_DOWN, a=a, b=b)
    elif x < 0.85:
        b = g.int(3, 12)
        seq, ask = range(b, 0, -1), g.phrase(COUNT_DOWN_BARE, b=b if g.chance(0.7) else in_words(b))
    else:
        s = g.pick([2, 3, 4, 5, 10])
        b = s * g.int(3, 10)
        shown = s if g.chance(0.6) else in_words(s)
        seq, ask = range(s, b + 1, s), g.phrase(COUNT_STEP, s=shown, b=b)
    return Item([(ask, ", ".join(map(str, seq)))], check="exact")


TASKS = {"lists": [(counted, 6), (uncounted, 1.2), (complete, 1.2), (one, 1.4), (lettered, 1), (count, 2)]}
