"""What the tasks share: the words of a text, redaction, and the sentence that names the reasons."""

import functools
import re
from collections.abc import Callable

REDACTED = "[REDACTED]"


@functools.cache
def bare(token: str) -> str:
    """A blank-separated word as the rules see it: lower case, without punctuation."""
    return token if token.startswith(REDACTED) else token.strip(".,:;?!").lower()


def bare_words(text: str) -> list[str]:
    return [bare(token) for token in text.split()]


def replace_word(token: str, word: str) -> str:
    """The token with another word in it; its capital letter and its punctuation stay."""
    core = token.strip(".,:;?!")
    new = word.capitalize() if core[:1].isupper() and word.isalpha() else word
    return token.replace(core, new)


def replace_words(text: str, new: dict[str, str]) -> str:
    return " ".join(replace_word(token, new[bare(token)]) if bare(token) in new else token for token in text.split())


def redact(text: str, hidden: list[str]) -> str:
    lowered = {word.lower() for word in hidden}
    return re.sub(r"[A-Za-z]+", lambda match: REDACTED if match[0].lower() in lowered else match[0], text)


def insert_word(text: str, position: int, word: str) -> str:
    tokens = text.split()
    return " ".join(tokens[:position] + [word] + tokens[position:])


def listed(harmless: list[tuple[int, str]], cues: list[tuple[int, str]], label_with: Callable[[int, str], str]) -> str:
    """Insertions as a column: POSITION:WORD:KIND, KIND being "harmless" or the label of the edited text."""
    found = [f"{position}:{word}:harmless" for position, word in harmless]
    return " ".join(found + [f"{position}:{word}:{label_with(position, word)}" for position, word in cues])


def edits(before: str, after: str) -> int:
    """Words changed, added or removed: the word-level Levenshtein distance."""
    a, b = before.split(), after.split()
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def because(reasons: list[str]) -> str:
    *first, last = reasons
    return f"because of {', '.join(first)} and {last}." if first else f"because of {last}."
