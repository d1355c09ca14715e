"""The forward pass once more, in plain f64 with switches for single faults.

F16 is no fault but what kernels may do: products of f16 numbers, added in f32 or better, and q, k, v kept in f16.
It shares no code with the libraries, so it is a second opinion on the goldens; and it shows how far each fault
of MUTANTS would move them.
"""
import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import torch

from .files import dequantize, read_weights
from .golden import Encoded

Tensors = dict[str, torch.Tensor]

MUTANTS = (
    'tanh GELU', 'epsilon 1e-12', 'no 1/sqrt(d)', 'key mask off', 'query-row mask on', 'position + 1', 'type 1',
    'skiplist off', 'norm before projection', 'projection residual dropped', 'projection activation dropped',
    'projection bias dropped', 'first projection only', 'attention residual dropped', 'feed-forward residual dropped',
)


@dataclass
class Model:
    config: dict
    tensors: Tensors
    heads: list[tuple[dict, Tensors]] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> 'Model':
        config = json.loads((folder / 'config.json').read_text())
        stored = {}
        for name, value in dequantize(read_weights(folder)).items():
            name = name.removeprefix('bert.').replace('LayerNorm.gamma', 'LayerNorm.weight')
            stored[name.replace('LayerNorm.beta', 'LayerNorm.bias')] = value.double()
        heads = []
        if 'linear.weight' in stored:
            heads.append(({'activation_function': 'Identity'}, stored))
        if (folder / 'modules.json').exists():
            for module in json.loads((folder / 'modules.json').read_text()):
                if module['type'].endswith('.Dense'):
                    path = folder / module['path']
                    values = {name: value.double() for name, value in dequantize(read_weights(path)).items()}
                    heads.append((json.loads((path / 'config.json').read_text()), values))
        return cls(config, stored, heads)


def layer_norm(x: torch.Tensor, t: Tensors, name: str, epsilon: float) -> torch.Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + epsilon).sqrt() * t[f'{name}.weight'] + t[f'{name}.bias']


def affine(x: torch.Tensor, t: Tensors, name: str, half: bool = False) -> torch.Tensor:
    weight = t[f'{name}.weight']
    y = (x.half().double() @ weight.half().double().T if half else x @ weight.T) + t[f'{name}.bias']
    return y.half().double() if half and '.self.' in name else y


def gelu(x: torch.Tensor) -> torch.Tensor:
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def tanh_gelu(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


F16 = 'f16 arithmetic'

ACTIVATIONS = {'Identity': lambda x: x, 'Tanh': torch.tanh, 'GELU': gelu, 'ReLU': lambda x: x.clamp_min(0)}


def forward(model: Model, ids: list[int], attention: list[int], mutant: str | None = None, watch: dict | None = None) -> torch.Tensor:
    """Normalised vectors of all rows, (len(ids), dim). `watch` collects entropies and GELU inputs."""
    t, config = model.tensors, model.config
    n, heads = len(ids), config['num_attention_heads']
    d = config['hidden_size'] // heads
    epsilon = 1e-12 if mutant == 'epsilon 1e-12' else config['layer_norm_eps']
    half = mutant == F16
    shift = 1 if mutant == 'position + 1' else 0
    hidden = t['embeddings.word_embeddings.weight'][torch.tensor(ids)]
    # The last position has no next one: it keeps its own, which only weakens the mutant.
    places = (torch.arange(n) + shift).clamp_max(config['max_position_embeddings'] - 1)
    hidden = hidden + t['embeddings.position_embeddings.weight'][places]
    hidden = hidden + t['embeddings.token_type_embeddings.weight'][1 if mutant == 'type 1' else 0]
    hidden = layer_norm(hidden, t, 'embeddings.LayerNorm', epsilon)
    keys = torch.tensor(attention).bool() if mutant != 'key mask off' else torch.ones(n, dtype=torch.bool)
    for i in range(config['num_hidden_layers']):
        name = f'encoder.layer.{i}'
        q, k, v = (affine(hidden, t, f'{name}.attention.self.{part}', half).view(n, heads, d).transpose(0, 1)
                   for part in ('query', 'key', 'value'))
        logits = q @ k.transpose(1, 2)
        if mutant != 'no 1/sqrt(d)':
            logits = logits / math.sqrt(d)
        weights = logits.masked_fill(~keys, -math.inf).softmax(-1)
        if watch is not None and n > 2:
            entropy = -(weights * weights.clamp_min(1e-30).log()).sum(-1).mean() / math.log(max(int(keys.sum()), 2))
            watch.setdefault('entropy', []).append(float(entropy))
        context = affine((weights @ v).transpose(0, 1).reshape(n, heads * d), t, f'{name}.attention.output.dense', half)
        context = context if mutant == 'attention residual dropped' else context + hidden
        hidden = layer_norm(context, t, f'{name}.attention.output.LayerNorm', epsilon)
        wide = affine(hidden, t, f'{name}.intermediate.dense', half)
        if watch is not None:
            watch['gelu'] = max(watch.get('gelu', 0.0), float(wide.abs().max()))
        wide = tanh_gelu(wide) if mutant == 'tanh GELU' else gelu(wide)
        down = affine(wide, t, f'{name}.output.dense', half)
        down = down if mutant == 'feed-forward residual dropped' else down + hidden
        hidden = layer_norm(down, t, f'{name}.output.LayerNorm', epsilon)
    return project(model, hidden, mutant)


def project(model: Model, x: torch.Tensor, mutant: str | None) -> torch.Tensor:
    unit = torch.nn.functional.normalize
    if mutant == 'norm before projection':
        x = unit(x, dim=-1)
    for i, (config, t) in enumerate(model.heads):
        if i and mutant == 'first projection only':
            break
        y = x @ t['linear.weight'].T
        if config.get('bias') and mutant != 'projection bias dropped':
            y = y + t['linear.bias']
        if mutant != 'projection activation dropped':
            y = ACTIVATIONS[config['activation_function'].rpartition('.')[2]](y)
        if config.get('use_residual') and mutant != 'projection residual dropped':
            y = y + (x @ t['residual.weight'].T if 'residual.weight' in t else x)
        x = y
    return x if mutant == 'norm before projection' else unit(x, dim=-1)


def rows(model: Model, items: list[Encoded], role: str, mutant: str | None = None, watch: dict | None = None) -> list[torch.Tensor]:
    """Kept rows of every text under a mutant."""
    found = []
    for item in items:
        vectors = forward(model, item.ids, item.attention, mutant, watch)
        kept = list(range(len(item.ids))) if mutant == 'skiplist off' else item.kept
        vectors = vectors[kept]
        if mutant == 'query-row mask on' and role == 'query':
            vectors = vectors * torch.tensor(item.attention)[kept][:, None]
        found.append(vectors)
    return found
