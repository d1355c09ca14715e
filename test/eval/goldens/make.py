"""Makes `metrics.jsonl`: judgements and runs of our own invention, and what pytrec_eval says of them.

    python3 -m venv trec && trec/bin/pip install pytrec-eval-terrier==0.5.11
    trec/bin/python test/eval/goldens/make.py

MRR@10 is `recip_rank` of the first ten: pytrec_eval has no cutoff of its own for it.
"""
import json
import random
import struct
from pathlib import Path

import pytrec_eval

MEASURES = {'ndcg_cut.10', 'recall.100', 'recip_rank', 'map', 'success.1,3,5'}
NAMES = {'ndcg_cut_10': 'ndcg@10', 'recall_100': 'recall@100', 'map': 'map', 'success_1': 'success@1',
         'success_3': 'success@3', 'success_5': 'success@5'}

# Ids whose order differs between UTF-16 units, UTF-8 bytes and numbers.
IDS = [str(i) for i in range(1, 161)] + ['d9', 'd10', 'D9', 'é', 'z', '梅雨', '\uff5e', '\U0001f30a', '\U00020000', '_', '-1']


def random_query(rng: random.Random) -> tuple[dict, dict]:
    """Grades from -1 (below, pytrec_eval crashes) to 4, some judged documents never found, scores of which many are equal."""
    documents = rng.sample(IDS, rng.choice([1, 3, 12, 60, 150]))
    found = rng.sample(documents, rng.randint(0, len(documents)))
    steps = rng.choice([1, 3, 20, 10_000])
    scores = {document: rng.randint(-steps, steps) / 7 for document in found}
    grades = {document: rng.choice([-1, 0, 0, 1, 1, 2, 4]) for document in rng.sample(documents, rng.randint(1, len(documents)))}
    return grades, scores


CHOSEN = [
    ('nothing found', {'a': 1}, {}),
    ('nothing relevant', {'a': 0, 'b': -1}, {'a': 2.0, 'b': 1.0, 'c': 0.5}),
    ('ties go to the later id', {'a': 1}, {'a': 1.0, 'b': 1.0, 'c': 1.0}),
    ('equal in f32', {'a': 1}, {'a': 1.00000001, 'b': 1.0}),
    ('different in f32', {'a': 1}, {'a': 1.0000002, 'b': 1.0}),
    ('beyond the range of f32', {'a': 1}, {'a': 1e300, 'b': 1e299}),
    ('ids beyond the basic plane', {'\uff5e': 1}, {'\uff5e': 1.0, '\U0001f30a': 1.0}),
    ('tenth', {'j': 3}, {letter: 10.0 - i for i, letter in enumerate('abcdefghij')}),
    ('eleventh', {'k': 3, 'b': 0}, {letter: 11.0 - i for i, letter in enumerate('abcdefghijk')}),
    ('more relevant than ten', {letter: 2 for letter in 'abcdefghijklmno'}, {letter: float(ord(letter)) for letter in 'nop'}),
    ('hostile', {'constructor': 2, '__proto__': 1}, {'__proto__': 2.0, 'constructor': 1.0, 'toString': 3.0}),
]


def main() -> None:
    rng = random.Random(4)
    cases = CHOSEN + [(f'random {i}', *random_query(rng)) for i in range(60)]
    judgements = {name: grades for name, grades, _ in cases}
    run = {name: scores for name, _, scores in cases}
    found = pytrec_eval.RelevanceEvaluator(judgements, MEASURES).evaluate(run)
    first = {name: dict(ranked(scores)[:10]) for name, scores in run.items()}
    ten = pytrec_eval.RelevanceEvaluator(judgements, {'recip_rank'}).evaluate(first)
    out = [{'name': name, 'grades': list(map(list, grades.items())), 'ranking': list(map(list, scores.items())),
            'measures': {ours: round(found[name][theirs], 9) for theirs, ours in NAMES.items()} | {
                'mrr@10': round(ten[name]['recip_rank'], 9)}} for name, grades, scores in cases]
    path = Path(__file__).with_name('metrics.jsonl')
    lines = (json.dumps(case, ensure_ascii=False, separators=(',', ':')) for case in out)
    path.write_text(''.join(f'{line}\n' for line in lines), encoding='utf-8')
    print(f'{len(out)} queries, {path.stat().st_size} bytes')


def ranked(scores: dict[str, float]) -> list[tuple[str, float]]:
    """By score in f32, then by the bytes of the id, both descending: what trec_eval does, needed to cut at ten."""
    def single(score: float) -> float:
        try:
            return struct.unpack('f', struct.pack('f', score))[0]
        except OverflowError:
            return float('inf')

    return sorted(scores.items(), key=lambda item: (single(item[1]), item[0].encode()), reverse=True)


if __name__ == '__main__':
    main()
