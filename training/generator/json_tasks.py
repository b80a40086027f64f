"""JSON out: about countries, from a sentence, arrays, results, free objects."""

import json

from . import vocab as v
from .core import Gen, Item, article, in_words
from .countries import COUNTRIES, asked, some_country
from .lists import ALIASES, KINDS, choose
from .words import COMMON, made_up

dump = lambda value: json.dumps(value, ensure_ascii=False)
COUNTRY_KEYS = {"name": "name", "country": "name", "capital": "capital", "continent": "continent", "currency": "currency", "language": "language"}

OBJECT = ["Give me a JSON object about {c} with the keys {k}.", "Return JSON for {c} with keys {k}.", "Describe {c} as JSON with these keys: {k}.",
    "JSON with {k} for {c}, please.", "Give me {k} of {c} as JSON.", "Give me a JSON object with {a} of {c}.",
          "Create JSON about {c}: {k}", "Output a JSON object for {c} with the fields {k}.", "Write JSON for the country {c} ({k}).",
          "Return a JSON object with keys {a} for {c}.", "JSON for {c} with {a}", "Give me the {a} of {c} as JSON.",
          "[Can|Could] you give me a JSON object with the {a} of {c}?", "I need JSON with the {a} of {c}.", "Make a JSON object for {c} with {a}.",
          "Return the {a} of {c} [as JSON|in JSON format|as a JSON object].", "Show {c} as JSON with {a}.",
          "Generate JSON for {c}. Keys: {k}", "Produce a JSON object describing {c} with {a}.", "[In|As] JSON: {a} of {c}",
          "Write the {a} of {c} in JSON.", "Please output JSON with the keys {a} for {c}.", "Build a JSON object for the country {c} with {a}.",
          "What is the {a} of {c}? [Answer|Reply] [in|with] JSON.", "JSON object for {c}: {k}", "A JSON object with {a} for {c}.",
          "Format the {a} of {c} as JSON.", "Provide {a} of {c} in JSON format.", "Give JSON ({k}) for {c}.",
          "Tell me the {a} of {c} as a JSON object.",
          "Write a JSON object with {k} for {c}."]
EXTRACT = ["Extract the {k} as JSON: {t}", "Turn this into JSON with keys {k}: {t}", "{t} Return this as a JSON object with keys {k}.",
    "Make a JSON object with {k} from this text: {t}", "{t} Convert it to JSON with {a}.", "Convert this text to JSON with fields {k}. {t}",
    "JSON ({k}): {t}",
           "Read the text and output JSON with keys {k}. Text: {t}", "Get {a} from this text as JSON: {t}", "{t} Give me a JSON object with {a}.",
           "Extract {a} from the text. Answer in JSON. {t}", "Extract JSON with {k} from: {t}", "From this text, make JSON with {a}: {t}",
           "{t} Write this as JSON with the keys {a}.", "Parse this into JSON with {a}: {t}", "Find {a} in this text and return JSON: {t}",
           "Text: {t}\nJSON with {k}:", "{t}\n\nExtract {a} as JSON.", "Please extract {a} as a JSON object from this: {t}",
           "Convert to JSON ({k}): {t}"]
EXTRACT_ALL = ["Convert this to JSON: {t}", "Turn this into JSON: {t}", "Return this as JSON: {t}", "{t} Write that as JSON.",
    "Make JSON from this text: {t}", "JSON please: {t}", "Extract the data as JSON: {t}", "{t} Return it as JSON.",
    "Make a JSON object from this: {t}", "Parse this into a JSON object: {t}",
               "{t} Give me that as JSON.", "Write this as a JSON object: {t}", "Extract the information as JSON: {t}", "Represent this as JSON: {t}",
               "Express this in JSON: {t}", "Put this into JSON: {t}"]
ARRAY = ["Give me a JSON array [of|with] {n} {k}.", "List {n} {k} as a JSON array.", "Return {n} {k} in JSON array format.", "Give {n} {k} as JSON.",
    "Create a JSON array with {n} {k}.", "Make a JSON list [of|with] {n} {k}.", "Output {n} {k} as a JSON array.",
    "Write a JSON array containing {n} {k}.",
         "JSON list of {n} {k}", "JSON array with {n} {k}", "Return a JSON array of {n} {k}.", "I need {n} {k} as a JSON array.",
         "[Can|Could] you list {n} {k} as JSON?", "Generate a JSON array with {n} {k}.", "Name {n} {k} [in|as] JSON.", "Show {n} {k} as a JSON list.",
         "Produce a JSON array of {n} {k}.",
         "Build a JSON array with {n} {k}.", "{n} {k} as JSON array", "Give me {n} {k} in JSON format.", "Write {n} {k} as a JSON list."]
SUM = ["What is {x} {s} {y}? Answer in JSON.", "Calculate {x} {s} {y} and reply with JSON.", "JSON answer: {x} {s} {y}",
    "Give the result of {x} {s} {y} as JSON.", "{x} {s} {y} in JSON", "Return the result of {x} {s} {y} as a JSON object.",
    "Compute {x} {s} {y}. Output JSON.", "What is {x} {s} {y}? Reply with a JSON object.",
       "Return JSON with the result of {x} {s} {y}.", "{x}{s}{y} as JSON", "Give me a JSON object with the result of {x} {s} {y}.",
       "Reply as JSON: {x} {s} {y}"]
FREE = ["Write a JSON object with the keys {k}.", "Create a JSON object with keys {k}.", "Make a JSON example with the fields {k}.",
    "Show me a JSON object with the keys {k}.", "Generate a JSON object that has {k}.", "Output JSON with keys {k}.", "Give me JSON with {a}.",
    "Create a JSON object with {a}.",
        "JSON with {a}", "I need a JSON object with the keys {a}.", "Give me a JSON object that has the keys {a}.", "Write JSON with the fields {a}.",
        "Return a JSON object with {a}.", "[Can|Could] you make a JSON object with {a}?", "Make a JSON object with the keys {a}.",
        "A JSON object with {k}, please.",
        "Produce a small JSON object with {a}.", "Build JSON with the keys {k}.", "an example JSON with {a}", "Show an example of JSON with {a}.",
        "Respond with a JSON object with the keys {a}.", "Give me an example JSON object with {k}."]
THING = ["Create a JSON object for {o} with {a}.", "Write a JSON object for {o} with {a}.", "Make a JSON example of {o} with {a}.",
    "Give me JSON for {o} with the keys {k}.", "Describe {o} as JSON with {a}.", "JSON for {o}: {k}", "Generate a JSON object for {o} that has {a}.",
    "I need a JSON object for {o} with the fields {a}.",
         "[Can|Could] you write JSON for {o} with {a}?", "Return JSON describing {o} with {k}.", "Show me {o} as a JSON object with {a}.",
         "Output a JSON object for {o} with {a}."]
THING_BARE = ["Create a JSON object for {o}.", "Write [a JSON object|JSON] for {o}.", "Give me JSON for {o}.", "Describe {o} as JSON.",
    "Generate a JSON object for {o}.", "Make a JSON object that describes {o}.", "JSON for {o}", "Show me {o} as JSON.",
    "I need a JSON example of {o}.", "Represent {o} in JSON."]
GIVEN = ["Make a JSON object with {p}.", "Create JSON with {p}.", "Write a JSON object where {p}.", "JSON with {p}",
    "Give me a JSON object with {p}.", "Return JSON with {p}.", "Build a JSON object with {p}.", "Output a JSON object where {p}.",
    "Turn this into JSON: {p}", "Convert to JSON: {p}", "Return a JSON object where {p}."]
# One fixed example value per key: the model need not invent anything, so it stays valid and predictable.
EXAMPLE = {
    "id": 1, "title": "My Book", "price": 10, "color": "red", "size": "medium", "count": 3, "name": "Anna", "done": False, "age": 30, "city": "Paris",
    "country": "France", "email": "anna@example.com", "author": "Tom", "year": 2020, "active": True, "type": "example",
    "first_name": "Anna", "last_name": "Smith", "job": "teacher", "phone": "555-0100", "address": "1 Main Street", "date": "2024-01-01",
    "time": "12:00", "message": "Hello", "status": "ok", "quantity": 2, "weight": 5, "height": 170, "brand": "Acme", "model": "A1",
    "language": "English", "tags": ["a", "b"],
    "items": [1, 2, 3], "description": "A short text", "category": "books", "rating": 5, "score": 90, "pages": 200, "url": "https://example.com",
    "user": "anna", "username": "anna", "hobby": "reading", "hobbies": ["reading", "music"], "breed": "beagle", "genre": "adventure", "level": 1,
    "value": 1, "key": "a", "result": 1,
    "answer": "yes", "text": "Hello", "question": "How are you?", "population": 1000, "capital": "Paris", "temperature": 20, "weather": "sunny",
    "material": "wood", "speed": 100, "species": "cat", "ingredients": ["flour", "milk"], "subject": "math", "grade": "A", "team": "blue",
    "width": 10, "length": 20, "start": "09:00", "end": "17:00",
    "enabled": True, "version": "1.0", "priority": "high", "currency": "euro", "amount": 100, "total": 100, "place": "park", "food": "pizza",
    "drink": "water", "animal": "cat", "fruit": "apple", "number": 1, "day": "Monday", "month": "January", "true": True,
}
SCHEMAS = {"a book": ["title", "author", "year", "price", "pages", "genre"], "a person": ["name", "age", "city", "job", "email"], "a user": ["id",
    "name", "email", "username", "active"], "a product": ["id", "name", "price", "category", "quantity"], "a car": ["brand", "model", "year", "color",
    "price", "speed"],
           "a dog": ["name", "age", "breed", "color"], "a cat": ["name", "age", "color"], "a movie": ["title", "year", "genre", "rating"],
           "a student": ["name", "age", "subject", "grade"], "a task": ["id", "title", "done", "priority"], "an event": ["title", "date", "time",
           "place"], "a house": ["address", "city", "size", "price"],
           "a shop item": ["name", "price", "quantity"], "a song": ["title", "year", "genre", "length"], "a recipe": ["title", "ingredients", "time"],
           "a city": ["name", "country", "population"], "a message": ["user", "text", "date"], "a pet": ["name", "type", "age"], "a friend": ["name",
           "age", "hobby"], "an order": ["id", "items", "total", "status"],
           "a phone": ["brand", "model", "price", "color"], "a school": ["name", "city", "address"], "a game": ["title", "level", "score"],
           "an animal": ["name", "species", "age"], "a meeting": ["title", "date", "start", "end"]}


def keys(ks):
    return dict(k=", ".join(ks), a=", ".join(ks[:-1]) + " and " + ks[-1] if len(ks) > 1 else ks[0])


def country(g: Gen) -> Item:
    c = some_country(g)
    ks = g.rng.sample(["name", "capital", "continent", "currency", "language"], g.int(2, 4))
    if g.chance(0.3):
        ks = ["name", "capital"] if g.chance(0.6) else ["country", "capital"]
    elif g.chance(0.15):
        ks = ["country"] + [k for k in ks if k != "name"]
    o = {k: c[COUNTRY_KEYS[k]] for k in ks}
    return Item([(g.phrase(OBJECT, c=asked(g, c), **keys(ks)), dump(o))], o, "as_json", noise="wrap")


PERSON = {"age": ["is {x} years old", "is {x}"], "job": ["works as {x}", "is {x}"], "city": ["lives in {x}", "comes from {x}"], "pet": ["has a {x}"],
    "hobby": ["likes {x}"], "color": ["likes the color {x}"], "food": ["likes to eat {x}"]}


def person_text(g):
    """A sentence about a person and the object it stands for."""
    n = g.person()
    o = {"age": g.int(3, 90), "job": g.pick(v.JOBS), "city": g.pick(COUNTRIES)["capital"], "pet": g.pick(v.PETS), "hobby": g.pick(v.HOBBIES),
        "color": g.pick(v.COLORS), "food": g.pick(v.FOODS)}
    ks = sorted(g.rng.sample(list(o), g.int(1, 3)), key=lambda k: (k != "age", g.rng.random()))
    say = lambda k: g.pick(PERSON[k]).format(x=f"{article(o[k])} {o[k]}" if k == "job" else o[k])
    parts = [say(k) for k in ks]
    if len(parts) == 1 or g.chance(0.6):
        text = f"{n} " + (" and ".join(parts) if len(parts) < 3 else ", ".join(parts[:-1]) + " and " + parts[-1]) + "."
    else:
        pro = v.PRONOUN[n][0].capitalize()
        text = f"{n} {parts[0]}. " + " ".join(f"{pro} {p}." for p in parts[1:])
    return text, {"name": n, **{k: o[k] for k in ks}}


def thing_text(g):
    x, c, p = g.pick(v.THINGS), g.pick(v.COLORS), g.int(1, 99)
    if g.chance(0.6):
        return f"The {x} is {c} and costs {p} dollars.", {"item": x, "color": c, "price": p}
    c2 = g.pick(COUNTRIES)
    return f"{c2['capital']} is the capital of {c2['name']}.", {"country": c2["name"], "capital": c2["capital"]}


LIST_KEYS = {"age": lambda g: g.int(3, 90), "city": lambda g: g.pick(COUNTRIES)["capital"], "job": lambda g: g.pick(v.JOBS)}


def extract(g):
    if g.chance(0.1):  # bare values: the keys follow from what they are
        o = {"name": g.person(), **{k: make(g) for k, make in LIST_KEYS.items() if g.chance(0.7)}}
        if len(o) > 1:
            return Item([(g.phrase(EXTRACT_ALL, t=", ".join(map(str, o.values()))), dump(o))], o, "as_json", noise="none")
    text, o = thing_text(g) if g.chance(0.15) else person_text(g)
    if g.chance(0.6):
        ks = list(o) if g.chance(0.75) else g.rng.sample(list(o), max(1, len(o) - 1))
        o = {k: o[k] for k in ks}
        ask = g.phrase(EXTRACT, t=text, **keys(ks))
    else:
        ask = g.phrase(EXTRACT_ALL, t=text)
    return Item([(ask, dump(o))], o, "as_json", noise="none" if g.chance(0.7) else "wrap")


def array(g):
    kind = g.pick([k for k in KINDS if k not in ("even numbers", "odd numbers", "prime numbers")])
    n = min(g.int(2, 6), len(KINDS[kind]))
    ask = g.phrase(ARRAY, n=n if g.chance(0.65) else in_words(n), k=g.pick(ALIASES.get(kind, [kind])))
    return Item([(ask, dump(choose(g, kind, n)))], {"n": n, "kind": kind}, "list_of", extra={"style": "json"})


ROWS = ["Give me a JSON array of {n} countries with name and capital.", "List {n} countries and their capitals as JSON.",
    "JSON with {n} countries and their capitals", "Return {n} countries with their capitals as a JSON array.",
    "Create a JSON array of {n} countries and capitals.",
        "Make JSON with {n} countries and their capitals.", "Write {n} countries with capitals in JSON format.",
        "Give me {n} countries and their capitals as JSON.", "Output {n} countries and their capitals in JSON."]


def rows(g):
    n = g.int(2, 5)
    o = [{"name": c["name"], "capital": c["capital"]} for c in g.take(COUNTRIES, n)]
    return Item([(g.phrase(ROWS, n=n if g.chance(0.65) else in_words(n)), dump(o))], n, "country_rows")


def result(g):
    x, y = g.operands(lambda: (g.int(0, 99), g.int(0, 99)) if g.chance(0.7) else (g.int(100, 999), g.int(1, 999)))
    s = g.pick("++-*")
    if s == "*":
        x, y = g.int(2, 12), g.int(2, 12)
    x, y = (max(x, y), min(x, y)) if s == "-" else (x, y)
    o = {"result": x + y if s == "+" else x - y if s == "-" else x * y}
    return Item([(g.phrase(SUM, x=x, y=y, s=s), dump(o))], o, "as_json")


def free(g):
    x = g.rng.random()
    if x < 0.35:  # known keys
        ks = g.rng.sample(list(EXAMPLE), g.int(1, 4))
        o = {k: EXAMPLE[k] for k in ks}
        return Item([(g.phrase(FREE, **keys(ks)), dump(o))], o, "as_json", noise="wrap")
    if x < 0.55:  # keys that say nothing: numbers in order
        n = g.int(1, 4)
        start = g.int(0, 20)
        pools = ["abcdefghijklmnopqrstuvwxyz"[start:start + n], ["foo", "bar", "baz", "qux"][:n], "xyz"[:min(n, 3)], [made_up(g, 2,
            3) for _ in range(n)], g.rng.sample([w for w in COMMON[:3000] if w not in EXAMPLE], n)]
        ks = list(dict.fromkeys(g.pick(pools)))
        o = {k: i + 1 for i, k in enumerate(ks)}
        return Item([(g.phrase(FREE, **keys(ks)), dump(o))], o, "as_json", noise="wrap")
    if x < 0.7:
        thing = g.pick(list(SCHEMAS))
        ks = [k for k in SCHEMAS[thing] if g.chance(0.6)] or SCHEMAS[thing][:2]
        if g.chance(0.4):
            g.rng.shuffle(ks)
        o = {k: EXAMPLE[k] for k in ks}
        return Item([(g.phrase(THING, o=thing, **keys(ks)), dump(o))], o, "as_json", noise="wrap")
    if x < 0.8:
        thing = g.pick(list(SCHEMAS))
        o = {k: EXAMPLE[k] for k in SCHEMAS[thing][:3]}
        return Item([(g.phrase(THING_BARE, o=thing), dump(o))], o, "as_json", noise="wrap")
    ks = g.rng.sample(["name", "age", "city", "a", "b", "x", "y", "color", "price", "id", "count", "title", "size", "job", "score"], g.int(1, 3))
    value = lambda k: g.int(0, 99) if k in ("age", "a", "b", "x", "y", "price", "id", "count", "score") else g.pick({"name": v.NAMES,
        "city": [c["capital"] for c in COUNTRIES[:60]], "color": v.COLORS, "title": v.THINGS, "size": ["small", "medium", "large"], "job": v.JOBS}[k])
    o = {k: value(k) for k in ks}
    link = g.pick([" = ", "=", ": ", " is ", " "])
    return Item([(g.phrase(GIVEN, p=g.pick([", ", " and "]).join(f"{k}{link}{x}" for k, x in o.items())), dump(o))], o, "as_json", noise="none")


TASKS = {"json": [(country, 2.2), (extract, 3.2), (array, 2), (rows, 0.6), (result, 1), (free, 3)]}
