"""Things said earlier in the conversation: names, numbers, 'and Spain?', 'add 8 to that'."""

from . import vocab as v
from .arithmetic import equation
from .core import Gen, Item, article
from .countries import CAPITAL, COUNTRIES, CURRENCY, LANGUAGE, asked, some_country, told
from .lists import COUNTED, KINDS, ORDERED, _FEW, layout

HELLO = ["Hi, my name is {x}.", "Hello, I am {x}.", "My name is {x}.", "Hey, I'm {x}.", "I am called {x}.", "Hi! I'm {x}.", "Hello! My name is {x}.",
    "You can call me {x}.", "Call me {x}.", "Hi there, I am {x}.", "Good morning, my name is {x}.", "I'm {x}, nice to meet you.", "{x} is my name.",
    "hi im {x}",
         "I'm {x}.", "Please remember that my name is {x}.", "This is {x}.", "hello, my name is {x}", "My name's {x}."]
ASK_NAME = ["Do you know who I am?", "Tell me who I am.", "Who did I say I am?", "Do you remember who I am?", "And who am I?",
    "What is my first name?", "What name did I tell you?","What is my name?", "Do you remember my name?", "What's my name?", "Do you know my name?",
    "Can you tell me my name?", "Tell me my name.", "What did I say my name was?", "Say my name.", "what am I called?", "How am I called?",
    "Do you still know my name?", "What is my name again?", "Please say my name.",
            "Which name did I tell you?", "Who am I?"]
# topic: (statements, reply, questions with the last held out, answer)
ABOUT_ME = {
    "color": (["My favorite color is {x}.", "I like the color {x}.", "I love the color {x}.", "{X} is my favorite color.",
    "The color I like best is {x}."], "Got it, your favorite color is {x}.", ["What is my favorite color?", "Which color do I like?",
    "What color do I like?", "Do you remember my favorite color?", "Tell me my favorite color.",
              "Which color is my favorite?", "What's my favorite color?"], "Your favorite color is {x}.", v.COLORS),
    "age": (["I am {x} years old.", "My age is {x}.", "I'm {x} years old.", "I turned {x} this year.", "I am {x}."], "Got it, you are {x} years old.",
    ["How old am I?", "What is my age?", "Do you remember my age?", "Tell me how old I am.", "What age am I?", "Do you know how old I am?"],
    "You are {x} years old.", [str(n) for n in range(6, 90)]),
    "home": (["I live in {x}.", "My home is in {x}.", "I am from {x}.", "I come from {x}.", "My city is {x}."], "Got it, you live in {x}.",
    ["Where do I live?", "Where is my home?", "Which city do I live in?", "Do you remember where I live?", "Tell me where I live.",
    "Where am I from?", "In which city do I live?"], "You live in {x}.", [c["capital"] for c in COUNTRIES]),
    "job": (["I work as a {x}.", "I am a {x}.", "My job is {x}.", "I'm a {x}.", "I have a job as a {x}."], "Got it, you work as a {x}.",
    ["What is my job?", "What do I do?", "What is my work?", "What do I do for a living?", "Which work do I do?", "What kind of work do I do?",
    "For work, what do I do?", "What job do I have?", "What do I work as?", "Do you remember my job?", "Tell me my job.", "Which job do I have?",
    "What do I do for work?"], "You work as a {x}.", v.JOBS),
    "food": (["My favorite food is {x}.", "I like to eat {x}.", "I love {x}.", "I eat {x} every day.", "The food I like best is {x}."],
    "Got it, you like to eat {x}.", ["What is my favorite food?", "What do I like to eat?", "Which food do I like?",
    "Do you remember my favorite food?", "Tell me my favorite food.", "What food do I like?"], "You like to eat {x}.", v.FOODS),
    "pet": (["I have a {x}.", "My pet is a {x}.", "I have a pet {x}.", "I got a {x} as a pet."], "Got it, you have a {x}.", ["What pet do I have?",
    "Which animal do I have?", "What is my pet?", "Do you remember my pet?", "Tell me which pet I have.", "Which pet do I have?"], "You have a {x}.",
    v.PETS + ["horse", "snake", "mouse", "duck", "pony"]),
    "pet name": (["My dog is called {x}.", "My dog's name is {x}.", "I have a dog named {x}.", "I have a dog called {x}."],
    "Got it, your dog is called {x}.", ["What is my dog called?", "What is my dog's name?", "What is the name of my dog?",
    "Do you remember the name of my dog?", "How is my dog called?"], "Your dog is called {x}.", ["Max", "Luna", "Rex", "Bella", "Charlie", "Rocky",
    "Buddy", "Coco", "Daisy", "Toby", "Lucky", "Milo"]),
    "number": (["Remember the number {x}.", "My number is {x}.", "Please remember this number: {x}", "My lucky number is {x}.", "The number is {x}.",
    "Keep the number {x} in mind.", "The code is {x}."], "Got it, the number is {x}.", ["What was the number?", "Which number did I tell you?",
    "What is the number?", "Do you remember the number?", "Tell me the number.", "What number should you remember?",
               "What number did I give you?"], "The number is {x}.", None),
    "word": (["Remember the word {x}.", "Please remember this word: {x}", "The secret word is {x}.", "The password is {x}.", "My word is {x}.",
    "Keep the word {x} in mind."], "Got it, the word is {x}.", ["What was the word?", "Which word did I tell you?", "What is the word?",
    "What is the secret word?", "Tell me the word.", "Do you remember the word?", "What word did I give you?"],
             "The word is {x}.", v.THINGS + v.FRUITS + v.ANIMALS),
}
DONT_KNOW_YET = {"name": "your name", "color": "your favorite color", "age": "your age", "home": "where you live", "job": "your job",
    "food": "your favorite food", "pet": "your pet"}


def say_name(g: Gen):
    n = g.person()
    q = g.say(*HELLO, x=n)
    return (q.lower() if g.chance(0.12) else q), f"Hello, {n}! How can I help you?", n


def told_thing(g, topic):
    says, reply, asks, answer, pool = ABOUT_ME[topic]
    x = str(g.int(2, 999)) if pool is None else g.pick(pool)
    if topic in ("job", "pet"):  # "I am an engineer"
        says, reply, answer = ([t.replace("a {x}", f"{article(x)} {{x}}") for t in part] for part in (says, [reply], [answer]))
        reply, answer = reply[0], answer[0]
    return g.say(*says, x=x, X=x.capitalize()), reply.format(x=x), g.phrase(asks), answer.format(x=x), x


def remember(g: Gen) -> Item:
    """One to three things told, maybe something between, then a question about one of them."""
    told_now, asks = [], []
    topics = g.rng.sample(list(ABOUT_ME), g.pick([1, 1, 1, 2, 2, 3]))
    if g.chance(0.5):
        q, a, n = say_name(g)
        told_now.append((q, a))
        asks.append((g.phrase(ASK_NAME), f"Your name is {n}.", n))
        topics = topics[1:]
    for t in topics:
        q, a, ask, answer, x = told_thing(g, t)
        told_now.append((q, a))
        asks.append((ask, answer, x))
    from .mix import small_talk  # any other task may come between
    between = [small_talk(g) for _ in range(g.pick([0, 0, 1, 1, 2]))]
    ask, answer, gold = g.pick(asks)
    if len(told_now) <= 2 and g.chance(0.25):  # said and asked in one message
        said = " ".join(q for q, _ in told_now)
        return Item([(f"{said} {ask}", answer)], gold, noise="none")
    if g.chance(0.2):
        ask = ask.lower() if g.chance(0.6) else ask.rstrip("?.")
    return Item([*told_now, *between, (ask, answer)], gold, noise="none", fixed=True)


def not_told(g):
    """Asked about oneself without having told anything."""
    t = g.pick(list(DONT_KNOW_YET))
    ask = g.phrase(ASK_NAME if t == "name" else ABOUT_ME[t][2])
    return Item([(ask, f"I don't know {DONT_KNOW_YET[t]}. You have not told me.")], "don't know", noise="none" if g.chance(0.5) else "full")


AND = ["And {c}?", "And of {c}?", "What about {c}?", "and {c}", "And for {c}?", "How about {c}?", "Now {c}.", "What about {c}, then?",
    "And the one of {c}?", "And what about {c}?"]
ITS = {"currency": ["What is its currency?", "And its currency?", "Which currency does it use?", "What money do they use there?", "And the currency?",
    "What currency do they use there?"],
       "language": ["Which language do they speak there?", "What is its language?", "And the language?", "What do people speak there?",
       "What language is spoken there?"],
       "continent": ["On which continent is it?", "Which continent is it on?", "And the continent?", "Where is it?", "What continent is it in?"],
       "capital": ["What is its capital?", "And the capital?", "What is the capital?", "Which city is its capital?", "Tell me its capital."]}
SAY = {"capital": lambda c: f"The capital of {told(c)} is {c['capital']}.",
    "currency": lambda c: f"The currency of {told(c)} is the {c['currency']}.", "language": lambda c: f"People in {told(c)} speak {c['language']}.",
       "continent": lambda c: f"{told(c)[0].upper() + told(c)[1:]} is in {c['continent']}."}
_ASK = {"capital": CAPITAL[:-1], "currency": CURRENCY[:-1], "language": LANGUAGE[:-1]}


def follow_up(g):
    c, field = some_country(g), g.pick(list(_ASK))
    turns = [(g.say(*_ASK[field], c=asked(g, c)), SAY[field](c))]
    for _ in range(g.pick([1, 1, 2, 3])):
        if g.chance(0.55):
            c = some_country(g)
            turns.append((g.phrase(AND, c=asked(g, c)), SAY[field](c)))
        else:
            field = g.pick([f for f in SAY if f != field])
            turns.append((g.phrase(ITS[field]), SAY[field](c)))
    return Item(turns, c[field], noise="full", fixed=True)


THAT = {"+": ["Add {n} to that.", "How much is that plus {n}?", "That plus {n}?", "Now plus {n}.", "And that plus {n}?", "And plus {n}?", "Plus {n}?",
    "Now add {n}.", "Add {n} more.", "What is that plus {n}?", "Add {n} to the result."], "-": ["Subtract {n} from that.",
    "How much is that minus {n}?", "That minus {n}?", "Now minus {n}.", "And that minus {n}?", "And minus {n}?", "Minus {n}?", "Now subtract {n}.",
    "Take away {n}.", "What is that minus {n}?"],
        "×": ["Multiply that by {n}.", "How much is that times {n}?", "That times {n}?", "Now times {n}.", "And that times {n}?",
        "What is it times {n}?", "Take that times {n}.", "{n} times that?", "Times {n}?", "And times {n}?", "Now multiply it by {n}.",
        "Multiply the result by {n}.", "What is that times {n}?"]}


def on_that(g):
    a, b = g.operands(lambda: (g.int(1, 60), g.int(1, 60)))
    v0 = a + b
    turns = [(g.say("What is {a} + {b}?", "{a}+{b}", "Add {a} and {b}.", "{a} + {b}", "Calculate {a} + {b}.", "What is {a} plus {b}?", a=a, b=b),
        equation(a, b, "+", v0))]
    for _ in range(g.pick([1, 1, 2])):
        op = g.pick("+-×")
        n = g.int(2, 9) if op == "×" else g.int(1, max(1, min(v0, 50)))
        if op == "×" and v0 > 99:
            op = "+"
        value = v0 + n if op == "+" else v0 - n if op == "-" else v0 * n
        turns.append((g.phrase(THAT[op], n=n), equation(v0, n, op, value)))
        v0 = value
    return Item(turns, v0, "last_number", noise="full", fixed=True)


MORE = ["[Give me|Tell me|Name|List] {n} more.", "{n} more, please.", "And {n} more?", "{n} more", "Can you name {n} more?", "I need {n} more.",
    "Another {n}, please.", "Now {n} more.", "Please give me {n} more."]


def more(g):
    kind = g.pick([k for k in _FEW if k not in ORDERED and len(KINDS[k]) >= 9])
    n, m = g.int(2, 4), g.int(1, 3)
    first = g.take(KINDS[kind], n, 0.85)
    rest = [x for x in KINDS[kind][KINDS[kind].index(first[-1]) + 1:] if x not in first] or [x for x in KINDS[kind] if x not in first]
    nxt = g.take(rest, m, 0.85)
    turns = [(g.say(*COUNTED[:-1], n=n, k=kind), layout("number", first)), (g.phrase(MORE, n=m), layout("number", nxt))]
    return Item(turns, {"kind": kind, "n": len(nxt)}, "list_of", noise="full", fixed=True, extra={"style": "number"})


AGAIN = ["[Say|Repeat] that again.", "Can you repeat that?", "Again, please.", "Repeat your last answer.", "Say it again.", "What did you say?",
    "Please repeat.", "Once more, please.", "Could you say that again?"]
LOUD = ["Write that in uppercase.", "Now in capital letters.", "Say that in uppercase.", "Put that in capital letters.", "The same in uppercase.",
    "Make it uppercase.", "Now write it in all caps."]


def again(g):
    from .mix import small_talk
    q, a = small_talk(g)
    if g.chance(0.7) or len(a) > 60 or "\n" in a:
        return Item([(q, a), (g.phrase(AGAIN), a)], check="exact", noise="none", fixed=True)
    return Item([(q, a), (g.phrase(LOUD), a.upper())], check="exact", noise="none", fixed=True)


TASKS = {"memory": [(remember, 5), (not_told, 0.6), (follow_up, 2.4), (on_that, 1.2), (more, 0.8), (again, 0.7)]}
