"""Sentences about a thing, short stories, small poems, jokes and wishes."""

import re

from . import vocab as v
from .core import Gen, Item, article, fix_articles, in_words

# Sentence frames by kind of noun; {a} is "a cat", {x} is "cat".
FRAMES = {
    "animal": ["The {x} sleeps in the warm sun.", "The {x} likes to play in the garden.", "A small {x} ran across the field.",
    "The hungry {x} is looking for food.", "My friend has a picture of a {x} on the wall.", "The {x} drinks water from the river.",
               "We saw a {x} on our walk this morning.", "The little {x} follows its mother."],
    "food": ["I eat {a} for breakfast every morning.", "The {x} on the table smells good.", "My sister bought {a} at the market.",
    "This {x} tastes very good.", "We shared {a} at lunch.", "The {x} is fresh and sweet."],
    "mass": ["The {x} on the table smells good.", "We bought some {x} at the market.", "This {x} tastes very good.",
    "My brother likes {x} very much.", "There is some {x} in the kitchen."],
    "thing": ["The {x} is on the table.", "I found a {x} under the bed.", "She keeps the {x} in her room.", "My father bought a new {x} yesterday.",
    "The old {x} belongs to my grandmother.", "He put the {x} next to the window."],
    "person": ["The {x} smiles and waves at us.", "The {x} works hard every day.", "The {x} helped us find the way.",
    "The {x} walked slowly through the town.", "My neighbor is a kind {x}.", "The {x} reads a book in the park."],
    "place": ["The {x} is quiet in the morning.", "We walked to the {x} after lunch.", "There are many people at the {x} today.",
    "The {x} is close to my house.", "The children play near the {x}.", "I like the {x} best in summer."],
    "vehicle": ["The {x} stopped in front of the house.", "We took the {x} to the city.", "The red {x} is very fast.", "The {x} was full of people.",
    "My uncle drives a blue {x}."],
    "nature": ["The {x} looks beautiful today.", "The children look at the {x}.", "I like to watch the {x} in the evening.",
    "The {x} was the first thing we saw in the morning.", "We talked about the {x} all day."],
    "plant": ["The {x} grows in our garden.", "A tall {x} stands near the house.", "The {x} needs water and light.", "She planted a {x} last spring.",
    "The {x} is full of color."],
    "idea": ["I think about {x} every day.", "Everybody likes to talk about {x}.", "We learned something new about {x} today.",
    "My teacher told us a lot about {x}.", "The book is about {x}."],
    "country": ["We want to visit {x} next summer.", "My aunt lives in {x}.", "I have a map of {x} on my wall.",
    "The people in {x} are very friendly."],
    "name": ["{x} walks to school every morning.", "{x} has a small dog and a big garden.", "{x} likes to read books in the park.",
    "{x} and a friend played football all day."],
    "adjective": ["The {x} house stands at the end of the street.", "My brother has a {x} car.", "It was a {x} day.", "She told us a {x} story.",
    "The {x} dog ran to the park."],
    "verb": ["I like to {x} on Sundays.", "They {x} every day after school.", "We want to {x} together.", "You can {x} here if you like."],
}
NATURE = "sun, moon, sky, rain, snow, sea, wind, star, cloud, storm, ocean, mountain, river, lake, rainbow, sunset, fire, world, earth, island, waterfall, desert, jungle".split(", ")
IDEAS = "love, friendship, music, time, winter, summer, spring, autumn, school, football, happiness, weather, money, food, family, sport, history, science, life, work, travel, peace, space, Christmas, dreams, nature, homework, holidays, computers, robots".split(", ")
PLACES = "park, garden, forest, school, kitchen, house, beach, farm, library, market, station, street, bridge, hill, museum, zoo, city, village, town, hospital, castle, airport, restaurant, church, theater, playground, hotel, office".split(", ")
PEOPLE = "teacher, doctor, boy, girl, child, farmer, king, queen, baby, friend, woman, man, student, nurse, pilot, baker, chef, artist, mother, father, grandmother, grandfather, sister, brother, princess, prince, police officer, firefighter, pirate, knight, neighbor, musician".split(", ")
MASS = "bread, cheese, pasta, rice, soup, milk, tea, coffee, juice, water, chocolate, ice cream, honey, butter, salad, fish, yogurt, pizza".split(", ")
FOOD = v.FRUITS[:18] + ["cake", "egg", "sandwich", "cookie", "burger", "carrot", "potato", "tomato", "onion", "pie", "pancake"]
PLANTS = ["tree", "flower", "rose", "tulip", "sunflower", "oak", "bush", "plant", "daisy", "palm tree", "apple tree"]
VEHICLES = v.VEHICLES + ["bike", "plane", "rocket"]
ADJECTIVES = "big, small, happy, beautiful, old, new, red, blue, green, strange, quiet, long, warm, cold, funny, nice, dark, bright, clean, dangerous".split(", ")
ACTIONS = "run, walk, sing, dance, swim, read, cook, play, draw, paint, travel, sleep, eat, write, learn, jump, laugh".split(", ")
COUNTRY_TOPICS = "France Germany Italy Spain Japan China India Brazil Canada Australia Mexico Egypt Kenya Greece Poland Sweden Norway London Paris Rome Berlin Tokyo".split()
POOLS = {"animal": v.ANIMALS, "thing": v.THINGS, "food": FOOD, "mass": MASS, "person": PEOPLE, "place": PLACES, "vehicle": VEHICLES, "nature": NATURE,
    "plant": PLANTS, "idea": IDEAS, "country": COUNTRY_TOPICS, "name": v.NAMES}
_ABOUT_WEIGHTS = {"animal": 5, "thing": 4, "food": 2, "mass": 1, "person": 2, "place": 2, "vehicle": 1.5, "nature": 2, "plant": 0.7, "idea": 1.5,
    "country": 0.6, "name": 0.6}

ABOUT = ["Write one sentence about {t}.", "Write a sentence about {t}.", "Write a [short|simple|nice] sentence about {t}.",
    "Make a sentence about {t}.", "Give me a sentence about {t}.", "Describe {t} in one sentence.", "Describe {t}.",
    "Tell me one sentence about {t}.", "Create a sentence about {t}.",
         "Say something about {t}.", "Write something about {t}.", "Tell me something about {t} in one sentence.", "one sentence about {t}",
         "I need a sentence about {t}.", "Give me one [short |simple |]sentence about {t}.", "Form a sentence about {t}.",
         "Can you write a sentence about {t}?", "Write me a sentence about {t}.", "Compose a sentence about {t}.", "Think of a sentence about {t}.",
         "Say one sentence about {t}.", "Please give a sentence about {t}.", "a short sentence about {t}", "Write exactly one sentence about {t}.",
         "Can you write one sentence about {t}?"]
WITH = ["Write a sentence with the word {q}.", "Make a sentence with {q}.", "Give me a sentence with {q}.", "Use the word {q} in a sentence.",
    "Create a sentence using {q}.", "Use {q} in a sentence.", "Write a sentence using the word {q}.", "Make a sentence using {q}.",
        "Form a sentence with the word {q}.", "Give me an example sentence with {q}.", "example sentence with {q}", "Put the word {q} in a sentence.",
        "Show me how to use {q} in a sentence.", "I need a sentence that uses the word {q}.", "Write an example sentence for {q}.",
        "Say a sentence with the word {q}.", "Can you use {q} in a sentence?", "Write one sentence that contains the word {q}."]
SEVERAL = ["Write {n} sentences about {t}.", "Give me {n} sentences about {t}.", "Tell me {n} sentences about {t}.", "Make {n} sentences about {t}.",
    "Describe {t} in {n} sentences.", "{n} sentences about {t}", "I need {n} sentences about {t}.", "Write {n} short sentences about {t}.",
           "Can you write {n} sentences about {t}?", "Create {n} sentences about {t}.", "Say {n} sentences about {t}.",
           "Write me {n} simple sentences about {t}.", "Please give me {n} sentences about {t}.", "Compose {n} sentences about {t}."]


def topic(g: Gen):
    kinds = list(_ABOUT_WEIGHTS)
    kind = g.rng.choices(kinds, [_ABOUT_WEIGHTS[k] for k in kinds])[0]
    x = g.pick(POOLS[kind])
    bare = kind in ("mass", "idea", "country", "name")
    shown = x if bare else ("the " + x if kind == "nature" or g.chance(0.15) else f"{article(x)} {x}")
    if kind in ("animal", "food", "vehicle", "person", "thing") and g.chance(0.15):
        from .core import plural
        if x not in ("person", "fish", "sheep", "deer"):
            shown = plural(x)
    return kind, x, shown


def fill(frame, x):
    out = frame.replace("{a}", f"{article(x)} {x}").replace("{x}", x)
    return fix_articles(out[0].upper() + out[1:])


PAIRS = ["The {x} and the {y} play together in the garden.", "The {x} and the {y} are good friends.", "A {x} and a {y} sit in front of the house.",
    "The {x} runs after the {y}."]


def about(g):
    if g.chance(0.08):
        from .core import plural
        x, y = g.rng.sample(v.ANIMALS[:40], 2)
        shown = g.pick([f"{article(x)} {x} and {article(y)} {y}", f"{plural(x)} and {plural(y)}"])
        text = fix_articles(g.by_topic(x + y, PAIRS).replace("{x}", x).replace("{y}", y))
        return Item([(g.phrase(ABOUT, t=shown), text)], [x, y], "prose", extra={"sentences": 1})
    kind, x, shown = topic(g)
    return Item([(g.phrase(ABOUT, t=shown), fill(g.by_topic(x, FRAMES[kind]), x))], x, "prose", extra={"sentences": 1})


def with_word(g):
    kind = g.pick(["thing", "thing", "animal", "food", "person", "place", "vehicle", "nature", "adjective", "verb", "idea", "mass"])
    x = g.pick(ADJECTIVES if kind == "adjective" else ACTIONS if kind == "verb" else POOLS[kind])
    return Item([(g.phrase(WITH, q=g.pick([x, f'"{x}"', f"'{x}'"])), fill(g.by_topic(x, FRAMES[kind]), x))], x, "prose", extra={"sentences": 1})


def several(g):
    kind, x, shown = topic(g)
    n = g.pick([2, 2, 2, 3, 3, 4])
    frames = FRAMES[kind]
    first = frames.index(g.by_topic(x, frames))
    text = " ".join(fill(frames[(first + i) % len(frames)], x) for i in range(n))
    return Item([(g.phrase(SEVERAL, n=n if g.chance(0.4) else in_words(n), t=shown), text)], x, "prose", extra={"sentences": n})


# Stories: each plot is one chain of events, so that the story stays about its hero.
PLOTS = [
    "Once upon a time there was a {adj} {h} named {n}. {n} lived near {p}. One day, {n} found {th} in the grass. \"Who lost this?\" asked {n}. {S} looked everywhere until {s} met {f}. \"That is mine!\" said {F}. They became good friends and played together every day.",
    
    "There once was a {adj} {h} called {n}. {n} loved to go to {p}. One morning it started to rain, and {n} could not find the way home. Then {f} came by with a big umbrella. \"Come with me,\" said {F}. They walked home together, and {n} was happy and warm again.",
    
    "{n} was a {adj} {h} who wanted to see the world. One day {s} left home and walked to {p}. There {s} met {f}, who was very sad because {th} was gone. {n} helped {F} look for it. At last they found it behind a big tree. {n} went home with a new friend.",
    
    "A {adj} {h} named {n} could not sleep one night. {S} looked at the moon and saw a light near {p}. {n} went to look and found {f}, who was lost. \"Do not be afraid,\" said {n}. \"I know the way.\" They walked home under the stars, and then they both slept well.",
    
    "Long ago, a {adj} {h} named {n} lived close to {p}. {n} had {th} and never wanted to share it. One day {f} asked to play with it. {n} thought for a while and said yes. They had so much fun that {n} learned a good lesson: sharing makes everybody happy.",
    
    "One sunny day, a {adj} {h} named {n} went to {p}. {S} wanted to climb to the very top of a hill. It was hard, and {n} wanted to stop. \"You can do it!\" said {F}. {n} tried again and again. At last {s} stood on the top and could see everything. {n} was very proud.",
    
]
HERO_NAMES = {"dog": "Max", "cat": "Luna", "rabbit": "Bunny", "bear": "Bruno", "fox": "Ruby", "mouse": "Pip", "bird": "Kiki", "horse": "Star",
    "lion": "Leo", "elephant": "Ella", "frog": "Fred", "duck": "Daisy", "turtle": "Tully", "owl": "Olly", "pig": "Percy", "cow": "Molly",
    "tiger": "Tara",
              "wolf": "Wolfie", "monkey": "Momo", "robot": "Robo", "dragon": "Drago", "princess": "Rosa", "prince": "Leon", "king": "Karl",
              "queen": "Clara", "pirate": "Jack", "knight": "Arthur", "boy": "Tom", "girl": "Anna", "child": "Mia", "farmer": "Ben",
              "teacher": "Emma", "witch": "Wanda",
              "giant": "Hugo", "fish": "Finn", "bee": "Bella", "penguin": "Pingo", "panda": "Bao", "sheep": "Dolly", "goat": "Gus",
              "squirrel": "Nutty", "hedgehog": "Spike", "snake": "Sasha", "whale": "Wally", "dolphin": "Dora", "butterfly": "Lila", "unicorn": "Una",
              "ghost": "Casper", "baker": "Paul",
              "deer": "Dina", "donkey": "Dusty", "hamster": "Coco", "kitten": "Mimi", "puppy": "Buddy", "pony": "Penny", "dinosaur": "Dino",
              "astronaut": "Nova", "doctor": "Lena", "monster": "Momo", "fairy": "Fay", "spider": "Webby", "chicken": "Henny", "ant": "Andy",
              "giraffe": "Gina", "zebra": "Zoe"}
_HE = {"Max", "Bruno", "Pip", "Leo", "Fred", "Tully", "Olly", "Percy", "Wolfie", "Robo", "Drago", "Leon", "Karl", "Jack", "Arthur", "Tom", "Ben",
    "Hugo", "Finn", "Pingo", "Bao", "Gus", "Nutty", "Spike", "Wally", "Casper", "Paul", "Dusty", "Buddy", "Dino", "Momo", "Webby", "Andy"}
_FRIENDS = ["a small bird", "an old turtle", "a kind girl named Lily", "a boy named Sam", "a little mouse", "a friendly owl"]
_AGAIN = {"a small bird": "the bird", "an old turtle": "the turtle", "a kind girl named Lily": "Lily", "a boy named Sam": "Sam",
          "a little mouse": "the mouse", "a friendly owl": "the owl"}
_PLACES = ["the forest", "the river", "a quiet village", "the sea", "a green hill", "a big farm"]
_THINGS = ["a red ball", "a golden key", "a shiny stone", "a little bell", "a blue kite", "a small boat"]
_ADJ = ["little", "kind", "curious", "brave", "clever", "happy"]
STORY = ["Tell me a [short |]story about {t}.", "Write a [short |]story about {t}.", "Write a story with {t} in it.",
    "[Can|Could] you tell me a [short |]story about {t}?", "I want a story about {t}.", "a [short |]story about {t}",
    "Tell a [short |little |bedtime |nice ]story about {t}.",
         "Make up a story about {t}.", "Give me a [short |]story about {t}.", "Please write a [tiny|short|little] story about {t}.",
         "I would like to hear a story about {t}.", "Invent a story about {t}.", "Create a short story about {t}.",
         "I need a [bedtime |short |]story about {t}.",
         "Tell me a [bedtime|fairy|children's|nice|little|sweet] story about {t}.", "story about {t}", "Write me a [short |]story about {t}.",
         "Tell me a [short |]story with {t}.", "Let me hear a story about {t}.", "Can you write a [short |]story about {t}?",
         "Compose a short story about {t}.",
         "Could you make up a little story about {t}?"]
STORY_BARE = ["Tell me a story.", "Write a [short |]story.", "Tell me a bedtime story.", "[Can|Could] you tell me a story?",
    "I want to hear a story.", "story please", "Make up a story.", "Tell a [short |]story.", "Give me a [short |]story.", "I'd like a story.",
    "Write me a short story."]


def tell(g, hero, name, thing=None, place=None):
    pick = lambda key, options: g.by_topic(hero + name + key, options)
    plot = pick("plot", PLOTS)
    return act(g, plot, hero, name, place or pick("p", _PLACES), thing or pick("th", _THINGS), pick)


def act(g, plot, hero, name, place, thing, pick):
    he = name in _HE or v.PRONOUN[name][0] == "he" and name not in HERO_NAMES.values()
    friend = pick("f", _FRIENDS)
    slots = dict(adj=pick("adj", _ADJ), h=hero, n=name, p=place, th=thing, f=friend, F=_AGAIN[friend], s="he" if he else "she",
        S="He" if he else "She")
    text = fix_articles(plot.format(**slots))
    return re.sub(r"([.\"?] )the (bird|turtle|mouse|owl)", r"\1The \2", text)


def story(g):
    x = g.rng.random()
    if x < 0.12:
        hero = g.peaked(["rabbit", "dog", "fox", "bear"])
        return Item([(g.phrase(STORY_BARE), tell(g, hero, HERO_NAMES[hero]))], HERO_NAMES[hero] if not g.evaluating else "", "prose",
            extra={"sentences": 0})
    if x < 0.25:  # a named child
        name = g.person()
        hero = "boy" if v.PRONOUN[name][0] == "he" else "girl"
        return Item([(g.phrase(STORY, t=g.say("{n}", f"a {hero} named {{n}}", f"a {hero} called {{n}}", n=name)), tell(g, hero, name))], name,
            "prose", extra={"sentences": 0})
    if x < 0.38:  # a thing: the plots with a found or lost thing
        thing = g.pick(v.THINGS[:60] + v.TOYS[:6])
        hero = g.by_topic(thing, ["dog", "girl", "boy", "rabbit", "mouse"])
        name = HERO_NAMES[hero]
        plot = PLOTS[g.by_topic(thing + "plot", [0, 2, 4])]
        pick = lambda key, options: g.by_topic(thing + key, options)
        text = act(g, plot, hero, name, pick("p", _PLACES), f"{article(thing)} {thing}", pick)
        return Item([(g.phrase(STORY, t=f"{article(thing)} {thing}"), text)], thing, "prose", extra={"sentences": 0})
    if x < 0.45:
        place = "the " + g.pick(["forest", "river", "sea", "moon", "beach", "mountain", "farm", "garden", "city", "park", "island", "castle",
            "school", "desert"])
        hero = g.by_topic(place, ["dog", "girl", "boy", "rabbit", "mouse"])
        return Item([(g.phrase(STORY, t=place), tell(g, hero, HERO_NAMES[hero], place=place))], hero, "prose", extra={"sentences": 0})
    hero = g.pick(list(HERO_NAMES)) if g.chance(0.75) else g.pick(v.ANIMALS)
    name = HERO_NAMES.get(hero) or g.by_topic(hero, ["Max", "Luna", "Coco", "Bruno", "Bella", "Finn"])
    with_name = g.chance(0.12)
    shown = f"{article(hero)} {hero}"
    if with_name:
        name = g.person()
        shown += g.pick([" named ", " called "]) + name
    return Item([(g.phrase(STORY, t=shown), tell(g, hero, name))], [hero, name] if with_name else hero, "prose", extra={"sentences": 0})


POEMS = ["The {x} is here, the {x} is near,\nit makes me smile, it brings me cheer.\nI think of it both day and night,\nmy little {x}, my heart's delight.",
    
         "Oh {x}, oh {x}, so nice to see,\nyou mean a lot to you and me.\nIn sun and rain, in wind and snow,\nI take you everywhere I go.",
         "I saw a {x} one sunny day,\nand then I heard a soft voice say:\n\"The world is big, the sky is blue,\nand there is room for me and you.\""]
POEM = ["Write a [short |]poem about {t}.", "[Can|Could] you write a poem about {t}?", "Make a poem about {t}.", "a poem about {t}",
    "Write me a [short |little |]poem about {t}.", "Tell me a poem about {t}.", "Give me a [short |]poem about {t}.", "I want a poem about {t}.",
    "Create a [little |]poem about {t}.",
        "Compose a poem about {t}.", "poem about {t}", "Please write a small poem about {t}."]
JOKES = ["Why did the chicken cross the road? To get to the other side.", "What do you call a bear with no teeth? A gummy bear.",
    "Why did the teddy bear say no to dessert? Because it was stuffed.", "What has hands but cannot clap? A clock."]
JOKE = ["Tell me a joke.", "Tell me another joke.", "Tell me a joke about {t}.", "Do you know a joke about {t}?", "One more joke.",
    "Another joke, please.", "Do you know a joke?", "Make me laugh.", "joke please", "Give me a joke.", "Can you tell [me |]a joke?",
    "I want to hear a joke.", "Say something funny.", "Tell me something funny.", "Tell me a [good|funny|short] joke.", "a joke", "Know any jokes?",
    "Let me hear a joke.", "Could you tell me a funny joke?"]
WISHES = {"birthday": ("Happy birthday, {n}! I wish you a wonderful day.", ["Write a birthday [wish|message|card] for {n}.",
    "Wish {n} a happy birthday.", "Write a happy birthday message to {n}.", "birthday wishes for {n}", "Congratulate {n} on {p} birthday.",
    "It is {n}'s birthday. Write a message."]),
          "thanks": ("Dear {n}, thank you very much for your help. Best wishes.", ["Write a thank you [note|message|letter] to {n}.",
          "Write a short thank you note for {n}.", "Thank {n} for the help.", "Say thank you to {n} in a [note|message].",
          "Write a message to thank {n}."]),
          "hello": ("Hello, {n}! It is nice to meet you.", ["Say hello to {n}.", "Say hi to my friend {n}.", "Greet my friend {n}.",
          "Please greet {n}.", "Send a greeting to {n}.", "Say hello to my brother {n}.", "Say hello to my sister {n}.", "Write hello to {n}.",
          "Tell {n} hello.", "Greet {n}.", "Write a greeting for {n}.", "Say hi to {n}.", "Please say hello to my friend {n}."])}


def poem(g):
    kind = g.pick(["animal", "nature", "thing", "plant", "place", "food"])
    x = g.pick(POOLS[kind])
    return Item([(g.phrase(POEM, t=("the " if kind == "nature" else article(x) + " ") + x), fix_articles(g.by_topic(x, POEMS).format(x=x)))], x,
        "has")


def joke(g):
    return Item([(g.phrase(JOKE, t=topic(g)[2]), g.peaked(JOKES, 0.55))], JOKES, "one_of_jokes")


def wish(g):
    n = g.person()
    answer, asks = WISHES[g.pick(list(WISHES))]
    return Item([(g.phrase(asks, n=n, p=v.PRONOUN[n][1]), answer.format(n=n))], n, noise="wrap")


TASKS = {"sentences": [(about, 3), (with_word, 1.6), (several, 1.4)], "stories": [(story, 1)], "small_texts": [(poem, 1), (joke, 0.8), (wish, 0.8)]}
