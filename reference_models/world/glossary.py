"""What the words mean, as pairs: a word and what it is, has, or goes with."""

import functools

from world.lexicon import CAPITALS, CATEGORIES, CUES, OPPOSITES, ORDERED_NUMBERS, PROPERTIES, plural
from world.nli import TREES


@functools.cache
def groups() -> tuple[list[tuple[str, str]], ...]:
    topics = [(word, cue.topic) for word, cue in CUES.items()]
    parents = [(word, parent) for tree in TREES.values() for word, parent in tree.items() if parent]
    parents += [(plural(word), plural(parent)) for word, parent in TREES["kind"].items() if parent]
    members = [(member, category) for category, members in CATEGORIES.items() for member in members]
    things = [(thing, value) for values in PROPERTIES.values() for value, things in values.items() for thing in things]
    both_ways = [pair for a, b in (*CAPITALS.items(), *OPPOSITES.items()) for pair in ((a, b), (b, a))]
    following = [*zip(ORDERED_NUMBERS, ORDERED_NUMBERS[1:])]
    return topics, parents, members, things, both_ways, following
