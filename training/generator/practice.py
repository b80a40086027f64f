"""More ways to read a text and to follow a system prompt, for training only.

Evaluation never draws from here, so its items stay what they were. A phrasing
that is held out anywhere must not occur here; check_held_out.py looks for it.
"""

import json

from . import vocab as v
from .core import Gen, Item, article, in_words
from .countries import COUNTRIES
from .reading import CITIES, NOT_SAID, TIMES, WRAP
from .system_prompts import AS_JSON, CAPS, END_WITH, ENDINGS, LOWER, NAMED, ONE_WORD, ONLY, PIRATE, START_WITH, STARTS, neutral, short_answer

# topic: (statements, questions, answer); {S} is the person or a pronoun, {P} the possessive, {n} always the name
PERSON = {
    "age": (["{S} is {x} years old.", "{S} is {x}.", "{S} turned {x} this year.", "{P} age is {x}."],
        ["How old is {n}?", "What is {n}'s age?", "What age is {n}?", "Say how old {n} is.", "How many years old is {n}?", "Do you know how old {n} is?",
         "What is the age of {n}?", "Which age does {n} have?", "Find out how old {n} is.", "{n}'s age?", "The age of {n}?", "I want to know how old {n} is.",
         "Give me the age of {n}."], "{n} is {x} years old."),
    "job": (["{S} works as {ax}.", "{S} is {ax}.", "{P} job is {x}.", "{S} has a job as {ax}."],
        ["What is {n}'s job?", "What does {n} do[| for work| for a living]?", "What does {n} work as?", "Which job does {n} have?", "What work does {n} do?",
         "What job does {n} have?", "{n}'s job?", "As what does {n} work?", "Name {n}'s job.", "Give me the job of {n}.",
         "What kind of job does {n} have?", "Say what {n} does for work."], "{n} works as {ax}."),
    "home": (["{S} lives in {x}.", "{P} home is in {x}.", "{S} has a home in {x}.", "{S} has lived in {x} for years."],
        ["Where does {n} live?", "In which city does {n} live?", "Which city does {n} live in?", "What city does {n} live in?", "In what city is {n} at home?",
         "Where is {n} at home?", "Which city is {n}'s home?", "What is {n}'s home city?", "Where is the home of {n}?", "What is the home of {n}?",
         "Name the city {n} lives in.", "{n} lives where?", "Tell me where {n} lives.", "Name {n}'s home.", "Where can I find {n}'s house?",
         "In which city is {n}'s home?", "Which place is home to {n}?"], "{n} lives in {x}."),
    "food": (["{S} likes to eat {x}.", "{P} favorite food is {x}.", "{S} loves {x}.", "{S} eats {x} every day."],
        ["What does {n} like to eat?", "What is {n}'s favorite food?", "Which food does {n} like?", "What is the favorite food of {n}?", "What does {n} love to eat?",
         "Which food does {n} love?", "Name {n}'s favorite food.", "Tell me what {n} likes to eat.", "Which meal does {n} like?", "What would {n} like to eat?"],
        "{n} likes to eat {x}."),
    "pet": (["{S} has {ax}.", "{S} has a pet {x}.", "{P} pet is {ax}.", "{S} keeps {ax} at home."],
        ["What pet does {n} have?", "Which animal does {n} have?", "What is {n}'s pet?", "What animal does {n} have?", "What kind of pet does {n} have?",
         "Name {n}'s pet.", "Which animal is {n}'s pet?", "What is the pet of {n}?", "Tell me what pet {n} has.", "Which animal lives with {n}?",
         "What sort of animal does {n} keep?"], "{n} has {ax}."),
    "hobby": (["{S} likes {x}.", "{P} hobby is {x}.", "{S} enjoys {x}.", "{S} spends the evenings with {x}."],
        ["What is {n}'s hobby?", "What does {n} enjoy?", "Which hobby does {n} have?", "What is the hobby of {n}?", "What does {n} like to do?",
         "What does {n} do for fun?", "Name {n}'s hobby.", "Tell me {n}'s hobby.", "What does {n} do in the free time?", "Which hobby is {n}'s?"],
        "{n} likes {x}."),
    "instrument": (["{S} plays the {x}.", "{S} can play the {x}.", "{P} instrument is the {x}.", "{S} is learning the {x}."],
        ["Which instrument does {n} play?", "What does {n} play?", "What instrument can {n} play?", "What is {n}'s instrument?", "Name the instrument {n} plays.",
         "Which instrument can {n} play?", "Tell me what {n} plays.", "What musical instrument does {n} play?", "On which instrument does {n} play?"],
        "{n} plays the {x}."),
    "language": (["{S} speaks {x}.", "{S} is learning {x}.", "{P} language is {x}.", "{S} knows {x}."],
        ["What language does {n} know?", "Which language does {n} speak or learn?", "Tell me the language of {n}.", "What is {n}'s language?",
         "Which language is it that {n} knows?", "What language does {n} speak?", "Name the language {n} knows.", "What is the language of {n}?"],
        "The language is {x}."),
    "favorite color": (["{P} favorite color is {x}.", "{S} likes the color {x}.", "{S} loves the color {x}.", "{S} likes {x} best of all colors."],
        ["What is {n}'s favorite color?", "Which color does {n} like?", "What color does {n} like?", "What is the favorite color of {n}?",
         "Which color does {n} love?", "Name {n}'s favorite color.", "Tell me which color {n} likes.", "What color is it that {n} likes best?",
         "What color does {n} prefer?"], "{n}'s favorite color is {x}."),
    "number": (["{S} has {x} {o}.", "{S} bought {x} {o}.", "{S} found {x} {o}.", "{S} owns {x} {o}.", "{S} got {x} {o}."],
        ["How many {o} does {n} have?", "What is the number of {o}?", "Tell me how many {o} {n} has.", "How many {o} has {n} got?", "What number of {o} does {n} have?",
         "Count the {o} of {n}.", "How many {o} belong to {n}?", "Say how many {o} there are.", "How many {o} are mentioned?", "The number of {o}?",
         "How many {o} can you count?"], "{n} has {x} {o}."),
    "relative": (["{P} {o} is called {x}.", "{P} {o} is named {x}.", "{x} is {p} {o}.", "{P} {o} has the name {x}."],
        ["What is the name of {n}'s {o}?", "What is {n}'s {o} called?", "Who is {n}'s {o}?", "Tell me the name of {n}'s {o}.", "What name does {n}'s {o} have?",
         "Who is the {o} of {n}?", "Name {n}'s {o}.", "How do you call {n}'s {o}?", "Which name has {n}'s {o}?", "What's the {o} of {n} called?",
         "How is the {o} of {n} named?"], "{n}'s {o} is called {x}."),
}
_RELATIVES = ["sister", "brother", "mother", "father", "friend", "cousin", "aunt", "uncle", "son", "daughter"]
_VALUES = {"age": lambda g: g.int(5, 95), "job": lambda g: g.pick(v.JOBS), "home": lambda g: g.pick(CITIES), "food": lambda g: g.pick(v.FOODS + v.FRUITS[:10]),
    "pet": lambda g: g.pick(v.PETS + v.FARM_ANIMALS), "hobby": lambda g: g.pick(v.HOBBIES + v.SPORTS[:8]), "instrument": lambda g: g.pick(v.INSTRUMENTS),
    "language": lambda g: g.pick(v.LANGUAGES), "favorite color": lambda g: g.pick(v.COLORS), "number": lambda g: g.int(2, 99),
    "relative": lambda g: g.person()}

# topic: (statements, questions, answer) about one thing {o}
THING = {
    "color": (["The {o} is {x}.", "There is {ax} {o}.", "I have {ax} {o}.", "We have {ax} {o} at home."],
        ["What color is the {o}?", "Which color is the {o}?", "What is the color of the {o}?", "Name the color of the {o}.", "In which color is the {o}?",
         "The {o} is which color?", "What color does the {o} have?", "What's the color of the {o}?", "Do you know the color of the {o}?",
         "Which color has the {o}?"], "The {o} is {x}."),
    "place": (["The {o} is in the {x}.", "I put the {o} in the {x}.", "Somebody left the {o} in the {x}.", "You find the {o} in the {x}."],
        ["Where is the {o}?", "Where can I find the {o}?", "In which place is the {o}?", "Where did somebody put the {o}?", "Where should I look for the {o}?",
         "What place is the {o} in?", "Tell me where the {o} is.", "Where can the {o} be found?", "The {o} is where?"], "The {o} is in the {x}."),
    "price": (["The {o} costs {x} dollars.", "I paid {x} dollars for the {o}.", "The price of the {o} is {x} dollars.", "You can buy the {o} for {x} dollars."],
        ["How much does the {o} cost?", "What is the price of the {o}?", "How much is the {o}?", "How many dollars is the {o}?", "How expensive is the {o}?",
         "For how much can I buy the {o}?", "Tell me the price of the {o}.", "What do I pay for the {o}?", "Name the price of the {o}.",
         "What must I pay for the {o}?", "What is the cost of the {o}?", "How many dollars does the {o} cost?"], "The {o} costs {x} dollars."),
    "material": (["The {o} is made of {x}.", "Somebody made the {o} out of {x}."],
        ["What is the {o} made of?", "Which material is the {o} made of?", "What material is the {o}?", "Of what is the {o} made?"], "The {o} is made of {x}."),
}
_THING_VALUES = {"color": lambda g: g.pick(v.COLORS), "place": lambda g: g.pick(v.PLACES), "price": lambda g: g.int(2, 99),
    "material": lambda g: g.pick(v.MATERIALS)}
WHICH = ["What is the {c} thing?", "Which object is {c}?", "What object is {c}?", "Name the {c} thing.", "Which of the two is {c}?", "Tell me what is {c}.",
    "Which of them is {c}?", "What is {c}?", "Which thing is {c}?", "Which one is {c}?", "Which item is {c}?", "What item is {c}?", "Name the thing that is {c}.",
    "What is the {c} object?", "What is the {c} one?", "The {c} one is what?", "Find the {c} thing.", "Which object has the color {c}?", "Something is {c}. What?",
    "Is something {c}? What is it?", "What has the color {c}?", "Tell me which thing is {c}.", "Which is the {c} one?", "What sort of thing is {c}?"]
WRAPS = WRAP[:-1] + ["Note: {t} {q}", "Look: {t} {q}", "Hear this: {t} {q}", "Hey! {t} {q}", "Story: {t}\n\n{q}", "Facts: {t} {q}", "A short story: {t} {q}",
    "{t} So, {q}", "{t} My question: {q}", "Think about this. {t} {q}", "Remember this: {t} {q}", "Attention: {t} {q}", "Imagine this: {t} {q}", "OK. {t} {q}",
    "Say you know this: {t} {q}", "[Known|Given]: {t} {q}", "Text:\n{t}\n\nQuestion:\n{q}", "{q}\n{t}", "News: {t} {q}", "Message: {t} {q}", "See here: {t} {q}"]


def _sentence(text):
    return text[0].upper() + text[1:]


def _person_facts(g: Gen, n, topics, pronouns):
    """Sentences about n and (topic, question slots) for each."""
    sentences, asked = [], []
    he, his, _ = v.PRONOUN[n]
    for t in topics:
        named = not sentences or not pronouns
        x = _VALUES[t](g)
        o = g.pick(v.COUNTABLE) if t == "number" else g.pick(_RELATIVES)
        shown = in_words(x) if t == "number" and g.chance(0.15) else str(x)
        slots = dict(n=n, x=shown, ax=f"{article(shown)} {shown}", o=o)
        sentences.append(_sentence(g.say(*PERSON[t][0], S=n if named else he, P=n + "'s" if named else his, p=n + "'s" if named else his, **slots)))
        asked.append((t, slots))
    return sentences, asked


def _ask(g, table, topic, slots):
    _, questions, answer = table[topic]
    return g.say(*questions, **slots), answer.format(**slots)


def _dialogue(g, text, pairs):
    """The text with the first question; now and then more questions about the same text."""
    (q, a), *more = pairs
    first = f"{text} {q}" if g.chance(0.3) else g.say(*WRAPS, t=text, q=q)
    return Item([(first, a), *more], noise="none", fixed=bool(more))


def people(g: Gen) -> Item:
    """One to three people with one to five facts each, in blocks or mixed; the question names one person and one topic."""
    count = g.pick([1, 1, 1, 2, 2, 3])
    names = g.people()[:count] if count < 3 else list(dict.fromkeys(g.people() + g.people()))[:3]
    # Several people share topics, so that the name decides.
    pool = g.rng.sample(list(PERSON), g.int(1, 5) if len(names) == 1 else g.int(1, 3))
    sentences, asked = [], []
    mixed = len(names) > 1 and g.chance(0.4)
    for n in names:
        topics = g.rng.sample(pool, len(pool)) if g.chance(0.8) or len(pool) == 1 else pool[:-1]
        s, a = _person_facts(g, n, topics, pronouns=not mixed and g.chance(0.45))
        sentences += s
        asked += a
    if mixed:
        g.rng.shuffle(sentences)
    if len(names) == 1 and g.chance(0.3):
        extra, _, other = _thing_facts(g, 1)
        at = g.int(0, len(sentences)) if sentences[-1].startswith(names[0]) else len(sentences)
        sentences[at:at] = extra
        if g.chance(0.4):
            return _dialogue(g, " ".join(sentences), [_ask(g, THING, *g.pick(other))])
    text = " ".join(sentences)
    pairs = []
    for _ in range(g.pick([1, 1, 1, 2, 3])):
        t, slots = g.pick(asked)
        if g.chance(0.14):  # not said: another topic, or a person who is not in the text
            t2 = g.pick([t for t in PERSON if t not in pool and t not in ("number", "language")])
            who = g.pick(names) if g.chance(0.8) else g.person()
            pairs.append((g.say(*PERSON[t2][1], n=who, o=g.pick(_RELATIVES)), NOT_SAID))
        else:
            pairs.append(_ask(g, PERSON, t, slots))
    return _dialogue(g, text, list(dict(pairs).items()))


def _thing_facts(g, count):
    things = g.rng.sample(v.THINGS + v.CLOTHES[:9] + v.VEHICLES, count)
    topic = g.pick(["color", "color", "place", "price", "price", "material"])
    sentences, asked, used = [], [], set()
    for o in things:
        x = next(x for x in iter(lambda: _THING_VALUES[topic](g), None) if x not in used)
        used.add(x)
        slots = dict(o=o, x=x, ax=f"{article(str(x))} {x}")
        sentences.append(g.say(*THING[topic][0], **slots))
        asked.append((topic, slots))
    return sentences, topic, asked


def things(g: Gen) -> Item:
    """One to four things that differ in color, place, price or material."""
    sentences, topic, asked = _thing_facts(g, g.pick([1, 2, 2, 3, 4]))
    if topic == "color" and len(asked) > 1 and g.chance(0.75):  # in one sentence
        who = g.say("{n}", "My {r} {n}", "My {r}", n=g.person(), r=g.pick(_RELATIVES))
        listed = [s["ax"] + " " + s["o"] for _, s in asked]
        joined = ", ".join(listed[:-1]) + " and " + listed[-1]
        plain = [f"the {s['o']} is {s['x']}" for _, s in asked]
        text = g.say("{n} has {l}.", "There is {l} in the room.", "{n} bought {l}.", "{n} sees {l}.", "On the table I see {l}.", "{n} owns {l}.", "{p}.", "{p}.",
            n=who, l=joined, p=_sentence(", ".join(plain[:-1]) + " and " + plain[-1]))
    else:
        text = " ".join(sentences)
    pairs = []
    for t, slots in g.rng.sample(asked, min(len(asked), g.pick([1, 1, 2]))):
        if topic == "color" and g.chance(0.5):
            pairs.append((g.say(*WHICH, c=slots["x"]), f"The {slots['o']} is {slots['x']}."))
        else:
            pairs.append(_ask(g, THING, t, slots))
    return _dialogue(g, text, pairs)


_PAIRS = [  # two people and a relation: (text, [(questions, answer)])
    ("{n} gave the {a} to {m}.", [(["Who has the {a} now?", "Who got the {a}?", "Who has the {a}?", "Who received the {a}?", "Who did {n} give the {a} to?",
        "Who was given the {a}?", "Which person got the {a}?", "Who is the owner of the {a} now?"], "{m} has the {a}."),
        (["Who gave the {a} away?", "Who gave {m} the {a}?", "From whom did {m} get the {a}?"], "{n} gave the {a} to {m}.")]),
    ("{n} got the {a} from {m}.", [(["Who has the {a} now?", "Who got the {a}?", "Who received the {a}?", "Who did {m} give the {a} to?"], "{n} has the {a}.")]),
    ("{n} is taller than {m}.", [(["Who is taller?", "Who is taller, {n} or {m}?", "Who is taller, {m} or {n}?", "Who is the taller one?", "Name the taller person.",
        "Is {n} or {m} taller?"], "{n} is taller.")]),
    ("{n} is faster than {m}.", [(["Who is faster?", "Who is the faster one?", "Who is faster, {m} or {n}?", "Which one of them is faster?"], "{n} is faster.")]),
    ("{n} is older than {m}.", [(["Who is older?", "Who is the older one?", "Who is older, {m} or {n}?", "Which one of them is older?"], "{n} is older.")]),
    ("{n} won the game against {m}.", [(["Who won?", "Who won the game?", "Who is the winner?", "Which player won?"], "{n} won the game.")]),
    ("{n} called {m} on {d}.", [(["Who called {m}?", "Who made the call?"], "{n} called {m}."), (["Who did {n} call?", "Who was called by {n}?"], "{n} called {m}."),
        (["When did {n} call {m}?", "On which day was the call?"], "It was on {d}.")]),
]


def relations(g: Gen) -> Item:
    text, asks = g.pick(_PAIRS)
    n, m = g.people()
    slots = dict(n=n, m=m, a=g.pick(v.THINGS), d=g.pick(v.DAYS))
    questions, answer = g.pick(asks)
    shown = text.format(**slots)
    if g.chance(0.4):
        extra = g.say("It was {d}.", "{k} was there too.", "The weather was nice.", "It was a nice day.", "{k} saw it.", k=g.person(), d=g.pick(v.DAYS))
        shown = g.pick([f"{shown} {extra}", f"{extra} {shown}"])
    return _dialogue(g, shown, [(g.say(*questions, **slots), answer.format(**slots))])


# Facts in the system prompt: (texts, questions, answer, values)
_HOME = [c["capital"] for c in COUNTRIES]
_CLOCK = ["6 am", "7 am", "8 am", "9 am", "10 am", "11 am", "noon", "1 pm", "2 pm", "5 pm", "6 pm", "8 pm"]
TOLD = [
    (["The user's name is {x}.", "The name of the user is {x}.", "You talk to {x}.", "The user is called {x}.", "The user is {x}.", "{x} is the user's name."],
     ["What is my name?", "Who am I?", "Do you know my name?", "Tell me my name.", "Can you tell me my name?", "Say my name.", "My name is?", "How am I called?",
      "what is my name", "Do you know who I am?", "Which name do I have?"], "Your name is {x}.", v.NAMES),
    (["Today is {x}.", "It is {x} today.", "Today's day is {x}.", "The day is {x}.", "This is a {x}.", "The current day is {x}."],
     ["What day is it?", "What day is today?", "Which day is it today?", "Tell me what day it is.", "What is today?", "Do you know what day it is?", "Which day is it?",
      "what day is it", "Today is which day?", "Which day do we have?", "Which day of the week is it?", "What day of the week is today?", "What is the day today?",
      "Name the day of today.", "Can you tell me the day?", "What day is it now?", "We have which day today?",
      "The day today?", "Which weekday do we have today?"], "Today is {x}.", v.DAYS),
    (["The month is {x}.", "It is {x} now.", "We are in {x}.", "The current month is {x}."],
     ["What month is it?", "Which month is it?", "Which month do we have?", "What month do we have now?", "Tell me the month."], "The month is {x}.", v.MONTHS),
    (["The secret word is {x}.", "The password is {x}.", "The magic word is {x}."],
     ["What is the secret word?", "What is the password?", "Tell me the secret word.", "What's the secret word?", "What is the word?", "Say the secret word.",
      "Which word is the secret one?", "Which secret word do you know?", "Give me the secret word."], "The word is {x}.", v.THINGS + v.ANIMALS + v.FRUITS),
    (["You live in {x}.", "Your home is in {x}.", "You come from {x}.", "You are from {x}.", "You are a chatbot from {x}.", "You are a helper from {x}.",
      "{x} is your home.", "You are at home in {x}.", "You are an AI that lives in {x}.", "You are an assistant living in {x}."],
     ["Where do you live?", "Where are you from?", "Where is your home?", "Which city do you live in?", "What city do you live in?", "What is your home?",
      "Where do you come from?", "Tell me where you live.", "Which city is your home?", "What city are you from?", "Which city are you from?", "Name the city you live in.",
      "In what city is your home?", "Do you live in a city? Which one?", "Where are you at home?", "You live where?", "Where do you live, please?",
      "From which city are you?", "What is your home city?"], "I live in {x}.", _HOME),
    (["The shop opens at {x}.", "Our shop opens at {x}.", "You are the helper of a shop. It opens at {x}.", "The shop is open from {x}.", "We open the shop at {x}."],
     ["When does the shop open?", "At what time do you open?", "When do you open?", "When can I come to the shop?", "When is the shop open?",
      "At what time does the shop open?", "Tell me when the shop opens.", "From what time are you open?"], "The shop opens at {x}.", _CLOCK),
    (["The shop closes at {x}.", "Our shop closes at {x}.", "We close the shop at {x}.", "The shop is open until {x}."],
     ["When does the shop close?", "At what time do you close?", "When do you close?", "Until when are you open?", "What time does the shop close?"],
     "The shop closes at {x}.", _CLOCK),
    (["The ticket costs {x} dollars.", "A ticket costs {x} dollars.", "You sell tickets for {x} dollars.", "Tickets cost {x} dollars.", "The price of a ticket is {x} dollars.",
      "You work at a museum. A ticket costs {x} dollars.", "You sell tickets to tourists. Each ticket costs {x} dollars."],
     ["How much is a ticket?", "What does a ticket cost?", "What is the price of a ticket?", "How much are the tickets?", "What do tickets cost?", "How much is one ticket?",
      "What do I pay for a ticket?", "Tell me the price of a ticket.", "How much must I pay for a ticket?", "How many dollars is a ticket?", "How much do you want for a ticket?",
      "How much money is a ticket?"], "A ticket costs {x} dollars.", [str(n) for n in range(3, 99)]),
    (["A coffee costs {x} dollars.", "You work in a cafe. A coffee costs {x} dollars.", "The price of a coffee is {x} dollars."],
     ["How much is a coffee?", "What does a coffee cost?", "How much does a coffee cost?", "What is the price of a coffee?", "What do I pay for a coffee?"],
     "A coffee costs {x} dollars.", [str(n) for n in range(2, 15)]),
    (["The user is {x} years old.", "The user's age is {x}.", "You talk to a user who is {x} years old."],
     ["How old am I?", "What is my age?", "Do you know my age?", "What age am I?", "Tell me my age."], "You are {x} years old.", [str(n) for n in range(6, 95)]),
    (["Your favorite color is {x}.", "You like the color {x}.", "You love the color {x}."],
     ["What is your favorite color?", "Which color do you like?", "What color do you like?", "Tell me your favorite color."], "My favorite color is {x}.", v.COLORS),
    (["The meeting is in room {x}.", "The room of the meeting is {x}.", "All meetings are in room {x}."],
     ["In which room is the meeting?", "What room is the meeting in?", "Which room is it?"], "The meeting is in room {x}.",
     [str(n) for n in range(1, 400)]),
]
_BEFORE = ["You are a friendly assistant. ", "You are a chatbot. ", "Be polite. ", "You help users. ", "Answer the question. "]
_AFTER = [" Answer the user's questions.", " Be polite.", " Help the user.", " Be friendly.", " Answer in English.", " Respond to the user."]


def _dressed(g, rule):
    """A rule alone, or with a harmless sentence before or after it."""
    x = g.rng.random()
    if x < 0.5:
        return rule
    if x < 0.72:
        return g.pick(_BEFORE) + rule
    if x < 0.86 and rule[-1] in ".!?":
        return rule + g.pick(_AFTER)
    role = next(r for r in iter(lambda: neutral(g).rstrip("."), None) if r != "You are a helpful assistant")  # that one is held out with some rules
    return f"{role}. {rule}"


def told(g: Gen) -> Item:
    """One to three facts in the system prompt, one or two of them asked for."""
    chosen = g.rng.sample(TOLD, g.pick([1, 1, 1, 2, 3]))
    facts, turns = [], []
    for texts, asks, answer, pool in chosen:
        x = g.pick(pool)
        facts.append(g.say(*texts, x=x))
        turns.append((g.say(*asks), answer.format(x=x)))
    g.rng.shuffle(turns)
    return Item(turns[:g.pick([1, 1, 2])], system=_dressed(g, " ".join(facts)), noise="none", fixed=True)


def _fact(g):
    """A short question of the kinds that rules are tried on."""
    from .mix import make, small_talk

    if g.chance(0.3):
        return small_talk(g)
    task = g.pick(["countries", "countries", "facts", "general_facts", "general_facts", "opposites", "chat", "comparisons"])
    return make(g, task).turns[-1]


def case(g: Gen) -> Item:
    """Upper or lower case, for one to three questions in a row."""
    upper = g.chance(0.62)
    turns = [(q, a.upper() if upper else a.lower()) for q, a in (_fact(g) for _ in range(g.pick([1, 2, 2, 3])))]
    return Item(turns, system=_dressed(g, g.say(*(CAPS if upper else LOWER)[:-1])), noise="none", fixed=True)


def _brief(g, one):
    """A question with a bare answer; sums and opposites, which are the hard ones, more often."""
    from . import arithmetic, words

    if g.chance(0.45):
        return short_answer(g, one)
    it = g.pick([arithmetic.add_subtract, arithmetic.add_subtract, words.opposite])(g)
    return it, str(it.gold).split()[-1]


def brief(g: Gen) -> Item:
    """Bare answers, for one to three questions in a row; the rule stands in the system prompt or in the question."""
    one = g.chance(0.5)
    rules = (ONE_WORD if one else ONLY)[:-1]
    if g.chance(0.22):
        from .mix import polish
        it, gold = _brief(g, one)
        q, rule = polish(g, it.turns[0][0], it.noise), g.say(*rules)
        return Item([(f"{q} {rule}" if g.chance(0.7) else f"{rule} {q}", gold)], noise="none")
    turns, noise = [], "full"
    for _ in range(g.pick([1, 1, 2, 3])):
        it, gold = _brief(g, one)
        turns.append((it.turns[0][0], gold))
    return Item(turns, system=_dressed(g, g.say(*rules)), noise=noise, fixed=True)


def in_json(g: Gen) -> Item:
    turns = []
    for _ in range(g.pick([1, 1, 2, 3])):
        it, gold = _brief(g, False)
        turns.append((it.turns[0][0], json.dumps({"answer": int(gold) if gold.lstrip("-").isdigit() else gold}, ensure_ascii=False)))
    return Item(turns, system=_dressed(g, g.say(*AS_JSON[:-1])), noise="full", fixed=True)


_MORE_ENDINGS = ["See you soon!", "Take care.", "Over and out.", "Have fun!", "Ask me more!", "End of answer.", "Yours, the assistant", "Done.", "Woof!", "Beep boop.",
    "Stay safe.", "Enjoy your day!"]
_MORE_STARTS = ["Hi there!", "Listen up:", "My answer:", "Certainly!", "Hello friend!", "Result:", "As you wish.", "Beep!", "I think:", "No problem!", "Reply:"]


def affix(g: Gen) -> Item:
    """A fixed start or end, or pirate talk, for one to three questions in a row."""
    kind = g.pick(["end", "end", "start", "start", "pirate"])
    if kind == "pirate":
        rule, change = g.say(*PIRATE[:-1]), lambda a: f"Arr! {a}"
    elif kind == "end":
        e = g.pick(ENDINGS if g.chance(0.6) else _MORE_ENDINGS)
        rule, change = g.say(*END_WITH[:-1], x=e), lambda a: f"{a} {e}"
    else:
        e = g.pick(STARTS if g.chance(0.6) else _MORE_STARTS)
        rule, change = g.say(*START_WITH[:-1], x=e), lambda a: f"{e} {a}"
    turns = [(q, change(a)) for q, a in (_fact(g) for _ in range(g.pick([1, 1, 2, 3])))]
    return Item(turns, system=_dressed(g, rule) if rule[-1] == "." else rule, noise="none", fixed=True)


def named(g: Gen) -> Item:
    n = g.pick(v.NAMES + ["Robo", "Helper", "Nova", "Buddy", "Spark", "Ada", "Atlas", "Echo"])
    ask = g.say("What is your name?", "Who are you?", "Tell me your name.", "What are you called?", "How are you called?", "Do you have a name?",
        "Which name do you have?", "Say your name.", "what is your name?")
    return Item([(ask, f"My name is {n}.")], system=_dressed(g, g.say(*NAMED[:-1], x=n)), noise="none")


# Share of a task's training dialogues that come from here, and from which functions.
PRACTICE = {
    "reading": (0.55, [(people, 5), (things, 3), (relations, 1)]),
    "system_prompts": (0.6, [(told, 3), (case, 4), (brief, 3), (in_json, 1.2), (affix, 1.6), (named, 0.4)]),
}
