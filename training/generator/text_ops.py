"""Uppercase, spelling, counting letters, repeating, sorting words."""

from . import vocab as v
from .core import Gen, Item, in_words
from .words import COMMON, made_up

_OWN = v.THINGS + v.ANIMALS + v.FRUITS + v.COLORS + v.JOBS[:20]
_OWN = [w for w in _OWN if " " not in w] + "hello world yes no good morning night banana summer winter happy friend family music love computer strawberry mississippi thank you".split() * 2


def word(g: Gen, longest=11) -> str:
    x = g.rng.random()
    while True:
        w = g.pick(_OWN) if x < 0.35 else made_up(g, 2, 3) if x > 0.9 else g.pick(COMMON)
        if 3 <= len(w) <= longest:
            return w


def phrase_words(g, low=2, high=6):
    return " ".join(word(g) for _ in range(g.int(low, high)))


_START = ["the {a} is on the {b}", "I like {a} and {b}", "my {a} has a {b}", "we go to the {p} today", "{n} likes the {c} {a}", "this is a {c} {b}",
    "good morning {n}", "the {a} and the {b}", "where is my {b}", "{n} has {k} {a}s",
          "hello world", "I love {a}s", "the {c} {a} runs to the {p}", "it is a nice day", "see you tomorrow {n}", "the quick brown {a} jumps",
          "{n} and {m} play with a {b}", "can you see the {c} {a}", "open the {b}"]


def sentence(g):
    return g.say(*_START, a=g.pick(v.ANIMALS), b=g.pick(v.THINGS), c=g.pick(v.COLORS), p=g.pick(v.PLACES), n=g.person(), m=g.person(),
        k=in_words(g.int(2, 9)))


def q(g, text):
    return g.pick([f'"{text}"', f'"{text}"', f"'{text}'", text])


UPPER = ["Write {q} in [uppercase|upper case].", "Convert {q} to [capital letters|uppercase].", "Make {q} uppercase.",
    "Write {q} in capital letters.", "Change {q} to [uppercase|upper case|capitals].", "Turn {q} into [uppercase|capital letters].",
    "Show {q} in all caps.",
         "Uppercase: {t}", "Print the word {q} in [upper case|uppercase|capitals].",
         "Write the word {q} in [all caps|uppercase|capital letters|capitals].", "Put {q} in capital letters.", "{q} in uppercase",
         "Write {q} with capital letters.", "Convert this to uppercase: {t}",
         "Make this uppercase: {t}", "Change the word {q} to capital letters.", "Write {q} in capitals.", "Uppercase {q}.",
         "Capitalize every letter of {q}.", "Convert the following to upper case: {t}", "Uppercase the word {q}."]
LOWER = ["Write the word {q} in [lowercase|small letters].", "Change this to lowercase: {t}", "Make this lowercase: {t}",
    "Turn this into lowercase: {t}", "Write {q} without capital letters.", "make {t} lowercase", "{t} in small letters",
    "Convert the word {q} to lowercase.", "Change the word {q} to small letters.", "Show {q} in lowercase.","Write {q} in [lowercase|lower case].",
    "Convert {q} to [small letters|lowercase].", "Make {q} lowercase.", "Write {q} in small letters.", "Change {q} to lowercase.",
    "Turn {q} into [lowercase|lower case].", "Lowercase: {t}", "Print {q} in lower case.",
         "Convert this to lowercase: {t}", "{q} in lowercase", "Put {q} in small letters.", "Lowercase {q}.", "Lowercase the word {q}."]
SPELL = ["Spell the word {q}.", "How do you spell {q}?", "Tell me how to spell {q}.", "What is the spelling of {q}?", "Spell out {q}.",
    "Write the letters of {q}.", "Spell {q}.", "How is {q} spelled?", "Can you spell {q}?", "spell {t}", "Which letters are in {q}?",
         "How do I spell {q}?", "Say the letters of {q}.", "Spell {q} [letter by letter|for me].", "What are the letters of {q}?",
         "Give me the spelling of {q}.", "How do you spell the word {q}?", "List the letters of {q}.", "Please spell the word {q} for me."]
LENGTH = ["How many letters are in the word {q}?", "How many letters does {q} have?", "Count the letters of {q}.",
    "What is the number of letters in {q}?", "Tell me how many letters {q} has.", "Find the length of the word {q}.",
    "How many letters are [there |]in {q}?",
          "How many letters does the word {q} have?", "How long is the word {q}?", "number of letters in {t}",
          "How many letters are there in the word {q}?", "How many letters has {q}?", "What is the length of {q}?", "How many characters are in {q}?",
          "Count how many letters are in {q}.", "Count the letters in {q}."]
LETTER_COUNT = ["How many letters {l} are in the word {q}?", "How many letters {l} does {q} have?", "How many times does {q} have the letter {l}?",
    "How many of the letter {l} are in {q}?", "Count how many times {l} is in {q}.", "How often do you see the letter {l} in {q}?",
    "In {q}, how many {l}'s are there?", "How many {l}s does {q} have?", "Find how many times {l} appears in {q}.",
    "How many {l}'s does the word {q} have?", "number of {l}'s in {q}", "How many letters \"{l}\" are in {q}?", "Tell me how many {l}'s are in {q}.",
    "How many {l}'s are in {q}?", "How many times does the letter {l} appear in {q}?", "How many {l}s are there in the word {q}?",
    "Count the letter {l} in {q}.", "How often does {l} appear in {q}?", "How many {l} are in {q}?", "How many times is {l} in {q}?",
                "How often is the letter {l} in the word {q}?", "Count the {l}'s in {q}.", "How many times can you find the letter {l} in {q}?"]
REPEAT = ["Repeat after me: {t}", "Say the words {t}", "Say the words: {t}", "Write the words {t}", "Say the sentence {t}", "Write this: {t}",
    "Write down: {t}", "Now say {t}", "Repeat the words {t}", "Repeat exactly: {t}", "Print this: {t}", "Answer only with: {t}", "Please write: {t}",
    'Say "{t}" to me.', "Say exactly this: {t}", "Repeat these words: {t}", "Repeat this: {t}", "Say: {t}", "Say this: {t}", "Repeat: {t}",
    "Repeat the following: {t}", "Write exactly this: {t}", "Echo this: {t}", "Copy this text: {t}", "Just say: {t}",
          'Say "{t}".', 'Repeat "{t}".', 'Repeat the sentence "{t}".', 'Write "{t}".', "Type this: {t}", "Please repeat after me: {t}",
              "Reply with: {t}", 'Reply with the words "{t}".', "echo {t}", 'Answer with "{t}".', "Output exactly: {t}",
          'Please say "{t}".', "Repeat this sentence: {t}"]
TIMES = ["Say {q} {n} times in a row.", "Give me {q} {n} times.", "repeat {q} {n} times", "[Say|Write|Repeat] the word {q} {n} times.",
    "[Say|Write|Repeat] {q} {n} times.", "Write the word {q} {n} times.", "{q} {n} times", "I want you to say {q} {n} times.", "Print {q} {n} times.",
    "Repeat the word {q} {n} times.", "Can you [say|write] {q} {n} times?", "Please say the word {q} {n} times."]
SORT = ["Sort these words alphabetically: {l}", "Put these words in alphabetical order: {l}", "Alphabetize: {l}", "Sort alphabetically: {l}",
    "Arrange in alphabetical order: {l}", "Sort these words: {l}", "Order these words alphabetically: {l}", "Put in alphabetical order: {l}",
        "Sort the words {l} alphabetically.", "Put {l} in alphabetical order.", "Alphabetize these words: {l}",
        "Can you sort these alphabetically: {l}", "Sort this list: {l}", "Sort the following words from A to Z: {l}", "Order from A to Z: {l}",
        "Sort {l}.",
        "Arrange these words alphabetically: {l}"]
FIRST = ["What letter does {q} {s} with?", "Which letter does {q} {s} with?", "With which letter does {q} {s}?",
    "Which letter does the word {q} {s} with?", "What is the {w} letter of the word {q}?", "The {w} letter of {q} is",
    "With what letter does the word {q} {s}?","What is the {w} letter of {q}?", "What is the {w} letter of the word {q}?", "{w} letter of {t}",
    "Which letter is the {w} in {q}?", "Tell me the {w} letter of {q}.", "Name the {w} letter of the word {q}.", "Which is the {w} letter of {q}?",
    "Give me the {w} letter of {q}.",
         "What's the {w} letter in {q}?", "What is the {w} letter in the word {q}?"]
WORDS_IN = ["How many words are in this sentence: {t}", "How many words are in {q}?", "Count the words in {q}.", "Count the words: {t}",
    "How many words does this sentence have: {t}", "How many words are there in {q}?", "What is the number of words in {q}?",
    "Count the words of this sentence: {t}",
            'How many words does "{t}" have?']
NTH_WORD = ["Which is the {w} word in {q}?", "{w} word of: {t}", "What is the {w} word here: {t}","What is the {w} word of this sentence: {t}",
    "What is the {w} word in {q}?", "Tell me the {w} word of {q}.", "Give me the {w} word of: {t}", "Which word is {w} in {q}?",
    "What is the {w} word of {q}?", "Name the {w} word in this sentence: {t}"]
BACKWARDS = ["Reverse the word {q}.", "Write {q} backwards.", "Spell {q} backwards.", "What is {q} backwards?", "Reverse {q}.",
    "How do you write {q} backwards?", "Say {q} backwards.", "Write the word {q} in reverse.", "Spell the word {q} backwards."]
CAPITALIZE = ["Capitalize {q}.", "Capitalize the first letter of {q}.", "Write {q} with a capital first letter.",
    "Make the first letter of {q} a capital.", "Start {q} with a capital letter.", "Write {q} with a capital letter at the start."]
CHOOSE = ["Which is longer, {a} or {b}?", "Which is the longer word: {a} or {b}?", "{a} or {b}: which word is longer?",
    "Which word has more letters, {a} or {b}?", "Does {a} or {b} have more letters?","Which word is longer, {a} or {b}?",
    "Which word is longer: {a} or {b}?", "Is {a} or {b} the longer word?", "Which of the words {a} and {b} is longer?",
    "What is longer, the word {a} or the word {b}?", "Tell me the longer word: {a} or {b}."]


def change_case(g):
    x = g.rng.random()
    text = word(g) if g.chance(0.7) else sentence(g)
    if x < 0.6:
        return Item([(g.phrase(UPPER, q=q(g, text), t=text), text.upper())], check="exact", noise="wrap")
    if x < 0.9:
        return Item([(g.phrase(LOWER, q=q(g, text.upper()), t=text.upper()), text.lower())], check="exact", noise="wrap")
    return Item([(g.phrase(CAPITALIZE, q=q(g, text)), text[0].upper() + text[1:])], check="exact", noise="wrap")


def spell(g):
    w = word(g)
    return Item([(g.phrase(SPELL, q=q(g, w), t=w), "-".join(w.upper()))], check="exact")


def length(g):
    w = word(g)
    return Item([(g.phrase(LENGTH, q=q(g, w), t=w), f"The word \"{w}\" has {len(w)} letters.")], f"{len(w)} letters", noise="wrap")


def letter_count(g):
    w = word(g)
    l = g.pick(w) if g.chance(0.85) else g.pick("abcdefghijklmnopqrstuvwxyz")
    n = w.count(l)
    ask = g.phrase(LETTER_COUNT, l=l, q=q(g, w))
    return Item([(ask, f"{'-'.join(w.upper())}. The letter {l} appears {n} time{'' if n == 1 else 's'}.")], f"appears {n} time", noise="wrap",
        check="has")


def repeat(g):
    text = sentence(g) if g.chance(0.5) else phrase_words(g) if g.chance(0.7) else word(g)
    if g.chance(0.3):
        text = text[0].upper() + text[1:] + g.pick([".", "!", ""])
    ask = g.phrase(REPEAT, t=text)
    return Item([(ask, text)], check="exact", noise="none")


def times(g):
    w, n = word(g), g.int(2, 5)
    return Item([(g.phrase(TIMES, q=q(g, w), n=n if g.chance(0.5) else in_words(n)).replace("two times", g.pick(["two times", "twice"])),
        " ".join([w] * n))], check="exact", noise="wrap")


def sort(g):
    k = g.int(3, 5)
    while True:
        ws = list(dict.fromkeys(word(g) for _ in range(k))) if g.chance(0.6) else g.rng.sample([x for x in g.pick([v.FRUITS, v.ANIMALS, v.VEGETABLES,
            v.NAMES]) if " " not in x], k)
        if len({w[0].lower() for w in ws}) == len(ws) == k:  # ties on the first letter are too hard for the size
            break
    g.rng.shuffle(ws)
    return Item([(g.phrase(SORT, l=", ".join(ws)), ", ".join(sorted(ws, key=str.lower)))], check="exact", noise="wrap")


def letter_at(g):
    w, x = word(g), g.rng.random()
    i, name = (0, "first") if x < 0.5 else (-1, "last") if x < 0.8 else (1, "second") if x < 0.92 else (2, "third")
    ask = g.phrase([t for t in FIRST if "{s}" not in t or i in (0, -1)], w=name, q=q(g, w), t=w, s=g.pick(["start", "begin"]) if i == 0 else "end")
    return Item([(ask, f"The {name} letter of \"{w}\" is {w[i].upper()}.")], f"is {w[i].upper()}", noise="wrap")


def in_sentence(g):
    text = sentence(g) if g.chance(0.7) else phrase_words(g, 3, 7)
    ws = text.split()
    if g.chance(0.5):
        return Item([(g.phrase(WORDS_IN, q=q(g, text), t=text), f"There are {len(ws)} words.")], f"are {len(ws)}", noise="none")
    name, i = g.pick([("first", 0), ("last", -1), ("second", 1)])
    return Item([(g.phrase(NTH_WORD, w=name, q=q(g, text), t=text), f"The {name} word is {ws[i]}.")], f"is {ws[i]}", noise="none")


def backwards(g):
    w = word(g, 7)
    return Item([(g.phrase(BACKWARDS, q=q(g, w)), f"{'-'.join(w.upper())} backwards is {'-'.join(w.upper()[::-1])}.")],
        f"is {'-'.join(w.upper()[::-1])}", noise="wrap")


def longer(g):
    a, b = word(g), word(g)
    if len(a) == len(b):
        return longer(g)
    w = a if len(a) > len(b) else b
    return Item([(g.phrase(CHOOSE, a=a, b=b), f"The word \"{w}\" is longer.")], f'"{w}"', "has", noise="wrap")


TASKS = {"text_ops": [(change_case, 3), (spell, 1.6), (length, 1.5), (repeat, 2.2), (times, 1.1), (sort, 1.4), (letter_at, 1), (in_sentence, 0.6)],
         "letter_games": [(letter_count, 1), (backwards, 1.4), (longer, 0.3)]}
