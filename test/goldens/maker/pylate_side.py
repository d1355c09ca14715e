"""The half that needs PyLate, whose pins keep it in an environment of its own.

    python pylate_side.py build RECIPE.json     base folder → a checkpoint saved by PyLate
    python pylate_side.py encode JOB.json       checkpoints and texts → token vectors, ids and kept rows

Run by make.py; imports nothing of the other half.
"""
import json
import sys

import numpy as np
import torch

torch.set_num_threads(1)


def build(recipe: dict) -> None:
    """Adds projections, markers and rules to a plain BERT and saves it. Weights come in as one .npz."""
    from pylate import models
    from sentence_transformers.models import Transformer

    torch.manual_seed(0)  # the pooler, which the base lacks and nothing uses, is drawn on loading
    given = np.load(recipe['weights'])
    modules: list[torch.nn.Module] = [Transformer(recipe['base'])]
    for i, head in enumerate(recipe['heads']):
        dense = models.Dense(head['inputs'], head['outputs'], bias=head['bias'], use_residual=head['residual'],
                             activation_function=getattr(torch.nn, head['activation'])())
        prefix = f'{i}/'
        dense.load_state_dict({name.removeprefix(prefix): torch.from_numpy(given[name])
                               for name in given.files if name.startswith(prefix)})
        modules.append(dense)
    model = models.ColBERT(modules=modules, device='cpu', **recipe['rules'])
    words = model[0].auto_model.embeddings.word_embeddings.weight
    fresh = torch.from_numpy(given['markers'])
    with torch.no_grad():
        words[len(words) - len(fresh):] = fresh
    model.save(recipe['target'], create_model_card=False)


def encode(job: dict) -> None:
    from pylate import models

    for entry in job['checkpoints']:
        model = models.ColBERT(entry['folder'], device='cpu')
        out = {}
        for role, texts in (('query', entry['queries']), ('document', entry['documents'])):
            for i, text in enumerate(texts):
                found = model.encode([text], is_query=role == 'query', output_value=None, show_progress_bar=False)
                kept = found['masks'][0].astype(bool)
                out[f'{role}/{i}/ids'] = found['input_ids'][0]
                out[f'{role}/{i}/kept'] = np.nonzero(kept)[0]
                out[f'{role}/{i}/vectors'] = found['token_embeddings'][0][kept]
        np.savez(entry['out'], **out)


if __name__ == '__main__':
    with open(sys.argv[2], encoding='utf-8') as file:
        {'build': build, 'encode': encode}[sys.argv[1]](json.load(file))
