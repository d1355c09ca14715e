"""Stage 1: what is trained on and what is held out.

`python data.py --pairs FOLDER --work WORK` writes `train.json` {queries, passages, positives}, and two held-out sets of
{queries, passages, gold}: `heldout.json` (the pairs' own queries) and `heldout-sentences.json` (a sentence taken out of
a passage, to be found by what is left of it: closer to claims and questions of people than headings are).
"""
import argparse
import gzip
import hashlib
import json
import random
import re
from pathlib import Path

PAIRS = {'pairs-00': 13_000, 'pairs-01': 5_000, 'pairs-02': 4_000, 'keywords-00': 4_000}
SENTENCES = {'passages-00': 2_000, 'keywords-01': 2_000}
HELD_OUT_QUERIES, HELD_OUT_PASSAGES = 500, 4_000
HELD_OUT_SENTENCES, HELD_OUT_SENTENCE_PASSAGES = 300, 2_000
MEDICAL = 'abachaa/MedQuAD'  # a few dozen question templates: thinned, so that they are not half of all questions


def number(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)


def read(folder: Path, name: str):
    for file in sorted(folder.glob(f'{name}*.jsonl.gz')):
        with gzip.open(file, 'rt', encoding='utf-8') as lines:
            yield from map(json.loads, lines)


def held_out(passage: str) -> bool:
    """Every twentieth passage, by hash: no query of it is trained on, wherever it stands."""
    return hashlib.sha256(passage.encode()).digest()[0] % 20 == 0


def take_sentence(passage: str) -> tuple[str, str] | None:
    """One sentence of 8 to 35 words, chosen by hash, and the passage without it; None where too little would be left."""
    sentences = re.split(r'(?<=[.!?])\s+(?=[A-Z])', passage)
    fitting = [i for i, sentence in enumerate(sentences) if 8 <= len(sentence.split()) <= 35]
    if len(sentences) < 4 or not fitting:
        return None
    chosen = fitting[number(passage) % len(fitting)]
    return sentences[chosen], ' '.join(sentences[:chosen] + sentences[chosen + 1:])


def sample_pairs(folder: Path) -> tuple[list, list]:
    train, held = [], []
    for name, count in PAIRS.items():
        kept = []
        for row in read(folder, name):
            if row['src'] == MEDICAL and number(row['q']) % 4:
                continue
            pair = row['q'], row['p']
            if held_out(row['p']):
                held.append(pair)
            elif len(kept) < count:
                kept.append(pair)
        train += kept
    rng = random.Random(1)
    rng.shuffle(train)
    rng.shuffle(held)
    return train, held


def sample_sentences(folder: Path, used: set[str]) -> list[tuple[str, str]]:
    found = []
    for name, count in SENTENCES.items():
        passages = (row['p'] for row in read(folder, name) if row['p'] not in used and not held_out(row['p']))
        cut = (pair for pair in map(take_sentence, passages) if pair)
        found += [pair for pair, _ in zip(cut, range(count))]
    return found


def write_held_out(path: Path, pairs: list, passages: list[str]) -> None:
    index = {passage: i for i, passage in enumerate(passages)}
    kept = [(query, index[passage]) for query, passage in pairs if passage in index]
    path.write_text(json.dumps({'queries': [query for query, _ in kept], 'passages': passages,
                                'gold': [gold for _, gold in kept]}), encoding='utf-8')
    print(f'{path.name}: {len(kept)} queries, {len(passages)} passages')


def main(pairs: Path, work: Path) -> None:
    work.mkdir(parents=True, exist_ok=True)
    train, held = sample_pairs(pairs)
    train += sample_sentences(pairs, {passage for _, passage in train})
    passages = list(dict.fromkeys(passage for _, passage in train))
    index = {passage: i for i, passage in enumerate(passages)}
    (work / 'train.json').write_text(json.dumps({
        'queries': [query for query, _ in train], 'passages': passages,
        'positives': [index[passage] for _, passage in train]}), encoding='utf-8')
    print(f'train.json: {len(train)} queries, {len(passages)} passages')

    distinct = list(dict.fromkeys(passage for _, passage in held))
    searched, others = distinct[:HELD_OUT_PASSAGES], distinct[HELD_OUT_PASSAGES:]
    write_held_out(work / 'heldout.json', held[:HELD_OUT_QUERIES], searched)
    cut = [pair for pair in map(take_sentence, others) if pair][:HELD_OUT_SENTENCES]
    rest = searched[:HELD_OUT_SENTENCE_PASSAGES - len(cut)]
    write_held_out(work / 'heldout-sentences.json', cut, [passage for _, passage in cut] + rest)


if __name__ == '__main__':
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument('--pairs', type=Path, required=True)
    options.add_argument('--work', type=Path, required=True)
    main(**vars(options.parse_args()))
