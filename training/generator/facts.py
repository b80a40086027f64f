"""Calendar, units, chemical symbols, US states and small everyday facts."""

from . import vocab as v
from .core import Gen, Item, article, fix_articles, in_words, plural

AFTER = ["What {w} comes after {x}?", "Which {w} follows {x}?", "What is the {w} after {x}?", "Which {w} comes after {x}?",
    "Tell me the {w} after {x}.", "What {w} is after {x}?", "{w} after {x}?",
         "Name the {w} that follows {x}.", "Which {w} is next after {x}?", "After {x} comes which {w}?", "Which {w} comes right after {x}?",
         "What {w} comes next after {x}?", "Which {w} is after {x}?",
         "What comes after {x}?", "The {w} after {x} is", "What is the next {w} after {x}?"]
BEFORE = ["What {w} comes before {x}?", "Which {w} is before {x}?", "What is the {w} before {x}?", "Which {w} comes before {x}?",
    "Tell me the {w} before {x}.", "What {w} is before {x}?", "{w} before {x}?",
          "Name the {w} that comes before {x}.", "Before {x} comes which {w}?", "Which {w} comes right before {x}?", "What comes before {x}?",
          "Which {w} is just before {x}?"]
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
NTH = ["What is the {n} {w}?", "Which {w} is the {n}?", "Name the {n} {w}.", "Tell me the {n} {w}.", "Which is the {n} {w}?", "the {n} {w}",
    "What is the name of the {n} {w}?", "Give me the {n} {w}."]
TODAY = ["If today is {x}, what day is tomorrow?", "Today is {x}. What day is tomorrow?", "It is {x} today. Which day is tomorrow?",
    "Today is {x}. What is tomorrow?", "What day is tomorrow if today is {x}?",
         "If it is {x}, which day comes tomorrow?", "Suppose today is {x}. What day will it be tomorrow?"]
YESTERDAY = [t.replace("is tomorrow", "was yesterday").replace("comes tomorrow", "was yesterday").replace("will it be tomorrow",
    "was it yesterday") for t in TODAY]
MONTH_DAYS = dict(zip(v.MONTHS, [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]))
DAYS_IN = ["How many days does {m} have?", "How many days are in {m}?", "How many days are there in {m}?", "What is the number of days in {m}?",
    "Tell me how many days {m} has.", "days in {m}",
           "How long is {m}?", "How many days has {m}?", "How many days does the month of {m} have?"]
SEASON_OF = {"December": "winter", "January": "winter", "February": "winter", "March": "spring", "April": "spring", "May": "spring", "June": "summer",
    "July": "summer",
             "August": "summer", "September": "autumn", "October": "autumn", "November": "autumn"}
SEASON = ["In which season is {m}?", "What season is {m} in?", "Which season is {m}?", "{m} is in which season?", "What is the season in {m}?",
    "Tell me the season of {m}.", "Which season does {m} belong to?",
          "Is {m} in winter, spring, summer or autumn?", "What season is {m}?"]
ONE_OF_KIND = ["Is {x} a day or a month?", "Is {x} a month or a day?", "{x}: day or month?", "Is {x} the name of a day or of a month?"]


def calendar(g: Gen) -> Item:
    x = g.rng.random()
    word, names = g.pick([("day", v.DAYS), ("month", v.MONTHS), ("month", v.MONTHS), ("season", v.SEASONS), ("letter", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("planet", v.PLANETS)])
    i = g.int(0, len(names) - 1)
    if x < 0.4:
        after = g.chance(0.6)
        if word in ("letter", "planet"):
            i = g.int(0, len(names) - 2) if after else g.int(1, len(names) - 1)
        other = names[(i + (1 if after else -1)) % len(names)]
        ask = g.phrase(AFTER if after else BEFORE, w=word, x=names[i])
        return Item([(ask, f"{other[0].upper() + other[1:]} comes {'after' if after else 'before'} {names[i]}.")], f"{other} comes",
            noise="wrap" if word == "letter" else "full")
    if x < 0.55:
        word, names = g.pick([("month", v.MONTHS), ("day of the week", v.DAYS), ("letter of the alphabet", "ABCDEFGHIJKL"), ("planet from the sun",
            v.PLANETS)])
        i = g.int(0, min(len(names), 12) - 1)
        n, tail = ORDINALS[i], " of the year" if word == "month" and g.chance(0.5) else ""
        if g.chance(0.15):
            n, i = "last", len(names) - 1
            if "letter" in word:
                names, i = "Z", 0
        return Item([(g.phrase(NTH, n=n, w=word + tail), f"The {n} {word} is {names[i]}.")], f"is {names[i]}")
    if x < 0.68:
        i, tomorrow = g.int(0, 6), g.chance(0.65)
        other = v.DAYS[(i + (1 if tomorrow else -1)) % 7]
        return Item([(g.phrase(TODAY if tomorrow else YESTERDAY, x=v.DAYS[i]), f"Tomorrow is {other}." if tomorrow else f"Yesterday was {other}.")],
            other)
    if x < 0.85:
        m = g.pick(v.MONTHS)
        more = ", or 29 in a leap year" if m == "February" else ""
        return Item([(g.phrase(DAYS_IN, m=m), f"{m} has {MONTH_DAYS[m]} days{more}.")], f"{MONTH_DAYS[m]} days")
    if x < 0.95:
        m = g.pick(v.MONTHS)
        return Item([(g.phrase(SEASON, m=m), f"{m} is in {SEASON_OF[m]}.")], SEASON_OF[m])
    name = g.pick(v.DAYS + v.MONTHS)
    kind = "day of the week" if name in v.DAYS else "month"
    return Item([(g.phrase(ONE_OF_KIND, x=name), f"{name} is a {kind}.")], kind)


UNITS = {}
for _line in """days in a week:7|days in a year:365|days in a leap year:366|months in a year:12|weeks in a year:52|hours in a day:24|minutes in an hour:60|seconds in a minute:60
seconds in an hour:3600|minutes in a day:1440|years in a century:100|years in a decade:10|seasons in a year:4|weeks in a month:4|centimeters in a meter:100|meters in a kilometer:1000
millimeters in a centimeter:10|grams in a kilogram:1000|kilograms in a ton:1000|milliliters in a liter:1000|inches in a foot:12|feet in a yard:3|cents in a dollar:100|cents in a euro:100
items in a dozen:12|letters in the alphabet:26|vowels in the alphabet:5|planets in the solar system:8|continents in the world:7|oceans in the world:5|players in a football team:11
states in the USA:50|colors in a rainbow:7|sides in a triangle:3|sides in a square:4|minutes in half an hour:30|degrees in a circle:360|bits in a byte:8|cards in a deck:52
squares on a chessboard:64|strings on a guitar:6|strings on a violin:4|keys on a piano:88|days in two weeks:14|fingers on a hand:5|toes on a foot:5|days in a weekend:2|wheels on a car:4
wheels on a bicycle:2|wheels on a tricycle:3|minutes in two hours:120|hours in two days:48|sides in a hexagon:6|sides in a pentagon:5|sides in a rectangle:4|corners in a square:4|corners in a triangle:3""".replace("\n", "|").split("|"):
    _k, _n = _line.split(":")
    UNITS[_k] = int(_n)
HOW_MANY = ["How many {a} are [there |]{r}?", "How many {a} are {r}?", "How many {a} does {o} have?", "What is the number of {a} {r}?",
    "Tell me how many {a} are {r}.", "How many {a} {r}?", "number of {a} {r}",
            "How many {a} can you find {r}?", "Do you know how many {a} are {r}?", "How many {a} do we have {r}?", "How many {a} will you find {r}?",
            "Say how many {a} there are {r}.",
            "How many {a} are there {r}?"]
LEGS = {"dog": 4, "cat": 4, "horse": 4, "cow": 4, "bird": 2, "chicken": 2, "duck": 2, "human": 2, "person": 2, "ant": 6, "bee": 6, "fly": 6,
    "insect": 6, "spider": 8, "octopus": 8, "snake": 0, "fish": 0, "worm": 0,
        "pig": 4, "sheep": 4, "goat": 4, "lion": 4, "tiger": 4, "elephant": 4, "mouse": 4, "rabbit": 4, "frog": 4, "table": 4, "chair": 4,
        "beetle": 6, "butterfly": 6, "penguin": 2, "owl": 2, "eagle": 2, "bear": 4, "fox": 4, "wolf": 4}
HOW_LEGS = ["How many {p} does {a} {x} have?", "How many {p} has {a} {x}?", "What is the number of {p} of {a} {x}?", "How many {p} do {xs} have?",
    "Tell me how many {p} {a} {x} has.", "{x}: how many {p}?",
            "Count the {p} of {a} {x}.", "Do you know how many {p} {a} {x} has?", "How many {p} can you count on {a} {x}?"]


def numbers(g):
    if g.chance(0.3):
        x = g.pick(list(LEGS))
        part = "arms" if x == "octopus" else "legs"
        n = LEGS[x]
        told = f"{article(x).capitalize()} {x} has {in_words(n) if n else 'no'} {part}."
        return Item([(g.phrase(HOW_LEGS, p=part, a=article(x), x=x, xs="people" if x == "person" else plural(x)), told)], in_words(n) if n else "no")
    k = g.pick(list(UNITS))
    kind, where, what = (k.partition(" on ") if " on " in k else k.partition(" in "))
    ask = g.phrase(HOW_MANY, a=kind, r=(where + what).strip(), o=what)
    return Item([(ask, f"There are {UNITS[k]} {kind}{where}{what}.")], f"are {UNITS[k]}")


SYMBOL = ["What is the [chemical |]symbol [of|for] {x}?", "What is the symbol for {x}?", "Give the chemical symbol for {x}.",
    "Tell me the [chemical |]symbol of {x}.", "chemical symbol of {x}", "Which symbol does {x} have?",
          "What is {x}'s chemical symbol?", "Which letters stand for {x} in chemistry?", "Name the chemical symbol of {x}.",
          "What is the chemical sign for {x}?", "How is {x} written in chemistry?", "symbol for {x}",
          "What is the element symbol of {x}?", "What is the symbol of the element {x}?"]
ELEMENT = ["Which element has the symbol {x}?", "What element is {x}?", "{x} is the symbol of which element?",
    "What does the chemical symbol {x} stand for?", "Name the element with the symbol {x}.",
           "Which chemical element is {x}?", "What element has the symbol {x}?"]
STATE = ["What is the [state |]capital of {x}?", "Which city is the capital of the [US |]state of {x}?", "Name the state capital of {x}.",
    "What is the capital of the state {x}?", "Tell me the capital of {x}.",
         "capital of {x}", "What is {x}'s capital?", "Which city is the state capital of {x}?", "Give me the capital of {x}.",
         "Do you know the capital of {x}?", "What city is the capital of {x}?"]


def symbols(g):
    x = g.rng.random()
    if x < 0.6:
        e = g.pick(list(v.ELEMENTS))
        return Item([(g.phrase(SYMBOL, x=e), f"The chemical symbol of {e} is {v.ELEMENTS[e]}.")], f"is {v.ELEMENTS[e]}")
    e = g.pick(list(v.ELEMENTS))
    return Item([(g.phrase(ELEMENT, x=v.ELEMENTS[e]), f"{v.ELEMENTS[e]} is the chemical symbol of {e}.")], e, noise="wrap")


def states(g):
    s = g.pick(list(v.US_STATES))
    return Item([(g.phrase(STATE, x=s), f"The capital of {s} is {v.US_STATES[s]}.")], v.US_STATES[s])


SOUND = dict(dog="woof", cat="meow", cow="moo", pig="oink", sheep="baa", duck="quack", horse="neigh", lion="roar", frog="ribbit", bee="buzz",
    mouse="squeak", owl="hoot", snake="hiss", rooster="cock-a-doodle-doo",
             chicken="cluck", goat="maa", donkey="hee-haw", wolf="howl", bird="tweet", tiger="roar", crow="caw")
BABY = dict(dog="puppy", cat="kitten", cow="calf", horse="foal", sheep="lamb", pig="piglet", goat="kid", lion="cub", bear="cub", duck="duckling",
    chicken="chick", frog="tadpole", deer="fawn", kangaroo="joey", goose="gosling",
            swan="cygnet", fox="cub", wolf="pup", tiger="cub", elephant="calf", rabbit="kit", whale="calf", seal="pup", owl="owlet")
HOME = dict(bird="a nest", bee="a hive", dog="a kennel", horse="a stable", fish="water", spider="a web", fox="a den", rabbit="a burrow",
    king="a castle", cow="a barn", bear="a den", pig="a sty", camel="the desert", penguin="Antarctica",
            monkey="trees", whale="the sea", kangaroo="Australia", panda="China", lion="Africa", ant="an anthill")
EATS = dict(rabbit="grass and carrots", cow="grass", horse="grass and hay", cat="meat and fish", dog="meat", panda="bamboo",
    monkey="bananas and other fruit", bear="fish, berries and honey", mouse="grain and cheese", bird="seeds and insects",
            lion="meat", sheep="grass", squirrel="nuts", frog="insects", spider="insects", shark="fish", elephant="grass and leaves",
                giraffe="leaves", koala="eucalyptus leaves", owl="mice", penguin="fish", whale="small sea animals")
COLOR_OF = {"the sky": "blue", "grass": "green", "snow": "white", "blood": "red", "the sun": "yellow", "a banana": "yellow", "a lemon": "yellow",
    "an orange": "orange", "a carrot": "orange", "milk": "white", "coal": "black", "a tomato": "red",
            "a strawberry": "red", "a frog": "green", "an elephant": "gray", "the sea": "blue", "chocolate": "brown", "a leaf": "green",
            "a crow": "black", "a polar bear": "white", "a cucumber": "green", "a pea": "green", "a cherry": "red",
            "a pumpkin": "orange", "a flamingo": "pink", "gold": "yellow", "a stop sign": "red", "the night sky": "black", "a cloud": "white",
            "a fire truck": "red", "an eggplant": "purple", "rice": "white", "the moon": "gray", "a tree trunk": "brown", "salt": "white"}
MIX = {("blue", "yellow"): "green", ("red", "yellow"): "orange", ("red", "blue"): "purple", ("black", "white"): "gray", ("red", "white"): "pink"}
TABLES = [
    (SOUND, ["What sound does {a} {x} make?", "Which sound does {a} {x} make?", "What does {a} {x} say?", "What noise does {a} {x} make?",
        "How does {a} {x} sound?", "Tell me the sound of {a} {x}.", "{x} sound?", "Make the sound of {a} {x}.",
             "What do {xs} say?", "What is the sound of {a} {x}?"], "{A} {x} says {y}."),
    (BABY, ["What is a baby {x} called?", "What do you call a baby {x}?", "What is the name of a baby {x}?", "How do you call a young {x}?",
        "Name the baby of {a} {x}.", "baby {x} name", "What is the word for a baby {x}?", "What is a young {x} called?"],
     "A baby {x} is called a {y}."),
    (HOME, ["Where does {a} {x} live?", "Where do {xs} live?", "What is the home of {a} {x}?", "Tell me where {a} {x} lives.",
        "In what does {a} {x} live?", "Where can I find {a} {x}?", "Where is the home of {a} {x}?"], "{A} {x} lives in {y}."),
    (EATS, ["What does {a} {x} eat?", "What do {xs} eat?", "What is the food of {a} {x}?", "Tell me what {a} {x} eats.",
        "What food does {a} {x} eat?", "What do {xs} like to eat?", "What kind of food do {xs} eat?"], "{A} {x} eats {y}."),
]
COLOR = ["What color is {x}?", "What is the color of {x}?", "What colour is {x}?", "Tell me the color of {x}.", "Which color does {x} have?",
    "color of {x}", "What color does {x} have?", "Which colour is {x}?", "Do you know the color of {x}?", "Which color is {x}?"]
MIXED = ["What color do you get when you mix {a} and {b}?", "What do you get if you mix {a} and {b}?", "Mix {a} and {b}. What color is it?",
    "{a} and {b} make which color?", "What is {a} mixed with {b}?", "What color do {a} and {b} make?",
         "Which color comes from mixing {a} and {b}?"]


def everyday(g):
    x = g.rng.random()
    if x < 0.3:
        k = g.pick(list(COLOR_OF))
        verb = "is"
        return Item([(g.phrase(COLOR, x=k), f"{k[0].upper() + k[1:]} {verb} {COLOR_OF[k]}.")], COLOR_OF[k])
    if x < 0.4:
        a, b = g.pick(list(MIX))
        y = MIX[(a, b)]
        if g.chance(0.5):
            a, b = b, a
        return Item([(g.phrase(MIXED, a=a, b=b), f"{a.capitalize()} and {b} make {y}.")], f"make {y}")
    table, asks, told = g.pick(TABLES)
    k = g.pick(list(table))
    slots = dict(x=k, xs=plural(k), a=article(k), A=article(k).capitalize(), y=table[k])
    return Item([(g.phrase(asks, **slots), fix_articles(told.format(**slots)))], table[k])


SIZES = "ant bee mouse frog bird rat duck cat rabbit dog sheep goat wolf pig lion tiger cow horse bear giraffe elephant whale".split()
SIZE = ["Which animal is {w}, {a} or {b}?", "Which is {w}, {a} or {b}?", "Is {a} or {b} {w}?", "What is {w}, {a} or {b}?",
    "{a} or {b}: which is {w}?", "Which one is {w}: {a} or {b}?", "Which animal is {w}: {a} or {b}?"]


def sizes(g):
    i, j = sorted(g.rng.sample(range(len(SIZES)), 2))
    small, big = (f"{article(x)} {x}" for x in (SIZES[i], SIZES[j]))
    a, b = (small, big) if g.chance(0.5) else (big, small)
    if g.chance(0.65):
        return Item([(g.phrase(SIZE, w=g.pick(["bigger", "larger", "heavier"]), a=a, b=b), f"{big[0].upper() + big[1:]} is bigger than {small}.")],
            big, "starts")
    return Item([(g.phrase(SIZE, w=g.pick(["smaller", "lighter"]), a=a, b=b), f"{small[0].upper() + small[1:]} is smaller than {big}.")], small,
        "starts")


def trivia(g):
    from .trivia import TRIVIA

    asks, answer, gold = g.pick(TRIVIA)
    return Item([(g.phrase(asks), answer)], gold)


TASKS = {"facts": [(calendar, 3), (numbers, 2), (symbols, 1.6), (states, 1)],
         "general_facts": [(everyday, 2), (trivia, 3.2), (sizes, 0.6)]}
