"""Quality on the held-out pairs, the only numbers that choose between runs; the project's test collections never do.

    python evaluate.py --work WORK --baselines                      BM25, MiniLM, the teachers' score by weight
    python evaluate.py --work WORK --weights FILE.pt [--int8]       a model; --folder: its config and tokenizer

Every held-out passage is searched; a query's one relevant passage is its own. Prints JSON.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import normalize

from colbert import ColBERT, base_folder, maxsim
from export import quantize
from teachers import BM25, embed_kept, min_max

SETS = ('heldout', 'heldout-sentences')
SHARES = (0.3, 0.5, 0.7)


def measures(scores: np.ndarray, gold: np.ndarray) -> dict[str, float]:
    """One relevant passage a query. Ties count against us."""
    rank = (scores >= np.take_along_axis(scores, gold[:, None], 1)).sum(1)
    found = rank <= 10
    values = {'ndcg@10': found / np.log2(rank + 1), 'mrr@10': found / rank, 'success@1': rank == 1}
    return {name: round(float(value.mean()), 4) for name, value in values.items()}


@torch.no_grad()
def late_interaction(model: ColBERT, sets: dict[str, dict], length: int, project: bool = True) -> dict[str, np.ndarray]:
    """Scores (queries, passages) of each set; a passage that is in several is encoded once."""
    def vectors(texts: list[str], query: bool):
        tokens = model.tokenize(texts, query, None if query else length)
        states = model(tokens) if project else normalize(model.hidden(tokens), dim=-1)
        return states, tokens['mask'].bool() if query else model.scored(tokens)

    asked = {name: [vectors(one['queries'][at:at + 32], True) for at in range(0, len(one['queries']), 32)]
             for name, one in sets.items()}
    places = {name: {text: place for place, text in enumerate(one['passages'])} for name, one in sets.items()}
    scores = {name: np.zeros((len(one['queries']), len(one['passages'])), np.float32) for name, one in sets.items()}
    texts = sorted({text for one in sets.values() for text in one['passages']}, key=lambda text: (len(text), text))
    for at in range(0, len(texts), 32):
        group = texts[at:at + 32]
        states, kept = vectors(group, False)
        for name in sets:
            here = [i for i, text in enumerate(group) if text in places[name]]
            if here:
                columns = torch.cat([maxsim(q, rows, states[here], kept[here]) for q, rows in asked[name]])
                scores[name][:, [places[name][group[i]] for i in here]] = columns.numpy()
    return scores


def read_sets(work: Path, passages: int | None = None) -> dict[str, dict]:
    """`passages`: no more than so many a set. The relevant ones come first in each set, so that none is lost."""
    sets = {}
    for name in SETS:
        one = json.loads((work / f'{name}.json').read_text(encoding='utf-8'))
        least = max(one['gold']) + 1
        sets[name] = one | {'passages': one['passages'][:max(passages or len(one['passages']), least)]}
    return sets


def evaluate(model: ColBERT, sets: dict[str, dict], length: int = 256, project: bool = True) -> dict[str, dict[str, float]]:
    scores = late_interaction(model, sets, length, project)
    return {name: measures(scores[name], np.array(one['gold'])) for name, one in sets.items()}


def baselines(work: Path, sets: dict[str, dict], length: int) -> dict[str, dict]:
    results: dict[str, dict] = {}
    for name, one in sets.items():
        gold = np.array(one['gold'])
        lexical = BM25(one['passages']).score(one['queries'])
        cosine = embed_kept(work, one['queries']).astype(np.float32) @ embed_kept(work, one['passages']).astype(np.float32).T
        scores = {'BM25': lexical, 'MiniLM, one vector': cosine}
        for share in SHARES:
            scores[f'teachers: {share} cosine + {round(1 - share, 1)} BM25'] = (
                share * min_max(torch.from_numpy(cosine)) + (1 - share) * min_max(torch.from_numpy(lexical))).numpy()
        for label, found in scores.items():
            results.setdefault(label, {})[name] = measures(found, gold)
    results['MiniLM, token vectors of 384, MaxSim'] = evaluate(ColBERT(base_folder()), sets, length, project=False)
    return results


@torch.no_grad()
def to_int8_and_back(model: ColBERT) -> None:
    """The weights that the exported checkpoint has."""
    for name, weight in [*model.trunk.named_parameters(), ('linear', model.projection.weight)]:
        if weight.dim() > 1 and 'token_type' not in name:
            codes, scale = quantize(weight)
            weight.copy_(codes.float() * scale[:, None])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('--work', type=Path, required=True)
    options.add_argument('--baselines', action='store_true')
    options.add_argument('--weights', type=Path, nargs='+', help='of several the average')
    options.add_argument('--folder', type=Path, default=base_folder())
    options.add_argument('--int8', action='store_true')
    options.add_argument('--passages', type=int)
    options.add_argument('--length', type=int, default=256)
    given = options.parse_args()
    sets = read_sets(given.work, given.passages)
    if given.baselines:
        print(json.dumps(baselines(given.work, sets, given.length), indent=2))
    if given.weights:
        model = ColBERT(given.folder, weights=given.weights)
        if given.int8:
            to_int8_and_back(model)
        print(json.dumps(evaluate(model, sets, given.length)))


if __name__ == '__main__':
    main()
