"""Questions over a given text, including 'the text does not say'."""

from . import vocab as v
from .core import Gen, Item, article, in_words
from .countries import COUNTRIES

CITIES = [c["capital"] for c in COUNTRIES]
TIMES = ["9 am", "10 am", "noon", "3 pm", "5 pm", "7 pm", "8 o'clock", "half past six", "midnight"]


def facts_about(g: Gen):
    """[(statement, [questions], answer, gold, topic)] about one person and one thing; the last question is held out."""
    n, m = g.people()
    s, p, _ = v.PRONOUN[n]
    S, P = (n, n + "'s") if g.chance(0.6) else (s.capitalize(), p.capitalize())
    a, j, c = g.int(5, 90), g.pick(v.JOBS), g.pick(CITIES)
    th, th2 = g.rng.sample(v.THINGS, 2)
    col, col2 = g.rng.sample(v.COLORS, 2)
    pl, food, pet, hob, day, tm, k = g.pick(v.PLACES), g.pick(v.FOODS), g.pick(v.PETS), g.pick(v.HOBBIES), g.pick(v.DAYS), g.pick(TIMES), g.int(2, 60)
    thing, ins, lang = g.pick(v.COUNTABLE), g.pick(v.INSTRUMENTS), g.pick(v.LANGUAGES)
    sib = g.pick(["sister", "brother", "mother", "father", "friend", "cousin"])
    return n, [
        (g.say("{S} is {a} years old.", "{S} is {a}.", S=S, a=a), [f"How old is {n}?", f"What is {n}'s age?", f"What age is {n}?",
            f"Tell me how old {n} is."], f"{n} is {a} years old.", str(a), "age"),
        (g.say("{S} works as {j}.", "{S} is {j}.", "{P} job is {j2}.", S=S, P=P, j=f"{article(j)} {j}", j2=j), [f"What is {n}'s job?",
            f"What does {n} do[| for work| for a living]?", f"What does {n} work as?", f"Which job does {n} have?", f"Tell me {n}'s job."],
            f"{n} works as {article(j)} {j}.", j, "job"),
        (g.say("{S} lives in {c}.", "{P} home is in {c}.", S=S, P=P, c=c), [f"Where does {n} live?", f"In which city does {n} live?",
            f"Which city does {n} live in?", f"Where is {n}'s home?"], f"{n} lives in {c}.", c, "home"),
        (g.say("{S} likes to eat {x}.", "{P} favorite food is {x}.", "{S} loves {x}.", S=S, P=P, x=food), [f"What does {n} like to eat?",
            f"What is {n}'s favorite food?", f"Which food does {n} like?", f"What food does {n} like?"], f"{n} likes to eat {food}.", food, "food"),
        (g.say("{S} has a {x}.", "{S} has a pet {x}.", "{P} pet is a {x}.", S=S, P=P, x=pet), [f"What pet does {n} have?",
            f"Which animal does {n} have?", f"What is {n}'s pet?", f"Which pet does {n} have?"], f"{n} has a {pet}.", pet, "pet"),
        (g.say("{S} likes {x}.", "{P} hobby is {x}.", "{S} enjoys {x}.", S=S, P=P, x=hob), [f"What is {n}'s hobby?", f"What does {n} enjoy?",
            f"Which hobby does {n} have?", f"What hobby does {n} have?"], f"{n} likes {hob}.", hob, "hobby"),
        (g.say("{S} plays the {x}.", "{S} can play the {x}.", S=S, x=ins), [f"Which instrument does {n} play?", f"What does {n} play?",
            f"What instrument can {n} play?", f"What instrument does {n} play?"], f"{n} plays the {ins}.", ins, "instrument"),
        (g.say("{S} speaks {x}.", "{S} is learning {x}.", S=S, x=lang), [f"What language does {n} know?", f"Which language does {n} speak or learn?",
            f"Tell me the language of {n}.", f"Which language does {n} know?"], f"The language is {lang}.", lang, "language"),
        (g.say("{P} favorite color is {x}.", "{S} likes the color {x}.", S=S, P=P, x=col2), [f"What is {n}'s favorite color?",
            f"Which color does {n} like?", f"What color does {n} like?", f"Which color is {n}'s favorite?"], f"{n}'s favorite color is {col2}.", col2,
            "favorite color"),
        (g.say("{S} has {k} {x}.", "{S} bought {k} {x}.", "{S} found {k} {x}.", S=S, k=k, x=thing), [f"How many {thing} does {n} have?",
            f"What is the number of {thing}?", f"Tell me how many {thing} {n} has.", f"How many {thing} are there?"], f"{n} has {k} {thing}.", str(k),
            "number"),
        (g.say("{P} {x} is called {m}.", "{P} {x} is named {m}.", P=P, x=sib, m=m), [f"What is the name of {n}'s {sib}?",
            f"What is {n}'s {sib} called?", f"Who is {n}'s {sib}?", f"How is {n}'s {sib} called?"], f"{n}'s {sib} is called {m}.", m, "relative"),
        (g.say("The {x} is {c}.", "There is a {c} {x}.", "{S} has a {c} {x}.", S=S, x=th, c=col), [f"What color is the {th}?",
            f"Which color is the {th}?", f"What is the color of the {th}?", f"Tell me the color of the {th}."], f"The {th} is {col}.", col, "color"),
        (g.say("The {x} is in the {p}.", "{S} put the {x} in the {p}.", "{S} left the {x} in the {p}.", S=S, x=th2, p=pl), [f"Where is the {th2}?",
            f"Where can I find the {th2}?", f"In which place is the {th2}?", f"Where is the {th2} now?"], f"The {th2} is in the {pl}.", pl, "place"),
        (g.say("The meeting is on {d} at {t}.", "The party is on {d} at {t}.", "The class starts on {d} at {t}.", d=day, t=tm),
            ["[When|On which day] is it?", "On which day is it?", "What day is it on?", "Which day is it on?"], f"It is on {day} at {tm}.", day,
            "day"),
        (g.say("The {x} costs {k} dollars.", "{S} paid {k} dollars for the {x}.", S=S, x=th, k=k), [f"How much does the {th} cost?",
            f"What is the price of the {th}?", f"How much is the {th}?", f"What does the {th} cost?"], f"The {th} costs {k} dollars.", str(k),
            "price"),
    ]


WRAP = ["{t} {q}", "Read this: {t}\n\nQuestion: {q}", "Context: {t}\n{q}", "Use the text to answer. Text: {t} Question: {q}", "{t}\n\n{q}",
    "Read this text: {t} {q}", "Text: {t}\nQuestion: {q}", "Here is a text: {t} {q}", "{q} Text: {t}", "Answer the question from the text. {t} {q}",
    "Given this text: {t}\n{q}",
        "Context: {t}\n\nQuestion: {q}\nAnswer:", "{t}\nQuestion: {q}", "I will tell you something. {t} {q}", "Based on the text, answer: {q}\n\n{t}",
        "Passage: {t}\n\nQ: {q}", "Read the following and answer. {t} {q}", "{t} Now tell me: {q}", "Information: {t} {q}",
        "Here is some information: {t}\n\n{q}", "Listen: {t} {q}"]
NOT_SAID = "The text does not say."


def reading(g: Gen) -> Item:
    n, facts = facts_about(g)
    x = g.rng.random()
    chosen = g.rng.sample(facts, g.int(2, 4) if x < 0.75 else 1 if x < 0.9 else g.int(5, 7))
    if chosen[0][0].split()[0] in ("He", "She", "His", "Her"):  # the first sentence names the person
        chosen[0] = (f"{n} is here. " + chosen[0][0], *chosen[0][1:])
    elif any(c[0].split()[0] in ("He", "She", "His", "Her") for c in chosen) and n not in chosen[0][0]:
        chosen[0] = (f"This is {n}. " + chosen[0][0], *chosen[0][1:])
    text = " ".join(c[0] for c in chosen)
    if g.chance(0.12):
        other = g.pick([f for f in facts if f[4] not in {c[4] for c in chosen} and f[4] not in ("day", "color", "place", "price", "number")])
        return Item([(g.phrase(WRAP, t=text, q=g.phrase(other[1])), NOT_SAID)], "does not say", noise="none")
    f = g.pick(chosen)
    return Item([(g.phrase(WRAP, t=text, q=g.phrase(f[1])), f[2])], f[3], noise="none")


ACTION = ["{n} went to the {p} on {d}. {S} bought {k} {x} there.", "On {d}, {n} visited the {p}. {S} found {k} {x}.",
    "{n} took {k} {x} to the {p} on {d}.", "{n} walked to the {p} on {d} and gave {k} {x} to {m}.",
    "Last {d}, {n} and {m} met at the {p}. They sold {k} {x}."]


def event(g):
    n, m = g.people()
    p, d, k, x = g.pick(v.PLACES), g.pick(v.DAYS), g.int(2, 20), g.pick(v.COUNTABLE)
    shown = in_words(k) if g.chance(0.5) else str(k)
    text = g.say(*ACTION, n=n, m=m, p=p, d=d, k=shown, x=x, S=v.PRONOUN[n][0].capitalize())
    qs = [([f"Where did {n} go?", f"Where was {n}?", f"Which place did {n} go to?", f"What place did {n} go to?"], f"{n} went to the {p}.", p),
        ([f"When did {n} go there?", f"On which day did {n} go to the {p}?", "On what day did this happen?", "Which day was it?"], f"It was on {d}.",
        d),
          ([f"How many {x} were there?", f"How many {x} does the text name?", f"How many {x} are in the story?", f"How many {x}?"],
              f"There were {shown} {x}.", shown), ([f"Who went to the {p}?", f"Who was at the {p}?", "Who is this about?", f"Who visited the {p}?"],
              f"{n} went to the {p}.", n)]
    asks, answer, gold = g.pick(qs)
    return Item([(g.phrase(WRAP, t=text, q=g.phrase(asks)), answer)], gold, noise="none")


def two_things(g):
    """'Lena has a red bike and a blue car. What color is the car?'"""
    n = g.say("{n}", "My {r} {n}", "My {r}", n=g.person(), r=g.pick(["sister", "brother", "friend", "uncle", "aunt"]))
    a, b = g.rng.sample(v.THINGS + v.VEHICLES + v.CLOTHES[:9], 2)
    x, y = g.rng.sample(v.COLORS, 2)
    text = g.say("{n} has {ax} {x} {a} and {ay} {y} {b}.", "There is {ax} {x} {a} and {ay} {y} {b} in the room.",
        "{n} bought {ax} {x} {a} and {ay} {y} {b}.", "The {a} is {x} and the {b} is {y}.", n=n, a=a, b=b, x=x, y=y, ax=article(x), ay=article(y))
    which, color = g.pick([(a, x), (b, y)])
    if g.chance(0.3):
        asks, answer = ["What is the {c} thing?", "Which object is {c}?", "What object is {c}?", "Name the {c} thing.", "Which of the two is {c}?",
                        "Tell me what is {c}.", "Which of them is {c}?", "What is {c}?", "Which thing is {c}?", "Which one is {c}?", "What thing is {c}?"], f"The {which} is {color}."
        return Item([(g.phrase(WRAP, t=text, q=g.phrase(asks, c=color)), answer)], which, noise="none")
    asks = ["What color is the {w}?", "Which color is the {w}?", "What is the color of the {w}?",
        "What colour is the {w}?", "Which color does the {w} have?"]
    return Item([(g.phrase(WRAP, t=text, q=g.phrase(asks, w=which)), f"The {which} is {color}.")], color, noise="none")


# Everyday statements in the first person: (text, questions with the last held out, answer, which slot is the gold)
EVERYDAY = [
    ("I parked my {v} {prep} the {p}.", ["Where is my {v}?", "Where did I park?", "Where did I leave my {v}?", "In which place is my {v}?", "Where can I find my {v}?", "Where is the {v} that I parked?",
        "Tell me where my {v} is.",
        "Where did I park my {v}?"], "Your {v} is {prep} the {p}.", "p"),
    ("I put my {a} {prep2} the {b}.", ["Where is my {a}?", "Where did I put my {a}?", "Where can I find my {a}?", "Where did I leave my {a}?", "Tell me where my {a} is.", "Where should I look for my {a}?",
        "Where do I have my {a}?"],
        "Your {a} is {prep2} the {b}.", "b"),
    ("My {a} is {prep2} the {b}.", ["Where is my {a}?", "Where can I find my {a}?", "Do you know where my {a} is?", "Tell me where my {a} is.", "Where should I look for my {a}?", "Where do I find my {a}?"],
        "Your {a} is {prep2} the {b}.", "b"),
    ("I bought {k} {c} and {k2} {c2}.", ["How many {c} did I buy?", "How many {c} do I have?", "How many {c}?", "Tell me how many {c} I bought.", "How many {c} did I get?", "What number of {c} did I buy?"],
        "You bought {k} {c}.", "k"),
    ("My {r} {n} is a {j}.", ["What is my {r}'s job?", "What does my {r} do?", "What does {n} do?", "What is the job of my {r}?"],
        "Your {r} {n} is a {j}.", "j"),
    ("My {r} is called {n}.", ["What is my {r}'s name?", "What is my {r} called?", "What is the name of my {r}?", "How is my {r} called?"],
        "Your {r} is called {n}.", "n"),
    ("{n} is a {j} and {m} is a {j2}.", ["What is {n}'s job?", "What does {n} do?", "Which job does {n} have?", "What is the job of {n}?"],
        "{n} is a {j}.", "j"),
    ("{n} is {k} years old and {m} is {k2}.", ["How old is {n}?", "What is {n}'s age?", "What age is {n}?", "Tell me {n}'s age."],
        "{n} is {k} years old.", "k"),
    ("{m} is {k2} years old and {n} is {k}.", ["How old is {n}?", "What is {n}'s age?", "What age is {n}?", "Tell me {n}'s age."],
        "{n} is {k} years old.", "k"),
    ("{n} likes {f} and {m} likes {f2}.", ["What does {n} like?", "Which food does {n} like?", "Tell me what {n} likes.", "What food does {n} like?"],
        "{n} likes {f}.", "f"),
    ("{m} lives in {x2} and {n} lives in {x}.", ["Where does {n} live?", "In which city does {n} live?", "Which city does {n} live in?",
        "Where is {n}'s home?"], "{n} lives in {x}.", "x"),
    ("The shop opens at {t} and closes at {t2}.", ["When does the shop open?", "At what time does the shop open?", "When can I go to the shop?",
        "What time does the shop open?"], "The shop opens at {t}.", "t"),
    ("The meeting is on {d} at {t} in room {k}.", ["In which room is the meeting?", "Which room is the meeting in?", "What room is it in?",
        "Where is the meeting?"], "The meeting is in room {k}.", "k"),
    ("The train to {x} leaves at {t} from platform {k}.", ["When does the train leave?", "At what time does the train leave?",
        "What time does the train to {x} leave?", "When does the train to {x} leave?"], "The train leaves at {t}.", "t"),
    ("The train to {x} leaves at {t} from platform {k}.", ["Which platform does it leave from?", "From which platform does the train leave?", "What platform does it leave from?", "Tell me the platform.",
        "What is the platform?", "Which platform is it?"], "The train leaves from platform {k}.", "k"),
    ("Today {n} ate {f} for lunch and {f2} for dinner.", ["What did {n} eat for lunch?", "What was for lunch?", "Which food did {n} eat for lunch?", "Tell me {n}'s lunch.", "What was {n}'s lunch?",
        "What did {n} have for lunch?"], "{n} ate {f} for lunch.", "f"),
    ("{n} gave the {a} to {m}.", ["Who has the {a} now?", "Who got the {a}?", "Who has the {a}?", "Who received the {a}?", "Who was given the {a}?", "Who did {n} give the {a} to?", "To whom did {n} give the {a}?"],
        "{m} has the {a}.", "m"),
    ("{n} is taller than {m}.", ["Who is taller?", "Who is taller, {n} or {m}?", "Who is the taller one?", "Name the taller person.", "Which one is taller?", "Is {m} or {n} taller?", "Which of them is taller?"],
        "{n} is taller.", "n"),
    ("{n} and {m} went to the {p}. They saw a {a}.", ["What did they see?", "What did they see there?", "Which thing did they see?", "What was it that they saw?", "What did {n} and {m} see?",
        "What did they see at the {p}?"], "They saw a {a}.", "a"),
]


def everyday(g):
    text, asks, answer, gold = g.pick(EVERYDAY)
    n, m = g.people()
    a, b = g.rng.sample(v.THINGS, 2)
    c, c2 = g.rng.sample(v.COUNTABLE, 2)
    f, f2 = g.rng.sample(v.FOODS, 2)
    x, x2 = g.rng.sample(CITIES, 2)
    t, t2 = g.rng.sample(TIMES, 2)
    j, j2 = g.rng.sample([j for j in v.JOBS if j[0] not in "aeiou"], 2)
    slots = dict(n=n, m=m, a=a, b=b, c=c, c2=c2, f=f, f2=f2, x=x, x2=x2, t=t, t2=t2, j=j, j2=j2, k=g.int(2, 60), k2=g.int(2, 60), d=g.pick(v.DAYS),
        p=g.pick(v.PLACES), v=g.pick(["car", "bike", "bicycle", "truck", "scooter", "boat", "van"]),
                 r=g.pick(["sister", "brother", "mother", "father", "friend", "uncle", "aunt", "teacher"]), prep=g.pick(["in", "near", "behind",
                     "in front of", "next to"]), prep2=g.pick(["on", "under", "in", "next to", "behind"]))
    shown = text.format(**slots)
    if g.chance(0.25):  # something else around it
        extra = g.say("It was {d}.", "{n} was there too.", "The weather was nice.", "It was a nice day.", "We had a good time.", n=g.person(),
            d=g.pick(v.DAYS))
        shown = g.pick([f"{shown} {extra}", f"{extra} {shown}"])
    if g.chance(0.12) and text.startswith(("I parked", "I put")):
        shown = shown[:-1] + g.say(" this morning.", " yesterday.", " next to the {z}.", z=g.pick(v.THINGS))
    ask = g.phrase(asks, **slots)
    wrapped = f"{shown} {ask}" if g.chance(0.5) else g.phrase(WRAP, t=shown, q=ask)
    return Item([(wrapped, answer.format(**slots))], str(slots[gold]), noise="none")


TASKS = {"reading": [(reading, 4), (event, 1), (two_things, 1), (everyday, 2.5)]}
