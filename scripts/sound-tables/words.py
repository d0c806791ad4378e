"""Counts the words that commands are made of.

usage: words.py NL2BASH_TRAIN.jsonl MORE_COMMANDS.txt TLDR.jsonl > speech/data/sound-words.txt
"""

import json
import math
import re
import sys
from collections import Counter, defaultdict

# Least often that a word occurs to be kept.
LEAST = 3


def commands():
    for line in open(sys.argv[1]):
        yield json.loads(line)["expected"]
    yield from open(sys.argv[2])
    for line in open(sys.argv[3]):
        yield json.loads(line)["template"]


def main():
    forms = defaultdict(Counter)
    for command in commands():
        # "\n" and the like are no words.
        for word in re.findall(r"[A-Za-z]+", re.sub(r"\\[a-z]", " ", command)):
            if 2 <= len(word) <= 16:
                forms[word.lower()][word] += 1
    classes = defaultdict(list)
    for seen in forms.values():
        total = sum(seen.values())
        for form, count in seen.most_common(2):
            if count >= LEAST and count * 4 >= total:
                classes[min(9, int(math.log2(count)))].append(form)
    print("# Words that commands are made of, by how often: 2^n times. Written by scripts/sound-tables/words.py from NL2Bash")
    print("# (MIT) and tldr-pages (CC BY 4.0, tldr-pages contributors): change those, not this file.")
    for level in sorted(classes, reverse=True):
        print(level, *sorted(classes[level]))


main()
