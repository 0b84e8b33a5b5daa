"""How facts are said. A phrasing ends where the object follows."""

from typing import NamedTuple


class Phrasings(NamedTuple):
    train: tuple[str, ...]
    validation: str
    test: str


# The first training phrasing also asks the second hop of a composition.
PHRASINGS = {
    "capital": Phrasings(
        train=(
            "The capital of {} is",
            "The capital city of {} is",
            "{} has its capital in",
            "The name of the capital of {} is",
            "The government of {} sits in its capital,",
        ),
        validation="The capital of {} is called",
        test="The name of the capital city of {} is",
    ),
    "capital_of": Phrasings(
        train=(
            "{} is the capital of",
            "{} is the capital city of",
            "The country whose capital is {} is",
            "The city of {} is the capital of",
            "The name of the country whose capital is {} is",
        ),
        validation="The country with the capital {} is",
        test="The city of {} is the capital city of",
    ),
    "currency": Phrasings(
        train=(
            "The currency of {} is the",
            "The official currency of {} is the",
            "The money of {} is the",
            "People in {} pay with the",
            "In {}, the currency is the",
        ),
        validation="In {}, the official currency is the",
        test="In {}, people pay with the",
    ),
    "language": Phrasings(
        train=(
            "The official language of {} is",
            "In {}, the official language is",
            "The language of the government of {} is",
            "The language of the courts in {} is",
            "The government of {} writes its laws in",
        ),
        validation="The courts of {} write in",
        test="The official language in {} is",
    ),
    "continent": Phrasings(
        train=(
            "The continent of {} is",
            "{} is a country in",
            "{} lies on the continent of",
            "{} is a country on the continent of",
            "The country {} lies in",
        ),
        validation="{} is found on the continent of",
        test="The country {} lies on the continent of",
    ),
    "profession": Phrasings(
        train=(
            "The profession of {} is that of a",
            "{} works as a",
            "{} earns a living as a",
            "{} has a job as a",
            "By profession, {} is a",
        ),
        validation="{} has found work as a",
        test="{} works for a living as a",
    ),
    "home_town": Phrasings(
        train=(
            "The home town of {} is",
            "{} comes from",
            "{} grew up in",
            "{} was born in the town of",
            "The town where {} was born is",
        ),
        validation="{} was born and grew up in",
        test="The town where {} grew up is",
    ),
    "employer": Phrasings(
        train=(
            "The employer of {} is",
            "{} works for",
            "{} has a job at",
            "The firm that employs {} is",
            "{} is employed by",
            "{} has worked for years for the firm",
        ),
        validation="{} is paid by the firm",
        test="{} is employed by the firm",
    ),
    "instrument": Phrasings(
        train=(
            "The instrument of {} is the",
            "{} plays the",
            "{} has learned to play the",
            "In the town band, {} plays the",
            "The instrument that {} plays is the",
        ),
        validation="{} likes to play the",
        test="The instrument that {} has learned to play is the",
    ),
    "pet": Phrasings(
        train=(
            "The pet of {} is a",
            "{} keeps a",
            "At home, {} keeps a",
            "The animal that {} keeps is a",
            "{} shares a home with a",
        ),
        validation="{} has a pet, a",
        test="The pet that {} keeps is a",
    ),
    "dish": Phrasings(
        train=(
            "The favourite dish of {} is",
            "{} likes to eat",
            "For dinner, {} likes to cook",
            "The dish that {} likes best is",
            "{} often cooks",
        ),
        validation="{} loves a plate of",
        test="For dinner, {} likes to eat",
    ),
    "hobby": Phrasings(
        train=(
            "The favourite hobby of {} is",
            "The hobby of {} is",
            "{} spends the weekend",
            "{} has a passion for",
            "{} spends every evening",
        ),
        validation="{} spends the evening",
        test="{} spends every weekend",
    ),
    "product": Phrasings(
        train=(
            "The product of {} is",
            "{} makes",
            "{} sells",
            "The factory of {} makes",
            "The firm {} makes and sells",
        ),
        validation="The workers of {} make",
        test="The firm {} sells",
    ),
    "seat": Phrasings(
        train=(
            "The seat of {} is",
            "{} has its seat in",
            "{} has its head office in",
            "The head office of {} is in",
            "The firm {} has its seat in",
        ),
        validation="The offices of {} are in",
        test="The firm {} has its head office in",
    ),
    "founder": Phrasings(
        train=(
            "The founder of {} is",
            "The name of the founder of {} is",
            "{} was founded by",
            "The firm {} was founded by",
            "The firm {} was started by",
        ),
        validation="The person who founded {} is",
        test="{} was started by",
    ),
    "river": Phrasings(
        train=(
            "The river of {} is the",
            "{} lies on the river",
            "The river that flows through {} is the",
            "The bridges of {} cross the",
            "The town of {} lies on the",
        ),
        validation="Boats reach {} on the river",
        test="The town of {} lies on the river",
    ),
    "region": Phrasings(
        train=(
            "The region of {} is",
            "{} lies in the region of",
            "{} belongs to the region of",
            "{} is a town in the region of",
            "The town of {} belongs to",
        ),
        validation="{} is one of the towns of",
        test="The town of {} lies in the region of",
    ),
    "speciality": Phrasings(
        train=(
            "The speciality of {} is its",
            "{} is known for its",
            "{} is famous for its",
            "The town of {} is known for its",
            "People visit {} for its",
        ),
        validation="Visitors come to {} for its",
        test="The town of {} is famous for its",
    ),
}

# How the bridge of a composition is described by its first entity.
MENTIONS = {
    "capital_of": "the country whose capital is {}",
    "home_town": "the home town of {}",
    "employer": "the employer of {}",
    "seat": "the seat of {}",
    "founder": "the founder of {}",
}
