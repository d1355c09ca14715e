"""The on-disk layouts of checkpoints, as their publishers write them."""
import json
import string
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import vocabulary as vocab
from .files import write_weights
from .weights import Shape, dense, encoder


@dataclass(frozen=True)
class Trunk:
    """A plain BERT: its shape, the seed of its weights, and the tokenizer it is shipped with."""
    shape: Shape
    seed: int
    tokenizer: str = 'json'  # 'json', 'txt' or 'both'
    lowercase: bool = True
    strip_accents: bool | None = None
    without: str = ''  # characters missing from the vocabulary

    def tensors(self) -> dict[str, torch.Tensor]:
        return to_torch(encoder(self.shape, self.seed))

    def write_tokenizer(self, folder: Path) -> None:
        words = vocab.learn(self.shape.vocabulary, self.lowercase, self.strip_accents, self.without)
        if self.tokenizer != 'json':
            vocab.write_vocab_txt(folder, words, do_lower_case=self.lowercase, strip_accents=self.strip_accents)
        if self.tokenizer != 'txt':
            vocab.write_tokenizer_json(folder, words, self.lowercase)

    def write(self, folder: Path) -> Path:
        """A folder as `BertModel.save_pretrained` leaves it; what the libraries start from."""
        folder.mkdir(parents=True)
        vocab.write_json(folder / 'config.json', self.shape.config('BertModel'))
        write_weights(folder, self.tensors())
        self.write_tokenizer(folder)
        return folder


def to_torch(tensors: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(value) for name, value in tensors.items()}


def prefixed(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f'bert.{name}': value for name, value in tensors.items()}


def stanford(folder: Path, trunk: Trunk, dim: int, kind: str = 'F32', shards: int = 1, **metadata) -> None:
    """A ColBERT of Stanford's code: one weight file with `bert.*` and `linear.weight`, and `artifact.metadata`."""
    folder.mkdir(parents=True)
    trunk.write_tokenizer(folder)
    vocab.write_json(folder / 'config.json', trunk.shape.config('HF_ColBERT'))
    linear = np.random.default_rng(trunk.seed + 1).standard_normal((dim, trunk.shape.hidden)) / np.sqrt(trunk.shape.hidden)
    tensors = prefixed(trunk.tensors()) | {'linear.weight': torch.from_numpy(linear.astype(np.float32))}
    write_weights(folder, tensors, kind, shards)
    vocab.write_json(folder / 'artifact.metadata', {
        'query_token_id': '[unused0]', 'doc_token_id': '[unused1]', 'query_token': '[Q]', 'doc_token': '[D]',
        'dim': dim, 'similarity': 'cosine', 'interaction': 'colbert', 'query_maxlen': 32, 'doc_maxlen': 40,
        'mask_punctuation': True, 'attend_to_mask_tokens': False, 'nbits': 2, 'ncells': None, 'lr': 1e-05,
        'maxsteps': 400000, 'nway': 64, 'use_ib_negatives': True, **metadata})


def answerai(folder: Path, trunk: Trunk, dim: int, kind: str) -> None:
    """The layout of answerai-colbert-small: an early PyLate save around Stanford's markers.

    No `do_query_expansion`, no `use_residual`, the padding token renamed to [MASK], and a `tokenizer.json`
    that carries truncation and padding, which must not reach the answers.
    """
    folder.mkdir(parents=True)
    trunk.write_tokenizer(folder)
    settings = json.loads((folder / 'tokenizer.json').read_text())
    mask = settings['model']['vocab']['[MASK]']
    settings['truncation'] = {'direction': 'Right', 'max_length': 47, 'strategy': 'LongestFirst', 'stride': 0}
    settings['padding'] = {'strategy': 'BatchLongest', 'direction': 'Right', 'pad_to_multiple_of': None, 'pad_id': mask,
                           'pad_type_id': 0, 'pad_token': '[MASK]'}
    markers = [{'id': settings['model']['vocab'][token], 'content': token, 'single_word': False, 'lstrip': False,
                'rstrip': False, 'normalized': True, 'special': False} for token in ('[unused0]', '[unused1]')]
    settings['added_tokens'] = sorted(settings['added_tokens'] + markers, key=lambda token: token['id'])
    (folder / 'tokenizer.json').write_text(json.dumps(settings, ensure_ascii=False), encoding='utf-8')
    vocab.write_json(folder / 'special_tokens_map.json', {**vocab.NAMED, 'pad_token': '[MASK]'})
    config = json.loads((folder / 'tokenizer_config.json').read_text())
    vocab.write_json(folder / 'tokenizer_config.json', {**config, 'pad_token': '[MASK]', 'model_max_length': 47})
    vocab.write_json(folder / 'config.json', trunk.shape.config('BertModel'))
    write_weights(folder, trunk.tensors(), kind)
    vocab.write_json(folder / 'sentence_bert_config.json', {'max_seq_length': 47, 'do_lower_case': False})
    vocab.write_json(folder / 'modules.json', [
        {'idx': 0, 'name': '0', 'path': '', 'type': 'sentence_transformers.models.Transformer'},
        {'idx': 1, 'name': '1', 'path': '1_Dense', 'type': 'pylate.models.Dense.Dense'}])
    vocab.write_json(folder / 'config_sentence_transformers.json', {
        '__version__': {'sentence_transformers': '4.0.2', 'transformers': '4.48.2', 'pytorch': '2.6.0'},
        'prompts': {}, 'default_prompt_name': None, 'similarity_fn_name': 'MaxSim',
        'query_prefix': '[unused0]', 'document_prefix': '[unused1]', 'query_length': 32, 'document_length': 48,
        'attend_to_expansion_tokens': False, 'skiplist_words': list(string.punctuation)})
    head = folder / '1_Dense'
    head.mkdir()
    vocab.write_json(head / 'config.json', {'in_features': trunk.shape.hidden, 'out_features': dim, 'bias': False,
                                            'activation_function': 'torch.nn.modules.linear.Identity'})
    write_weights(head, to_torch(dense(trunk.shape.hidden, dim, trunk.seed + 1)))


def bert(folder: Path, trunk: Trunk, kind: str = 'F32', old_names: bool = False) -> None:
    """A plain BERT. `old_names`: as the first public checkpoints have it, with `bert.` in front, LayerNorm's
    `gamma` and `beta`, and tensors that are not for us: pooler, masked-LM head, I64 `position_ids`."""
    folder.mkdir(parents=True)
    trunk.write_tokenizer(folder)
    tensors = trunk.tensors()
    if old_names:
        rng = np.random.default_rng(trunk.seed + 1)
        h, words = trunk.shape.hidden, trunk.shape.vocabulary
        tensors |= to_torch({'pooler.dense.weight': rng.standard_normal((h, h)).astype(np.float32),
                             'pooler.dense.bias': rng.standard_normal(h).astype(np.float32)})
        tensors['embeddings.position_ids'] = torch.arange(trunk.shape.positions)[None]
        rename = {'LayerNorm.weight': 'LayerNorm.gamma', 'LayerNorm.bias': 'LayerNorm.beta'}
        for name in [name for name in tensors if 'LayerNorm' in name]:
            base, _, part = name.rpartition('LayerNorm')
            tensors[base + rename['LayerNorm' + part]] = tensors.pop(name)
        tensors = prefixed(tensors) | {'cls.predictions.bias': torch.from_numpy(rng.standard_normal(words).astype(np.float32))}
    vocab.write_json(folder / 'config.json', trunk.shape.config('BertForMaskedLM' if old_names else 'BertModel'))
    write_weights(folder, tensors, kind)
