"""Which split an item belongs to. It follows from the item's text alone, so nothing is stored and no text is in two splits."""

import hashlib

SPLITS = ("train", "validation", "test")


def split_of(text: str) -> str:
    bucket = int(hashlib.sha256(text.lower().encode()).hexdigest(), 16) % 100
    return "train" if bucket < 80 else "validation" if bucket < 90 else "test"
