"""Cross-encoders: checkpoints saved by sentence-transformers, and the scores that it gives to pairs."""
import json
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import CrossEncoder
from transformers import AutoModelForSequenceClassification

from . import texts
from .families import Family, narrow
from .weights import Shape, dense
from .layouts import to_torch


def save(folder: Path, family: Family, scratch: Path, kind: str, layers: tuple[str, str], activation: torch.nn.Module,
         norm: str | None = None) -> None:
    """`layers`: what the family calls the hidden layer of the classifier and its output; `norm`: a norm between them."""
    width, heads, config = family.shape.hidden, {}, family.config()
    for i, (name, outputs) in enumerate(zip(layers, (width, 1))):
        bias = i == 1 or getattr(config, 'classifier_bias', True)
        for part, value in to_torch(dense(width, outputs, family.seed + 10 + i, bias)).items():
            heads[f'{name}.{part.removeprefix("linear.")}'] = value * (2 if i else 1)
    if norm:
        rng = np.random.default_rng(family.seed + 12)
        spread = {'weight': rng.uniform(0.5, 1.5, width), **({'bias': rng.standard_normal(width) * 0.3} if config.norm_bias else {})}
        heads |= {f'{norm}.{part}': torch.tensor(value, dtype=torch.float32) for part, value in spread.items()}
    family.write(scratch, AutoModelForSequenceClassification, heads)
    CrossEncoder(str(scratch), activation_fn=activation, device='cpu').save_pretrained(str(folder))
    narrow(folder, kind)


RECIPES = {
    'reranker-bert': lambda to, scratch: save(
        to, Family('bert', Shape(560, hidden=32, heads=2), 161, {'num_labels': 1}), scratch, 'F32',
        ('bert.pooler.dense', 'classifier'), torch.nn.Identity()),
    'reranker-xlm-roberta': lambda to, scratch: save(
        to, Family('xlm-roberta', Shape(560, hidden=32, heads=4, epsilon=1e-5), 171, {'num_labels': 1}), scratch, 'F16',
        ('classifier.dense', 'classifier.out_proj'), torch.nn.Sigmoid()),
    'reranker-distilbert': lambda to, scratch: save(
        to, Family('distilbert', Shape(560, hidden=32, heads=2), 181, {'num_labels': 1}), scratch, 'F16',
        ('pre_classifier', 'classifier'), torch.nn.Sigmoid()),
    'reranker-modernbert': lambda to, scratch: save(
        to, Family('modernbert', Shape(560, hidden=32, heads=2, layers=3, intermediate=48, epsilon=1e-5), 191,
                   {'num_labels': 1, 'local_attention': 8, 'classifier_pooling': 'mean'}), scratch, 'F32',
        ('head.dense', 'classifier'), torch.nn.Identity(), norm='head.norm'),
    'reranker-modernbert-biases': lambda to, scratch: save(
        to, Family('modernbert', Shape(560, hidden=32, heads=2, intermediate=48, epsilon=1e-2), 201, {
            'num_labels': 1, 'local_attention': 8, 'classifier_pooling': 'cls', 'classifier_bias': True, 'norm_bias': True,
            'attention_bias': True, 'mlp_bias': True}), scratch, 'F16',
        ('head.dense', 'classifier'), torch.nn.Sigmoid(), norm='head.norm'),
}


def write_golden(target: Path, plain: Path) -> str:
    """`golden.json`: pairs with ids, types and score. Returns the range of the scores."""
    model = CrossEncoder(str(plain), device='cpu', local_files_only=True)
    lines, scores = [], []
    for query in texts.FEW_QUERIES:
        for document in texts.FEW_DOCUMENTS:
            features = model.preprocess([(query, document)])
            ids = features['input_ids'][0].tolist()
            kinds = features['token_type_ids'][0].tolist() if 'token_type_ids' in features else [0] * len(ids)
            score = float(model.predict([(query, document)])[0])
            scores.append(score)
            lines.append(json.dumps({'query': query, 'document': document, 'ids': ids, 'types': kinds, 'score': score},
                                    ensure_ascii=False))
    files = sorted(path.relative_to(target / 'model').as_posix() for path in (target / 'model').rglob('*') if path.is_file())
    (target / 'golden.json').write_text(
        json.dumps({'reference': 'sentence-transformers', 'files': files})[:-1] + ',\n"pairs": [\n' + ',\n'.join(lines) + '\n]}\n',
        encoding='utf-8')
    return f'scores from {min(scores):.3f} to {max(scores):.3f}'
