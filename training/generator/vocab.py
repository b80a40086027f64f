"""Our own word lists, most popular first: the order is what greedy decoding will follow."""


def _words(text):
    return [w.strip() for w in text.replace("\n", " ").split(",") if w.strip()]


ANIMALS = _words("""dog, cat, horse, cow, lion, tiger, elephant, bear, rabbit, monkey, fox, wolf, sheep, pig, goat, zebra, giraffe,
deer, mouse, frog, snake, duck, chicken, turtle, penguin, whale, dolphin, shark, owl, eagle, camel, kangaroo, panda, koala, donkey,
squirrel, hedgehog, crocodile, hippo, rhino, parrot, bee, ant, spider, butterfly, octopus, crab, seal, otter, bat, lizard, badger, moose""")
FARM_ANIMALS = _words("cow, pig, sheep, horse, chicken, goat, duck, donkey, turkey, goose")
PETS = _words("dog, cat, rabbit, hamster, parrot, goldfish, turtle, guinea pig")
WILD_ANIMALS = _words("lion, tiger, elephant, bear, wolf, zebra, giraffe, fox, deer, monkey, rhino, hippo, crocodile")
BIRDS = _words("eagle, owl, parrot, sparrow, duck, swan, penguin, crow, robin, pigeon, hawk, seagull, stork, woodpecker, peacock")
FISH = _words("salmon, tuna, trout, cod, shark, goldfish, carp, sardine, herring, pike")
INSECTS = _words("bee, ant, butterfly, fly, mosquito, beetle, ladybug, dragonfly, grasshopper, moth, wasp, cricket")
SEA_ANIMALS = _words("whale, dolphin, shark, octopus, crab, seal, turtle, jellyfish, lobster, starfish")
FRUITS = _words("""apple, banana, orange, grape, strawberry, pear, peach, mango, pineapple, cherry, lemon, kiwi, plum, watermelon,
blueberry, raspberry, melon, apricot, lime, fig, coconut, papaya, grapefruit, blackberry""")
VEGETABLES = _words("""carrot, potato, tomato, onion, broccoli, spinach, cabbage, lettuce, celery, cucumber, pea, garlic, pumpkin,
pepper, corn, bean, beet, radish, leek, cauliflower, eggplant, zucchini""")
COLORS = _words("red, blue, green, yellow, black, white, orange, purple, pink, brown, gray, gold, silver, turquoise")
JOBS = _words("""teacher, doctor, nurse, farmer, engineer, lawyer, chef, artist, writer, pilot, actor, dentist, baker, plumber,
carpenter, electrician, mechanic, police officer, firefighter, librarian, gardener, driver, painter, singer, waiter, scientist,
journalist, photographer, programmer, butcher, tailor, hairdresser, cleaner, translator, musician, architect, accountant, cashier""")
INSTRUMENTS = _words("guitar, piano, violin, drum, flute, trumpet, cello, harp, saxophone, clarinet, accordion, trombone, banjo, organ")
FLOWERS = _words("rose, tulip, daisy, lily, sunflower, orchid, daffodil, violet, poppy, iris, lavender, carnation")
TREES = _words("oak, pine, maple, birch, willow, apple tree, palm, cedar, beech, elm, ash, fir")
VEHICLES = _words("car, bus, train, bicycle, truck, boat, ship, airplane, motorcycle, tram, scooter, van, taxi, helicopter, subway, tractor")
CLOTHES = _words("shirt, hat, dress, coat, jacket, scarf, sweater, skirt, belt, socks, shoes, gloves, trousers, jeans, boots")
SPORTS = _words("football, basketball, tennis, swimming, volleyball, baseball, running, cycling, golf, hockey, rugby, boxing, skiing, cricket, badminton")
SHAPES = _words("circle, square, triangle, rectangle, oval, pentagon, hexagon, star, diamond, cube")
BODY = _words("head, hand, foot, arm, leg, eye, ear, nose, mouth, knee, finger, toe, shoulder, back, neck, heart, stomach, elbow")
DRINKS = _words("water, milk, tea, coffee, juice, lemonade, hot chocolate, soda, wine, beer")
FOODS = _words("bread, cheese, pasta, rice, pizza, soup, salad, egg, sandwich, chicken, fish, burger, potato, cake, yogurt, noodles")
DESSERTS = _words("cake, ice cream, cookie, pie, pudding, brownie, pancake, donut, cheesecake, muffin")
TOOLS = _words("hammer, saw, screwdriver, drill, wrench, pliers, axe, shovel, ruler, knife, rake, ladder")
FURNITURE = _words("chair, table, bed, sofa, desk, wardrobe, bookshelf, cupboard, armchair, bench, stool, lamp")
SUBJECTS = _words("math, English, history, science, geography, art, music, biology, physics, chemistry, sport")
KITCHEN = _words("plate, cup, fork, knife, spoon, pot, pan, bowl, oven, fridge, kettle, toaster, glass, mug")
TOYS = _words("ball, doll, teddy bear, puzzle, kite, toy car, blocks, robot, yo-yo, train set")
FAMILY = _words("mother, father, sister, brother, grandmother, grandfather, aunt, uncle, cousin, son, daughter")
FEELINGS = _words("happiness, sadness, anger, fear, love, surprise, joy, pride, shame, hope")
OCEANS = ["Pacific Ocean", "Atlantic Ocean", "Indian Ocean", "Southern Ocean", "Arctic Ocean"]
CONTINENTS = ["Africa", "Antarctica", "Asia", "Europe", "North America", "Oceania", "South America"]
METALS = _words("gold, silver, iron, copper, aluminum, tin, lead, zinc, nickel, platinum, titanium, mercury")
GEMS = _words("diamond, ruby, emerald, sapphire, opal, pearl, amethyst, topaz, jade")
HOBBIES = _words("reading, painting, cooking, gardening, dancing, fishing, singing, drawing, hiking, photography, chess, knitting")
ROOMS = _words("kitchen, bedroom, bathroom, living room, dining room, office, hallway, garage, attic, basement")
MATERIALS = _words("wood, metal, glass, plastic, paper, stone, cotton, wool, leather, rubber, silk")
WEATHER = _words("sunny, rainy, cloudy, windy, snowy, stormy, foggy, hot, cold, warm")
SPICES = _words("pepper, cinnamon, ginger, paprika, cumin, nutmeg, basil, oregano, thyme, saffron")
LANGUAGES = _words("English, Spanish, French, German, Chinese, Italian, Portuguese, Russian, Japanese, Arabic, Hindi, Turkish, Korean, Dutch, Greek, Polish, Swedish")
PROGRAMMING = _words("Python, JavaScript, TypeScript, Java, C, C++, Rust, Go, Ruby, PHP, Swift, Kotlin")
BUILDINGS = _words("house, school, hospital, church, library, museum, hotel, factory, castle, tower, barn, theater")
SCHOOL_THINGS = _words("pen, pencil, book, notebook, ruler, eraser, backpack, paper, scissors, glue")
PLANETS = "Mercury Venus Earth Mars Jupiter Saturn Uranus Neptune".split()
MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
SEASONS = ["spring", "summer", "autumn", "winter"]
VOWELS = list("aeiou")

# First names with the pronoun that stories and word problems use for them.
GIRLS = _words("""Anna, Lily, Emma, Mia, Sara, Lucy, Maria, Julia, Nina, Laura, Sofia, Kate, Alice, Eva, Clara, Rosa, Nora, Ella, Lena,
Grace, Amy, Jane, Ruth, Zoe, Maya, Ines, Olga, Hana, Leila, Fatima, Yuki, Priya, Chloe, Helen, Diana, Irene, Paula, Tina, Vera, Wanda,
Mary, Susan, Linda, Emily, Hannah, Olivia, Amina, Carla, Elena, Greta, Heidi, Ida, Joan, Kim, Lisa, Molly, Nadia, Petra, Rita, Sally""")
BOYS = _words("""Tom, Ben, Max, Sam, Jack, Leo, Paul, Peter, David, John, Mark, Adam, Noah, Oscar, Felix, Hugo, Ivan, Luke, Martin, Nick,
Omar, Ali, Carlos, Daniel, Eric, Frank, George, Henry, Jonas, Karl, Liam, Mateo, Oliver, Pablo, Ravi, Simon, Theo, Victor, Will, Yusuf,
James, Robert, Michael, William, Thomas, Alex, Andrew, Bruno, Chris, Diego, Edgar, Finn, Gabriel, Harry, Ian, Jacob, Kevin, Louis, Ryan, Tim""")
NAMES = [n for pair in zip(GIRLS, BOYS) for n in pair]


class _Pronouns(dict):
    def __missing__(self, name):  # an unknown name: one choice per name
        return ("he", "his", "him") if sum(map(ord, name)) % 2 else ("she", "her", "her")


PRONOUN = _Pronouns({**{n: ("she", "her", "her") for n in GIRLS}, **{n: ("he", "his", "him") for n in BOYS}})

PLACES = _words("park, garden, forest, river, school, kitchen, house, beach, farm, library, market, station, lake, street, bridge, hill, office, museum, garage, zoo")
THINGS = _words("""book, ball, bag, bed, bell, bottle, bowl, box, brush, bucket, button, camera, candle, card, chair, clock, coat, coin, comb,
cup, curtain, desk, dish, door, dress, drum, envelope, fan, flag, flute, fork, glass, glove, guitar, hammer, hat, jacket, jar, kettle, key,
kite, knife, ladder, lamp, letter, lock, map, mirror, mug, needle, newspaper, notebook, page, pen, pencil, phone, piano, picture, pillow,
plate, pocket, pot, puzzle, radio, ring, robot, rope, ruler, scarf, shell, shirt, shoe, shovel, sofa, spoon, stamp, stick, stone, suitcase,
sweater, table, tent, ticket, towel, toy, tray, umbrella, vase, violin, wallet, watch, wheel, window""")
COUNTABLE = _words("""apples, oranges, cookies, pencils, books, coins, marbles, stickers, balls, stamps, eggs, flowers, candies, cards, toys,
bananas, cups, pens, balloons, cupcakes, shells, stones, tickets, buttons, photos, lemons, muffins, chairs, bottles, boxes, peaches, plates,
sweets, pears, keys, stars, ribbons, beads, crayons, carrots, chocolates, nuts, sandwiches, letters, magazines, plants, rabbits, hats, socks, rings""")
IRREGULAR_PLURALS = dict(p.split(":") for p in """child:children mouse:mice man:men woman:women foot:feet tooth:teeth goose:geese
person:people ox:oxen sheep:sheep fish:fish deer:deer knife:knives leaf:leaves wolf:wolves wife:wives life:lives half:halves shelf:shelves
loaf:loaves thief:thieves potato:potatoes tomato:tomatoes hero:heroes cactus:cacti scarf:scarves calf:calves moose:moose
mango:mangoes furniture:furniture series:series species:species salmon:salmon trout:trout""".split())
PAST_TENSE = dict(p.split(":") for p in """go:went be:was have:had do:did say:said make:made take:took come:came see:saw know:knew get:got
give:gave find:found think:thought tell:told become:became leave:left feel:felt put:put bring:brought begin:began keep:kept hold:held
write:wrote stand:stood hear:heard let:let mean:meant set:set meet:met run:ran pay:paid sit:sat speak:spoke lie:lay lead:led read:read
grow:grew lose:lost fall:fell send:sent build:built understand:understood draw:drew break:broke spend:spent cut:cut rise:rose drive:drove
buy:bought wear:wore choose:chose eat:ate drink:drank sleep:slept swim:swam sing:sang fly:flew catch:caught teach:taught sell:sold
win:won throw:threw forget:forgot ride:rode steal:stole hide:hid bite:bit blow:blew feed:fed fight:fought freeze:froze hit:hit hurt:hurt
ring:rang shake:shook shoot:shot shut:shut sink:sank wake:woke walk:walked play:played work:worked look:looked help:helped jump:jumped
talk:talked call:called ask:asked want:wanted live:lived love:loved like:liked use:used try:tried study:studied cry:cried stop:stopped
open:opened close:closed start:started cook:cooked clean:cleaned wash:washed watch:watched listen:listened learn:learned dance:danced""".split())

US_STATES = dict(p.split(":") for p in _words("""Alabama:Montgomery, Alaska:Juneau, Arizona:Phoenix, Arkansas:Little Rock,
California:Sacramento, Colorado:Denver, Connecticut:Hartford, Delaware:Dover, Florida:Tallahassee, Hawaii:Honolulu, Idaho:Boise,
Illinois:Springfield, Indiana:Indianapolis, Iowa:Des Moines, Kansas:Topeka, Kentucky:Frankfort, Louisiana:Baton Rouge, Maine:Augusta,
Maryland:Annapolis, Massachusetts:Boston, Michigan:Lansing, Minnesota:Saint Paul, Mississippi:Jackson, Missouri:Jefferson City,
Montana:Helena, Nebraska:Lincoln, Nevada:Carson City, New Hampshire:Concord, New Jersey:Trenton, New Mexico:Santa Fe, New York:Albany,
North Carolina:Raleigh, North Dakota:Bismarck, Ohio:Columbus, Oklahoma:Oklahoma City, Oregon:Salem, Pennsylvania:Harrisburg,
Rhode Island:Providence, South Carolina:Columbia, South Dakota:Pierre, Tennessee:Nashville, Texas:Austin, Utah:Salt Lake City,
Vermont:Montpelier, Virginia:Richmond, Washington:Olympia, West Virginia:Charleston, Wisconsin:Madison, Wyoming:Cheyenne"""))
ELEMENTS = dict(p.split(":") for p in """hydrogen:H helium:He lithium:Li beryllium:Be boron:B carbon:C nitrogen:N oxygen:O fluorine:F
neon:Ne sodium:Na magnesium:Mg aluminum:Al silicon:Si phosphorus:P sulfur:S chlorine:Cl argon:Ar potassium:K calcium:Ca titanium:Ti
chromium:Cr manganese:Mn iron:Fe cobalt:Co nickel:Ni copper:Cu zinc:Zn gallium:Ga arsenic:As selenium:Se bromine:Br krypton:Kr
silver:Ag tin:Sn iodine:I xenon:Xe barium:Ba tungsten:W platinum:Pt gold:Au mercury:Hg lead:Pb bismuth:Bi radon:Rn radium:Ra
uranium:U plutonium:Pu""".split())

OPPOSITES = dict(p.split(":") for p in """hot:cold cold:hot big:small small:big large:small little:big up:down down:up left:right right:left
good:bad bad:good happy:sad sad:happy fast:slow slow:fast old:young young:old new:old early:late late:early day:night night:day
black:white white:black light:dark dark:light high:low low:high long:short short:long tall:short rich:poor poor:rich strong:weak
weak:strong hard:soft soft:hard wet:dry dry:wet open:closed closed:open full:empty empty:full clean:dirty dirty:clean loud:quiet
quiet:loud near:far far:near thick:thin thin:thick wide:narrow narrow:wide deep:shallow shallow:deep easy:difficult difficult:easy
true:false false:true yes:no no:yes first:last last:first inside:outside outside:inside above:below below:above before:after
after:before begin:end start:stop stop:start win:lose lose:win buy:sell sell:buy give:take take:give come:go go:come push:pull
pull:push love:hate hate:love laugh:cry cry:laugh remember:forget forget:remember always:never never:always more:less less:more
many:few few:many everything:nothing nothing:everything front:back back:front top:bottom bottom:top north:south south:north
east:west west:east male:female female:male boy:girl girl:boy man:woman woman:man friend:enemy enemy:friend war:peace peace:war
summer:winter winter:summer heavy:light cheap:expensive expensive:cheap safe:dangerous dangerous:safe brave:afraid
polite:rude rude:polite kind:cruel cruel:kind clever:stupid beautiful:ugly ugly:beautiful sweet:sour sour:sweet warm:cool cool:warm
sharp:blunt smooth:rough rough:smooth tight:loose loose:tight same:different different:same right:wrong wrong:right
alive:dead dead:alive awake:asleep asleep:awake north:south lazy:hardworking modern:ancient ancient:modern simple:complex
complex:simple positive:negative negative:positive increase:decrease decrease:increase accept:refuse arrive:leave leave:arrive
question:answer answer:question success:failure failure:success entrance:exit exit:entrance morning:evening evening:morning
hungry:full noisy:quiet fat:thin calm:nervous lucky:unlucky possible:impossible impossible:possible correct:incorrect
visible:invisible legal:illegal honest:dishonest patient:impatient important:unimportant regular:irregular
generous:stingy maximum:minimum minimum:maximum major:minor minor:major public:private private:public
add:subtract subtract:add multiply:divide build:destroy create:destroy destroy:create float:sink sink:float lend:borrow
borrow:lend teach:learn rise:fall fall:rise save:waste freeze:melt melt:freeze find:lose attack:defend
defend:attack agree:disagree appear:disappear asleep:awake together:apart on:off off:on in:out out:in over:under under:over
here:there there:here hello:goodbye heaven:hell heaven:hell king:queen sunrise:sunset sunset:sunrise giant:dwarf
hero:villain husband:wife wife:husband brother:sister sister:brother mother:father father:mother uncle:aunt aunt:uncle""".split())
SYNONYMS = dict(p.split(":") for p in """happy:glad big:large small:little sad:unhappy fast:quick quick:fast smart:clever clever:smart
angry:mad begin:start start:begin end:finish finish:end beautiful:pretty pretty:beautiful hard:difficult difficult:hard easy:simple
simple:easy tired:sleepy rich:wealthy wealthy:rich strong:powerful brave:courageous kind:nice nice:kind funny:amusing scared:afraid
afraid:scared cold:chilly hot:warm large:big little:small glad:happy quiet:silent silent:quiet loud:noisy noisy:loud strange:odd
odd:strange right:correct correct:right wrong:incorrect shout:yell yell:shout speak:talk talk:speak look:see jump:leap leap:jump
run:sprint buy:purchase purchase:buy help:assist assist:help answer:reply reply:answer ask:question build:construct close:shut shut:close
choose:select select:choose gift:present present:gift house:home home:house child:kid kid:child street:road road:street
car:automobile forest:woods ship:boat boat:ship job:work rock:stone stone:rock friend:pal doctor:physician movie:film film:movie
couch:sofa sofa:couch trash:garbage garbage:trash important:significant famous:well-known huge:enormous enormous:huge tiny:very-small
old:ancient new:modern clean:tidy delicious:tasty tasty:delicious dangerous:risky error:mistake mistake:error
fall:drop get:receive give:offer hate:dislike like:enjoy love:adore make:create need:require repair:fix fix:repair rest:relax
say:tell show:display story:tale tale:story think:believe throw:toss try:attempt understand:comprehend walk:stroll want:desire
win:succeed worried:anxious bad:awful good:great great:excellent excellent:great calm:peaceful lucky:fortunate honest:truthful
weak:feeble wet:damp rude:impolite polite:courteous lazy:idle modern:contemporary area:region entire:whole
whole:entire enough:sufficient often:frequently maybe:perhaps also:too""".split())
SYNONYMS["tiny"] = "very small"
RHYMES = dict(p.split(":") for p in """cat:hat dog:fog house:mouse tree:bee star:car moon:spoon sun:fun light:night day:play rain:train
cake:lake bed:red book:look fish:dish king:ring ball:tall boat:coat chair:bear door:floor eye:pie sky:fly snow:go time:lime
hand:sand pen:ten nose:rose box:fox bell:shell blue:shoe green:queen home:comb love:dove sing:ring run:sun""".split())
COLORED = {
    "red": _words("tomato, strawberry, cherry, rose, fire truck, stop sign"), "green": _words("grass, leaf, cucumber, frog, pea, lettuce"),
    "yellow": _words("banana, lemon, sun, sunflower, corn, cheese"), "white": _words("snow, milk, cloud, salt, rice, paper"),
    "blue": _words("sky, sea, jeans, blueberry, blue whale"), "black": _words("coal, night sky, crow, tire, black cat"),
    "orange": _words("carrot, orange, pumpkin, tiger, fox"), "brown": _words("chocolate, tree trunk, bear, coffee, bread"),
}
