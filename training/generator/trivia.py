"""A few dozen general facts, each as 'question variants -> answer', all written by hand.

One line per fact: questions separated by ' / ' (the last one is held out for
evaluation), then ' => ', the answer, and in {braces} what a right answer names.
"""

import re

_TEXT = """
What is the [biggest|largest] planet? / Which planet is the [biggest|largest][| one]? / What is the [largest|biggest] planet in the solar system? / Name the biggest planet. / Which planet is the largest in the solar system? => {Jupiter} is the biggest planet.
What is the smallest planet? / Which planet is the smallest? / Name the smallest planet. / What is the smallest planet in the solar system? => {Mercury} is the smallest planet.
Which planet is closest to the sun? / What is the closest planet to the sun? / Name the planet closest to the sun. / What planet is nearest to the sun? => {Mercury} is closest to the sun.
Which planet is farthest from the sun? / What is the farthest planet from the sun? / Name the planet that is farthest from the sun. / What planet is the farthest away from the sun? => {Neptune} is farthest from the sun.
Which planet is [called|known as] the red planet? / What is the red planet? / Name the red planet. / Which planet is red? => {Mars} is called the red planet.
Which planet has [big |]rings? / What planet has rings? / Name a planet with rings. / Which planet is known for its rings? => {Saturn} has big rings.
Which planet do we live on? / What planet do we live on? / What is our planet called? / On which planet do people live? => We live on planet {Earth}.
What is the [biggest|largest] ocean? / Which ocean is the [biggest|largest]? / Name the largest ocean. / What is the largest ocean in the world? / What is the biggest ocean on Earth? => The {Pacific} Ocean is the biggest ocean.
What is the smallest ocean? / Which ocean is the smallest? / Name the smallest ocean. / What is the smallest ocean in the world? => The {Arctic} Ocean is the smallest ocean.
What is the [highest|tallest] mountain[| in the world]? / Which mountain is the [highest|tallest]? / Name the highest mountain. / What is the tallest mountain on Earth? => Mount {Everest} is the highest mountain.
What is the [biggest|largest] country[| in the world]? / Which country is the [biggest|largest][| in the world]? / Name the largest country. / What is the largest country on Earth? => {Russia} is the largest country.
What is the smallest country[| in the world]? / Which country is the smallest[| in the world]? / Name the smallest country. / What is the smallest country on Earth? => {Vatican City} is the smallest country.
What is the [biggest|largest] continent? / Which continent is the [biggest|largest]? / Name the largest continent. / What is the largest continent in the world? => {Asia} is the largest continent.
What is the smallest continent? / Which continent is the smallest? / Name the smallest continent. / What is the smallest continent in the world? => {Oceania} is the smallest continent.
What is the [biggest|largest] animal[| in the world]? / Which animal is the [biggest|largest]? / Name the largest animal. / What is the biggest animal on Earth? => The blue {whale} is the biggest animal.
What is the tallest animal[| in the world]? / Which animal is the tallest? / Name the tallest animal. / What is the tallest animal on Earth? => The {giraffe} is the tallest animal.
What is the fastest animal[| on land]? / Which animal is the fastest? / Name the fastest land animal. / What is the fastest animal in the world? => The {cheetah} is the fastest land animal.
What is the [biggest|largest] land animal? / Which land animal is the [biggest|largest]? / Name the biggest land animal. / What is the largest animal on land? => The {elephant} is the biggest land animal.
What is the king of the jungle? / Which animal is the king of [the jungle|animals]? / Who is the king of the jungle? / Which animal is called the king of the jungle? => The {lion} is called the king of the jungle.
What is the shortest month? / Which month is the shortest? / Which month has 28 days? / Name the shortest month. / What is the shortest month of the year? => {February} is the shortest month.
What is the coldest season? / Which season is the coldest? / Name the coldest season. / Which is the coldest season of the year? => {Winter} is the coldest season.
What is the [warmest|hottest] season? / Which season is the [warmest|hottest]? / Name the warmest season. / Which is the hottest season of the year? => {Summer} is the warmest season.
In which month is Christmas? / When is Christmas? / What date is Christmas? / Which month is Christmas in? / On which day is Christmas? => Christmas is on {December} 25.
When is New Year's Day? / What date is New Year's Day? / On which day does the year begin? / When does a new year start? => New Year's Day is on {January} 1.
When is Halloween? / What date is Halloween? / In which month is Halloween? / On which day is Halloween? => Halloween is on {October} 31.
When is Valentine's Day? / What date is Valentine's Day? / In which month is Valentine's Day? / On which day is Valentine's Day? => Valentine's Day is on {February} 14.
At what temperature does water boil? / When does water boil? / What is the boiling point of water? / How hot is boiling water? / At how many degrees does water boil? => Water boils at {100} degrees Celsius.
At what temperature does water freeze? / When does water freeze? / What is the freezing point of water? / At how many degrees does water freeze? => Water freezes at {0} degrees Celsius.
What is frozen water called? / What is water when it is frozen? / What is the name of frozen water? / What do we call water that is frozen? / What do you call frozen water? / What does water become when it freezes? / What is water called when it is frozen? => Frozen water is called {ice}.
What is the chemical formula [of|for] water? / What is water made of? / formula of water / What is the formula for water? / What is the chemical formula for water? => The chemical formula of water is {H2O}.
What do bees make? / What do bees produce? / What does a bee make? / Which food do bees make? => Bees make {honey}.
What do cows give us? / What do we get from cows? / What do cows produce? / Which drink comes from cows? => Cows give us {milk}.
What do sheep give us? / What do we get from sheep? / What do sheep produce? / Which material comes from sheep? => Sheep give us {wool}.
What do chickens lay? / What do hens lay? / What do we get from chickens? / What does a hen lay? => Chickens lay {eggs}.
What is bread made of? / What is bread made from? / What do you need to make bread? / From what is bread made? => Bread is made of {flour} and water.
What is cheese made of? / What is cheese made from? / What do you need to make cheese? / From what is cheese made? => Cheese is made of {milk}.
What is paper made of? / What is paper made from? / What do you need to make paper? / From what is paper made? => Paper is made of {wood}.
What is glass made of? / What is glass made from? / What do you need to make glass? / From what is glass made? => Glass is made of {sand}.
What is wine made of? / What is wine made from? / From which fruit is wine made? / Which fruit is used for wine? => Wine is made of {grapes}.
What are the primary colors? / Name the primary colors. / Which colors are primary colors? / List the primary colors. / What are the three primary colors? => The primary colors are {red}, {yellow} and {blue}.
What are the colors of the rainbow? / Name the colors of the rainbow. / List the colors of a rainbow. / Which colors does a rainbow have? => The colors of the rainbow are {red}, {orange}, {yellow}, {green}, {blue}, {indigo} and {violet}.
What are the five senses? / Name the five senses. / List the five senses. / Which senses do people have? / What are the human senses? => The five senses are {sight}, {hearing}, {smell}, {taste} and {touch}.
What are the four directions? / Name the four directions. / List the points of the compass. / What are the directions on a compass? => The four directions are {north}, {east}, {south} and {west}.
Where does the sun rise? / In which direction does the sun rise? / On which side does the sun rise? / In which direction is sunrise? => The sun rises in the {east}.
Where does the sun set? / In which direction does the sun set? / On which side does the sun go down? / In which direction is sunset? => The sun sets in the {west}.
How many eyes do people have? / How many eyes does a person have? / How many eyes do you see in a face? / How many eyes does a human have? => A person has {two} eyes.
How many fingers do people have? / How many fingers does a person have? / How many fingers do we have? / How many fingers does a human have? => A person has {ten} fingers.
What do we breathe? / What do people breathe? / What do humans breathe? / Which gas do we breathe? / What gas do people need to breathe? => We breathe air, and we need the {oxygen} in it.
What do plants need [to grow|to live]? / What does a plant need? / What do flowers need to grow? / What do plants need in order to grow? => Plants need {water}, {light} and air.
What do we see with? / With what do we see? / Which part of the body do we see with? / What do people use to see? => We see with our {eyes}.
What do we hear with? / With what do we hear? / Which part of the body do we hear with? / What do people use to hear? => We hear with our {ears}.
What do we smell with? / With what do we smell? / Which part of the body do we smell with? / What do people use to smell? => We smell with our {nose}.
Is the earth round or flat? / Is the Earth flat? / Is the earth round? / What shape is the earth? / What is the shape of the Earth? => The Earth is {round}.
Is the sun a star? / Is the sun a planet or a star? / What is the sun, a star or a planet? / Is our sun a star or a planet? => The sun is a {star}.
Is a tomato a fruit or a vegetable? / Is a tomato a fruit? / Is a tomato a vegetable? / What is a tomato, a fruit or a vegetable? => A tomato is a {fruit}, but most people cook it as a vegetable.
Is ice hot or cold? / Is ice cold? / Is ice hot? / Would you call ice hot or cold? => Ice is {cold}.
Is fire hot or cold? / Is fire hot? / Is fire cold? / Would you call fire hot or cold? => Fire is {hot}.
Can birds fly? / Do birds fly? / Is a bird able to fly? / Are birds able to fly? => Yes, most birds {can fly}.
Can fish swim? / Do fish swim? / Is a fish able to swim? / Are fish able to swim? => Yes, fish {can swim}.
Can penguins fly? / Do penguins fly? / Is a penguin able to fly? / Are penguins able to fly? => No, penguins {cannot fly}.
Can dogs fly? / Do dogs fly? / Is a dog able to fly? / Can cats fly? / Are dogs able to fly? => No, that animal {cannot fly}.
Do fish live in water? / Where do fish live? / Where does a fish live? / In what do fish live? => Fish live in {water}.
Is a whale a fish? / Are whales fish? / Is a whale a fish or a mammal? / Is a whale a mammal or a fish? => No, a whale is a {mammal}.
Is a bat a bird? / Are bats birds? / Is a bat a bird or a mammal? / Is a bat a mammal or a bird? => No, a bat is a {mammal}.
Is a spider an insect? / Are spiders insects? / Is a spider an insect or not? / Would you call a spider an insect? => No, a spider is {not} an insect. It has eight legs.
What is the first letter of the alphabet? / Which letter is first in the alphabet? / With which letter does the alphabet begin? / What letter starts the alphabet? => The first letter of the alphabet is {A}.
What is the last letter of the alphabet? / Which letter is last in the alphabet? / With which letter does the alphabet end? / What letter ends the alphabet? => The last letter of the alphabet is {Z}.
[Say|Write|Recite] the alphabet. / What is the alphabet? / What are the letters of the alphabet? / List the letters of the alphabet. / Tell me the alphabet. => {A, B, C, D, E, F, G}, H, I, J, K, L, M, N, O, P, Q, R, S, T, U, V, W, X, Y, Z
What are the vowels[| in English]? / Which letters are vowels? / Tell me which letters are vowels. / Which letters are the vowels? => The vowels are {a}, {e}, {i}, {o} and {u}.
What does USA stand for? / What does the abbreviation USA mean? / What is the meaning of USA? / What is USA short for? => USA stands for {United States of America}.
What does UK stand for? / What does the abbreviation UK mean? / What is the meaning of UK? / What is UK short for? => UK stands for {United Kingdom}.
What does JSON stand for? / What does JSON mean? / What is JSON short for? / What is the meaning of JSON? => JSON stands for {JavaScript Object Notation}.
What does AI stand for? / What does AI mean? / What is AI short for? / What is the meaning of AI? => AI stands for {artificial intelligence}.
What does CPU stand for? / What does CPU mean? / What is CPU short for? / What is the meaning of CPU? => CPU stands for {central processing unit}.
What does GPU stand for? / What does GPU mean? / What is GPU short for? / What is the meaning of GPU? => GPU stands for {graphics processing unit}.
What does HTML stand for? / What does HTML mean? / What is HTML short for? / What is the meaning of HTML? => HTML stands for {HyperText Markup Language}.
What is AI? / What is artificial intelligence? / Define artificial intelligence. / Explain what AI is. => {Artificial intelligence}: computer programs that do tasks which usually need human thinking.
What is a language model? / Explain what a language model is. / Define language model. / What is an LLM? / What is a large language model? => A language model is a {program} that predicts the next piece of a text.
What is JSON? / Explain JSON. / Explain what JSON is. / Tell me what JSON is. => JSON is a {text format} for data with keys and values.
Which language do people speak in Mexico and Spain? / Which language is spoken in Spain and Mexico? / What language do Spain and Argentina share? / What language do people in Spain and Peru speak? => They speak {Spanish}.
What is the currency of the [European Union|EU]? / Which currency is used in the [European Union|EU]? / What money do they use in the EU? / What is the currency of Europe? / What is the currency used in the European Union? => The currency of the European Union is the {euro}.
What is the opposite of nothing? / What is the antonym of nothing? / Give the opposite of nothing. / Which word is the opposite of nothing? => The opposite of nothing is {everything}.
What rises in the morning? / What comes up in the morning? / What do we see in the sky by day? / What shines in the sky by day? => The {sun}.
What falls from the sky when it rains? / What is rain? / What comes out of the clouds? / What falls from the clouds? => Rain is {water} that falls from the clouds.
What do you use to write? / What can I write with? / With what do people write? / What do people use for writing? => You can write with a {pen} or a pencil.
What do you use to cut paper? / What do people use to cut paper? / What is used for cutting paper? / What do we cut paper with? / What do I need to cut paper? / What can I cut paper with? / With what do people cut paper? / What do people use for cutting paper? => You can cut paper with {scissors}.
What do you use an umbrella for? / Why do people use umbrellas? / What is an umbrella for? / When do people use an umbrella? => An umbrella keeps you dry in the {rain}.
Where can I buy bread? / Where do you buy bread? / Where do people buy bread? / In which shop can I buy bread? => You can buy bread at a {bakery}.
Where do children learn? / Where do children go to learn? / Where do kids learn to read? / Where do kids go to learn? => Children learn at {school}.
Who works in a hospital? / Which people work in a hospital? / Who helps sick people? / Who takes care of sick people? => {Doctors} and nurses help sick people.
Who grows food? / Who works on a farm? / Who works on the fields? / Who grows our food? => A {farmer} grows food.
Who bakes bread? / Who makes bread? / What do you call a person who bakes bread? / What is a person who makes bread called? => A {baker} bakes bread.
Who flies a plane? / Who flies an airplane? / What do you call a person who flies a plane? / What is a person who flies a plane called? => A {pilot} flies a plane.
Who puts out fires? / Who fights fires? / What do you call a person who fights fires? / Who comes when a house burns? => A {firefighter} puts out fires.
Who cuts hair? / Who can cut my hair? / What do you call a person who cuts hair? / What is a person who cuts hair called? => A {hairdresser} cuts hair.
Is zero even or odd? / Is 0 even? / Is 0 an even number? / Is the number zero even or odd? => Zero is {even}.
What is the smallest prime number? / Which is the first prime number? / Name the first prime number. / What is the lowest prime number? / Which number is the first prime? / Which prime number is the smallest? / Name the smallest prime number. / What is the first prime number? => The smallest prime number is {2}.
What is pi? / What number is pi? / What is the number called pi? / Give me the number pi. / pi? / Do you know the number pi? / What is the value of pi? / How much is pi? / Tell me the value of pi. / What is the number pi? => Pi is about {3.14}.
How many sides does a triangle have? / How many sides has a triangle? / A triangle has how many sides? / What is the number of sides of a triangle? => A triangle has {three} sides.
How many sides does a square have? / How many sides has a square? / A square has how many sides? / What is the number of sides of a square? => A square has {four} sides.
"""


def _parse(line):
    asks, answer = line.split(" => ")
    gold = re.findall(r"\{([^}]*)\}", answer)
    return asks.split(" / "), answer.replace("{", "").replace("}", ""), gold


TRIVIA = [_parse(line) for line in _TEXT.strip().splitlines()]
