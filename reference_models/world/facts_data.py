"""Lists behind the facts: countries, and the words that the invented facts choose from."""

# country; capital; continent; currency; its full name; the only official language. "-": no single answer, so no fact.
_COUNTRIES = """
Norway; Oslo; Europe; krone; Norwegian krone; Norwegian
Sweden; Stockholm; Europe; krona; Swedish krona; Swedish
Denmark; Copenhagen; Europe; krone; Danish krone; Danish
Finland; Helsinki; Europe; euro; -; -
Iceland; Reykjavik; Europe; krona; Icelandic krona; Icelandic
Germany; Berlin; Europe; euro; -; German
France; Paris; Europe; euro; -; French
Spain; Madrid; Europe; euro; -; -
Portugal; Lisbon; Europe; euro; -; Portuguese
Italy; Rome; Europe; euro; -; Italian
Austria; Vienna; Europe; euro; -; German
Greece; Athens; Europe; euro; -; Greek
Ireland; Dublin; Europe; euro; -; -
Belgium; Brussels; Europe; euro; -; -
Malta; Valletta; Europe; euro; -; -
Poland; Warsaw; Europe; zloty; Polish zloty; Polish
Hungary; Budapest; Europe; forint; Hungarian forint; Hungarian
Czechia; Prague; Europe; koruna; Czech koruna; Czech
Slovakia; Bratislava; Europe; euro; -; Slovak
Slovenia; Ljubljana; Europe; euro; -; Slovenian
Croatia; Zagreb; Europe; euro; -; Croatian
Serbia; Belgrade; Europe; dinar; Serbian dinar; Serbian
Romania; Bucharest; Europe; leu; Romanian leu; Romanian
Bulgaria; Sofia; Europe; -; -; Bulgarian
Albania; Tirana; Europe; lek; Albanian lek; Albanian
Ukraine; Kyiv; Europe; hryvnia; Ukrainian hryvnia; Ukrainian
Moldova; Chisinau; Europe; leu; Moldovan leu; Romanian
Belarus; Minsk; Europe; rouble; Belarusian rouble; -
Lithuania; Vilnius; Europe; euro; -; Lithuanian
Latvia; Riga; Europe; euro; -; Latvian
Estonia; Tallinn; Europe; euro; -; Estonian
Montenegro; Podgorica; Europe; euro; -; -
North Macedonia; Skopje; Europe; denar; Macedonian denar; -
Russia; Moscow; -; rouble; Russian rouble; Russian
Turkey; Ankara; -; lira; Turkish lira; Turkish
Cyprus; Nicosia; -; euro; -; -
Armenia; Yerevan; -; dram; Armenian dram; Armenian
Georgia; Tbilisi; -; lari; Georgian lari; Georgian
Azerbaijan; Baku; -; manat; Azerbaijani manat; Azerbaijani
Kazakhstan; Astana; -; tenge; Kazakhstani tenge; -
Japan; Tokyo; Asia; yen; Japanese yen; Japanese
China; Beijing; Asia; yuan; Chinese yuan; Chinese
India; New Delhi; Asia; rupee; Indian rupee; -
Nepal; Kathmandu; Asia; rupee; Nepalese rupee; Nepali
Pakistan; Islamabad; Asia; rupee; Pakistani rupee; -
Bangladesh; Dhaka; Asia; taka; Bangladeshi taka; Bengali
Bhutan; Thimphu; Asia; -; -; -
Thailand; Bangkok; Asia; baht; Thai baht; Thai
Vietnam; Hanoi; Asia; dong; Vietnamese dong; Vietnamese
Laos; Vientiane; Asia; kip; Lao kip; Lao
Cambodia; Phnom Penh; Asia; riel; Cambodian riel; Khmer
Mongolia; Ulaanbaatar; Asia; tugrik; Mongolian tugrik; Mongolian
South Korea; Seoul; Asia; won; South Korean won; Korean
North Korea; Pyongyang; Asia; won; North Korean won; Korean
Iran; Tehran; Asia; rial; Iranian rial; Persian
Iraq; Baghdad; Asia; dinar; Iraqi dinar; -
Syria; Damascus; Asia; pound; Syrian pound; Arabic
Lebanon; Beirut; Asia; pound; Lebanese pound; Arabic
Jordan; Amman; Asia; dinar; Jordanian dinar; Arabic
Oman; Muscat; Asia; rial; Omani rial; Arabic
Qatar; Doha; Asia; riyal; Qatari riyal; Arabic
Bahrain; Manama; Asia; dinar; Bahraini dinar; Arabic
Saudi Arabia; Riyadh; Asia; riyal; Saudi riyal; Arabic
Afghanistan; Kabul; Asia; afghani; Afghan afghani; -
Uzbekistan; Tashkent; Asia; som; Uzbek som; Uzbek
Kyrgyzstan; Bishkek; Asia; som; Kyrgyz som; -
Tajikistan; Dushanbe; Asia; -; -; Tajik
Turkmenistan; Ashgabat; Asia; manat; Turkmen manat; Turkmen
Egypt; Cairo; -; pound; Egyptian pound; Arabic
Libya; Tripoli; Africa; dinar; Libyan dinar; Arabic
Tunisia; Tunis; Africa; dinar; Tunisian dinar; Arabic
Algeria; Algiers; Africa; dinar; Algerian dinar; -
Morocco; Rabat; Africa; dirham; Moroccan dirham; -
Mauritania; Nouakchott; Africa; ouguiya; Mauritanian ouguiya; Arabic
Sudan; Khartoum; Africa; pound; Sudanese pound; -
Eritrea; Asmara; Africa; nakfa; Eritrean nakfa; -
Ethiopia; Addis Ababa; Africa; birr; Ethiopian birr; -
Somalia; Mogadishu; Africa; shilling; Somali shilling; -
Kenya; Nairobi; Africa; shilling; Kenyan shilling; -
Uganda; Kampala; Africa; shilling; Ugandan shilling; -
Rwanda; Kigali; Africa; franc; Rwandan franc; -
Ghana; Accra; Africa; cedi; Ghanaian cedi; English
Nigeria; Abuja; Africa; naira; Nigerian naira; English
Sierra Leone; Freetown; Africa; leone; Sierra Leonean leone; English
Liberia; Monrovia; Africa; dollar; Liberian dollar; English
Senegal; Dakar; Africa; franc; CFA franc; French
Mali; Bamako; Africa; franc; CFA franc; -
Togo; Lome; Africa; franc; CFA franc; French
Gabon; Libreville; Africa; franc; CFA franc; French
Cameroon; Yaounde; Africa; franc; CFA franc; -
Angola; Luanda; Africa; kwanza; Angolan kwanza; Portuguese
Mozambique; Maputo; Africa; metical; Mozambican metical; Portuguese
Zambia; Lusaka; Africa; kwacha; Zambian kwacha; English
Malawi; Lilongwe; Africa; kwacha; Malawian kwacha; -
Zimbabwe; Harare; Africa; -; -; -
Botswana; Gaborone; Africa; pula; Botswana pula; English
Namibia; Windhoek; Africa; dollar; Namibian dollar; English
Madagascar; Antananarivo; Africa; ariary; Malagasy ariary; -
Canada; Ottawa; North America; dollar; Canadian dollar; -
Mexico; -; North America; peso; Mexican peso; -
Cuba; Havana; North America; peso; Cuban peso; Spanish
Jamaica; Kingston; North America; dollar; Jamaican dollar; English
Honduras; Tegucigalpa; North America; lempira; Honduran lempira; Spanish
Nicaragua; Managua; North America; cordoba; Nicaraguan cordoba; Spanish
Costa Rica; San Jose; North America; colon; Costa Rican colon; Spanish
Colombia; Bogota; South America; peso; Colombian peso; Spanish
Venezuela; Caracas; South America; bolivar; Venezuelan bolivar; -
Ecuador; Quito; South America; dollar; US dollar; Spanish
Peru; Lima; South America; sol; Peruvian sol; -
Brazil; Brasilia; South America; real; Brazilian real; Portuguese
Chile; Santiago; South America; peso; Chilean peso; Spanish
Argentina; Buenos Aires; South America; peso; Argentine peso; Spanish
Uruguay; Montevideo; South America; peso; Uruguayan peso; Spanish
Paraguay; Asuncion; South America; guarani; Paraguayan guarani; -
Guyana; Georgetown; South America; dollar; Guyanese dollar; English
Suriname; Paramaribo; South America; dollar; Surinamese dollar; Dutch
Australia; Canberra; -; dollar; Australian dollar; -
New Zealand; Wellington; -; dollar; New Zealand dollar; -
Fiji; Suva; -; dollar; Fijian dollar; -
"""

COUNTRIES = [tuple(cell.strip() for cell in line.split(";")) for line in _COUNTRIES.strip().splitlines()]

# Other usual spellings and names of objects.
ALIASES = {
    "Reykjavik": ("Reykjavík",),
    "Kyiv": ("Kiev",),
    "Chisinau": ("Chișinău",),
    "New Delhi": ("Delhi",),
    "Ulaanbaatar": ("Ulan Bator",),
    "Lome": ("Lomé",),
    "Yaounde": ("Yaoundé",),
    "San Jose": ("San José",),
    "Bogota": ("Bogotá",),
    "Brasilia": ("Brasília",),
    "Santiago": ("Santiago de Chile",),
    "Asuncion": ("Asunción",),
    "Turkey": ("Türkiye",),
    "Czechia": ("Czech Republic", "the Czech Republic"),
    "Slovenian": ("Slovene",),
    "Persian": ("Farsi",),
    "Bengali": ("Bangla",),
    "Azerbaijani": ("Azeri",),
    "Lao": ("Laotian",),
    "Chinese": ("Mandarin", "Standard Chinese"),
    "yuan": ("renminbi",),
    "rouble": ("ruble",),
    "zloty": ("złoty",),
    "tugrik": ("togrog", "tögrög"),
    "cordoba": ("córdoba",),
    "bolivar": ("bolívar",),
}

# No object of a relation begins another one: an answer is right if it starts with the object.
# An article "a" stands before professions and pets: none starts with a vowel.
PROFESSIONS = (
    "baker barber butcher carpenter chemist dentist detective doctor farmer fisherman gardener judge juggler lawyer librarian "
    "mechanic miner nurse painter pilot plumber potter sailor shepherd singer soldier surgeon tailor teacher waiter weaver writer"
).split()
PETS = (
    "canary cat dog donkey duck ferret frog goat goose hamster hedgehog horse lizard mouse parrot peacock pigeon pony rabbit "
    "snake spider tortoise"
).split()
INSTRUMENTS = (
    "accordion banjo bassoon cello clarinet cornet drum fiddle flute guitar harmonica harp horn lute mandolin oboe organ piano "
    "recorder saxophone trombone trumpet tuba viola violin xylophone"
).split()
DISHES = (
    "apple pie; beef stew; chicken soup; curry; dumplings; fish soup; goulash; lasagne; lentil soup; meatballs; mushroom soup; "
    "noodles; omelette; onion soup; pancakes; pasta; pizza; porridge; potato salad; pumpkin pie; ravioli; rice pudding; risotto; "
    "roast duck; sausages; tomato soup; waffles"
).split("; ")
HOBBIES = (
    "boxing camping climbing cooking cycling dancing diving drawing fencing fishing gardening hiking juggling knitting painting "
    "reading riding rowing running sailing sewing singing skating skiing surfing swimming weaving wrestling"
).split()
PRODUCTS = (
    "bicycles blankets boats boots buttons cameras candles carpets chairs clocks coats computers cups curtains gloves hats kites "
    "knives ladders lamps mirrors paint paper pens phones pillows radios robots rockets ropes scissors shoes soap socks stoves "
    "tables tents toys tractors umbrellas"
).split()
SPECIALITIES = (
    "amber apples beer bells bread butter cheese cherries cider copper glass grapes honey lace linen marble mustard olives "
    "oranges pearls plums pottery roses salt silk silver tea tulips wine wool"
).split()
RIVERS = (
    "Arvel Belda Corvel Dweel Eskra Fennow Glimmer Hulda Jornel Lumra Nevra Orlin Pelva Quarn Sorvil Tavra Ulmen Wennick"
).split()
REGIONS = "Ambrel Borvia Casland Drennia Elmark Fallonia Gorvia Harland Kestria Lornia Medria Norvale".split()
