"""Seeded weights of BERT encoders, spread so that a fault of the forward pass is far above rounding."""
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shape:
    """An encoder; `intermediate` and `positions` are small to keep the committed files small."""
    vocabulary: int
    hidden: int
    heads: int
    layers: int = 2
    intermediate: int = 128
    positions: int = 64
    epsilon: float = 1e-12

    def config(self, architecture: str) -> dict:
        return {
            'architectures': [architecture],
            'model_type': 'bert',
            'hidden_act': 'gelu',
            'hidden_size': self.hidden,
            'num_attention_heads': self.heads,
            'num_hidden_layers': self.layers,
            'intermediate_size': self.intermediate,
            'max_position_embeddings': self.positions,
            'vocab_size': self.vocabulary,
            'type_vocab_size': 2,
            'layer_norm_eps': self.epsilon,
            'position_embedding_type': 'absolute',
            'pad_token_id': 0,
            'hidden_dropout_prob': 0.1,
            'attention_probs_dropout_prob': 0.1,
            'initializer_range': 0.02,
        }


def rows(rng: np.random.Generator, count: int, hidden: int) -> np.ndarray:
    """Rows of the word embedding, at the scale of trained BERTs: small enough for epsilon to matter."""
    return (rng.standard_normal((count, hidden)) * 0.05).astype(np.float32)


def encoder(shape: Shape, seed: int) -> dict[str, np.ndarray]:
    """Tensors by their names in transformers, without the `bert.` in front; f32."""
    rng = np.random.default_rng(seed)
    h, wide = shape.hidden, shape.intermediate

    def normal(*size: int, std: float) -> np.ndarray:
        return rng.standard_normal(size) * std

    tensors: dict[str, np.ndarray] = {}

    def norm(name: str) -> None:
        tensors[f'{name}.weight'] = rng.uniform(0.5, 1.5, h)
        tensors[f'{name}.bias'] = normal(h, std=0.3)

    def linear(name: str, outputs: int, inputs: int, std: float) -> None:
        tensors[f'{name}.weight'] = normal(outputs, inputs, std=std / np.sqrt(inputs))
        tensors[f'{name}.bias'] = normal(outputs, std=0.3)

    tensors['embeddings.word_embeddings.weight'] = rows(rng, shape.vocabulary, h)
    tensors['embeddings.position_embeddings.weight'] = normal(shape.positions, h, std=0.03)
    tensors['embeddings.token_type_embeddings.weight'] = normal(2, h, std=0.03)
    norm('embeddings.LayerNorm')
    for i in range(shape.layers):
        layer = f'encoder.layer.{i}'
        # Queries and keys of length about 1.5·√d make logits of spread 2.3: attention picks few keys.
        linear(f'{layer}.attention.self.query', h, h, std=1.5)
        linear(f'{layer}.attention.self.key', h, h, std=1.5)
        linear(f'{layer}.attention.self.value', h, h, std=1.0)
        linear(f'{layer}.attention.output.dense', h, h, std=1.0)
        norm(f'{layer}.attention.output.LayerNorm')
        linear(f'{layer}.intermediate.dense', wide, h, std=1.8)
        linear(f'{layer}.output.dense', h, wide, std=1.0)
        norm(f'{layer}.output.LayerNorm')
        # Half of the units sit near -2.6, where GELU is almost 0 while its tanh approximation is off by
        # its greatest 4.7e-4; wide weights out of them make that difference count. The others reach ±4.
        half = wide // 2
        tensors[f'{layer}.intermediate.dense.weight'][:half] *= 0.3
        tensors[f'{layer}.intermediate.dense.bias'][:half] -= 2.6
        tensors[f'{layer}.output.dense.weight'][:, :half] = normal(h, half, std=1.2)
    return {name: value.astype(np.float32) for name, value in tensors.items()}


def dense(inputs: int, outputs: int, seed: int, bias: bool = False, residual: bool = False) -> dict[str, np.ndarray]:
    """Tensors of one projection: `linear.weight`, and `linear.bias` and `residual.weight` where asked for."""
    rng = np.random.default_rng(seed)
    tensors = {'linear.weight': rng.standard_normal((outputs, inputs)) / np.sqrt(inputs)}
    if bias:
        tensors['linear.bias'] = rng.standard_normal(outputs) * 0.5
    if residual and inputs != outputs:
        tensors['residual.weight'] = rng.standard_normal((outputs, inputs)) / np.sqrt(inputs)
    return {name: value.astype(np.float32) for name, value in tensors.items()}
