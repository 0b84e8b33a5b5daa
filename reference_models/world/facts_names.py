"""Names of the invented people, firms and towns, and the seeded choice that everything invented is made with."""

import hashlib

# A name is one start and one end; few parts, so that a small vocabulary spells a name in two or three tokens.
_PERSON_STARTS = (
    "Asti Adra Ando Arvi Balt Beni Bori Bran Cala Cori Dami Davo Dela Dori Edri Elvi Emra Faro Feli Fini Gale Gari Hano Heli "
    "Hori Ilva Irmi Jano Jori Kali Kase Kori Lavi Leno Lori Mali Mavo Meri Miro Nali Nero Nila Odri Olvi Orla Pali Pero Rami "
    "Reno Rosa Sali Savo Seli Sori Tali Tavi Tero Uldi Vali Vero Vila Yori Zali Zeno"
).split()
_PERSON_ENDS = "bell dan den dra lind lo mar mond na net nor ra rick ron sen ta ven vin".split()
_FIRM_STARTS = (
    "Bant Brel Dolv Drax Fent Gald Grun Holm Jund Kelv Lank Morv Nelk Pold Quar Rend Sark Tolv Vand Wesk Yelt Zand"
).split()
_FIRM_ENDS = "aco amar ax edo ela elon ero ico ima obo ora ovo umo uro".split()
_TOWN_STARTS = (
    "Alk Bor Bran Dun Elm Fal Gor Hal Ingel Kel Lan Mar Nor Oster Pel Quen Ros Sel Tarn Ul Var Wen Yar Zell"
).split()
_TOWN_ENDS = "beck bury by dale feld gate haven holm mere mont stad stow wick".split()


def seeded_number(*key: str) -> int:
    """A number that depends on nothing but the key: the same in every version of Python."""
    return int.from_bytes(hashlib.sha256("|".join(key).encode()).digest()[:8], "big")


def pick(options, *key: str):
    return options[seeded_number(*key) % len(options)]


def _names(kind: str, count: int, starts: list[str], ends: list[str]) -> list[str]:
    """The starts take turns, so that as few names as possible begin alike."""
    rounds = [sorted(starts, key=lambda start: seeded_number(kind, start, str(turn))) for turn in range(count // len(starts) + 1)]
    names: list[str] = []
    for turn, start in [(turn, start) for turn, order in enumerate(rounds) for start in order][:count]:
        free = [start + end for end in ends if start + end not in names]
        names.append(pick(free, kind, start, str(turn)))
    return names


def people(count: int) -> list[str]:
    return _names("person", count, _PERSON_STARTS, _PERSON_ENDS)


def firms(count: int) -> list[str]:
    return _names("firm", count, _FIRM_STARTS, _FIRM_ENDS)


def towns(count: int) -> list[str]:
    return _names("town", count, _TOWN_STARTS, _TOWN_ENDS)
