"""Checkpoints that sentence-transformers saves by itself (`MultiVectorEncoder.save_pretrained`)."""
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import MultiVectorEncoder
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask
from transformers import AddedToken

from .layouts import Trunk, to_torch
from .weights import dense, rows


def save(folder: Path, trunk: Trunk, scratch: Path, prompts: dict[str, str], transformer: dict, mask: dict,
         dim: int | None = None, special: tuple[str, ...] = ()) -> None:
    """`special`: prompts registered as one token each, with embedding rows of their own.
    `dim`: width of a bias-free projection; None for none at all."""
    torch.manual_seed(0)  # the pooler, which the base lacks and nothing uses, is drawn on loading
    module = Transformer(str(trunk.write(scratch)), **transformer)
    if special:
        module.tokenizer.add_special_tokens(
            {'additional_special_tokens': [AddedToken(token, normalized=False, special=True) for token in special]})
        old = trunk.shape.vocabulary
        module.model.resize_token_embeddings(old + len(special), mean_resizing=False)
        fresh = rows(np.random.default_rng(trunk.seed + 2), len(special), trunk.shape.hidden)
        with torch.no_grad():
            module.model.embeddings.word_embeddings.weight[old:] = torch.from_numpy(fresh)
    modules = [module]
    if dim is not None:
        head = Dense(trunk.shape.hidden, dim, bias=False, activation_function=torch.nn.Identity(),
                     module_input_name='token_embeddings')
        head.load_state_dict(to_torch(dense(trunk.shape.hidden, dim, trunk.seed + 1)))
        modules.append(head)
    modules += [MultiVectorMask(**mask), Normalize(module_input_name='token_embeddings')]
    model = MultiVectorEncoder(modules=modules, prompts=prompts, device='cpu')
    model.save_pretrained(str(folder), create_model_card=False)
