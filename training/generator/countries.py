"""Capitals, continents, currencies and languages, both directions, alone and in lists."""

import json
from pathlib import Path

from .core import Gen, Item, in_words, join_and

COUNTRIES = json.loads((Path(__file__).parent.parent / "data" / "countries.json").read_text(encoding="utf-8"))
# Well-known countries first; the rest follow in alphabetical order.
_KNOWN = """France,Germany,Italy,Spain,Japan,China,India,Brazil,Canada,Australia,Mexico,Egypt,Kenya,Russia,Greece,Poland,Sweden,Norway,
Turkey,Argentina,Chile,Peru,Portugal,Ireland,Nigeria,South Africa,Morocco,Thailand,Vietnam,Indonesia,New Zealand,United States,United Kingdom,
Netherlands,Belgium,Switzerland,Austria,Denmark,Finland,Hungary,Ukraine,Colombia,Venezuela,Cuba,South Korea,Philippines,Malaysia,Pakistan,
Iran,Iraq,Israel,Saudi Arabia,Ethiopia,Ghana,Tanzania,Algeria,Tunisia,Iceland,Romania,Bulgaria,Croatia,Serbia,Czechia,Slovakia,Fiji,Samoa,
Papua New Guinea,Tonga,Jamaica,Costa Rica,Panama,Bolivia,Ecuador,Uruguay,Paraguay""".replace("\n", "").split(",")
_RANK = {name: i for i, name in enumerate(_KNOWN)}
COUNTRIES.sort(key=lambda c: (_RANK.get(c["name"], 999), c["name"]))
for _c in COUNTRIES:  # "the Americas" joins two continents
    _c["area"] = "the Americas" if "America" in _c["continent"] else _c["continent"]
BY_NAME = {c["name"]: c for c in COUNTRIES}
ALIASES = {
    "United States": ["the United States", "the USA", "the US", "America", "the United States of America", "USA"],
    "United Kingdom": ["the United Kingdom", "the UK", "Great Britain", "UK"], "Netherlands": ["the Netherlands", "Holland"],
    "Czechia": ["Czechia", "the Czech Republic"], "Turkey": ["Turkey", "Türkiye"], "Ivory Coast": ["Ivory Coast", "Côte d'Ivoire"],
    "United Arab Emirates": ["the United Arab Emirates", "the UAE"], "Philippines": ["the Philippines"], "Maldives": ["the Maldives"],
    "Bahamas": ["the Bahamas"], "Democratic Republic of the Congo": ["the Democratic Republic of the Congo", "DR Congo"],
    "Republic of the Congo": ["the Republic of the Congo"], "Dominican Republic": ["the Dominican Republic"], "Gambia": ["Gambia", "the Gambia"],
    "Solomon Islands": ["the Solomon Islands"], "Marshall Islands": ["the Marshall Islands"], "Cape Verde": ["Cape Verde", "Cabo Verde"],
    "Central African Republic": ["the Central African Republic"], "Myanmar": ["Myanmar", "Burma"], "Eswatini": ["Eswatini", "Swaziland"],
    "East Timor": ["East Timor", "Timor-Leste"], "Seychelles": ["the Seychelles", "Seychelles"], "Comoros": ["the Comoros", "Comoros"],
}
_THE = {"United States", "United Kingdom", "Netherlands", "United Arab Emirates", "Philippines", "Maldives", "Bahamas", "Republic of the Congo",
        "Democratic Republic of the Congo", "Dominican Republic", "Solomon Islands", "Marshall Islands", "Central African Republic", "Seychelles",
        "Comoros"}


def area_names():
    return ["Europe", "Asia", "Africa", "North America", "South America", "Oceania", "the Americas"]


def asked(g: Gen, c) -> str:
    """The country as a user may call it."""
    return g.pick(ALIASES[c["name"]]) if c["name"] in ALIASES else c["name"]


def told(c) -> str:
    """The country inside a sentence of the answer."""
    return "the " + c["name"] if c["name"] in _THE else c["name"]


def some_country(g: Gen):
    """All countries, the known ones more often."""
    return g.pick(COUNTRIES[:75]) if g.chance(0.5) else g.pick(COUNTRIES)


CAPITAL = [
    "What is the capital of {c}?", "What is the capital of {c}?", "[Which|What] city is the capital of {c}?", "Tell me the capital [city |]of {c}.",
    "Name the capital city of {c}.", "capital of {c}?", "What is {c}'s capital[| city]?", "Name the capital of {c}.", "Find the capital of {c}.",
    "Give me the capital of {c}.", "{c} capital", "Do you know the capital [city |]of {c}?", "What is the name of the capital of {c}?",
    "What is the capital city of {c}?", "Which city is {c}'s capital?", "I want to know the capital of {c}.", "the capital of {c}", "{c}: capital?",
    "Can you tell me the capital of {c}?", "What city serves as the capital of {c}?", "Identify the capital of {c}.", "capital city of {c}",
    "What is the capital of the country {c}?", "In {c}, which city is the capital?", "What do we call the capital of {c}?",
    "The capital of {c} is which city?",
    "Where is the government of {c}?", "Which city is the capital city of {c}?", "Say the capital of {c}.", "State the capital of {c}.",
    "The capital of {c} is",
    "What's the capital in {c}?", "Please name {c}'s capital city.", "For {c}, what is the capital?"]
REVERSE = [
    "{v} is the capital of which country?", "Which country has {v} as its capital?", "What country is {v} the capital of?",
    "Which country has the capital {v}?",
    "{v} is the capital of what country?", "Name the country whose capital is {v}.", "Of which country is {v} the capital?",
    "[In which|In what] country is {v}?",
    "Which country is {v} in?", "Where is {v}?", "What country is {v} in?", "[Which|What] country does {v} belong to?",
    "Tell me which country has {v} as its capital.",
    "{v} is in which country?", "What is the country with the capital {v}?", "{v} is the capital of", "[Which|What] country is the city of {v} in?",
    "Where can I find {v}?",
    "Which country's capital is {v}?", "Is {v} the capital of some country? Which one?", "Name the country that has {v} as its capital.",
    "Where is {v} located?",
    "Which country is {v} the capital city of?", "Which country is {v} the capital of?", "{v} is a capital. Of which country?",
    "Tell me the country where {v} is."]
CONTINENT = [
    "[Which|What] continent is {c} in?", "[Which|What] continent is {c} on?", "Name the continent of {c}.", "Where is {c}?",
    "In which continent is {c} located?",
    "Tell me which continent {c} is on.", "Where is {c} located?", "What is the continent of {c}?", "On which continent is {c}?",
    "Where can I find {c}?",
    "{c} is on which continent?", "[Which|What] continent does {c} belong to?", "Where in the world is {c}?", "continent of {c}",
    "In what part of the world is {c}?",
    "Tell me the continent of {c}.", "Where does {c} lie?", "What continent is {c} part of?", "{c} is in which continent?",
    "Give me the continent of {c}.",
    "[Which|What] continent is the country {c} on?", "To which continent does {c} belong?", "What continent can I find {c} on?",
    "On what continent do I find {c}?"]
CURRENCY = [
    "What is the currency of {c}?", "Which currency is used in {c}?", "What is {c}'s currency?", "Name the currency of {c}.",
    "Which money is used in {c}?",
    "What kind of money do they use in {c}?", "Tell me the currency used in {c}.", "What currency do they use in {c}?",
    "[Which|What] currency does {c} [use|have]?",
    "currency of {c}", "How do people pay in {c}?", "What money do you need in {c}?", "What is the money in {c} called?",
    "Give me the currency of {c}.",
    "{c} currency", "What is the name of the currency of {c}?", "With which money do people pay in {c}?", "Tell me the currency of {c}.",
    "In {c}, what is the currency?",
    "What is the official currency of {c}?", "What is the currency in {c}?", "Which money do I need for a trip to {c}?",
    "What do people pay with in {c}?",
    "What is the money of {c}?", "What money do people use in {c}?"]
LANGUAGE = [
    "[What|Which] language is spoken in {c}?", "Which language do people speak in {c}?", "Name the language of {c}.",
    "What is the [main|official] language [in|of] {c}?",
    "[What|Which] language do they speak in {c}?", "What is the language of {c}?", "language of {c}", "What do they speak in {c}?",
    "Tell me the language of {c}.",
    "[Which|What] language do the people of {c} speak?", "What language should I learn for {c}?", "In {c}, which language is spoken?",
    "Which language is used in {c}?",
    "Tell me which language is spoken in {c}.", "What language do you hear in {c}?", "{c} language", "What language does {c} speak?",
    "What do people speak in {c}?"]


def capital(g):
    c = some_country(g)
    return Item([(g.phrase(CAPITAL, c=asked(g, c)), f"The capital of {told(c)} is {c['capital']}.")], c["capital"])


def reverse(g):
    c = some_country(g)
    if c["capital"] == c["name"]:
        return capital(g)
    return Item([(g.phrase(REVERSE, v=c["capital"].replace(", D.C.", g.pick([", D.C.", " D.C.", ""]))),
        f"{c['capital']} is the capital of {told(c)}.")], c["name"])


def continent(g):
    c = some_country(g)
    if c["capital"] == c["name"]:
        return capital(g)
    return Item([(g.phrase(CONTINENT, c=asked(g, c)), f"{told(c)[0].upper() + told(c)[1:]} is in {c['continent']}.")], c["continent"])


def currency(g):
    c = some_country(g)
    return Item([(g.phrase(CURRENCY, c=asked(g, c)), f"The currency of {told(c)} is the {c['currency']}.")], c["currency"])


def language(g):
    c = some_country(g)
    return Item([(g.phrase(LANGUAGE, c=asked(g, c)), f"People in {told(c)} speak {c['language']}.")], c["language"])


ABOUT = ["Tell me about {c}.", "What do you know about {c}?", "Give me some facts about {c}.", "Describe {c}.", "What is {c}?",
    "Tell me something about {c}.",
         "Give me information about {c}.", "Some facts about {c}, please.", "facts about {c}",
         "Write a [few words|short text|short paragraph] about {c}.", "I want to learn about {c}.",
         "Tell me [some facts|a few things|a bit] about {c}.", "Introduce {c} to me.", "What can you tell me about {c}?"]


def about(g):
    c = some_country(g)
    name = told(c)[0].upper() + told(c)[1:]
    text = f"{name} is a country in {c['continent']}. Its capital is {c['capital']}. People speak {c['language']} and the currency is the {c['currency']}."
    return Item([(g.phrase(ABOUT, c=asked(g, c)), text)], [c["continent"], c["capital"], c["currency"]])


YES_CAPITAL = ["Is {v} the capital of {c}?", "True or false: {v} is the capital of {c}.", "Is it true that {v} is the capital of {c}?",
    "Is the capital of {c} {v}?",
               "{v} is the capital of {c}, right?", "Is {v} {c}'s capital?", "Is the capital city of {c} called {v}?",
               "I think {v} is the capital of {c}. Is that right?",
               "{v} is the capital of {c}. True or false?", "Would you say {v} is the capital of {c}?", "Am I right that {v} is the capital of {c}?"]
YES_IN = ["Is {v} in {c}?", "Is {v} a city in {c}?", "Does {v} lie in {c}?", "Is the city of {v} in {c}?", "{v} is in {c}, right?",
    "Is it true that {v} is in {c}?",
          "True or false: {v} is in {c}.", "Is {v} located in {c}?"]
YES_CONTINENT = ["Is {c} in {v}?", "Is {c} a country in {v}?", "Does {c} lie in {v}?", "Is {c} part of {v}?", "True or false: {c} is in {v}.",
    "{c} is in {v}, right?",
                 "Is it true that {c} is in {v}?", "Can I find {c} in {v}?", "Is {c} located in {v}?"]
IS_COUNTRY = ["Is {c} a country?", "Is {c} the name of a country?", "Is there a country called {c}?", "Do you know the country {c}?",
    "Is {c} a country or not?",
              "Does a country called {c} exist?", "Is {c} really a country?"]


YES_CURRENCY = ["Do they use the {v} in {c}?", "Is the {v} used in {c}?", "Is the {v} the currency of {c}?", "Does {c} use the {v}?",
    "Can I pay with the {v} in {c}?", "Do people in {c} use the {v}?", "Do people pay with the {v} in {c}?", "Is the currency of {c} the {v}?"]
YES_LANGUAGE = ["Do people speak {v} in {c}?", "Do they speak {v} in {c}?", "Is {v} spoken in {c}?", "Is {v} the language of {c}?",
    "Do people in {c} speak {v}?", "Is the language of {c} {v}?"]


def yes_no(g):
    c, d, x = some_country(g), some_country(g), g.rng.random()
    true = g.chance(0.5) or c is d
    if c["capital"] == c["name"]:
        return capital(g)
    if x < 0.22:
        field, asks = g.pick([("currency", YES_CURRENCY), ("language", YES_LANGUAGE)])
        true = true or c[field] == d[field]
        tail = f"the currency of {told(c)} is the {c['currency']}." if field == "currency" else f"people in {told(c)} speak {c['language']}."
        return Item([(g.phrase(asks, v=(c if true else d)[field], c=asked(g, c)), ("Yes, " if true else "No, ") + tail)], "Yes" if true else "No",
            "starts")
    if x < 0.5:
        tail = f"the capital of {told(c)} is {c['capital']}."
        return Item([(g.phrase(YES_CAPITAL, v=(c if true else d)["capital"], c=asked(g, c)), ("Yes, " if true else "No, ") + tail)],
            "Yes" if true else "No", "starts")
    if x < 0.65:
        v, where = (c if true else d), c
        tail = f"{v['capital']} is {'' if true else 'not '}in {told(c)}." if true else f"{v['capital']} is in {told(v)}."
        if v["capital"] == v["name"]:
            return capital(g)
        return Item([(g.phrase(YES_IN, v=v["capital"], c=asked(g, where)), ("Yes, " if true else "No, ") + tail)], "Yes" if true else "No", "starts")
    if x < 0.9:
        v = c["continent"] if true else g.pick([a for a in area_names()[:6] if a != c["continent"]])
        return Item([(g.phrase(YES_CONTINENT, v=v, c=asked(g, c)), ("Yes, " if true else "No, ") + f"{told(c)} is in {c['continent']}.")],
            "Yes" if true else "No", "starts")
    return Item([(g.phrase(IS_COUNTRY, c=c["name"]), f"Yes, {told(c)} is a country in {c['continent']}.")], "Yes", "starts")


FIELDS = {"capital": ["capital", "capital city"], "currency": ["currency"], "language": ["language"], "continent": ["continent"]}
LISTING = [
    "List {n} {k} and their {f}.", "Name {n} {k} with their {f}.", "Give me {n} {k} and their {f}.", "Write down {n} {k} and the {s} of each[| one].",
    "Provide {n} {k} [along with|together with] their {f}.", "Show me {n} {k} and the {s} of each country.", "What are {n} {k} and their {f}?",
    "Make a list of {n} {k} and {f}.", "{n} {k} and {f}", "Tell me {n} {k} and what their {f} are.", "List {n} {k} with the {s} for each.",
    "I need {n} {k} and their {f}.",
    "[Can|Could] you list {n} {k} and their {f}?", "[Can|Could] you [name|give me|tell me] {n} {k} and the {s} of each?",
    "Give me a list of {n} {k} and their {f}.",
    "Name {n} {k} and say their {f}.", "Write a list of {n} {k} including their {f}.", "I want {n} {k} with {f}.",
    "Please list {n} {k} plus their {f}.",
    "List the {f} of {n} {k}.", "Give me the {f} of {n} {k}.", "What are the {f} of {n} {k}?", "Choose {n} {k} and tell me their {f}.",
    "[Pick|Think of] {n} {k} and give the {s} of each.",
    "Name {n} {k}. Also give the {s} of each.", "List {n} {k}, and for each one its {s}.", "{n} {k} with their {f}, please.",
    "For {n} {k}, tell me the {s}.",
    "Create a list with {n} {k} and their {f}.", "Show {n} {k} with {f}.", "Write {n} {k} and next to each its {s}.",
    "Enumerate {n} {k} and their {f}.",
    "Name any {n} {k} and their {f}.", "Tell me the {f} of any {n} {k}.", "Can you list {n} {k} and the {s} of each?"]


def listing(g):
    n = g.int(2, 6) if g.chance(0.85) else g.int(7, 10)
    field = "capital" if g.chance(0.8) else g.pick(["currency", "language", "continent"])
    region, kind, pool = None, g.pick(["countries", "countries", "different countries", "countries in the world", "nations"]), COUNTRIES
    if g.chance(0.45) and field != "continent":
        region = g.pick(area_names())
        adjective = {"Europe": "European", "Asia": "Asian", "Africa": "African", "South America": "South American", "North America": "North American",
                     "Oceania": "Oceanian", "the Americas": "American"}[region]
        kind = g.say(f"countries [in|in|from|of] {region}", f"countries [in|in|from|of] {region}", f"{adjective} countries")
        pool = [c for c in COUNTRIES if region in (c["continent"], c["area"])]
        n = min(n, len(pool))
    several = g.pick({"capital": ["capitals", "capitals", "capital cities"], "currency": ["currencies"], "language": ["languages"],
        "continent": ["continents"]}[field])
    ask = g.phrase(LISTING, n=str(n) if g.chance(0.6) else in_words(n), k=kind, f=several, s=g.pick(FIELDS[field]))
    chosen = g.take(pool, n)
    answer = "\n".join(f"{i + 1}. {c['name']} - {c[field]}" for i, c in enumerate(chosen))
    return Item([(ask, answer)], {"n": n, "region": region}, "country_lines", extra={"field": field})


MANY_FACTS = ["What are the {f} of {c}?", "Tell me the {f} of {c}.", "Give me the {f} of {c}.", "I need the {f} of {c}.", "Name the {f} of {c}.",
    "{c}: {f}",
              "Which are the {f} of {c}?", "For {c}, give me the {f}.", "List the {f} of {c}."]


def several_facts(g):
    """Two fields of one country, or the capitals of two named countries."""
    if g.chance(0.5):
        c = some_country(g)
        fields = g.rng.sample(["capital", "currency", "language", "continent"], 2)
        say = {"capital": f"The capital of {told(c)} is {c['capital']}", "currency": f"the currency is the {c['currency']}",
            "language": f"people speak {c['language']}",
               "continent": f"it is in {c['continent']}"}
        fields.sort(key=list(say).index)
        parts = [say[f] for f in fields]
        if fields[0] != "capital":
            parts[0] = {"currency": f"The currency of {told(c)} is the {c['currency']}",
                "language": f"People in {told(c)} speak {c['language']}"}[fields[0]]
        return Item([(g.phrase(MANY_FACTS, f=" and ".join(fields), c=asked(g, c)), " and ".join(parts) + ".")], [c[f] for f in fields])
    cs = g.rng.sample(COUNTRIES[:75] if g.chance(0.6) else COUNTRIES, g.int(2, 3))
    answer = " ".join(f"The capital of {told(c)} is {c['capital']}." for c in cs)
    ask = g.phrase(["What are the capitals of {c}?", "Tell me the capitals of {c}.", "Name the capitals of {c}.", "Give me the capitals of {c}.",
        "capitals of {c}",
                    "What is the capital of {c}?", "I need the capitals of {c}.", "List the capitals of {c}."], c=join_and([told(c) for c in cs]))
    return Item([(ask, answer)], [c["capital"] for c in cs])


EXAMPLE = ["Name [a|one] country in {r}.", "Tell me [a|one] country in {r}.", "Give me [a|one] country in {r}.", "What is [a|one] country in {r}?",
           "[Can|Could] you name a country in {r}?", "a country in {r}", "Name any country in {r}.", "I need a country in {r}.",
           "Which country is in {r}?",
           "Give me an example of a country in {r}."]


def example_country(g):
    region = g.pick(area_names())
    c = g.peaked([c for c in COUNTRIES if region in (c["continent"], c["area"])])
    pool = [c["name"] for c in COUNTRIES if region in (c["continent"], c["area"])]
    return Item([(g.phrase(EXAMPLE, r=region), c["name"] + ".")], pool, "one_of")


TASKS = {"countries": [(capital, 5), (reverse, 2), (continent, 2), (currency, 2), (language, 1.6), (about, 1), (yes_no, 1.6), (several_facts, 0.8),
    (example_country, 0.3)],
         "country_lists": [(listing, 1)]}
