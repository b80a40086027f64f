"""Small stories with one or two sums in them."""

from .core import Gen, Item, in_words
from .vocab import BOYS, COUNTABLE, GIRLS, NAMES, PRONOUN

SINGLE = {"boxes": "box", "peaches": "peach", "candies": "candy", "sandwiches": "sandwich"}


class Cast:
    """Who, what and which pronouns; 'I' and 'you' stories are as common as named ones."""

    def __init__(self, g: Gen):
        self.g = g
        self.first = g.chance(0.2)
        self.name = "I" if self.first else g.person()
        subject, possessive, objective = ("I", "my", "me") if self.first else PRONOUN[self.name]
        self.other = g.people(self.name)[1]
        self.things = g.pick(COUNTABLE)
        has, does, verb = ("have", "do", "") if self.first else ("has", "does", "s")
        same = g.chance(0.3)
        self.slots = dict(
            N=self.name, S=self.name if same else subject, P=possessive, O=objective, T=self.things, M=self.other,
            has=has, does=does, s=verb, had="had", are="am" if self.first else "is",
            t=SINGLE.get(self.things, self.things[:-1]), who="I" if self.first else g.pick([self.name, subject]),
            es="" if self.first else "es",
        )


# (template, answer expression). a and b are drawn by the kind; the last template of a kind is held out.
ADD = ["{N} {has} {a} {T}. {S} find{s} {b} more. How many is that?", "{N} ate {a} {T} and {M} ate {b} {T}. How many {T} did they eat together?",
    "There are {a} cats and {b} dogs. How many animals are there?", "One box has {a} {T} and another has {b} {T}. How many {T} is that in total?",
    "{N} {has} {a} dollars and get{s} {b} dollars more. How much money {does} {who} have?",
    "{N} ran {a} km on Monday and {b} km on Tuesday. How many km is that in total?",
    "{N} {are} {a} years old. {M} is {b} years older. How old is {M}?",
       "A shirt costs {a} dollars and a hat costs {b} dollars. How much do they cost together?",
       "{N} planted {a} trees. {M} planted {b} trees. How many trees did they plant?",
       "{N} {has} {a} {T} in one hand and {b} in the other. How many {T} {does} {who} have?",
       "A farmer has {a} cows and {b} sheep. How many animals does the farmer have?",
       "{N} {has} {a} {T} at home and {b} {T} at school. How many {T} is that?",
       "{N} {has} {a} {T} and buy{s} {b} more. How many {T} {does} {who} have now?",
       "{N} had {a} {T}. {S} got {b} more. How many {T} {does} {who} have now?",
       "{N} {has} {a} {T}. {M} gives {O} {b} more. How many {T} {does} {who} have[ now| in total|]?",
       "{N} found {a} {T} in the morning and {b} {T} in the evening. How many {T} did {who} find in total?",
       "{N} {has} {a} {T} and {M} has {b}. How many {T} do they have together?",
       "There are {a} {T} on the table and {b} {T} in the box. How many {T} are there in total?",
       "If {N} {has} {a} {T} and get{s} {b} more, how many {T} {does} {who} have?",
       "There were {a} {T} in a basket. {N} put {b} more into it. How many {T} are in the basket now?",
       "{N} bought {a} {T} on Monday and {b} on Tuesday. How many {T} did {who} buy?",
       "{N} {has} {a} red {T} and {b} blue {T}. How many {T} {does} {who} have?",
       "{a} birds sit in a tree. {b} more birds come. How many birds are in the tree now?",
       "A class has {a} boys and {b} girls. How many children are in the class?",
       "{N} read {a} pages yesterday and {b} pages today. How many pages did {who} read?",
       "{N} {has} {a} {T}. Then {S} buy{s} {b} {T}. How many {T} {does} {who} have altogether?",
       "A bus has {a} people in it. {b} more people get on. How many people are on the bus?",
       "{N} picked {a} {T} and {M} picked {b} {T}. How many {T} did they pick in all?",
       "{N} {are} {a} years old. How old will {who} be in {b} years?",
       "{M} is {b} years old. {P} brother is {a} years older. How old is the brother?".replace("{P}", "The"),
       "{N} had {a} {T} and then got {b} {T} as a gift. How many {T} {does} {who} have now?"]
SUBTRACT = ["{N} had {a} {T} and lost {b}. How many {T} are left?", "Of {a} {T}, {b} are broken. How many are not broken?",
    "{N} had {a} {T} and {b} of them flew away. How many are left?", "{N} cooked {a} {T} and ate {b}. How many are left?",
    "{N} need{s} {a} {T} but {has} only {b}. How many more {T} {does} {who} need?",
    "There are {a} children in a class. {b} are ill. How many children are there today?",
    "A {t} costs {a} dollars. {N} {has} {b} dollars. How much money is missing?",
            "{N} wrote {a} letters and sent {b}. How many letters are left?",
            "{N} took {a} {T} to school and gave {b} to {M}. How many {T} {does} {who} still have?",
            "{N} had {a} {T}. The dog ate {b}. How many {T} are left?", "{M} is {a} years old. {N} {are} {b} years younger. How old {are} {who}?",
            "There are {a} {T}. {b} of them are red and the others are blue. How many are blue?",
            "{N} had {a} {T} and {b} popped. How many {T} are left?","{N} {has} {a} {T} and give{s} away {b}. How many {T} are left?",
            "{N} had {a} {T}. {S} lost {b} of them. How many {T} {does} {who} have [now|left]?",
            "{N} {has} {a} {T}. {S} give{s} {b} {T} to {M}. How many {T} {does} {who} have left?",
            "{N} had {a} {T} and ate {b}. How many {T} {does} {who} have left?",
            "There are {a} {T} in a box. {N} take{s} out {b}. How many {T} are left in the box?",
            "If {N} {has} {a} {T} and lose{s} {b}, how many {T} {does} {who} have left?",
            "If {N} {has} {a} {T} and eat{s} {b}, how many are left?", "A shop had {a} {T} and sold {b}. How many {T} are left?",
            "{N} {has} {a} dollars and spend{s} {b} dollars. How much money is left?",
            "{N} had {a} dollars. {S} spent {b} dollars. How many dollars {does} {who} have now?",
            "There were {a} birds in a tree. {b} flew away. How many birds are left?",
            "{N} {has} {a} {T} and {M} has {b}. How many more {T} {does} {who} have than {M}?",
            "A book has {a} pages. {N} read {b} pages. How many pages are left?",
            "{N} had {a} {T}, but {b} of them broke. How many {T} are left?",
            "There were {a} people on a bus. {b} got off. How many people are on the bus now?",
            "{N} baked {a} {T} and sold {b} of them. How many {T} {does} {who} still have?",
            "{N} {has} {a} {T}. {M} takes {b} of them. How many {T} remain?",
            "{N} {are} {a} years old. {M} is {b} years younger. How old is {M}?",
            "{N} had {a} {T}. {S} used {b} of them. How many {T} {does} {who} have now?",
            "From {a} {T}, {N} sold {b}. How many {T} {does} {who} have left?"]
MULTIPLY = ["There are {b} {T} in each bag. How many {T} are in {a} bags?", "There are {b} {T} in one box. How many {T} are there in {a} boxes?",
    "In a basket there are {b} {T}. How many {T} are in {a} baskets?", "One bag has {b} {T}. How many {T} do {a} bags have?",
    "A bag contains {b} {T}. How many {T} are in {a} bags?",
            "A box contains {b} {T}. {N} {has} {a} boxes. How many {T} {does} {who} have?",
            "There are {b} {T} on every plate. There are {a} plates. How many {T} are there?",
            "A shelf holds {b} books. How many books are on {a} shelves?",
            "Each shelf has {b} books and there are {a} shelves. How many books are there?",
            "Every child gets {b} {T}. There are {a} children. How many {T} are needed?",
            "{N} {has} {a} friends and give{s} each of them {b} {T}. How many {T} {does} {who} give?",
            "A week has {b} days. How many days are in {a} weeks?", "Each {t} costs {b} dollars. How much do {a} {T} cost?",
            "A {t} costs {b} dollars. How much are {a} {T}?", "The price of one {t} is {b} dollars. What do {a} {T} cost?",
            "A shirt costs {b} dollars. How much do {a} shirts cost?",
            "{N} earn{s} {b} dollars per hour. How much {does} {who} earn in {a} hours?",
            "{N} walk{s} {b} km every day. How many km {does} {who} walk in {a} days?",
            "A train goes {b} km in one hour. How far does it go in {a} hours?",
            "There are {a} teams with {b} players each. How many players are there?",
            "A pack of {T} has {b} pieces. How many pieces are in {a} packs?", "{a} boxes hold {b} {T} each. How many {T} is that?",
            "{N} put{s} {b} {T} into each of {a} boxes. How many {T} are in the boxes?",
            "There are {a} tables. At each table sit {b} people. How many people are there?",
            "{N} {has} {a} cats. Each cat has {b} kittens. How many kittens are there?",
            "One week has 7 days. {N} eat{s} {b} {T} in each of {a} days. How many {T} is that?",
            "{N} buy{s} {a} packs with {b} {T}. How many {T} {does} {who} have?",
            "{N} make{s} {b} {T} a day. How many {T} {does} {who} make in {a} days?",
            "{N} {has} {a} bags with {b} {T} in each bag. How many {T} are there in total?",
            "There are {a} boxes with {b} {T} in each box. How many {T} are there?",
            "One {t} costs {b} dollars. How much do {a} {T} cost?", "{N} {has} {a} boxes. Each box has {b} {T}. How many {T} {does} {who} have?",
            "A box holds {b} {T}. How many {T} are in {a} boxes?",
            "If one ticket costs {b} dollars, how much do {a} tickets cost?",
            "There are {a} rows with {b} chairs in each row. How many chairs are there?",
            "{N} buy{s} {a} {T} for {b} dollars each. How much does it cost?",
            "A car drives {b} km per hour. How far does it drive in {a} hours?",
            "{N} read{s} {b} pages every day. How many pages {does} {who} read in {a} days?",
            "Each of {a} children has {b} {T}. How many {T} do they have together?",
            "{N} work{s} {b} hours a day. How many hours {does} {who} work in {a} days?",
            "A pack has {b} {T}. {N} buy{s} {a} packs. How many {T} {does} {who} have?",
            "How many legs do {a} tables have if each table has {b} legs?",
            "A spider has {b} eyes. How many eyes do {a} spiders have?", "There are {b} {T} in a bag. How many {T} are in {a} bags?"]
DIVIDE = ["There are {p} {T} and {a} children. Every child gets the same. How many does each child get?",
    "{p} {T} for {a} friends: how many does each friend get?", "{N} {has} {p} {T} for {a} children. How many {T} does each child get?",
    "There are {p} {T} for {a} people. How many does each person get?", "{a} kids get {p} {T} together. How many does one kid get?",
    "We have {p} {T} for {a} plates. How many {T} go on each plate?", "{p} {T}, {a} children. How many for each child?",
    "There are {p} {T} in {a} bags. How many {T} are in each bag?", "{N} {has} {p} {T} in {a} boxes. How many {T} are in each box?",
    "{N} {has} {p} {T} for {a} friends. Each gets the same number. How many does each get?",
    "{p} {T} are put into {a} boxes equally. How many {T} are in each box?", "Split {p} {T} equally among {a} children. How many does each get?",
    "{a} children share {p} {T} equally. How many {T} does each child get?",
    "{N} give{s} {p} {T} to {a} children, the same number to each. How many does each child get?",
    "{a} tickets cost {p} dollars. How much is one ticket?",
    "{N} read{s} {p} pages in {a} days, the same number each day. How many pages is that per day?",
    "{p} {T} are split between {a} kids. How many does each kid get?",
    "{p} students sit at {a} tables, the same number at each. How many sit at one table?",
    "{N} share{s} {p} {T} equally among {a} friends. How many {T} does each friend get?",
    "{p} {T} are shared equally by {a} children. How many {T} does each child get?",
    "There are {p} {T} in {a} boxes, the same number in each. How many {T} are in one box?",
          "{N} put{s} {p} {T} into {a} bags equally. How many {T} are in each bag?", "{a} {T} cost {p} dollars. How much does one {t} cost?",
          "If {p} {T} are divided among {a} people, how many does each person get?",
          "{N} {has} {p} {T} and split{s} them equally between {a} friends. How many does each get?",
          "{p} children form {a} equal teams. How many children are in each team?",
          "There are {p} {T} for {a} kids. How many {T} does each kid get?"]
TWO_STEP = ["{N} {has} {a} {T}. {S} get{s} {b} more. Then {S} sell{s} {c}. How many {T} {does} {who} have?",
    "{N} had {a} {T}. {S} bought {b} and then sold {c}. How many {T} {does} {who} have now?",
    "{N} {has} {a} {T}, buy{s} {b} more and eat{s} {c}. How many {T} are left?",
    "First {N} had {a} {T}. Then {S} got {b} and lost {c}. How many {T} {does} {who} have?",
    "{N} {has} {a} dollars, earn{s} {b} dollars and spend{s} {c} dollars. How much money {does} {who} have?",
            "{a} people are in a room. {b} come in and {c} leave. How many people are in the room?",
            "{N} pick{s} {a} {T} on Monday and {b} on Tuesday. {S} give{s} {c} to {M}. How many {T} are left?",
            "{N} begin{s} with {a} {T}. {S} add{s} {b} and then remove{s} {c}. How many {T} are there?",
            "A shop has {a} {T}. It gets {b} more and sells {c}. How many {T} does it have?",
            "{N} start{s} with {a} {T}. {S} find{s} {b} more and lose{s} {c}. How many {T} {does} {who} have?",
            "{N} {has} {a} {T}. {S} buy{s} {b} more and give{s} away {c}. How many {T} {does} {who} have now?",
            "{N} had {a} {T}, found {b} more and lost {c}. How many {T} {does} {who} have now?",
            "There are {a} {T} in a box. {N} add{s} {b} and {M} takes {c}. How many {T} are in the box?",
            "A bus has {a} people. {b} get on and {c} get off. How many people are on the bus?",
            "{N} had {a} {T}. {M} gave {O} {b}. Then {S} ate {c}. How many {T} are left?",
            "{N} start{s} with {a} {T}, get{s} {b} more and then sell{s} {c}. How many {T} {does} {who} have?"]
TWICE = ["{N} {has} {a} {T}. {M} has double that. How many {T} does {M} have?", "{N} ran {a} km. {M} ran twice as far. How far did {M} run?",
    "{N} {has} {a} {T} and {M} has double. How many {T} does {M} have?",
    "{M} has two times as many {T} as {N}, who has {a}. How many {T} does {M} have?",
    "{N} {has} {a} {T}. {M} has twice as many. How many {T} does {M} have?",
    "{M} has twice as many {T} as {N}. {N} {has} {a}. How many {T} does {M} have?", "{N} {are} {a} years old. {M} is twice as old. How old is {M}?",
         "{N} {has} {a} {T} and {M} has two times as many. How many {T} does {M} have?",
         "{N} {has} {a} dollars. {M} has twice as much. How much money does {M} have?"]


def fix_person(text: str) -> str:
    for wrong, right in ((" buyes", " buys"), ("Does I", "Do I"), ("I, who has", "I, who have"), ("old am he", "old is he")):
        text = text.replace(wrong, right)
    return text[0].upper() + text[1:]


def problem(g: Gen) -> Item:
    cast, x = Cast(g), g.rng.random()
    a, b = g.operands(lambda: (g.int(2, 20), g.int(1, 20)) if g.chance(0.6) else (g.int(10, 99), g.int(2, 99)))
    c = 0
    if x < 0.3:
        templates, v, e = ADD, a + b, f"{a} + {b} = {a + b}"
    elif x < 0.6:
        a, b = max(a, b) + 1, min(a, b)
        templates, v, e = SUBTRACT, a - b, f"{a} - {b} = {a - b}"
    elif x < 0.78:
        a, b = g.operands(lambda: (g.int(2, 12), g.int(2, 20)))
        templates, v, e = MULTIPLY, a * b, f"{a} × {b} = {a * b}"
    elif x < 0.88:
        a, v = g.operands(lambda: (g.int(2, 10), g.int(1, 12)))
        templates, e = DIVIDE, f"{a * v} / {a} = {v}"
    elif x < 0.95:
        c = g.int(1, a + b - 1)
        templates, v, e = TWO_STEP, a + b - c, f"{a} + {b} = {a + b}, {a + b} - {c} = {a + b - c}"
    else:
        templates, v, e = TWICE, 2 * a, f"2 × {a} = {2 * a}"
    show = in_words if g.chance(0.1) else str
    ask = g.phrase(templates, **cast.slots, a=show(a), b=show(b), c=show(c), p=show(a * v))
    if g.chance(0.15):
        ask = g.say("Solve this: {q}", "Here is a problem: {q}", "{q} Please explain.", "Word problem: {q}", "{q} Give me the answer.",
            "Can you solve this? {q}", "{q} Thanks!", q=ask)
    if g.chance(0.12):
        ask = ask.lower() if g.chance(0.6) else ask.rstrip("?")
    return Item([(fix_person(ask), f"{e}. The answer is {v}.")], v, "last_number", noise="none")


TASKS = {"word_problems": [(problem, 1)]}
assert set(GIRLS) | set(BOYS) == set(NAMES)
