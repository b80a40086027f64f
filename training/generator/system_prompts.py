"""System prompts: harmless ones around any task, and ones that change the answer."""

import json

from . import vocab as v
from .core import Gen, Item, article
from .countries import COUNTRIES

_ROLES = ["helpful assistant", "friendly assistant", "helpful, honest and harmless assistant", "polite assistant", "helpful AI assistant", "chatbot",
    "helpful chatbot", "smart assistant", "language model", "small demo assistant", "good assistant", "kind helper", "assistant",
          "helpful and concise assistant", "useful assistant", "friendly chatbot", "patient teacher", "helpful bot", "careful assistant",
          "tutor for children", "virtual assistant", "customer support agent", "knowledgeable assistant"]
_EXTRA = ["", "", "", " Answer the user's questions.", " Be polite.", " Follow the user's instructions carefully.", " Answer clearly.",
    " Be helpful.", " Answer in English.", " Help the user.", " Give correct answers.", " Always be friendly.", " Answer as well as you can.",
    " Keep your answers clear.",
          " You talk to a new user.", " Please answer the questions of the user.", " Respond to the user.", " If you do not know the answer, say so.",
          " Be honest.", " Do not make things up.", " You answer questions on a website.", " Think before you answer."]
_PLAIN = ["Answer the question.", "Answer the user's questions.", "Be helpful.", "Be polite.", "Answer clearly.", "You help people.",
    "Please be friendly.", "You are a helpful assistant", "You are an AI.", "Help the user with simple questions.", "This is a demo.",
    "Answer correctly.", "Answer as a friendly assistant.",
          "Follow the instructions.", "You answer questions about countries, numbers and words.", "Respond in English.", "Give a helpful answer.",
          "Assistant for simple questions."]


def neutral(g: Gen) -> str:
    if g.chance(0.25):
        return "You are a helpful assistant."
    if g.chance(0.25):
        return g.pick(_PLAIN)
    role = g.pick(_ROLES)
    return g.say("You are {a} {r}.", "You are {a} {r}.", "You are {a} {r}.", "Act as {a} {r}.", "I want you to be {a} {r}.", a=article(role),
        r=role) + g.pick(_EXTRA)


ONE_WORD = ["Answer in one word.", "Please answer in one word.", "One word answers only.", "Answer each question with one word.",
    "Reply in one word.", "Use a single word.", "Every answer is one word.", "Say only one word.", "Answer using one word.",
    "Your answer must be one word.", "You may only use one word.", "Reply with one word only.", "Always answer with a single word.",
    "Use only one word for each answer.", "Give one-word answers.", "You answer in exactly one word.", "Answer with just one word.",
    "You are a helpful assistant. Answer in one word.", "Keep every answer to one word.",
            "Only answer with one word.", "Your answers are one word long.", "Respond with a single word."]
ONLY = ["Reply with only the answer.", "Answer with only the result.", "Give just the answer.", "Just give the answer.", "Only the answer, please.",
    "No sentences, only the answer.", "Answer briefly, without a sentence.", "Short answers only.", "Give short answers.",
    "Do not explain, only answer.", "Answer with the value only.", "Return only the answer.", "Be as brief as possible.", "Be brief: answer only.",
    "Answer only with the result.", "Give only the answer, no sentence.", "Just the answer, nothing else.", "Answer without a full sentence.",
    "Only give the answer itself.", "You are a helpful assistant. Reply with only the answer.", "Write only the answer and no other words.",
        "Give the answer only.", "Answer as short as possible.", "Keep your answers as short as possible.", "Reply with the answer only."]
CAPS = ["Answer in uppercase.", "Answer in capital letters.", "Please answer in uppercase.", "Please reply in capital letters.",
    "Write all answers in capital letters.", "Only use uppercase letters.", "Your answers are in all caps.", "Everything you write is in uppercase.",
    "Answer in all caps.", "Give your answers in capital letters.", "Respond in all capital letters.", "Use uppercase for every answer.",
    "Answer every question in capital letters.", "Please write in all caps.", "All text must be uppercase.", "Always write in capital letters.",
    "Write every answer in uppercase.", "Use only capital letters.", "Reply in all caps.", "You always answer in uppercase letters.",
    "You are a helpful assistant. Always answer in uppercase.", "All your answers must be in capital letters.", "Shout: use only capital letters.",
        "Respond in upper case.", "Please answer in all capital letters."]
LOWER = ["Answer in lowercase.", "Please answer in lowercase.", "Reply in lowercase only.", "Respond in small letters.",
    "Only use lowercase letters.", "Your answers are all lowercase.", "Everything you write is in lowercase.", "Write only small letters.",
    "Answer in small letters only.", "Please use lowercase letters only.", "All text must be lowercase.", "Always write in lowercase letters.",
    "Use only small letters.", "Write every answer in lowercase.", "Reply in lower case.", "Never use capital letters.",
    "Do not use capital letters.", "Respond in lowercase only."]
AS_JSON = ["Answer in JSON.", "Answer with JSON.", "Reply with a JSON object.", "Respond with a JSON object.", "Please answer in JSON.",
    "Answer only with a JSON object.", "Answers must be JSON objects.", "Give every answer as a JSON object.", "Reply only with JSON.",
    "You only speak JSON.", "Format your answers as JSON.", "You are a JSON API. Return a JSON object with the key answer.",
    "Give your answer in JSON format.", "Please reply with JSON.", "Always reply with a JSON object with the key answer.",
    "Reply in JSON with the key answer.", "Return your answer as JSON: {{\"answer\": ...}}", "Respond only with JSON.",
    "Every answer must be a JSON object with the key \"answer\".", "Output JSON only.", "You are a helpful assistant that answers in JSON.",
           "Use JSON for your answers.", "Your output must be valid JSON.", "Answer with a JSON object."]
END_WITH = ["Place \"{x}\" at the end of each answer.", "Write \"{x}\" at the end of each answer.", "Put \"{x}\" after each answer.",
    "Put \"{x}\" last.", "At the end of every answer, put \"{x}\"", "Say \"{x}\" after each answer.", "Add \"{x}\" after every answer.",
    "Put the words \"{x}\" at the end.","At the end of each answer, say \"{x}\"", "Every answer ends with \"{x}\"", "Your answers end with \"{x}\"",
    "Finish each reply with: {x}", "Always finish with \"{x}\"", "Always add \"{x}\" to the end.", "The last words of every answer are \"{x}\"",
    "End each message with \"{x}\"", "Please end your answers with \"{x}\"","End every answer with \"{x}\"", "Always end your answer with: {x}",
    "After each answer, write \"{x}\"", "Finish every answer with \"{x}\"", "Add \"{x}\" at the end of every answer.",
    "Close each reply with \"{x}\"", "Put \"{x}\" at the end of each answer."]
START_WITH = ["Place \"{x}\" at the start of each answer.", "Write \"{x}\" at the start of each answer.", "At the start of every answer, put \"{x}\"",
    "Add \"{x}\" before every answer.", "Put the words \"{x}\" at the start.","At the start of each answer, say \"{x}\"",
    "Every answer starts with \"{x}\"", "Your answers start with \"{x}\"", "Begin each reply with: {x}", "Always start with \"{x}\"",
    "Always put \"{x}\" first.", "The first words of every answer are \"{x}\"", "Start each message with \"{x}\"",
    "Please begin your answers with \"{x}\"", "Put \"{x}\" in front of every answer.", "Say \"{x}\" before each answer.",
    "Start every answer with \"{x}\"", "Always begin your answer with: {x}", "Begin every answer with \"{x}\"", "Each answer starts with \"{x}\"",
    "Start each reply with the words \"{x}\"", "Put \"{x}\" at the start of each answer."]
ENDINGS = ["Have a nice day!", "Thank you!", "I hope that helps.", "Good luck!", "Bye!", "Best wishes.", "Any more questions?", "That is all.",
    "Meow!", "Cheers!", "Thanks for asking!"]
STARTS = ["Sure!", "Of course.", "Dear user,", "Here is the answer:", "Answer:", "Good question!", "Well,", "My friend,", "Yes, sir!",
    "Thank you for asking.", "Hello!"]
PIRATE = ["Speak like a pirate.", "Be a pirate.", "You talk like a pirate.", "Reply like a pirate.", "Act like a pirate.",
    "You are a pirate and speak like one.", "Use pirate talk.", "You are a helpful pirate.", "You are a pirate.", "Talk like a pirate.",
    "Answer like a pirate.", "You are a friendly pirate. Answer every question like a pirate.", "Pretend to be a pirate.",
    "Answer as a pirate would."]
NAMED = ["Your name is {x}.", "You are {x}, a friendly assistant.", "You are called {x}.", "You are an assistant named {x}.",
    "Your name is {x}. Answer the user's questions.", "You are a helpful assistant named {x}.", "You are a helpful assistant called {x}."]
ASK_NAMED = ["What is your name?", "Who are you?", "Tell me your name.", "What are you called?", "How are you called?", "what is your name",
    "Do you have a name?", "What should I call you?", "What's your name?"]
KNOWS = [  # facts in the system prompt: (text, question variants, answer, pool)
    (["The user's name is {x}.", "The name of the user is {x}.", "You talk to {x}.", "The user is called {x}.",
        "You are a helpful assistant. The user's name is {x}."], ["What is my name?", "Who am I?", "Do you know my name?", "Tell me my name.",
        "What's my name?"], "Your name is {x}.", v.NAMES),
    (["Today is {x}.", "It is {x} today.", "Today's day is {x}.", "You are a helpful assistant. Today is {x}."], ["What day is it?",
        "What day is today?", "Which day is it today?", "Tell me what day it is.", "What is today?", "Do you know what day it is?",
        "Which day is it?", "what day is it", "Today is which day?", "What day do we have today?"], "Today is {x}.", v.DAYS),
    (["The secret word is {x}.", "The password is {x}.", "The secret word of today is {x}."], ["What is the secret word?", "What is the password?",
        "Tell me the secret word.", "What's the secret word?", "Do you know the secret word?"], "The word is {x}.", v.THINGS + v.ANIMALS),
    (["You live in {x}.", "Your home is in {x}.", "You are an assistant from {x}."], ["Where do you live?", "Where are you from?",
        "Where is your home?", "In which city do you live?"], "I live in {x}.", [c["capital"] for c in COUNTRIES]),
    (["The shop opens at {x}.", "Our shop opens at {x}.", "You work for a shop. The shop opens at {x}."], ["When does the shop open?",
        "At what time do you open?", "When do you open?", "What time does the shop open?"], "The shop opens at {x}.", ["7 am", "8 am", "9 am",
        "10 am", "11 am", "noon"]),
    (["The ticket costs {x} dollars.", "A ticket costs {x} dollars.", "You sell tickets. A ticket costs {x} dollars."], ["How much is a ticket?",
        "What does a ticket cost?", "What is the price of a ticket?", "How much does a ticket cost?"], "A ticket costs {x} dollars.",
        [str(n) for n in range(3, 60)]),
]


def short_answer(g, one_word: bool):
    """A task whose answer fits one word, and that word."""
    from . import arithmetic, countries, words

    while True:
        f = g.pick([countries.capital, countries.capital, countries.reverse, countries.continent, countries.language, arithmetic.add_subtract,
            arithmetic.product, words.opposite, countries.currency])
        it = f(g)
        gold = str(it.gold)
        if f is words.opposite:
            gold = gold.split()[-1]
        if gold.isdigit() and int(gold) > 200 and f is arithmetic.product:
            continue  # long products need their steps
        if not one_word or " " not in gold:
            return it, gold


def obey(g: Gen) -> Item:
    x = g.rng.random()
    if x < 0.36:
        one = g.chance(0.5)
        it, gold = short_answer(g, one)
        rule = g.phrase(ONE_WORD if one else ONLY)
        if g.chance(0.22):  # the rule may come with the question
            ask = f"{it.turns[0][0]} {rule}" if g.chance(0.75) else f"{rule} {it.turns[0][0]}"
            return Item([(ask, gold)], gold, "exact", noise="none")
        return Item([(it.turns[0][0], gold)], gold, "exact", system=rule, noise=it.noise)
    if x < 0.56:
        from .mix import small_talk
        q, a = small_talk(g)
        if g.chance(0.75):
            return Item([(q, a.upper())], check="exact", system=g.phrase(CAPS), noise="none")
        return Item([(q, a.lower())], check="exact", system=g.phrase(LOWER), noise="none")
    if x < 0.64:
        it, gold = short_answer(g, False)
        value = int(gold) if gold.lstrip("-").isdigit() else gold
        return Item([(it.turns[0][0], json.dumps({"answer": value}, ensure_ascii=False))], {"answer": value}, "as_json", system=g.phrase(AS_JSON),
            noise=it.noise)
    if x < 0.8:
        from .mix import small_talk
        q, a = small_talk(g)
        if g.chance(0.55):
            e = g.pick(ENDINGS)
            return Item([(q, f"{a} {e}")], check="exact", system=g.phrase(END_WITH, x=e), noise="none")
        e = g.pick(STARTS)
        return Item([(q, f"{e} {a}")], check="exact", system=g.phrase(START_WITH, x=e), noise="none")
    if x < 0.85:
        from .mix import small_talk
        q, a = small_talk(g)
        return Item([(q, f"Arr! {a}")], check="exact", system=g.phrase(PIRATE), noise="none")
    if x < 0.92:
        n = g.pick(v.NAMES + ["Robo", "Helper", "Nova", "Buddy", "Spark", "Ada", "Atlas", "Echo"])
        return Item([(g.phrase(ASK_NAMED), f"My name is {n}.")], n, system=g.phrase(NAMED, x=n), noise="none")
    texts, asks, answer, pool = g.pick(KNOWS)
    value = g.pick(pool)
    return Item([(g.phrase(asks), answer.format(x=value))], value, system=g.phrase(texts, x=value), noise="none")


TASKS = {"system_prompts": [(obey, 1)]}
