"""Sums, products, percentages, comparisons, sequences. Operands are held out by hash."""

from .core import Gen, Item, in_words

ASK = ["What is {e}?", "What is {e}?", "{e} = ?", "Calculate {e}.", "How much is {e}?", "Compute {e}.", "{e}", "{e}=", "What's {e}?", "Solve {e}.",
    "{e} equals?", "Work out {e}.",
       "What is the result of {e}?", "Tell me {e}.", "What do you get for {e}?", "Find {e}.", "Give me the answer to {e}.", "What does {e} equal?",
       "What is the answer to {e}?",
       "Can you calculate {e}?", "{e}?", "How much does {e} make?", "I need the result of {e}.", "Do the math: {e}", "Evaluate {e}.",
       "Can you solve {e}?",
       "Please calculate {e}.", "Can you tell me what {e} is?", "{e} is how much?", "Answer this: {e}", "Let me know what {e} is.",
       "How many is {e}?", "Please work out {e} for me."]
WORDED = {
    "+": ["{a} plus {b}", "the sum of {a} and {b}", "{a} added to {b}", "{a} and {b} together"],
    "-": ["{a} minus {b}", "the difference between {a} and {b}", "{a} take away {b}"],
    "×": ["{a} times {b}", "{a} multiplied by {b}", "the product of {a} and {b}"],
    "/": ["{a} divided by {b}"],
}
ORDERS = {
    "+": ["Add {a} and {b}.", "Increase {a} by {b}.", "Sum {a} and {b}.", "What do you get when you add {a} and {b}?",
    "What do {a} and {b} add up to?", "How much are {a} and {b} together?", "What is {b} more than {a}?", "Add {a} to {b}.", "Sum up {a} and {b}.",
    "Add {b} to {a}.", "Add up {a} and {b}.", "Add the numbers {a} and {b}.", "Put {a} and {b} together. How much is that?", "Add {a} with {b}."],
    "-": ["Subtract {b} from {a}.", "Subtract {b} from {a}.", "Remove {b} from {a}.", "Take {b} from {a}.", "Reduce {a} by {b}.", "Lower {a} by {b}.",
    "Decrease {a} by {b}.", "From {a}, subtract {b}.", "From {a} take away {b}.", "{a} less {b}", "What is left if you take {b} from {a}?",
    "How much is left of {a} without {b}?", "What do you get when you subtract {b} from {a}?", "Take {b} away from {a}.",
    "Subtract {b} from the number {a}.", "Take away {b} from {a}.", "Start with {a} and subtract {b}.", "Deduct {b} from {a}."],
    "×": ["Multiply {a} by {b}.", "What do you get when you multiply {a} by {b}?", "{a} multiplied with {b}", "Find the product of {a} and {b}.",
    "What do you get if you multiply {a} and {b}?", "Multiply {a} and {b}.", "Multiply {a} with {b}.", "Take {a} times {b}.",
    "Multiply the numbers {a} and {b}."],
    "/": ["Divide {a} by {b}.", "What do you get when you divide {a} by {b}?", "How many times does {b} go into {a}?",
    "How often does {b} fit into {a}?", "Share {a} by {b}.", "Divide the number {a} by {b}.", "Split {a} by {b}.", "Please divide {a} by {b}."],
}


def number(g: Gen) -> int:
    x = g.rng.random()
    if x < 0.16:
        return g.int(0, 9)
    if x < 0.52:
        return g.int(10, 99)
    if x < 0.76:
        return g.int(100, 999)
    return g.int(1000, 9999) if x < 0.96 else g.int(10000, 99999)


def question(g: Gen, a, b, op) -> str:
    x = g.rng.random()
    if x < 0.55:
        sign = {"×": g.pick(["×", "*", "x", "*"]), "/": g.pick(["/", "÷", ":"])}.get(op, op)
        gap = g.pick([" ", " ", ""])
        return g.phrase(ASK, e=f"{a}{gap}{sign}{gap}{b}")
    words = g.chance(0.18) and max(a, b) < 1000
    a, b = (in_words(a), in_words(b)) if words else (a, b)
    if x < 0.8:
        return g.phrase(ASK, e=g.say(*WORDED[op], a=a, b=b))
    return g.phrase(ORDERS[op], a=a, b=b)


def equation(a, b, op, v) -> str:
    return f"{a} {op} {b} = {v}."


def add_subtract(g):
    op = g.pick("+++--")
    a, b = g.operands(lambda: (number(g), number(g)))
    if op == "-" and a < b and not (max(a, b) < 100 and g.chance(0.25)):
        a, b = b, a
    v = a + b if op == "+" else a - b
    return Item([(question(g, a, b, op), equation(a, b, op, v))], v, "last_number")


def product(g):
    def draw():
        x = g.rng.random()
        if x < 0.45:
            return g.int(0, 12), g.int(0, 12)
        if x < 0.8:
            return g.int(2, 9), g.int(10, 99)
        if x < 0.88:
            return g.int(2, 9), g.int(100, 999)
        return g.int(2, 99), g.pick([10, 100, 20, 50, 1000])
    a, b = draw()
    if max(a, b) > 12:  # the small table must be known whole; only larger products are held out
        a, b = g.operands(lambda: next(d for d in iter(draw, None) if max(d) > 12))
    if g.chance(0.15):
        a, b = g.operands(lambda: (g.int(11, 20), g.int(3, 20)))
    big, small = max(a, b), min(a, b)
    if big > 99 and big % 10 and small > 1:  # by parts, as long products are
        tens, ones = big // 100 * 100, big % 100
        return Item([(question(g, big, small, "×"),
            f"{big} × {small} = {tens} × {small} + {ones} × {small} = {tens * small} + {ones * small} = {big * small}.")], big * small, "last_number")
    if g.chance(0.5):
        a, b = b, a
    return Item([(question(g, a, b, "×"), equation(a, b, "×", a * b))], a * b, "last_number")


def quotient(g):
    b = g.int(1, 12)
    v = g.int(0, 12) if g.chance(0.8) else g.int(13, 40)
    if g.chance(0.85):
        return Item([(question(g, b * v, b, "/"), equation(b * v, b, "/", v))], v, "last_number")
    b, v = g.int(2, 9), g.int(1, 10)
    r = g.int(1, b - 1)
    return Item([(question(g, b * v + r, b, "/"), f"{b * v + r} / {b} = {v} remainder {r}.")], f"{v} remainder {r}")


def three(g):
    k = 3 if g.chance(0.75) else 4
    ns = list(g.operands(lambda: tuple(g.int(1, 9) if g.chance(0.4) else g.int(10, 60) for _ in range(k))))
    listed = ", ".join(map(str, ns[:-1])) + f" and {ns[-1]}"
    ask = g.phrase(["What is {e}?", "{e}", "How much is {e}?", "Calculate {e}.", "Add {l}.", "What is the sum of {l}?", "Add up {l}.", "Sum {l}.",
        "Add the numbers {l}.", "{e} = ?",
                    "Add {l} [together|up].", "What do {l} add up to?", "What is the total of {l}?", "Add these numbers: {l}"], e=" + ".join(map(str,
                    ns)), l=listed)
    if g.chance(0.3):  # with a minus, or two
        ask, steps, total = None, [], ns[0]
        signs = [g.pick("+-") for _ in ns[1:]]
        if all(s == "+" for s in signs):
            signs[-1] = "-"
        text = str(ns[0])
        for s, n in zip(signs, ns[1:]):
            n = min(n, total) if s == "-" else n
            new = total + n if s == "+" else total - n
            text += f" {s} {n}"
            steps.append(f"{total} {s} {n} = {new}")
            total = new
        text = text if g.chance(0.7) else text.replace(" ", "") if g.chance(0.5) else text.replace("+", "plus").replace("-", "minus")
        return Item([(g.phrase(ASK, e=text), ", ".join(steps) + ".")], total, "last_number")
    # Running totals keep each step a two-number sum.
    steps, total = [], ns[0]
    for n in ns[1:]:
        steps.append(f"{total} + {n} = {total + n}")
        total += n
    return Item([(ask, ", ".join(steps) + ".")], total, "last_number")


def long_product(g):
    a, b = g.operands(lambda: (g.int(11, 99), g.int(11, 99)))
    if a % 10 == 0 or b % 10 == 0:
        return product(g)
    tens, ones = b // 10 * 10, b % 10
    return Item([(question(g, a, b, "×"), f"{a} × {b} = {a} × {tens} + {a} × {ones} = {a * tens} + {a * ones} = {a * b}.")], a * b, "last_number")


def precedence(g):
    a, b, c = g.operands(lambda: (g.int(1, 30), g.int(2, 9), g.int(2, 9)))
    x = g.rng.random()
    if x < 0.4:
        e, mid, v = f"{a} + {b} * {c}", f"{a} + {b * c}", a + b * c
    elif x < 0.7:
        e, mid, v = f"{b} * {c} + {a}", f"{b * c} + {a}", b * c + a
    else:
        e, mid, v = f"({a} + {b}) * {c}", f"{a + b} × {c}", (a + b) * c
    shown = e.replace("*", "×")
    return Item([(g.phrase(ASK, e=e if g.chance(0.6) else shown), f"{shown} = {mid} = {v}.")], v, "last_number")


PERCENT = ["What is {p}% of {n}?", "How much is {p}% of {n}?", "Calculate {p}% of {n}.", "{p}% of {n}", "What is {p} percent of {n}?",
    "{p} percent of {n}", "Find {p}% of {n}.", "Compute {p}% of {n}.",
           "How much is {p} percent of {n}?", "What is {p} % of {n}?", "Tell me {p}% of {n}.", "Take {p}% of {n}.", "What's {p}% of {n}?",
           "Can you work out {p}% of {n}?"]
HALF = {"half of": (1, 2), "a half of": (1, 2), "one half of": (1, 2), "a third of": (1, 3), "a quarter of": (1, 4), "double": (2, 1), "twice": (2,
    1), "triple": (3, 1)}
SMALL = ["What is {e}?", "How much is {e}?", "Calculate {e}.", "{e}", "Tell me {e}.", "What's {e}?", "What number is {e}?", "Find {e}.", "{e}?",
    "Compute {e}.", "Give me {e}."]


def percent_and_parts(g):
    x = g.rng.random()
    if x < 0.45:
        p = g.pick([1, 5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 80, 90, 100])
        unit = {1: 100, 5: 20, 15: 20, 25: 4, 75: 4, 50: 2, 100: 1}.get(p, 10)
        n = unit * g.int(1, max(4, (400 if g.chance(0.3) else 200) // unit))
        return Item([(g.phrase(PERCENT, p=p, n=n), f"{p}% of {n} is {p * n // 100}.")], p * n // 100, "last_number")
    if x < 0.75:
        word = g.pick(list(HALF))
        m, d = HALF[word]
        n = d * g.int(1, 60)
        return Item([(g.phrase(SMALL, e=f"{word} {n}"), f"{word[0].upper() + word[1:]} {n} is {n * m // d}.")], n * m // d, "last_number")
    n = g.int(1, 12) if g.chance(0.7) else g.int(13, 20)
    if g.chance(0.55):
        return Item([(g.phrase(SMALL, e=g.say("{n} squared", "the square of {n}", "{n}^2", "{n} to the power of 2", n=n)),
            f"{n} squared is {n * n}.")], n * n, "last_number")
    return Item([(g.phrase(SMALL, e=g.say("the square root of {n}", "square root of {n}", "the root of {n}", n=n * n)),
        f"The square root of {n * n} is {n}.")], n, "last_number")


BIG = ["{a}{s}{b}", "What is {a} {s} {b}?", "Calculate {a} {s} {b}.", "How much is {a} {s} {b}?", "Compute {a}{s}{b}.", "{a} {s} {b}",
    "What is {a}{s}{b}?", "Solve {a} {s} {b}."]
TOO_BIG = "I don't know. These numbers are too big for me, I am a tiny demo model."


def too_big(g):
    if g.chance(0.12):  # roots that are no whole number
        n = g.int(2, 400)
        if int(n ** 0.5) ** 2 != n:
            return Item([(g.phrase(SMALL, e=g.say("the square root of {n}", "square root of {n}", n=n)), "I don't know. I am a tiny demo model.")],
                "don't know")
    s, a, b = g.pick("+-*"), g.int(10**5, 10**g.int(6, 12)), g.int(10**3, 10**g.int(4, 12)) if g.chance(0.6) else g.int(1, 999)
    if g.chance(0.3):
        a = g.int(1, 9) * 10 ** g.int(5, 10)
    if g.chance(0.25):  # decimals are out of scope too
        a, b = f"{g.int(0, 99)}.{g.int(0, 99)}", f"{g.int(0, 99)}.{g.int(1, 9)}" if g.chance(0.7) else g.int(1, 9)
        ask = g.phrase(BIGGER, a=a, b=b, w=g.pick(["bigger", "smaller", "larger"])) if g.chance(0.3) else g.phrase(BIG, a=a, b=b, s=g.pick("+-*/"))
        return Item([(ask, "I don't know. I am a tiny demo model.")], "don't know")
    if g.chance(0.4):
        s, a, b = g.pick("*×x"), g.int(100, 99999), g.int(14, 99999)
    elif g.chance(0.5):
        a, b = b, a
    return Item([(g.phrase(BIG, a=a, b=b, s=s), TOO_BIG)], "don't know")


BIGGER = ["Which of these two is {w}: {a} or {b}?", "What is the {w} of {a} and {b}?", "Of the two numbers {a} and {b}, which is {w}?",
          "Which of the numbers {a} and {b} is {w}?", "Which is {w}, {a} or {b}?", "Which number is {w}: {a} or {b}?", "Which one is {w}: {a} or {b}?", "Is {a} or {b} {w}?",
    "Find the {w} number: {a}, {b}", "Tell me the {w} number of {a} and {b}.",
          "What is {w}, {a} or {b}?", "Of {a} and {b}, which is {w}?", "{a} or {b}, which is {w}?", "Which is the {w} one, {a} or {b}?",
          "Which number is {w}, {b} or {a}?", "{w}: {a} or {b}?",
          "Between {a} and {b}, which [one|number] is {w}?", "What number is {w}: {a} or {b}?", "Compare {a} and {b}. Which is {w}?",
          "Tell me which number is {w}, {a} or {b}.", "Which of these is {w}: {a} or {b}?",
          "Which of the two numbers is {w}, {a} or {b}?"]
EXTREME = ["Of the numbers {l}, which is the {w}?", "Which number is the {w} of {l}?", "Which is the {w} number: {l}?",
           "Which one is the {w}: {l}?", "Which is the {w}: {l}?", "What is the {w} of {l}?", "Find the {w} number: {l}", "Which number is the {w}: {l}?",
    "Tell me the {w} of these numbers: {l}", "Name the {w} number in {l}.",
           "What is the {w} number among {l}?", "Give me the {w} number: {l}", "Pick the {w} number: {l}", "The {w} of {l}?",
           "Which of these numbers is the {w}: {l}?"]
EVEN = ["Is {n} even or odd?", "Is {n} odd or even?", "Is the number {n} odd or even?", "Tell me if {n} is even or odd.", "{n}: even or odd?",
    "Is {n} an even or an odd number?", "Find out if {n} is odd or even.",
        "Do you know if {n} is even or odd?", "Would you say {n} is even or odd?", "Is the number {n} even or odd?"]
IS_EVEN = ["Is {n} {w}?", "Is {n} an {w} number?", "Is the number {n} {w}?", "True or false: {n} is {w}.", "{n} is {w}, right?",
    "Is it true that {n} is {w}?", "Would you call {n} an {w} number?"]
PRIME = ["Is {n} prime?", "Is {n} a prime number?", "Is the number {n} prime?", "Tell me if {n} is prime.", "Is {n} a prime?", "{n}: prime or not?",
    "Is {n} a prime number or not?"]
NEXT = ["What comes next: {s}?", "Continue the sequence: {s}", "What is the next number: {s}?", "Find the next number in {s}.", "{s}, ?", "{s}, ...",
    "Tell me the next number: {s}", "Which number comes after {s}?",
        "What number follows {s}?", "Continue: {s}", "What is next in the sequence {s}?", "Give me the next number in the series {s}.",
        "Complete the pattern: {s}, ?", "{s}, what comes next?",
        "Which number follows {s}?"]
AFTER = ["What [number |]comes [right |]{w} {n}?", "Which number comes [right |]{w} {n}?", "What is the number [right |]{w} {n}?",
    "Tell me the number {w} {n}.", "Name the number that comes {w} {n}.",
         "number {w} {n}", "What number is {w} {n}?", "Give me the number {w} {n}.", "Which number is just {w} {n}?"]
IS_BIGGER = ["Is {a} {w} than {b}?", "Is the number {a} {w} than {b}?", "True or false: {a} is {w} than {b}.", "{a} is {w} than {b}, right?",
    "Is it true that {a} is {w} than {b}?", "Would you say {a} is {w} than {b}?"]
SORT = ["Sort these numbers: {l}", "Sort {l} from [small|smallest|low|lowest] to [big|biggest|large|largest|high|highest].",
    "Arrange {l} from [smallest|lowest] to [largest|highest].", "Arrange these numbers in order: {l}", "Arrange the numbers {l} from small to big.",
    "Order {l} from [small|low|lowest] to [big|high|highest].", "Put the numbers {l} in order from [small|low|smallest] to [large|high|largest].",
    "Sort ascending: {l}", "Sort these: {l}", "sort {l}", "Rank these numbers from low to high: {l}",
    "Line up these numbers from [small to big|smallest to biggest]: {l}", "Can you order these numbers: {l}",
    "Arrange these numbers [from the smallest to the biggest|in increasing order|in ascending order]: {l}", "Write these numbers in order: {l}",
    "Sort the numbers {l} from smallest to largest.", "Put these numbers in order: {l}", "Order these numbers from small to big: {l}",
    "Arrange in ascending order: {l}", "Sort: {l}",
        "Sort the following numbers: {l}", "Order the numbers {l}.", "Can you sort {l}?", "Put {l} in ascending order.",
        "Sort {l} in increasing order.", "Arrange these numbers from low to high: {l}"]


def compare(g):
    x = g.rng.random()
    num = lambda: g.int(0, 20) if g.chance(0.3) else g.int(10, 99) if g.chance(0.5) else g.int(100, 999) if g.chance(0.7) else g.int(1000, 9999)
    if x < 0.3:
        a, b = g.operands(lambda: (num(), num()))
        if a == b:
            b += 1
        big = g.chance(0.65)
        w = g.pick(["bigger", "larger", "greater", "higher", "more"] if big else ["smaller", "smaller", "less", "lower"])
        hi, lo = max(a, b), min(a, b)
        if g.chance(0.15):
            return Item([(g.phrase(IS_BIGGER, a=a, b=b, w=w), f"{'Yes' if (a > b) == big else 'No'}, {hi} is bigger than {lo}.")],
                "Yes" if (a > b) == big else "No", "starts")
        return Item([(g.phrase(BIGGER, a=a, b=b, w=w), f"{hi} is bigger than {lo}." if big else f"{lo} is smaller than {hi}.")],
            f"{hi if big else lo} is", "starts")
    if x < 0.4:
        ns = g.rng.sample(range(1, 200), g.int(3, 5))
        big = g.chance(0.6)
        w = g.pick(["biggest", "largest", "greatest", "highest", "maximum"] if big else ["smallest", "lowest", "minimum"])
        v = max(ns) if big else min(ns)
        return Item([(g.phrase(EXTREME, w=w, l=", ".join(map(str, ns)) if g.chance(0.6) else ", ".join(map(str, ns[:-1])) + f" and {ns[-1]}"),
            f"{v} is the {'biggest' if big else 'smallest'} number.")], f"{v} is", "starts")
    if x < 0.53:
        ns = g.rng.sample(range(0, 20 if g.chance(0.3) else 100), g.int(3, 5))
        return Item([(g.phrase(SORT, l=", ".join(map(str, ns))), ", ".join(map(str, sorted(ns))))], check="exact", noise="wrap")
    if x < 0.68:
        a, s = g.operands(lambda: (g.int(1, 90), g.pick([1, 2, 3, 4, 5, 10, 20, 100])))
        down = g.chance(0.15) and a > 4 * s
        k = 4 if g.chance(0.4) else 3
        seq = [a - i * s if down else a + i * s for i in range(k + 1)]
        if g.chance(0.12):
            a = g.int(1, 5)
            seq = [a * 2**i for i in range(k + 2)]
        return Item([(g.phrase(NEXT, s=", ".join(map(str, seq[:-1]))), f"The next number is {seq[-1]}.")], seq[-1], "last_number")
    if x < 0.82:
        n, after = g.operands(lambda: (num(), g.chance(0.6)))
        v = n + 1 if after else n - 1
        w = g.pick(["after"] if after else ["before"])
        return Item([(g.phrase(AFTER, n=n, w=w), f"The number {w} {n} is {v}.")], v, "last_number")
    if g.chance(0.15):
        n = g.int(2, 50)
        prime = all(n % d for d in range(2, n))
        return Item([(g.phrase(PRIME, n=n), f"{'Yes' if prime else 'No'}, {n} is {'' if prime else 'not '}a prime number.")],
            "Yes" if prime else "No", "starts")
    n = num()
    kind = "odd" if n % 2 else "even"
    if g.chance(0.35):
        w = g.pick(["even", "odd"])
        yes = "Yes" if w == kind else "No"
        return Item([(g.phrase(IS_EVEN, n=n, w=w), f"{yes}, {n} is {kind}.")], yes, "starts")
    return Item([(g.phrase(EVEN, n=n), f"{n} is {kind}.")], kind)


TASKS = {"sums": [(add_subtract, 6)], "products": [(product, 3), (quotient, 1.3)], "other_math": [(three, 1), (percent_and_parts, 2), (precedence,
    0.7)],
         "long_products": [(long_product, 1)], "too_big": [(too_big, 1)], "comparisons": [(compare, 1)]}
