"""The texts behind the goldens: what the vocabularies are learnt from, and what is encoded."""

# Plain prose, written for this purpose. Vocabularies are learnt from it, so most words of the
# queries and documents below are one to three pieces long.
PROSE = """
The lamp of the old lighthouse turns once in nine seconds and is seen from eighteen miles away.
A keeper climbed the iron stairs every evening, trimmed the wick and wrote the weather in a book.
When fog came over the harbour the horn sounded twice a minute until the morning.
Fishing boats leave before sunrise, follow the channel between two red buoys and return with the tide.
The engine of a small boat needs clean fuel, fresh water and a little patience in cold weather.
How do I keep a sourdough starter alive while travelling for a month?
Mix flour, water and salt, fold the dough four times and let it rest in a cool room overnight.
Bread rises because yeast turns sugar into gas, and the gluten holds the bubbles in place.
A loaf is baked when the crust is dark and the bottom sounds hollow.
Tomatoes want sun, warm soil and regular water; too much water makes the fruit split.
Plant beans beside maize and pumpkins: the beans climb, the maize holds them, the leaves shade the ground.
Slugs come out after rain, so look under the boards in the morning and carry them away.
Compost needs brown leaves and green cuttings, some air and some water, and it becomes warm inside.
To repair a flat tyre, take the wheel off, find the hole, clean the rubber and press the patch on it.
The chain of a bicycle should be cleaned and oiled after riding in the rain.
Brakes squeal when the pads are dirty or when they touch the rim at a wrong angle.
Gears slip if the cable is too long, and the screw at the rear shifter corrects it.
Jupiter has four bright moons that are seen with a small telescope on a clear night.
The rings of Saturn are made of ice and dust, and they are very thin for their size.
Mars is called the red planet because of the iron in its dust.
A comet shows its tail when sunlight warms the ice, and the tail points away from the sun.
Which planet has the largest moons, and who saw them first?
A library keeps its books in order of subject, and every book has a number on its back.
The index at the end of a book lists names and words with the pages where they are found.
Search works best when the question is written as one would ask a person.
What does the museum show on the second floor, and is it open on Sundays?
The museum collects clocks, maps and instruments for measuring the height of stars.
A clock with a pendulum runs slower in summer because the rod grows longer in the heat.
Maps of the coast were drawn from boats, with a lead line for the depth and a compass for the course.
Trains between the two towns run every hour, and the last one leaves at half past ten.
Passengers with bicycles travel in the last carriage and buy a ticket for the bicycle as well.
The bridge over the river was built of stone, burnt in a war and built again of steel.
Water boils at a lower temperature in the mountains, so beans take longer to cook there.
Snow lies on the pass from October until May and the road is closed in that time.
Bees tell each other by a dance where the flowers are, how far and in which direction.
A queen lays two thousand eggs on a summer day, and the workers feed the larvae.
Honey keeps for years because it holds too little water for anything to grow in it.
Store documents on the device, so that they can be read and searched without a network.
An error in the measurement is smaller than the thickness of the pencil line.
Numbers such as 12, 1999, 3.14 and 100,000 are written in digits; dates as 2024-05-17.
"""

# Further characters of the vocabularies: what a reader of several scripts would meet.
EXTRA = '中文日本語海山水火木金土灯台東京あいうえおかきのはをアイウエオ한국ελπαßæøçéüñя—…€🌊'

QUERIES = [
    'How do I keep a sourdough starter alive while travelling?',
    'lighthouse',
    'which planet has the largest moons, and who saw them first',
    '',
    '?!... -- ()',
    '🌊 🚲 🍞',
    'Crème brûlée à la façon de l’Île — naïve Ångström, ÉCOLE',
    '東京の灯台 は どこ?',
    'fix <b>squealing</b> brakes & slipping gears (C++/C#) 100% @home',
    'bread',
    'train ticket for a bicycle in the last carriage of the last train that leaves at half past ten on a Sunday in '
    'summer when the road over the mountain pass is closed because of snow and the bridge is being built again of steel',
    'WATER boils At a LOWER temperature',
]

DOCUMENTS = [
    'The lamp of the old lighthouse turns once in nine seconds.',
    'Feed a sourdough starter with flour and water; in a cool room it stays alive for weeks, even while you travel.',
    'Jupiter has four bright moons. They were first seen with a small telescope.',
    'Saturn, famous for its rings, has the second largest moon of all planets.',
    '',
    '.,;:!?"\'()[]{}-_',
    '🚲🍞🌊🔭',
    'Die Straße über den Paß ist von Oktober bis Mai gesperrt; Übergröße, cœur, œuvre, smörgåsbord.',
    '東京湾の灯台は、海の中の小さな山に立つ。한국어 텍스트',
    '<p class="note">Brakes <em>squeal</em> when the pads are dirty &amp; wet.</p> ~100 %_of^them',
    'A literal [SEP] or [MASK] in the text is what the tokenizer makes of it.',
    'A marker such as [unused1] or [D] in the text counts as the marker itself.',
    'tab\there\u0000nul\u200bzero\u00a0nbsp\ufffd end\r\nnext   line',
    'Supercalifragilisticexpialidocious Donaudampfschiffahrtsgesellschaft ' + 'z' * 120,
    'Passengers with bicycles travel in the last carriage and buy a ticket for the bicycle as well. Trains between '
    'the two towns run every hour, and the last one leaves at half past ten. Snow lies on the pass from October until '
    'May and the road is closed in that time. The bridge over the river was built of stone.',
    'water',
    'e\u0301cole Å İstanbul ﬁne ½ x² שלום العربية Ωμέγα',
]

# Short lists for checkpoints whose rules another one covers, or whose vectors are wide.
FEW_QUERIES = [QUERIES[i] for i in (0, 3, 6, 7, 10)]
FEW_DOCUMENTS = [DOCUMENTS[i] for i in (0, 3, 5, 7, 8, 9, 13)]
