"""Simple tool calls: tools as JSON in the system prompt, the call as {"name", "arguments"}.

DeepSeek-V2's chat template has no tool syntax, so both directions are plain text.
"""

import json

from . import vocab as v
from .core import Gen, Item
from .countries import COUNTRIES
from .words import made_up

dump = lambda value: json.dumps(value, ensure_ascii=False)
CITIES = [c["capital"] for c in COUNTRIES]
# name, description, parameters (name -> type, or enum list), question variants (last held out), argument maker
TOOLS = [
    ("get_weather", "Get the weather in a city", {"city": "string"}, ["Do I need an umbrella in {city}?", "Is it sunny in {city}?",
        "What is the temperature in {city}?", "How hot is it in {city}?", "Give me the weather for {city}.", "Weather for {city}, please.",
        "Please check the weather in {city}.", "How will the weather be in {city}?", "What is the weather in {city}?",
        "How is the weather in {city}[| today]?", "Tell me the weather in {city}.", "Is it raining in {city}?", "Will it rain in {city}?",
        "weather in {city}", "What is the weather like in {city}[| today]?", "Is it cold in {city}?", "How warm is it in {city}?",
     "What's the weather in {city} today?"]),
    ("get_time", "Get the current time in a city", {"city": "string"}, ["What time do they have in {city}?", "What time is it now in {city}?",
        "Give me the time in {city}.", "What is the time in {city}?", "Do you know the time in {city}?", "What time is it in {city}?",
        "Tell me the time in {city}.", "What is the local time in {city}?", "time in {city}", "What is the current time in {city}?",
        "How late is it in {city}?", "Can you tell me the time in {city}?"]),
    ("calculator", "Calculate an expression", {"expression": "string"}, ["Calculate {expression}.", "What is {expression}?", "Compute {expression}.",
        "Please calculate {expression}.", "How much is {expression}?", "Work out {expression} with the calculator.", "calculator: {expression}",
        "Use the calculator for {expression}.", "Compute {expression} with the calculator.", "Please run the calculator on {expression}.",
        "Calculate {expression} with the calculator.", "What does the calculator say for {expression}?", "Use your calculator: {expression}"]),
    ("search", "Search the web", {"query": "string"}, ["Google {query}.", "Search: {query}", "Find {query} on the web.", "Find {query} online.",
        "Look for {query}.", "Can you search for {query}?", "What can you find about {query}?", "Please look up {query}.",
        "Find me something about {query}.", "search {query}", "I need information about {query}.", "Search for {query}.",
        "Search the web for {query}.", "Look up {query}.", "Find information about {query}.", "Please search for {query}.",
        "Do a search for {query}.", "Can you look up {query}?"]),
    ("send_email", "Send an email", {"to": "string", "text": "string"}, ["Send an email to {to}: {text}", "Tell {to} by email: {text}",
        "Mail {to} the text {text}.", "Can you email {to} and say {text}?", "Send {text} to {to} by email.",
        "Please send an email to {to} that says {text}.", "Send an email to {to} with the text {text}.", "Email {to}: {text}",
        "Write an email to {to} saying {text}.", "Send {to} an email that says {text}.", "Please email {to} the text {text}."]),
    ("set_timer", "Set a timer", {"minutes": "integer"}, ["Timer: {minutes} minutes", "Wake me in {minutes} minutes.",
        "I need a timer for {minutes} minutes.", "Can you set a timer for {minutes} minutes?", "Remind me in {minutes} minutes.",
        "Count down {minutes} minutes.", "Set a timer for {minutes} minutes.", "Start a timer of {minutes} minutes.",
        "Timer for {minutes} minutes, please.", "Set a {minutes} minute timer.", "Please set the timer to {minutes} minutes."]),
    ("play_song", "Play a song", {"title": "string"}, ["Start the song {title}.", "Play the music {title}.", "Let me hear {title}.",
        "Please play {title}.", "I would like to hear {title}.", "Can you put on {title}?", "Play the song {title}.", "Play {title}.",
        "Put on the song {title}.", "I want to hear the song {title}.", "Can you play {title}?", "Please play the song {title}."]),
    ("turn_on_light", "Turn on the light in a room", {"room": "string"}, ["Turn on the {room} light.", "Turn the {room} light on.",
        "Put on the light in the {room}.", "Can you turn on the light in the {room}?", "Please switch on the light in the {room}.",
        "I need light in the {room}.", "Lights on in the {room}.", "It is dark in the {room}. Turn on the light.", "Turn on the light in the {room}.",
        "Switch on the light in the {room}.", "Light on in the {room}, please.", "Make light in the {room}.", "Please turn on the {room} light."]),
    ("turn_off_light", "Turn off the light in a room", {"room": "string"}, ["Turn off the {room} light.", "Turn the {room} light off.",
        "Put out the light in the {room}.", "Can you turn off the light in the {room}?", "Please switch off the light in the {room}.",
        "Lights off in the {room}.", "I do not need light in the {room}.", "Turn off the light in the {room}.", "Switch off the light in the {room}.",
        "Light off in the {room}, please.", "No more light in the {room}.", "Please turn off the {room} light."]),
    ("translate", "Translate a text", {"text": "string", "language": "string"}, ["Give me {text} in {language}.", "Say {text} in {language}.",
        "Can you translate {text} into {language}?", "I need {text} in {language}.", "Please put {text} into {language}.",
        "translate to {language}: {text}", "Translate {text} to {language}.", "Translate {text} into {language}.",
        "How do you say {text} in {language}?", "What is {text} in {language}?", "Please translate {text} to {language}."]),
    ("get_stock_price", "Get the price of a stock", {"symbol": "string"}, ["What does the {symbol} stock cost?", "Stock price of {symbol}?",
        "How is the {symbol} stock?", "Show me the {symbol} price.", "What is {symbol} trading at?", "Please get the price of {symbol}.",
        "What is the stock price of {symbol}?", "Get the stock price of {symbol}.", "How much is the {symbol} stock?", "price of {symbol} stock",
        "Tell me the price of the {symbol} stock."]),
    ("add_event", "Add an event to the calendar", {"title": "string", "day": "string"}, ["On {day} I have {title}. Please add it.",
        "Schedule {title} for {day}.", "Calendar: {title} on {day}", "Note {title} on {day}.", "Add the event {title} on {day}.",
        "Can you add {title} on {day}?", "Save {title} for {day} in my calendar.", "Add {title} to my calendar on {day}.",
        "Put {title} in the calendar for {day}.", "Create an event {title} on {day}.", "I have {title} on {day}. Add it to the calendar.",
        "Please add {title} on {day} to my calendar."]),
    ("book_hotel", "Book a hotel room", {"city": "string", "nights": "integer"}, ["Book me a hotel in {city} for {nights} nights.",
        "Reserve a hotel in {city} for {nights} nights.", "Can you book a room in {city} for {nights} nights?",
        "I want to stay {nights} nights in {city}.", "We stay in {city} for {nights} nights. Book a hotel.", "Book {nights} nights in {city}.",
        "Get me {nights} nights at a hotel in {city}.", "Please reserve {nights} nights in {city}.", "I need {nights} nights in a hotel in {city}.",
        "Book a hotel in {city} for {nights} nights.", "I need a hotel in {city} for {nights} nights.",
        "Find a hotel room in {city} for {nights} nights.", "hotel in {city}, {nights} nights", "Please book {nights} nights in a hotel in {city}."]),
    ("find_restaurant", "Find a restaurant", {"city": "string", "food": "string"}, ["Where can I get {food} in {city}?", "Find {food} in {city}.",
        "I am looking for {food} in {city}.", "Which restaurant in {city} has {food}?", "Find me a {food} restaurant in {city}.",
        "I am hungry for {food} in {city}.", "Where do they have good {food} in {city}?", "Show me a place in {city} with {food}.",
        "Find a place to eat {food} in {city}.", "Find a restaurant in {city} with {food}.", "Where can I eat {food} in {city}?",
        "I want to eat {food} in {city}.", "{food} restaurant in {city}", "Find me a place for {food} in {city}."]),
]


def arguments(g: Gen, params):
    make = {"city": lambda: g.pick(CITIES), "expression": lambda: f"{g.int(1, 999)} {g.pick('+-*/')} {g.int(1, 99)}",
        "query": lambda: g.pick(v.ANIMALS + v.THINGS + v.FRUITS + CITIES) if g.chance(0.6) else g.pick(v.COLORS) + " " + g.pick(v.THINGS + v.CLOTHES),
        "to": lambda: g.person(), "minutes": lambda: g.int(1, 90), "nights": lambda: g.int(1, 14),
            "text": lambda: g.pick(["hello", "good morning", "thank you", "see you soon", "I am late", "happy birthday", "call me", "good night",
            "the house", "I love you"] + v.THINGS[:30]), "title": lambda: g.pick(["Yellow Moon", "Happy Day", "Blue Sky", "Summer Rain",
            "Night Train", "Dancing Star", "lunch", "meeting", "party", "dentist", "football", "My Heart", "Red Car"]),
            "room": lambda: g.pick(v.ROOMS), "language": lambda: g.pick(v.LANGUAGES),
            "symbol": lambda: "".join(g.pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(g.int(3, 4))), "day": lambda: g.pick(v.DAYS),
            "food": lambda: g.pick(v.FOODS)}
    return {p: make[p]() for p in params}


SCHEMA = lambda t: {"type": "object", "properties": {k: {"type": ty} for k, ty in t[2].items()}, "required": list(t[2])}
INTRO = ["You have these tools:", "You have access to these tools:", "Tools:", "You can use these tools:", "You may call these functions:",
    "You have access to the following tools:", "Available tools:", "# Tools", "You can call the following functions:"]
OUTRO = ["To call a tool, reply with JSON: {\"name\": ..., \"arguments\": ...}",
    "To call a tool, answer only with JSON: {\"name\": ..., \"arguments\": {...}}",
    "To use a tool, reply with a JSON object with the keys name and arguments.", "Call a tool with {\"name\": \"...\", \"arguments\": {...}}",
    "If a tool helps, reply with {\"name\": ..., \"arguments\": ...} and nothing else.",
         "When you call a tool, answer with a JSON object with \"name\" and \"arguments\"."]


def describe(g, tools):
    style = g.int(0, 3)
    if style == 0:
        items = [{"name": t[0], "parameters": t[2]} for t in tools]
    elif style == 1:
        items = [{"name": t[0], "description": t[1], "parameters": SCHEMA(t)} for t in tools]
    elif style == 2:
        items = [{"type": "function", "function": {"name": t[0], "description": t[1], "parameters": SCHEMA(t)}} for t in tools]
    else:
        items = [{"name": t[0], "description": t[1], "parameters": t[2]} for t in tools]
    body = dump(items) if g.chance(0.15) else "\n".join(dump(i) for i in items)
    text = f"{g.pick(INTRO)}\n{body}\n{g.pick(OUTRO)}"
    return ("You are a helpful assistant.\n\n" if g.chance(0.2) else "") + text


def tool_call(g: Gen) -> Item:
    tools = g.rng.sample(TOOLS, g.pick([1, 1, 2, 2, 3]))
    if g.chance(0.15):  # a tool with an unseen name: the name has to be copied
        i = g.int(0, len(tools) - 1)
        t = tools[i]
        tools[i] = (t[0] + "_" + made_up(g, 1, 2) if g.chance(0.5) else made_up(g, 2, 3), *t[1:])
    system = describe(g, tools)
    if g.chance(0.15):  # no tool is needed
        from .mix import small_talk
        q, a = small_talk(g)
        return Item([(q, a)], a, "exact", system=system, noise="none")
    t = g.pick(tools)
    args = arguments(g, t[2])
    ask = g.phrase(t[3], **args)
    if g.chance(0.2) and not g.evaluating:
        ask = g.say("{q}", "Please: {q}", "Hi! {q}", "{q} Thanks.", "Hey, {l}", "Could you help? {q}", q=ask, l=ask[0].lower() + ask[1:])
    call = dump({"name": t[0], "arguments": args})
    if g.chance(0.2) and not g.evaluating and t[0] in RESULTS:
        result, answer = RESULTS[t[0]](g, args)
        shown = g.say("Tool result: {r}", "Result of {n}: {r}", "Tool result ({n}): {r}", "[Tool|Function] output: {r}", r=dump(result), n=t[0])
        return Item([(ask, call), (shown, answer)], answer, "exact", system=system, noise="none", fixed=True)
    return Item([(ask, call)], json.loads(call), "as_json", system=system, noise="none")


def _weather(g, a):
    w, d = g.pick(["sunny", "rainy", "cloudy", "windy", "snowy"]), g.int(-5, 35)
    return {"weather": w, "temperature": d}, f"The weather in {a['city']} is {w} with {d} degrees."


def _time(g, a):
    t = f"{g.int(0, 23):02d}:{g.int(0, 59):02d}"
    return {"time": t}, f"It is {t} in {a['city']}."


def _calc(g, a):
    n = g.int(1, 9999)
    return {"result": n}, f"The result is {n}."


RESULTS = {"get_weather": _weather, "get_time": _time, "calculator": _calc}
TASKS = {"tool_calls": [(tool_call, 1)]}
