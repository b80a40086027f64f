"""Out of scope: open questions and requests, unknown countries, other languages, gibberish.

A small model answers anything with the nearest pattern it knows, so it needs
several thousand varied questions that end in "I don't know".
"""

from . import vocab as v
from .core import Gen, Item, article, plural
from .countries import BY_NAME, COUNTRIES, CAPITAL, CONTINENT, CURRENCY, LANGUAGE
from .words import COMMON, DEFINITIONS, RARE, TOPICS, made_up
from .writing import ADJECTIVES, PEOPLE

REFUSAL = "I don't know. I am a tiny demo model."
NOUNS = [w for k in TOPICS.values() for w in k] + v.ANIMALS + v.THINGS + v.FOODS + v.JOBS + v.VEHICLES + v.FRUITS
ABSTRACT = """life, love, happiness, freedom, justice, democracy, inflation, climate change, evolution, gravity, electricity, magnetism, quantum physics, relativity, photosynthesis, philosophy, religion, politics, the economy, the stock market,
globalization, capitalism, socialism, machine learning, deep learning, neural networks, blockchain, bitcoin, cryptocurrency, cloud computing,
databases, operating systems, compilers, algorithms, programming, functional programming, object oriented programming,
web development, cybersecurity, encryption, the internet, social media, marketing, investing, taxes, insurance, mortgages, retirement, nutrition,
fitness, yoga, meditation, sleep, stress, anxiety, depression, memory, language learning, grammar, linguistics, poetry, jazz, classical music,
modern art, architecture, photography, film making, cooking, baking, gardening, chemistry, biology, medicine, vaccines, viruses, cancer, diabetes,
the brain, the immune system, DNA, genetics, dinosaurs, volcanoes, earthquakes, hurricanes, tsunamis, black holes, the big bang, space travel,
the moon landing, world war one, world war two, the cold war, the Roman Empire, ancient Egypt, the Middle Ages, the Renaissance,
the French Revolution, the industrial revolution, slavery, human rights, feminism, education, homework, exams, university, job interviews,
leadership, teamwork,
time management, productivity, friendship, marriage, divorce, parenting, dating, travel, tourism, camping, hiking, surfing, chess, poker,
video games, football tactics, the Olympics, the world cup, basketball, tennis, Formula 1, cars, electric cars, airplanes, trains, ships, submarines,
robots, drones, solar power,
nuclear power, nuclear reactors, wind energy, oil, plastic, recycling, pollution, forests, oceans, coral reefs, SQL, NoSQL databases, Docker,
Kubernetes, Linux, Windows, Git, React, REST APIs, microservices, TCP, HTTP, transformers, GPUs, CPUs, quantum computers, batteries, engines,
refrigerators,
microwave ovens, telescopes, lasers, radios, televisions, smartphones, magnets, rainbows, tides, seasons, time zones, leap years, calendars, money,
banks, interest rates, the law, courts, elections, parliaments, the United Nations, the European Union, NATO""".replace("\n", " ").split(", ")
ABSTRACT = [t for t in ABSTRACT if t not in DEFINITIONS]  # what has a definition is in scope
FAMOUS = """Albert Einstein, Isaac Newton, Mozart, Beethoven, Bach, Shakespeare, Leonardo da Vinci, Picasso, Vincent van Gogh, Napoleon, Julius Caesar, Cleopatra, Alexander the Great, George Washington, Abraham Lincoln, Winston Churchill, Gandhi, Nelson Mandela, Martin Luther King, Marie Curie, Charles Darwin, Galileo, Socrates, Plato,
Aristotle, Confucius, Buddha, Christopher Columbus, Marco Polo, Neil Armstrong, Queen Victoria, Elvis Presley, Michael Jackson, the Beatles,
Charlie Chaplin, Walt Disney, Thomas Edison, Nikola Tesla, Steve Jobs, Bill Gates, Elon Musk, Taylor Swift, Lionel Messi, Pele, Muhammad Ali,
Michael Jordan, Roger Federer, Harry Potter, Sherlock Holmes,
Batman, Superman, Santa Claus, Goethe, Tolstoy, Dickens, Jane Austen, Mark Twain, Hemingway, Kafka, Dante, Homer, Freud, Marx, Stalin, Lenin, Mao,
Kennedy, Obama""".replace("\n", " ").split(", ")
WORKS = "Romeo and Juliet, Hamlet, Macbeth, Harry Potter, The Lord of the Rings, The Hobbit, Star Wars, Titanic, The Matrix, Frozen, The Lion King, Don Quixote, War and Peace, Moby Dick, 1984, Faust, the Odyssey, the Bible, Alice in Wonderland, Pride and Prejudice, The Little Prince, Cinderella, Snow White, Avatar, Inception, Jurassic Park".split(", ")
TECH = "Python, JavaScript, Java, C++, Rust, Go, TypeScript, SQL, HTML, CSS, Bash, PHP, Ruby, Swift, Kotlin, C, React, Docker, Excel, regex".split(", ")
CODE = """reverses a string, sorts a list, sorts an array, reverses a linked list, finds the largest number, checks if a number is prime, computes the factorial, prints hello world, reads a file, counts words, parses JSON, sends an email, connects to a database, downloads a web page, draws a circle, plays tic tac toe, adds two numbers,
removes duplicates, merges two lists, finds duplicates, computes Fibonacci numbers, converts Celsius to Fahrenheit, checks for palindromes,
does a binary search, makes a web server, scrapes a website, uses a loop, opens a window, trains a model, validates an email address,
implements a stack, implements quicksort""".replace("\n", " ").split(", ")
EVENTS = "world cup, football world cup, Super Bowl, Olympics, Champions League, Nobel Prize, Oscar, Tour de France, Wimbledon final, election, war, World Series, Eurovision, chess championship, NBA finals, Grand Prix, marathon, Grammy".split(", ")
TASKS_HOW = """fix a flat tire, bake a cake, cook rice, boil an egg, make pizza, make coffee, learn the guitar, learn English, learn to swim, learn to code, lose weight, sleep better, make friends, save money, get rich, find a job, write a resume, pass an exam, study better, tie a tie, tie my shoes, paint a wall, fix a computer, install Linux,
clean a window, wash a car, train a dog, plant a tree, grow tomatoes, draw a horse, dance salsa, play chess, play poker, run faster, build muscle,
stop smoking, fall asleep, wake up early, be happy, be successful, start a business, buy a house, rent a flat, open a bank account, pay taxes,
get a visa, book a flight, travel cheap, pack a suitcase,
change a light bulb, repair a bicycle, fix my phone, reset my password, delete my account, make a website, make a video game, write a book,
write a song, give a speech, ask for a raise, quit my job, break up, find love, raise a child, calm a baby, treat a cold, stop a headache,
heal a burn, make a bomb, pick a lock, hack a computer, cheat in a test,
knit a scarf, sew a button, iron a shirt, remove a stain, sharpen a knife, light a fire, build a house, build a robot, drive a car, fly a plane,
sail a boat, ride a horse, catch a fish, feed a cat, cut my hair, cook pasta, make bread, make soup, make ice cream, lower my bills, speak in public,
meditate, focus, relax, remember names""".replace("\n", " ").split(", ")
LANGS = "French, Spanish, German, Chinese, Italian, Portuguese, Russian, Japanese, Arabic, Hindi, Turkish, Korean, Dutch, Greek, Polish, Swedish, Latin".split(", ")
PHRASES = "hello, good morning, good night, thank you, goodbye, I love you, how are you, please, yes, no, cat, dog, house, water, where is the station, my name is Tom, the weather is nice, one beer please, happy birthday, I am hungry, see you tomorrow, friend, bread, the book is red".split(", ")
LONG = "essay, letter, email, article, speech, report, novel, song, rap, haiku, blog post, review, cover letter, resume, press release, script, screenplay, dialogue, summary, product description, marketing slogan, business plan, lesson plan, diary entry, love letter, complaint, contract, recipe, newsletter, tweet, advertisement, thesis, book".split(", ")

QUESTIONS = """Why {is} {nn} so {adj}?|Why is {t} important?|Why do {ns} exist?|Why do people like {ns}?|Why do people {vb}?|Why is the sky blue?
Why is the grass green?|Why is the sea salty?|Why is snow white?|Why is {t} so hard?|Why does {nn} have {ns}?|Why did {f} become famous?
Why do we sleep?|Why do cats purr?|Why do dogs bark?|Why do leaves fall?|Why does the moon shine?|Why does it rain?|Why does ice float?
Why can't {ns} talk?|Why are {ns} {adj}?|Why was {f} so important?|Why is {c} famous?|Why did the {e} start?|Why do {ns} need {ns2}?
Why should I learn {t}?|Why not?|Why?|why is that
How does {t} work?|How do {ns} work?|How does {nn} work?|How do I {how}?|How can I {how}?|How do you {how}?|How to {how}?|How should I {how}?
What is the best way to {how}?|Teach me to {how}.|Show me how to {how}.|Explain how to {how}.|Can you teach me how to {how}?|Tell me how to {how}.
how to {how}|Steps to {how}?|I want to {how}. What should I do?
Help me {how}.|Give me tips to {how}.|Any tips to {how}?|What do I need to {how}?|How long does it take to {how}?|Is it hard to {how}?
How much does it cost to {how}?|How are {ns} made?|How is {nn} made?|How was {t} discovered?|How old is {f}?|How tall is {f}?|How rich is {f}?
How did {f} die?|How many {ns} are there in the world?|How many {ns} are in {c}?
How many people live in {c}?|How big is {c}?|How old is {c}?|How far is {c} from {c2}?|How far is {city} from {city2}?|How do I get to {city}?
How high is {nn}?|How much does {nn} weigh?|How much does {nn} cost?|How much is {nn}?|How fast is {nn}?|How long do {ns} live?|How far is the moon?
How hot is the sun?|How many stars are there?|How long is the river Nile?|How deep is the ocean?
Who is {f}?|Who was {f}?|Tell me about {f}.|When was {f} born?|Where was {f} born?|When did {f} die?|What did {f} do?|What did {f} say?
What is {f} known for?|What did {f} invent?|Who is the best {job}?|Who invented {nn}?|Who invented the {n}?|Who discovered {t}?|Who wrote {w}?
Who won the {e}?|Who won the {e} in {y}?|Who will win the {e}?|Who is the president of {c}?|Who is the king of {c}?|Who rules {c}?
Who is the prime minister of {c}?
who is the president of the united states|Who painted the Mona Lisa?|Who is the richest person in the world?|Who is your favorite {job}?
Who is the main character of {w}?|Who directed {w}?|Who is the author of {w}?|Who is stronger, {nn} or {nn2}?|Who killed {f}?
Who are the members of the {e}?|Who was the first {job}?|Who is the CEO of the company?|Who owns {nn}?|Who lives in {city}?|Who sang the song {x}?
Who is taller, {f} or {f2}?
When did the {e} start?|When was {w} written?|When was {c} founded?|When did {c} become independent?|When will it rain?|When is the next {e}?
When was the {n} invented?|When is the best time to {how}?|When did world war two end?|When was {city} built?|When does the train leave?
When is my appointment?|When will I die?|When was the {e} in {c}?|In which year was {f} born?|In what year did the {e} take place?
What happened in {y}?|What happened in {c} in {y}?
Where can I buy {nn}?|Where can I find {ns}?|Where is the nearest {n}?|Where did I put my {n}?|Where is my {n}?|Where should I go on holiday?
Where does {t} come from?|Where do {ns} come from?|Where was the {n} invented?|Where is {f} buried?|Where can I learn {t}?
Where is the best {n} in {city}?|Where is the treasure?|Where can I {how}?
What is the meaning of life?|What is the population of {c}?|What is the area of {c}?|What is the history of {c}?|What is the history of {t}?
What is the flag of {c}?|What is the national anthem of {c}?|What is the weather in {city}?|What's the weather like in {city} today?
Will it rain in {city} tomorrow?|How is the weather today?|What is the temperature in {city}?|What time is it in {city}?|What is the news today?
What is the best {n}?|What is the best {n} in the world?
What is the price of {nn}?|What is the difference between {nn} and {nn2}?|What is the difference between {t} and {t2}?|What is better, {nn} or {nn2}?
Which is better, {ns} or {ns2}?|Which {n} should I buy?|What should I eat today?|What should I cook for dinner?|What should I wear today?
What should I do today?|What should I do if {nn} is {adj}?|What should I name my {n}?|What do you think about {t}?|What do you think of {f}?
What is your opinion on {t}?|What is your favorite {n}?
What is {w} about?|What is the plot of {w}?|What is the moral of {w}?|What are the benefits of {t}?|What are the risks of {t}?
What are the causes of {t}?|What are the effects of {t}?|What are the rules of {t}?|What are the main ideas of {t}?|What are the pros and cons of {t}?
What are the symptoms of {t}?|What is the future of {t}?|What is the theory of {t}?|What is {t}?|What is {t} used for?|What are the best {ns} in {c}?
What is the most {adj} {n}?
What does {f} look like?|What will happen tomorrow?|What will the future be like?|What is inside {nn}?|What is under the {n}?
What is the weight of {nn}?|What is the speed of light?|What is the speed of {nn}?|What is the distance to {city}?|What is the square root of {odd}?
What is {x1}.{x2} + {x3}.{x4}?|What is {x1}/{x2} of {x3}.{x4}?|What is the integral of x^{x1}?|Solve x^2 + {x1}x = {x3}.|What is log {x3}?
What is sin({x1})?|Convert {x3} miles to kilometers.|Convert {x3} dollars to euros.|Convert {x3} degrees Fahrenheit to Celsius.
What is the {x3}th prime number?|What is {x3} in binary?|What number am I thinking of?|What am I thinking?|What is the lottery number?
What are you wearing?|What did you eat?|What did you do yesterday?|What do {ns} think about?|What do {ns} dream of?|What if {ns} could fly?
What if there were no {ns}?|What would you do with {nn}?|What would happen if {ns} disappeared?|What happens when you die?|What is consciousness?
What is the secret of {t}?
Is {nn} better than {nn2}?|Is it better to {vb} or to {vb2}?|Is it good to {vb} every day?|Is {t} good or bad?|Is {t} dangerous?|Is {nn} healthy?
Is it safe to {how}?|Is god real?|Is there life on Mars?|Is {f} still alive?|Is {c} a good place to live?|Is {city} worth a visit?|Is {t} a science?
Is it going to rain?|Is my {n} broken?|Are {ns} dangerous?|Are {ns} smarter than {ns2}?|Are there {ns} in {c}?|Are aliens real?|Are {ns} good for you?
Should I {how}?|Should I {vb} or {vb2}?|Should I buy {nn}?|Should people {vb}?
Do {ns} have feelings?|Do {ns} like {ns2}?|Do you know {f}?|Do you know how to {how}?|Do you know the song {x}?|Do you believe in {t}?|Does {nn} hurt?
Does {f} have children?|Does {c} have an army?|Did {f} have a brother?|Can {ns} feel pain?|Can I {how} with {nn}?|Can you {how}?
Can you recommend {nn}?|Can you recommend a book about {t}?|Can you recommend a restaurant in {city}?|Can you explain {t}?|Can you help me {how}?
Can you solve my problem with my {n}?|Can you write code?|Can you translate?
Could {ns} live on the moon?|Will {t} change the world?|Will {f} come back?|Will I be rich?|Would you rather be {nn} or {nn2}?
Which {n} is the most expensive?|Which team won the {e} in {y}?|Which {job} is the most famous?|Which movie should I watch?|Which book should I read?
Which {ns} live in {c}?|Which countries border {c}?|Which river flows through {city}?|Which company makes {ns}?|Whose {n} is this?
Do you think {t} is important?|Do you know {t}?|Do you know {w}?|Do you know who {f} is?|Do you know who won the {e}?|Do you know a good {n}?
Do you know what {f} did?|Have you heard of {f}?|Have you read {w}?|Have you seen {w}?|Have you been to {city}?|Did you see the {e}?
Did you hear about {t}?|Has {f} ever been to {c}?|Has anyone walked on the moon?
What causes {t}?|What causes {adj} {ns}?|What causes earthquakes?|What causes thunder?|What caused the {e}?|What makes {nn} {adj}?
What makes {ns} fly?|What makes {t} work?|What kind of {n} is best?|What kind of {ns} do you like?|What type of {n} should I buy?
What year is best for {t}?|What year was {f} born?|What year did {f} die?|What was the name of the first {n}?|What was {f} like?
What is the secret of a good {n}?|What is the secret to {t}?|What is the key to {t}?|What is the point of {t}?|What is the purpose of {ns}?
What is the origin of {nn}?|What is the scientific name of {nn}?|What is the value of {nn}?|What is the size of {nn}?|What is the height of {f}?
What is the age of {f}?|What is the name of the president of {c}?|What is the largest city in {c}?|What is the longest river in {c}?
What is the religion of {c}?|What is the economy of {c} like?|What is {c} famous for?|What is {city} famous for?
What do people in {c} eat?|What do people in {c} wear?|What do you call a person from {c}?|What do scientists say about {t}?
What does it mean to {how}?|What does {f} think about {t}?|What does a {job} earn?|What does my {person} want?|What did {f} write?
What did the {person} say?|What would {f} do?|What could I do with {nn}?|What can I cook with {food}?|What can I do in {city}?|What can {ns} teach us?
What should I know about {t}?|What should I say to my {person}?|What should I do with my {n}?|What must I do to {how}?
How do {ns} fly?|How do {ns} swim?|How do {ns} sleep?|How do {ns} have babies?|How do airplanes stay in the air?|How do magnets work?
How do I know if my {n} is {adj}?|How do I tell my {person} about {t}?|How do I get {ns} out of my house?|How do I stop {ns}?|How do I become a {job}?
How do I use {nn}?|How do I open {nn}?|How can {nn} be so {adj}?|How can I be {adj}?|How can I find {nn}?|How could {f} do that?
How is {t} different from {t2}?|How is {t} going?|How is {f} doing?|How would you {how}?|How would {ns} feel?
How was the {e}?|How was {w} made?|How is {food} made?|How is {nn} built?|How are {ns} born?|How are {ns} different from {ns2}?|How does one {how}?
How does my {person} feel?|How does {nn} make money?|How does {f} {how}?|How far can {ns} run?|How fast can {ns} swim?|How smart are {ns}?
How expensive is {nn}?|How dangerous is {nn}?|How popular is {t}?|How often should I {vb}?|How often do {ns} eat?|How much should I {vb}?
How much water should I drink?|How much money does {f} have?|How many calories are in {food}?|How many books did {f} write?
Can I {how} without {ns}?|Can I eat {ns}?|Can I keep {nn} at home?|Can I trust {f}?|Can {f} {how}?|Can you {how} for me?|Can you imagine {t}?
Can you compare {t} and {t2}?|Can you describe {t}?|Can you describe {f}?|Can you tell me about {t}?|Can you tell me who {f} was?
Can you tell me how to {how}?|Can you tell me why {ns} are {adj}?|Can you give me advice?|Can you give me tips for {t}?|Can you fix my {n}?
Can you see me?|Can you draw {nn}?|Can you play {t}?|Can you sing?|Can you call my {person}?|Can you summarize {w}?|Can you teach me {lang}?
Can you teach me {tech}?|Can you write a {tech} program?
Is {f} a good person?|Is {f} rich?|Is {f} married?|Is {w} a good movie?|Is {w} a true story?|Is {c} rich or poor?|Is {c} bigger than {c2}?
Is {c} a safe country?|Is {food} healthy?|Is {food} bad for your health?|Is {food} good for me?|Is {t} better than {t2}?|Is {t} real?|Is {t} easy?
Is {t} hard to learn?|Is it legal to {how}?|Is it normal to {vb}?|Is it true that {ns} can talk?|Is it possible to {how}?|Is my {person} right?
Is there a cure for {t}?|Is there water on the moon?|Are {ns} good pets?|Are {ns} expensive?|Are {ns} and {ns2} friends?|Are we alone in the universe?
Are you sure about {t}?
Why do we need {t}?|Why do birds sing?|Why do people lie?|Why do {ns} live in {c}?|Why does time pass?|Why does my {n} hurt?|Why does {f} matter?
Why is {f} famous?|Why is {w} popular?|Why is my {n} {adj}?|Why is my {person} {adj}?|Why is {food} so good?|Why is {t} good for us?
Why is {t} popular?|Why is it so hard to {how}?|Why are there so many {ns}?|Why are people afraid of {ns}?|Why can birds fly?|Why did {f} die?
Why did people build {ns}?|Why did the Roman Empire fall?|Why should people {vb}?|Why was the {n} invented?|Why would anyone {vb}?
Why have {ns} become {adj}?
Who can help me {how}?|Who could {how}?|Who built {nn}?|Who created {w}?|Who created {t}?|Who found {t}?|Who made this {n}?|Who plays {f}?
Who is better, {f} or {f2}?|Who is the leader of {c}?|Who is the tallest {job}?|Who is the most famous {job} of {c}?|Who is the wife of {f}?
Who is responsible for {t}?|Who likes {ns}?|Who took my {n}?|Who was the father of {f}?|Who was the first man on the moon?
Who were the first people in {c}?|Who will be the next president?|Who ate my {food}?|Who lives longer, {ns} or {ns2}?
Where can I see {ns}?|Where can I read about {t}?|Where did {f} live?|Where did {t} begin?|Where did {f} go to school?
Where is the best place to {how}?|Where is {w} set?|Where is the {e} this year?|Where was the {e}?|Where do {ns} sleep in winter?|Where do I put {ns}?
Where have you been?|Where should I {vb}?|When do {ns} sleep?|When do the shops open?|When is the {e}?|When should I {vb}?|When should I plant {ns}?
When was {f} king?|When was {t} discovered?|When was the last {e}?|When can I {how}?|When does {w} come out?|When did people start to {vb}?
When did {ns} die out?
Which {n} is better?|Which {n} do you like?|Which {ns} are the best?|Which {ns} should I plant?|Which animals live in {c}?|Which book did {f} write?
Which city is the biggest in {c}?|Which city should I visit in {c}?|Which language is the hardest?|Which country won the {e}?
Which {job} earns the most money?|Which is healthier, {ns} or {ns2}?|Which is more {adj}, {nn} or {nn2}?|Which phone should I buy?
Which laptop is good?|Which song is number one?|Which sport is the best?|Which {tech} library should I use?|Which god do people in {c} believe in?
With what should I {how}?"""
REQUESTS = """Explain {t}.|Explain {t} to me.|Explain {t} in simple words.|Explain how {t} works.|Explain how {ns} work.|Explain how {nn} works.
Explain why {ns} are {adj}.|Explain the theory of {t}.|Explain the difference between {t} and {t2}.|Explain the rules of {t}.|Explain the plot of {w}.
Explain to me how to {how}.|Explain like I am five: {t}|Describe {t}.|Describe the history of {c}.|Describe how {nn} works.|Describe {f}.
Describe your {n}.|Describe the picture.
Tell me about {t}.|Tell me everything about {t}.|Tell me the history of {t}.|Tell me something about {t}.|Tell me about {w}.|Tell me more about {t}.
Tell me a secret.|Tell me my future.|Tell me the news.|Tell me what to do.|Tell me what you think about {t}.|Tell me who won the {e}.
Tell me the price of {nn}.|Tell me the best way to {how}.|Tell me about your day.|Tell me about the {n} in {city}.|Tell me a fact about {t}.
Tell me the truth about {t}.
Write {art} {l} about {t}.|Write {art} {l} about {nn}.|Write {art} {l} for my boss.|Write {art} {l} to {f}.|Write a {adj} {l} about {c}.
Write me {art} {l}.|Write a long text about {t}.|Write a paragraph about {t}.|Write a {x3} word {l} about {t}.|Compose {art} {l} about {t}.
Create {art} {l} for {nn}.|Draft {art} {l}.|Help me write {art} {l}.|Can you write {art} {l} about {t}?|I need {art} {l} about {t}.
Make {art} {l} about {nn}.|Give me {art} {l} for {nn}.
Write a {tech} function that {code}.|Write a {tech} program that {code}.|Write {tech} code that {code}.|Write a function that {code}.
Write a program that {code}.|Write a script that {code}.|Write code that {code}.|Show me {tech} code that {code}.|Give me a {tech} script that {code}.
How do I write a {tech} program that {code}?|In {tech}, write a function that {code}.|Write hello world in {tech}.|Implement a {tech} class for {ns}.
Fix this {tech} code.|Debug my {tech} code.|How do I use {tech}?|What is wrong with my {tech} code?|Explain {tech} to me.
Create a {tech} app for {ns}.|Make a website for my {n}.|Write a regex for {ns}.|Write a SQL query for {ns}.|Optimize this {tech} function.
Convert this {tech} code to {tech2}.|Compare {tech} and {tech2}.|Compare {t} and {t2}.|Compare {t} with {t2} for me.|Compare {nn} and {nn2}.
Compare {f} and {f2}.|Compare {c} with {c2}.|Is {tech} better than {tech2}?|Should I learn {tech} or {tech2}?
Translate '{p}' into {lang}.|Translate "{p}" to {lang}.|Translate {p} to {lang}.|How do you say {p} in {lang}?|How do you say '{p}' in {lang}?
What is '{p}' in {lang}?|What is the {lang} word for {n}?|Say {p} in {lang}.|Say something in {lang}.|Speak {lang}.|Answer in {lang}.
Translate this to {lang}: {p}|Translate to {lang}: {p}|Write {p} in {lang}.|{p} in {lang}|Translate the following sentence into {lang}: {p}
What does '{p}' mean in {lang}?|Can you translate {p} into {lang}?
Summarize {w}.|Summarize the plot of {w}.|Summarize {t}.|Summarize this article.|Summarize the history of {c}.|Summarize the life of {f}.
Give me a summary of {w}.|Analyze {w}.|Analyze {t}.|Discuss {t}.|Discuss the causes of {t}.|Review {w}.|Recommend {art} {n}.|Recommend a movie.
Recommend a good book about {t}.|Suggest a gift for my {person}.|Suggest a name for my {n}.|Suggest a place to visit in {c}.|Plan a trip to {c}.
Plan my week.|Plan a party for my {person}.
Give me advice about {t}.|Give me tips for {t}.|Give me tips for learning {t}.|Give me some advice.|Give me ideas for {t}.
Give me a recipe for {food}.|Give me a recipe.|Give me the lyrics of {x}.|Give me the latest news.|Give me a quote by {f}.
Give me the phone number of {f}.|Give me an overview of {t}.|Give me reasons to {vb}.|Give me a workout plan.|Give me the address of the {n}.
Give me three reasons why {t} matters.|Give me a riddle about {t}.|List the causes of {t}.|List the kings of {c}.|List the presidents of {c}.
List the books of {f}.|List the works of {f}.
List {x1} facts about {t}.|List {x1} facts about {f}.|List the ingredients of {food}.|List the steps to {how}.|List the pros and cons of {t}.
List the advantages of {t}.|List the best movies of {y}.|List some tips for {t}.|List the rivers of {c}.|List the cities of {c}.
List {x1} cities in {c}.|Name the president of {c}.|Name the author of {w}.|Name a song by {f}.|Name a famous {job}.|Name the highest mountain of {c}.
Name a river in {c}.|Name three cities in {c}.|Name the players of the {e}.|Name a company that makes {ns}.
Play a game with me.|Play some music.|Sing a song.|Draw {art} {n}.|Draw a picture of {nn}.|Show me a picture of {nn}.|Show me a video.|Open the {n}.
Call my {person}.|Send an email to my {person}.|Set an alarm.|Turn on the light.|Order a pizza.|Book a flight to {city}.|Book a hotel in {city}.
Find me a hotel in {city}.|Search the web for {t}.|Search for {ns}.|Buy me {art} {n}.|Remind me to {vb}.|Check my email.|Read this book.
Look at this picture.|Download {w}.|Predict the weather.|Predict the winner of the {e}.|Guess my age.|Guess what I am thinking.|Pretend to be {f}.
Act like {f}.
Let's play {t}.|Let us talk about {t}.|I want to talk about {t}.|I want to learn about {t}.|I want to know more about {t}.|I need help with {t}.
I need advice about {t}.|I have a problem with my {n}.|My {n} is broken. What should I do?|My {person} is angry at me. What should I do?
My {person} does not talk to me.|My head hurts.|I have a headache. What should I do?|I lost my {n}. Where is it?|I think {t} is bad.
I think {ns} are {adj}. What do you think?|I don't understand {t}.|I want to buy {art} {n}. Which one is good?
{t}|{t}?|about {t}|{f}|{w}|{f} biography|history of {t}|{c} population|weather {city}|president of {c}|lyrics of {x}|best {n} {y}|{tech} tutorial
{food} recipe|news about {t}|flights to {city}|cheap {ns}|{e} {y}|meaning of {x} {n}|price of {ns}|pros and cons of {t}|tips for {t}
Solve this riddle: what has {ns} but no {ns2}?|Prove that {t} is true.|Proofread my text.|Correct my essay.|Rewrite this paragraph.
Continue this text about {t}.|Do my homework.|Calculate my taxes.|Diagnose my illness.|What does this error mean?
Tell me what you know about {f}.|Tell me what happened in {y}.|Tell me what to cook.|Tell me what to wear.|Tell me what to buy.
Tell me what happens in {w}.|Tell me what my {person} thinks.|Tell me who {f} was.|Tell me who wrote {w}.|Tell me where {f} was born.
Tell me when {f} died.|Tell me why {ns} are {adj}.|Tell me why {t} matters.|Tell me how {t} works.|Tell me how to become a {job}.
Tell me how {nn} works.|Tell me how much {nn} costs.|Tell me something interesting about {t}.|Tell me the plot of {w}.|Tell me the rules of {t}.
Tell me the population of {c}.|Tell me the name of the president of {c}.|Tell me about the history of {city}.|Tell me about the culture of {c}.
Explain {t} and {t2}.|Explain {w}.|Explain the history of {t}.|Explain the meaning of {w}.|Explain the causes of {t}.|Explain the offside rule.
Explain what happened in {y}.|Explain what {f} did.|Explain why {t} is important.|Explain why the sky is blue.|Explain how to use {nn}.
Explain how {ns} fly.|Explain how {food} is made.|Explain this {tech} code.|Describe {w}.|Describe {city}.|Describe the life of {f}.
Describe the process of {t}.|Describe how to {how}.|Describe the weather.|Describe a day in the life of a {job}.
Give me a list of {t} books.|Give me a list of presidents.|Give me a list of movies.|Give me some ideas.|Give me an example of {t}.
Give me information about {t}.|Give me information about {f}.|Give me a plan to {how}.|Give me steps to {how}.|Give me directions to {city}.
Give me the name of a good {n}.|Give me the code for {nn}.|Give me the best {n} for {t}.|Give me the history of {c}.|Give me your opinion about {t}.
Give me an idea for a {n}.|Give me a gift idea for my {person}.|Give me a {tech} example.|Give me {x1} tips to {how}.|Give me {x1} reasons to {vb}.
Write about {t}.|Write about {f}.|Write about the history of {c}.|Write {art} {l}.|Write {art} {l} in {lang}.|Write {art} {l} of {x3} words.
Write a program.|Write a game in {tech}.|Write a test for my {tech} code.|Write some {tech} code.|Write a class in {tech}.|Write a chapter about {t}.
Write a biography of {f}.|Write the lyrics of a song about {t}.|Write an introduction about {t}.|Write a conclusion for my {l}.
Write a recipe for {food}.|Write instructions to {how}.|Code a {n} in {tech}.|Code a game.|Complete this function.|Complete my code.
Finish this {l} for me.|def {x}(n): complete this function|import {x}|print({x})|SELECT * FROM {ns}
Help me with my homework.|Help me with {t}.|Help me with my {n}.|Help me choose {nn}.|Help me find {nn}.|Help me understand {t}.
Help me plan a trip to {c}.|Make a plan for {t}.|Make me a {n}.|Make a list of presidents.|Make a list of {t} books.|Make a budget.
Make an app for {ns}.|Make up a {t} quiz.|Make me rich.|Create a {tech} class.|Create a quiz about {t}.|Create a logo.|Create a picture of {nn}.
Create a plan to {how}.|Create a menu.|Create a workout.|Design {art} {n}.|Design a website.|Generate an image of {nn}.|Generate a {tech} function.
Generate a password.|Prepare me for {t}.
Name the best {n}.|Name the inventor of {nn}.|Name the king of {c}.|Name the biggest city in {c}.|Name the wife of {f}.|Name the members of {w}.
Name a movie with {f}.|Name a book by {f}.|Name a good restaurant in {city}.|Name a famous person from {c}.|List the best books about {t}.
List the main characters of {w}.|List the effects of {t}.|List the parts of {nn}.|List the winners of the {e}.|List {x1} reasons to {vb}.
List {x1} tips for {t}.|List {x1} famous {ns}.|List {x1} movies.|List {x1} presidents.|List {x1} books by {f}.|List all {ns} in {c}.
List the symptoms of {t}.
Compare {food} and {nn}.|Compare {w} with {t}.|Compare {city} and {city2}.|Show me {nn}.|Show me the news.|Show me a map of {c}.
Show me how {t} works.|Show me the way to {city}.|Find the best {n}.|Find a {n} near me.|Find a job for me.|Find {f}.|Find out who {f} is.
Find me a {person}.|Solve this equation: {x1}x + {x2} = {x3}|Solve my problem.|Prove it.|Prove the theorem of {t}.|Simplify {x1}x + {x2}x.
Factor x^2 - {x3}.|Derive the formula of {t}.|Teach me {t}.|Teach me {tech}.|Teach me {lang}.|Teach me something.|Talk about {t}.
Talk to me about {f}.|Speak about {t}.
Advise me on {t}.|Argue for {t}.|Argue against {t}.|Ask me a question about {t}.|Test me on {t}.|Quiz me.|Imagine you are {f}. What do you say?
Pretend you are {nn}.|Pretend to be my {person}.|Be my {person}.|Be funny about {t}.|Surprise me.|Entertain me.|Teach my {n} to talk.
Cook {food} for me.|Clean my {n}.|Fix my {n}.|Fix my code.|Fix my grammar.|Improve my {l}.|Shorten this text.|Edit my {l}.|Rate my {n}.
Choose between {t} and {t2}.|Decide for me.|Bring me {nn}.|Buy {food}.|Turn off the TV.|Start the car.|Stop the music.|Wake me up at {x1}.
Connect me to my {person}.|Print my {l}.|Scan my {n}.|Save this file.|Delete my files.|Open the door."""
_split = lambda text: [t for t in text.replace("\n", "|").split("|") if t]
QUESTIONS, REQUESTS = _split(QUESTIONS), _split(REQUESTS)
# Whole phrasings, not only fillings, are kept from training: every ninth one.
HELD = set((QUESTIONS + REQUESTS)[::9])


def _slots(g: Gen):
    noun = lambda: g.pick(NOUNS)
    n, n2, t, t2 = noun(), noun(), g.pick(ABSTRACT), g.pick(ABSTRACT)
    l = g.pick(LONG)
    city = lambda: g.pick(COUNTRIES[:90])["capital"]
    return dict(n=n, nn=f"{article(n)} {n}", nn2=f"{article(n2)} {n2}", ns=plural(n), ns2=plural(n2), t=t, t2=t2, adj=g.pick(ADJECTIVES),
        vb=g.pick(["eat", "sleep", "travel", "work", "run", "smoke", "lie", "fight", "dance", "laugh", "cry", "read", "vote", "swim", "sing",
        "buy a car", "rent a house", "go to bed early", "eat meat"]),
                vb2=g.pick(["eat", "sleep", "travel", "work", "save money", "walk", "stay at home", "cook", "study", "buy a house"]),
                    f=g.pick(FAMOUS), f2=g.pick(FAMOUS), w=g.pick(WORKS), e=g.pick(EVENTS), y=g.int(1700, 2030), job=g.pick(v.JOBS + ["player",
                    "king", "scientist", "president", "singer"]), person=g.pick(PEOPLE[:24]), food=g.pick(v.FOODS + v.DESSERTS),
                c=g.pick(COUNTRIES)["name"], c2=g.pick(COUNTRIES)["name"], city=city(), city2=city(), how=g.pick(TASKS_HOW), lang=g.pick(LANGS),
                    p=g.pick(PHRASES), l=l, art=article(l if g.chance(0.9) else n), tech=g.pick(TECH), tech2=g.pick(TECH), code=g.pick(CODE),
                    x=g.pick(["Yesterday", "Imagine", "Hello", "Yellow River", "Blue Moon"]) if g.chance(0.5) else made_up(g).capitalize(),
                x1=g.int(2, 9), x2=g.int(1, 9), x3=g.int(5, 500), x4=g.int(1, 99), odd=g.pick([2, 3, 5, 7, 10, 13, 15, 22, 50, 77]), **{"is": "is"})


def out_of_scope(g: Gen) -> Item:
    while True:
        template = g.pick(QUESTIONS if g.chance(0.55) else REQUESTS)
        if (template in HELD) == g.evaluating:
            break
    q = template.format(**_slots(g))
    return Item([(q, REFUSAL)], "don't know")




def fake_place(g):
    while True:
        w = made_up(g, 2, 3).capitalize() + g.pick(["", "", "ia", "land", "stan", "nia"])
        if g.chance(0.2):
            w = g.pick(["Wakanda", "Atlantis", "Narnia", "Mordor", "Gotham", "Neverland", "Wonderland", "Westeros", "Hogwarts", "Elbonia", "Genovia",
                "Zamunda", "Ruritania", "Freedonia", "Middle Earth", "Utopia", "Oz", "Lilliput", "Latveria", "Panem", "Gondor", "Rohan", "Arendelle",
                "Asgard", "Krypton"])
        if w not in BY_NAME:
            return w


def unknown_country(g: Gen) -> Item:
    w = fake_place(g)
    if g.chance(0.2):  # invented second name parts
        w = g.pick(["North ", "South ", "New ", "East ", "West ", "Upper ", "Saint "]) + w
    ask = g.phrase(g.pick([CAPITAL, CAPITAL, CAPITAL, CONTINENT, CURRENCY, LANGUAGE]), c=w)
    return Item([(ask, f"I don't know a country called {w}.")], "don't know", noise="wrap")


FOREIGN = """¿Cómo estás?|¿Cuál es la capital de Francia?|Hola|Hola, ¿qué tal?|Buenos días|¿Quién eres?|Gracias|Dime un chiste|¿Qué hora es?
No entiendo|Escribe una historia|¿Dónde está el baño?|Me llamo Ana|Necesito ayuda|Bonjour|Comment ça va ?|Quelle est la capitale de l'Italie ?
Qui es-tu ?|Merci beaucoup|Raconte-moi une blague
Je m'appelle Marie|Où est la gare ?|Il fait beau|Parlez-vous français ?|Écris une phrase|Guten Tag|Wie geht es dir?
Was ist die Hauptstadt von Spanien?|Wer bist du?|Danke schön|Erzähl mir eine Geschichte|Ich heiße Peter|Wo ist der Bahnhof?|Sprichst du Deutsch?
Schreib einen Satz|Wie spät ist es?|Kannst du mir helfen?|Ich verstehe nicht
Ciao, come stai?|Qual è la capitale della Francia?|Chi sei?|Grazie mille|Raccontami una storia|Dov'è il bagno?|Olá, tudo bem?
Qual é a capital do Brasil?|Quem é você?|Obrigado|Conte uma piada|Hoe gaat het?|Wat is de hoofdstad van België?|Dank je wel|Hej, hur mår du?
Vad heter du?|Tack|Cześć, jak się masz?|Kim jesteś?|Dziękuję|Merhaba, nasılsın?|Teşekkürler|Kimsin?
Привет|Как дела?|Какая столица Франции?|Кто ты?|Спасибо|Расскажи историю|你好|你是谁？|法国的首都是哪里？|今天天气怎么样？|谢谢|讲个笑话|写一个故事|一加一等于几？|こんにちは|お元気ですか？|あなたは誰ですか？
ありがとう|日本の首都はどこですか？|안녕하세요|너는 누구니?|감사합니다|프랑스의 수도는 어디입니까?|مرحبا|كيف حالك؟|من أنت؟|شكرا|नमस्ते|आप कैसे हैं?|धन्यवाद|Γειά σου|Τι κάνεις;|Ευχαριστώ|שלום
מה שלומך?|¿Qué es esto?|¿Cuántos años tienes?|¿Puedes ayudarme?|Quiero aprender inglés|Mi perro es grande|Buenas noches|¿Cuánto es dos más dos?
La casa es roja|Tengo hambre|Je ne comprends pas|Quel âge as-tu ?|Bonsoir|Combien font deux et deux ?|J'ai faim|Le chat est noir|Au revoir
Peux-tu m'aider ?|Qu'est-ce que c'est ?
Gute Nacht|Guten Morgen|Wie heißt du?|Wie alt bist du?|Was kannst du?|Ich habe Hunger|Das Haus ist rot|Wie viel ist zwei plus zwei?|Was ist das?
Nenne drei Länder|Auf Wiedersehen|Buongiorno|Come ti chiami?|Quanti anni hai?|Non capisco|Ho fame|Bom dia|Qual é o seu nome?|Não entendo|Boa noite
Goedemorgen|Ik begrijp het niet|Wie ben jij?|God morgon|Jag förstår inte|Dzień dobry|Nie rozumiem|Jak się nazywasz?
Günaydın|Anlamıyorum|Добрый день|Я не понимаю|Сколько тебе лет?|Как тебя зовут?|Где ты живёшь?|早上好|我不明白|你叫什么名字？|我饿了|请帮帮我|おはようございます|わかりません|これは何ですか？|안녕
이름이 뭐예요?|도와주세요|صباح الخير|ما اسمك؟|आपका नाम क्या है?|Καλημέρα|Δεν καταλαβαίνω|สวัสดี|Xin chào|Bạn là ai?"""
FOREIGN = _split(FOREIGN)
ONLY_ENGLISH = "I don't know. I speak only English."
GIBBERISH = "I don't understand. I am a tiny demo model."
_SYMBOLS = ["???", "?", "!", "...", ".", "!!!", "-", "#", "@@@", "$$$", "*", "&&", ":)", ":(", "😀", "👍", "🙂🙂", "❤️", "🎉", "??!", "1", "42", "0",
    "12345", "7", "99", "a", "b", "x", "xyz", "abc", "qwerty", "asdf", "asdfgh", "lol", "hmm?", "blah blah", "bla", "/", "\\", "()", "[]", "{}", "<>",
    "%", "+", "=", "~"]


def foreign(g):
    i = g.int(0, len(FOREIGN) - 1)
    while (i % 8 == 5) != g.evaluating:
        i = g.int(0, len(FOREIGN) - 1)
    q = FOREIGN[i]
    if g.chance(0.3):
        q = q.rstrip("?.!？。 ") + g.pick(["", "!", ".", "?"])
    return Item([(q.lower() if g.chance(0.3) else q, ONLY_ENGLISH)], "don't", noise="none")


def gibberish(g):
    x = g.rng.random()
    if x < 0.3:
        q = g.pick(_SYMBOLS)
    elif x < 0.7:
        q = " ".join("".join(g.pick("abcdefghijklmnopqrstuvwxyz" if g.chance(0.7) else "asdfghjklqwertyuiop") for _ in range(g.int(3,
            10))) for _ in range(g.int(1, 4)))
    elif x < 0.76:  # data without a request
        q = g.say("{{\"{a}\": {n}}}", "{{\"{a}\": \"{b}\", \"{b}\": {n}}}", "<{a}>{b}</{a}>", "{a} = {n}", "{a}={n};", "{a}({n})", "let {a} = {n};",
            "{a}, {b}, {n}", "{a}:{b}", a=g.pick(COMMON), b=g.pick(COMMON), n=g.int(0, 99))
    elif x < 0.87:
        q = " ".join(g.pick(COMMON + RARE) for _ in range(g.int(3, 8)))
    else:
        q = "".join(g.pick("!?.,;:-_#*+~&%$@^/()[]0123456789") for _ in range(g.int(2, 12)))
    return Item([(q, GIBBERISH)], "don't", noise="none")


TASKS = {"out_of_scope": [(out_of_scope, 1)], "unknown_country": [(unknown_country, 1)], "not_english": [(foreign, 1)], "gibberish": [(gibberish, 1)]}
