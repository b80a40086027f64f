"""Definitions, opposites, synonyms, plurals, past tense, rhymes."""

import gzip
import json
from pathlib import Path

from . import vocab as v
from .core import Gen, Item, article, fix_articles, plural
from .definitions import OWN_DEFINITIONS

_DATA = json.loads(gzip.decompress((Path(__file__).parent.parent / "data" / "words.json.gz").read_bytes()))
DEFINITIONS, COMMON, RARE, TOPICS = _DATA["definitions"], _DATA["common"], _DATA["rare"], _DATA["topics"]
ALL_OPPOSITES = {**_DATA["antonyms"], **v.OPPOSITES}
_DEFINED = list(DEFINITIONS)
_OWN = list(OWN_DEFINITIONS)
_NOUN_LIKE = ("a ", "an ", "the ")

DEFINE = [
    "What is {a} {w}?", "Define {w}.", "What does {w} mean?", "Define the word {q}.", "Give me a definition of {w}.", "What is the meaning of {w}?",
    "What is the definition of {w}?", "Tell me what {w} means.",
    "Explain what {w} means.", "{w}: what does it mean?", "meaning of {w}", "Write a definition [for|of] the word {w}.", "How would you define {w}?",
    "Explain the meaning of {w}.", "Explain {w}.", "Explain the word {q}.",
    "What does the word {q} mean?", "What is meant by {w}?", "What do you mean by {w}?", "define {w}", "What is {w}?", "Tell me the meaning of {w}.",
    "What does {q} mean?", "What's {a} {w}?", "Can you explain {w}?",
    "Explain what {a} {w} is.", "Tell me what {a} {w} is.", "Describe what {a} {w} is.", "What is the meaning of the word {w}?", "{w} definition",
    "I don't know the word {w}. What does it mean?", "Please explain the word {w} to me.",
    "Give the meaning of {w}.", "What exactly is {a} {w}?", "Do you know what {w} means?", "Can you define the word {w}?"]


def define(g: Gen) -> Item:
    own = g.chance(0.35)
    w = g.pick(_OWN if own else _DEFINED)
    d = DEFINITIONS[w]
    ask = g.phrase(DEFINE, w=w, a=article(w), q=g.pick([f'"{w}"', f"'{w}'", w]))
    if g.chance(0.06) and w in OWN_DEFINITIONS and d.startswith(_NOUN_LIKE):
        ask = g.say("What are {p}?", "Tell me about {p}.", "Explain what {p} are.", p=plural(w))
    return Item([(ask, f"{w.capitalize()}: {d}.")], d)


_SYLLABLES = "za lo mi tro ven ka dor bel ru shi pol gan nex qui fra blu mor tis vek lan dri po xu sen gar wob fli zor nap tek cor mun el ir ba sku".split()


def made_up(g: Gen, low=2, high=4) -> str:
    return "".join(g.pick(_SYLLABLES) for _ in range(g.int(low, high)))


def unknown_word(g):
    w = made_up(g) if g.chance(0.5) else g.pick(RARE)
    ask = g.phrase(DEFINE, w=w, a=article(w), q=g.pick([f'"{w}"', w]))
    return Item([(ask, f"I don't know the word {w}. I am a tiny demo model.")], "don't know")


OPPOSITE = ["What is the opposite of {q}?", "Give me an antonym of {q}.", "Name the opposite of {q}.", "What word means the opposite of {q}?",
    "opposite of {w}", "Tell me the opposite of {q}.", "What is the antonym of {q}?",
            "What's the opposite of {q}?", "{w}: opposite?", "Which word is the opposite of {q}?", "Give me the opposite of {q}.",
            "Write the opposite of {q}.", "What is the contrary of {q}?", "antonym of {w}", "Find an antonym for {q}.",
            "Say the opposite of {q}.", "What is an antonym for {q}?", "The opposite of {w} is", "Can you give me the opposite of {q}?",
            "What is the reverse of {q}?", "Do you know the opposite of {q}?", "the opposite of {q}",
            "The opposite of the word {q}?", "What would be the opposite of {q}?", "Find the opposite of the word {q}.",
            "Give the antonym of the word {q}.", "What is the opposite of the word {q}?"]
SYNONYM = ["What is another word for {q}?", "Give me a synonym [of|for] {q}.", "What is a synonym [of|for] {q}?", "Name a synonym of {q}.",
    "Tell me another word for {q}.", "Which word means the same as {q}?", "synonym for {w}",
           "What is a word that means the same as {q}?", "Find a synonym for {q}.", "another word for {w}", "Say {q} with another word.",
           "What's a synonym for {q}?", "Give another word for {q}.", "What word is similar to {q}?",
           "Do you know another word for {q}?", "Can you give me a different word for {q}?"]
PLURAL = ["What is the plural of {q}?", "Give me the plural of {q}.", "plural of {w}", "What is the plural form of {q}?",
    "Tell me the plural of {q}.", "How do you say more than one {w}?", "One {w}, two ...?", "What's the plural of {q}?",
          "Write the plural of {q}.", "What is the plural for the word {q}?", "Form the plural of {q}.", "Name the plural of {q}."]
PAST = ["What is the past tense of {q}?", "Give me the past tense of {q}.", "past tense of {w}", "Tell me the past tense of {q}.",
    "What's the past tense of {q}?", "What is the past form of {q}?", "Put the verb {q} in the past tense.",
        "What is the simple past of {q}?", "Write the past tense of {q}.", "Which is the past tense of {q}?"]
RHYME = ["What rhymes with {q}?", "Give me a word that rhymes with {q}.", "Name a word that rhymes with {q}.", "Which word rhymes with {q}?",
    "Find a rhyme for {q}.", "rhyme for {w}", "Tell me a word that rhymes with {q}.", "What is a rhyme for {q}?"]


def quoted(g, w):
    return g.pick([w, w, f'"{w}"', f"'{w}'"])


def opposite(g):
    w = g.pick(list(v.OPPOSITES)) if g.chance(0.8) else g.pick(list(ALL_OPPOSITES))
    return Item([(g.phrase(OPPOSITE, w=w, q=quoted(g, w)), f"The opposite of {w} is {ALL_OPPOSITES[w]}.")], f"is {ALL_OPPOSITES[w]}")


def synonym(g):
    w = g.pick(list(v.SYNONYMS))
    return Item([(g.phrase(SYNONYM, w=w, q=quoted(g, w)), f"Another word for {w} is {v.SYNONYMS[w]}.")], f"is {v.SYNONYMS[w]}")


_NOUNS = v.ANIMALS + v.FRUITS + v.THINGS + v.FLOWERS + ["city", "country", "baby", "party", "story", "family", "lady", "bus", "dish", "church",
    "class", "day", "house", "car", "tree", "boy", "girl", "friend", "teacher", "student"]


def forms(g):
    x = g.rng.random()
    if x < 0.55:
        w = g.pick(list(v.IRREGULAR_PLURALS)) if g.chance(0.5) else g.pick(_NOUNS)
        return Item([(g.phrase(PLURAL, w=w, q=quoted(g, w)), f"The plural of {w} is {plural(w)}.")], f"is {plural(w)}")
    if x < 0.85:
        w = g.pick(list(v.PAST_TENSE))
        return Item([(g.phrase(PAST, w=w, q=quoted(g, w)), f"The past tense of {w} is {v.PAST_TENSE[w]}.")], f"is {v.PAST_TENSE[w]}")
    w = g.pick(list(v.RHYMES))
    return Item([(g.phrase(RHYME, w=w, q=quoted(g, w)), f"{v.RHYMES[w].capitalize()} rhymes with {w}.")], v.RHYMES[w])


IS_KIND = ["Do you think {a} {w} is {ak} {k}?", "Is {a} {w} some kind of {k}?", "Would {a} {w} be {ak} {k}?", "Do people call {a} {w} {ak} {k}?",
    "Can {a} {w} be {ak} {k}?", "Is {a} {w} a kind of {k}?", "Is {a} {w} a type of {k}?", "{a} {w} is {ak} {k}. True or false?",
    "Do you count {a} {w} as {ak} {k}?", "Does {a} {w} belong to the {ks}?","Is {a} {w} {ak} {k}?", "Is the word {w} the name of {ak} {k}?",
    "Can you say that {a} {w} is {ak} {k}?", "True or false: {a} {w} is {ak} {k}.", "Is it right to call {a} {w} {ak} {k}?",
    "{a} {w} is {ak} {k}, right?",
           "Would you call {a} {w} {ak} {k}?", "Is it true that {a} {w} is {ak} {k}?", "Is {w} {ak} {k}?", "Is {a} {w} {ak} {k} or not?",
           "Does {a} {w} count as {ak} {k}?"]
_KINDS = {"fruit": v.FRUITS, "vegetable": v.VEGETABLES[:3:2] + v.VEGETABLES[3:], "animal": v.ANIMALS, "color": v.COLORS[:6], "job": v.JOBS[:30],
    "vehicle": v.VEHICLES, "musical instrument": v.INSTRUMENTS, "flower": v.FLOWERS[:6], "sport": v.SPORTS[:6], "bird": v.BIRDS}
WHAT_KIND = ["Which one is {a} {w}, {x} or {y}?", "{a} {w}: is it {x} or {y}?", "Tell me if {a} {w} is {x} or {y}.", "Is {a} {w} {x} or {y}?",
    "What is {a} {w}, {x} or {y}?", "{w}: {x} or {y}?", "Would you say {a} {w} is {x} or {y}?"]


def tidy(text):
    text = text.replace("  ", " ").strip()
    return text[0].upper() + text[1:]


def category(g):
    k, other = g.rng.sample(list(_KINDS), 2)
    true = g.chance(0.5)
    w = g.pick(_KINDS[k if true else other])
    if not true and (w in _KINDS[k] or {k, other} == {"animal", "bird"}):
        return category(g)
    bare = (k if true else other) in ("color", "sport")  # "Is red a color?", not "a red"
    a = "" if bare else article(w)
    if g.chance(0.25):
        x, y = [f"{article(z)} {z}" for z in ((k, other) if g.chance(0.5) else (other, k))]
        kind = k if true else other
        if w in _KINDS[k] and w in _KINDS[other] or {k, other} == {"animal", "bird"}:
            return category(g)
        ask = g.phrase(WHAT_KIND, a=a, w=w, x=x, y=y)
        return Item([(tidy(ask), tidy(f"{a.capitalize()} {w} is {article(kind)} {kind}."))], f"is {article(kind)} {kind}")
    told = f"Yes, {a} {w} is {article(k)} {k}." if true else f"No, {a} {w} is not {article(k)} {k}."
    return Item([(tidy(g.phrase(IS_KIND, a=a, w=w, ak=article(k), k=k, ks=plural(k))), tidy(told))], "Yes" if true else "No", "starts")


TASKS = {"definitions": [(define, 1)], "unknown_words": [(unknown_word, 1)], "opposites": [(opposite, 1)], "word_forms": [(synonym, 1), (forms, 1)],
    "categories": [(category, 1)]}
assert fix_articles("a apple") == "an apple"
