"""Our own plain definitions of the words a newcomer asks about first.

WordNet's first sense of such words is often technical ("a member of the genus
Canis"), so these are written by hand and win over WordNet.
"""

_TEXT = """
dog: an animal that people keep as a pet and that barks
cat: a small furry animal that people keep as a pet
bird: an animal with feathers and wings
fish: an animal that lives in water and swims
horse: a large animal that people ride
cow: a large farm animal that gives milk
pig: a farm animal with a short nose and a curly tail
sheep: a farm animal that gives wool
rabbit: a small animal with long ears
mouse: a very small animal with a long tail
lion: a big wild cat that lives in Africa
tiger: a big wild cat with stripes
elephant: a very large animal with a long trunk
monkey: an animal that climbs trees and has a long tail
bear: a large strong animal with thick fur
wolf: a wild animal that looks like a dog
fox: a wild animal with red fur and a bushy tail
snake: a long animal without legs
frog: a small animal that jumps and lives near water
bee: an insect that makes honey
ant: a small insect that lives in large groups
spider: a small animal with eight legs that spins webs
insect: a small animal with six legs
whale: a very large animal that lives in the sea
shark: a large fish with sharp teeth
chicken: a farm bird that lays eggs
duck: a bird that swims on water
turtle: an animal with a hard shell
butterfly: an insect with large colorful wings
animal: a living thing that can move and eat
pet: an animal that lives with people at home
plant: a living thing that grows in the ground
tree: a tall plant with a trunk, branches and leaves
flower: the colorful part of a plant
grass: a plant with thin green leaves that covers the ground
leaf: a flat green part of a plant
rose: a flower with thorns and a sweet smell
fruit: the sweet part of a plant that you can eat
apple: a round fruit that is red, green or yellow
banana: a long yellow fruit
orange: a round fruit with a thick orange skin
bread: a food made from flour and baked in an oven
cheese: a food made from milk
milk: a white drink that comes from cows
water: a clear liquid that we drink
rice: small white grains that people cook and eat
egg: a round thing that birds lay
cake: a sweet baked food
soup: a hot liquid food
coffee: a hot brown drink made from beans
tea: a hot drink made from leaves
sugar: a sweet white powder
salt: a white powder that makes food taste better
river: a large stream of water that flows to the sea
sea: a very large area of salt water
ocean: a very large body of salt water
lake: a large area of water with land around it
mountain: a very high hill
hill: an area of land that is higher than the land around it
island: land with water all around it
forest: a large area with many trees
desert: a dry area with little rain
beach: a sandy area next to the sea
sun: the star that gives us light and heat
moon: the round object that moves around the Earth
star: a bright point of light in the night sky
planet: a large round object that moves around a star
earth: the planet that we live on
sky: the space above us where we see clouds and stars
cloud: a white or gray mass of tiny water drops in the sky
rain: water that falls from the clouds
snow: soft white ice that falls from the sky
wind: air that moves
storm: very bad weather with wind and rain
ice: frozen water
fire: the heat and light of something that burns
house: a building where people live
home: the place where you live
school: a place where children learn
hospital: a place where sick people get help
library: a place with many books that you can borrow
market: a place where people buy and sell things
shop: a place where you can buy things
kitchen: a room where people cook
bedroom: a room where people sleep
garden: a place where people grow flowers and vegetables
park: a large green place in a town
farm: a place where people grow food and keep animals
city: a large and busy town
town: a place with many houses, smaller than a city
village: a very small town in the country
country: a nation with its own government
capital: the city where the government of a country sits
continent: one of the large areas of land on Earth
street: a road in a town with houses on it
bridge: a structure that carries a road over water
door: something that you open to go into a room
window: an opening in a wall that lets in light
table: a piece of furniture with a flat top and legs
chair: a piece of furniture that you sit on
bed: a piece of furniture that you sleep on
lamp: a thing that gives light
clock: a thing that shows the time
book: many pages with text that you can read
pen: a tool for writing with ink
pencil: a thin stick for writing and drawing
paper: thin material that you write on
letter: a written message, or a sign of the alphabet
word: a unit of language that has a meaning
sentence: a group of words with a complete meaning
number: a word or sign that says how many
question: a sentence that asks for information
answer: what you say when someone asks a question
computer: a machine that works with information
phone: a device for talking to people far away
camera: a device that takes pictures
robot: a machine that can do tasks by itself
internet: a network that joins computers all over the world
car: a vehicle with four wheels and an engine
bus: a large vehicle that carries many people
train: a long vehicle that runs on rails
bicycle: a vehicle with two wheels that you ride
boat: a small vehicle that moves on water
ship: a large boat
airplane: a machine with wings that flies
doctor: a person who treats sick people
nurse: a person who takes care of sick people
teacher: a person who teaches students
student: a person who learns at a school
farmer: a person who grows food or keeps animals
baker: a person who makes bread and cakes
cook: a person who makes food
police: the people who protect others and stop crime
king: a man who rules a country
queen: a woman who rules a country
friend: a person you know well and like
family: a group of people who are related
mother: a woman who has a child
father: a man who has a child
brother: a boy who has the same parents as you
sister: a girl who has the same parents as you
child: a young person
baby: a very young child
man: an adult male person
woman: an adult female person
boy: a young male person
girl: a young female person
person: a human being
heart: the part of the body that pumps blood
head: the top part of the body
hand: the part of the body at the end of the arm
eye: the part of the body that sees
ear: the part of the body that hears
nose: the part of the face that smells
mouth: the part of the face that eats and speaks
brave: ready to face danger without fear
happy: feeling good and full of joy
sad: feeling unhappy
angry: feeling strong displeasure
hungry: wanting to eat
thirsty: wanting to drink
tired: needing rest or sleep
big: large in size
small: little in size
fast: moving with great speed
slow: moving without much speed
hot: having a high temperature
cold: having a low temperature
kind: friendly and helpful to others
honest: telling the truth
clever: quick at learning and understanding
lazy: not wanting to work
quiet: making little or no noise
loud: making a lot of noise
beautiful: very nice to look at
dangerous: able to cause harm
easy: not difficult
difficult: hard to do or understand
rich: having a lot of money
poor: having very little money
strong: having a lot of power
weak: having little power
old: having lived for a long time
young: having lived for a short time
new: made or bought a short time ago
run: move fast on your feet
walk: move on your feet at a normal speed
eat: put food into your mouth and swallow it
drink: take a liquid into your mouth and swallow it
sleep: rest with your eyes closed
read: look at words and understand them
write: put words on paper
speak: say words
sing: make music with your voice
dance: move your body to music
swim: move through water
jump: push yourself up into the air
fly: move through the air
learn: get new knowledge or skills
teach: help someone learn
buy: get something for money
sell: give something for money
help: do something useful for someone
love: a strong feeling of liking someone
peace: a time without war
war: fighting between countries
music: sounds that are nice to hear
song: music with words
game: something that people play for fun
sport: a game that people play to stay fit
football: a game in which two teams kick a ball
ball: a round object used in games
toy: a thing that children play with
money: coins and paper that you use to buy things
job: the work that a person does for money
time: what we measure in minutes, hours and days
day: a period of twenty-four hours
week: a period of seven days
month: one of the twelve parts of a year
year: a period of twelve months
hour: a period of sixty minutes
minute: a period of sixty seconds
morning: the early part of the day
evening: the last part of the day
night: the dark part of the day
spring: the season after winter
summer: the warmest season of the year
autumn: the season after summer
winter: the coldest season of the year
color: what we see when light falls on a thing, such as red or blue
red: the color of blood
blue: the color of the clear sky
green: the color of grass
history: the story of what happened in the past
science: the study of the natural world
language: the words that people use to speak and write
circle: a round shape
square: a shape with four equal sides
triangle: a shape with three sides
umbrella: a thing that keeps you dry in the rain
key: a small metal thing that opens a lock
hat: a thing that you wear on your head
shoe: a thing that you wear on your foot
shirt: a piece of clothing for the upper body
coat: a warm piece of clothing that you wear outside
knife: a tool with a sharp edge for cutting
spoon: a tool for eating soup
cup: a small bowl with a handle for drinking
bottle: a glass or plastic thing that holds liquid
box: a square thing for keeping other things in
bag: a soft thing for carrying other things
model: a small copy of something, or a program that has learned from data
token: a small piece of text that a language model reads
server: a computer or program that answers requests
"""

OWN_DEFINITIONS = dict(line.split(": ", 1) for line in _TEXT.strip().splitlines())
