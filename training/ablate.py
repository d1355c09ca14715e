"""Short runs from the same start, one value changed in each: `python ablate.py --work WORK` (goes on where it was).

Writes results/ablations.json. Judged on the held-out sets cut to 800 passages of 128 tokens. One seed each: a
difference below about 0.01 says nothing.
"""
import argparse
import json
from dataclasses import replace
from pathlib import Path

import torch

from colbert import ColBERT, base_folder, start_projection
from evaluate import evaluate, read_sets
from train import Recipe, train

RESULTS = Path(__file__).parent / 'results'
PASSAGES = 800
BASE = Recipe(steps=24, rate=5e-5, projection_rate=5e-4, warm_up=0.1)
# What JaColBERTv2.5 does: only a query's own candidates, both sides min-max normalised, temperature 1, schedule-free.
N_WAY = replace(BASE, loss='n-way', temperature=1.0, teacher_temperature=1.0)
DIMS = (64, 96, 128)
RUNS = {
    'base': BASE,
    'n-way': N_WAY,
    'schedule-free': replace(BASE, optimizer='schedule-free'),
    'no-gold': replace(BASE, gold=0.0),
    'bm25-negatives': replace(BASE, negatives='bm25'),
    'two-ways': replace(BASE, queries=32, ways=2),
    'short-passages': replace(BASE, length=64, steps=36),
}
# Whether what shows in 24 steps (384 queries) is still there after 96 (1,536 queries) and 188 (3,008).
for steps, names in {96: ('base', 'n-way', 'schedule-free'), 188: ('base', 'n-way')}.items():
    RUNS |= {f'{name}, {steps} steps': replace(RUNS[name], steps=steps) for name in names}


def main(work: Path, only: list[str]) -> None:
    torch.set_num_threads(2)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / 'ablations.json'
    results = json.loads(path.read_text()) if path.exists() else {}
    sets = read_sets(work, PASSAGES)

    def judge(name: str, model: ColBERT) -> None:
        results[name] = evaluate(model, sets, 128)
        path.write_text(json.dumps(results, indent=2) + '\n')
        print(name, json.dumps(results[name]), flush=True)

    for name in only or RUNS:
        if name not in results:
            judge(name, ColBERT(base_folder(), weights=[train(work, f'ablation-{name}'.replace(', ', '-').replace(' ', '-'), RUNS[name])]))
    for dim in DIMS:
        if f'start, {dim} dimensions' not in results:
            model = ColBERT(base_folder(), dim)
            start_projection(model, json.loads((work / 'train.json').read_text(encoding='utf-8'))['passages'][:512])
            judge(f'start, {dim} dimensions', model)


if __name__ == '__main__':
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('--work', type=Path, required=True)
    options.add_argument('only', nargs='*')
    main(**vars(options.parse_args()))
