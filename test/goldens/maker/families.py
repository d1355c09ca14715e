"""Checkpoints of other families than BERT, and single-vector models, saved by transformers and sentence-transformers."""
import json
import string
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import MultiVectorEncoder, SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask
from sentence_transformers.sentence_transformer.modules import Pooling
from tokenizers import Tokenizer, decoders, pre_tokenizers, processors
from tokenizers.models import WordPiece
from transformers import AutoConfig, AutoModel

from . import vocabulary as vocab
from .files import write_weights
from .layouts import to_torch
from .weights import Shape, dense, encoder, rows

PUNCTUATION = list(string.punctuation)
ROBERTA = {'cls_token': '<s>', 'pad_token': '<pad>', 'sep_token': '</s>', 'unk_token': '<unk>', 'mask_token': '<mask>',
           'bos_token': '<s>', 'eos_token': '</s>'}
DISTILBERT = {
    'encoder.layer': 'transformer.layer', 'attention.self.query': 'attention.q_lin', 'attention.self.key': 'attention.k_lin',
    'attention.self.value': 'attention.v_lin', 'attention.output.dense': 'attention.out_lin',
    'attention.output.LayerNorm': 'sa_layer_norm', 'intermediate.dense': 'ffn.lin1', 'output.dense': 'ffn.lin2',
    'output.LayerNorm': 'output_layer_norm'}


@dataclass(frozen=True)
class Family:
    """An encoder of a family, with seeded weights and a WordPiece tokenizer: what a tokenizer does is tested elsewhere."""
    model_type: str
    shape: Shape
    seed: int
    settings: dict = field(default_factory=dict)  # of config.json, beside the shape

    @property
    def specials(self) -> dict[str, str]:
        return ROBERTA if 'roberta' in self.model_type else vocab.NAMED

    def config(self):
        s = self.shape
        common = {'vocab_size': s.vocabulary, 'max_position_embeddings': s.positions, **self.settings}
        if self.model_type == 'distilbert':
            return AutoConfig.for_model('distilbert', dim=s.hidden, n_heads=s.heads, n_layers=s.layers,
                                        hidden_dim=s.intermediate, **common)
        common |= {'hidden_size': s.hidden, 'num_attention_heads': s.heads, 'num_hidden_layers': s.layers,
                   'intermediate_size': s.intermediate}
        if self.model_type == 'modernbert':
            return AutoConfig.for_model('modernbert', norm_eps=s.epsilon, pad_token_id=0, cls_token_id=12, sep_token_id=13,
                                        bos_token_id=12, eos_token_id=13, **common)
        if 'roberta' in self.model_type:
            # Two rows more than positions: those up to the one of padding are none.
            common |= {'max_position_embeddings': s.positions + 2, 'type_vocab_size': 1, 'pad_token_id': 1}
        return AutoConfig.for_model(self.model_type, layer_norm_eps=s.epsilon, **common)

    def tensors(self, config) -> dict[str, torch.Tensor]:
        if self.model_type == 'modernbert':
            return modernbert(self.shape, config, self.seed)
        rowed = replace(self.shape, positions=config.max_position_embeddings)
        found = to_torch(encoder(rowed, self.seed))
        if 'roberta' in self.model_type:
            found['embeddings.token_type_embeddings.weight'] = found['embeddings.token_type_embeddings.weight'][:1]
        if self.model_type == 'distilbert':
            found.pop('embeddings.token_type_embeddings.weight')
            for old, new in DISTILBERT.items():
                found = {name.replace(f'{old}.', f'{new}.'): value for name, value in found.items()}
        return found

    def write(self, folder: Path, model_class=AutoModel, heads: dict[str, torch.Tensor] | None = None) -> Path:
        """A folder as `save_pretrained` leaves it. `heads`: tensors of a class with more than the encoder."""
        config = self.config()
        torch.manual_seed(0)  # a pooler that nothing uses is drawn
        model = model_class.from_config(config)
        tensors = self.tensors(config)
        target = model.base_model if heads else model
        missing, unexpected = target.load_state_dict(tensors, strict=False)
        if unexpected or any('pooler' not in name for name in missing):
            raise AssertionError(f'{self.model_type}: missing {missing}, unexpected {unexpected}')
        if heads:
            state = model.state_dict()
            if set(heads) - set(state):
                raise AssertionError(f'{self.model_type} has no {set(heads) - set(state)}')
            model.load_state_dict(state | heads)
        model.save_pretrained(folder)
        self.write_tokenizer(folder)
        return folder

    def write_tokenizer(self, folder: Path) -> None:
        words = vocab.learn(self.shape.vocabulary)
        named = self.specials
        if named is ROBERTA:
            fixed = ['<s>', '<pad>', '</s>', '<unk>', '<mask>']
            words = [*fixed, *vocab.UNUSED, *words[len(vocab.SPECIALS):]]
        ids = {token: i for i, token in enumerate(words)}
        tokenizer = Tokenizer(WordPiece(ids, unk_token=named['unk_token'], max_input_chars_per_word=100))
        tokenizer.normalizer = vocab.normalizer(True, None)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece()
        cls, sep = named['cls_token'], named['sep_token']
        pair = f'{cls} $A {sep} {sep} $B {sep}' if named is ROBERTA else f'{cls} $A {sep} $B:1 {sep}:1'
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f'{cls} $A {sep}', pair=pair, special_tokens=[(cls, ids[cls]), (sep, ids[sep])])
        tokenizer.add_special_tokens(sorted(set(named.values())))
        (folder / 'tokenizer.json').write_text(tokenizer.to_str(pretty=False), encoding='utf-8')
        token_types = self.model_type == 'bert'
        vocab.write_json(folder / 'tokenizer_config.json', {
            'model_max_length': self.shape.positions, 'tokenizer_class': 'PreTrainedTokenizerFast',
            'model_input_names': ['input_ids', *(['token_type_ids'] if token_types else []), 'attention_mask'], **named})


def modernbert(shape: Shape, config, seed: int) -> dict[str, torch.Tensor]:
    """Tensors of a ModernBERT, spread as those of `weights.encoder`."""
    rng = np.random.default_rng(seed)
    h, wide = shape.hidden, shape.intermediate
    found: dict[str, np.ndarray] = {}

    def norm(name: str) -> None:
        found[f'{name}.weight'] = rng.uniform(0.5, 1.5, h)
        if config.norm_bias:
            found[f'{name}.bias'] = rng.standard_normal(h) * 0.3

    def linear(name: str, outputs: int, inputs: int, std: float, bias: bool) -> None:
        found[f'{name}.weight'] = rng.standard_normal((outputs, inputs)) * std / np.sqrt(inputs)
        if bias:
            found[f'{name}.bias'] = rng.standard_normal(outputs) * 0.3

    found['embeddings.tok_embeddings.weight'] = rows(rng, shape.vocabulary, h)
    norm('embeddings.norm')
    for i in range(shape.layers):
        if i:
            norm(f'layers.{i}.attn_norm')
        linear(f'layers.{i}.attn.Wqkv', 3 * h, h, 1.5, config.attention_bias)
        linear(f'layers.{i}.attn.Wo', h, h, 1.0, config.attention_bias)
        norm(f'layers.{i}.mlp_norm')
        linear(f'layers.{i}.mlp.Wi', 2 * wide, h, 1.8, config.mlp_bias)
        linear(f'layers.{i}.mlp.Wo', h, wide, 1.0, config.mlp_bias)
    norm('final_norm')
    return to_torch({name: value.astype(np.float32) for name, value in found.items()})


def multi_vector(folder: Path, family: Family, scratch: Path, kind: str, dim: int, transformer: dict) -> None:
    """A MultiVectorEncoder with a bias-free projection and the skiplist of punctuation."""
    modules = [Transformer(str(family.write(scratch)), **transformer)]
    head = Dense(family.shape.hidden, dim, bias=False, activation_function=torch.nn.Identity(), module_input_name='token_embeddings')
    head.load_state_dict(to_torch(dense(family.shape.hidden, dim, family.seed + 1)))
    modules += [head, MultiVectorMask(skiplist_words=PUNCTUATION), Normalize(module_input_name='token_embeddings')]
    MultiVectorEncoder(modules=modules, device='cpu').save_pretrained(str(folder), create_model_card=False)
    narrow(folder, kind)


def single_vector(folder: Path, family: Family, scratch: Path, kind: str, pooling: str, similarity: str,
                  heads: tuple[dict, ...] = (), unit: bool = False, prompts: dict[str, str] | None = None) -> None:
    """A SentenceTransformer: pooling, then `heads` (as in make.py), then a Normalize if `unit`."""
    width = family.shape.hidden
    modules = [Transformer(str(family.write(scratch))), Pooling(width, pooling_mode=pooling)]
    for i, one in enumerate(heads):
        head = Dense(one['inputs'], one['outputs'], bias=one['bias'], activation_function=getattr(torch.nn, one['activation'])())
        head.load_state_dict(to_torch(dense(one['inputs'], one['outputs'], family.seed + 10 + i, one['bias'])))
        modules.append(head)
    if unit:
        modules.append(Normalize())
    SentenceTransformer(modules=modules, prompts=prompts, similarity_fn_name=similarity,
                        device='cpu').save_pretrained(str(folder), create_model_card=False)
    narrow(folder, kind)


def narrow(folder: Path, kind: str) -> None:
    from .files import read_weights
    write_weights(folder, read_weights(folder), kind)
    config = json.loads((folder / 'config.json').read_text())
    vocab.write_json(folder / 'config.json', {**config, 'dtype': {'F16': 'float16', 'BF16': 'bfloat16'}.get(kind, 'float32')})


def head(inputs: int, outputs: int, activation: str = 'Identity', bias: bool = False) -> dict:
    return {'inputs': inputs, 'outputs': outputs, 'activation': activation, 'bias': bias}


RECIPES = {
    'distilbert': lambda to, scratch: single_vector(
        to, Family('distilbert', Shape(560, hidden=32, heads=4), 111), scratch, 'F16', 'cls', 'dot'),
    'contriever': lambda to, scratch: single_vector(
        to, Family('bert', Shape(560, hidden=48, heads=2), 121), scratch, 'F32', 'mean', 'cosine', (head(48, 32, 'Tanh', bias=True),),
        unit=True, prompts={'query': 'query: ', 'document': 'passage: '}),
    'xlm-roberta': lambda to, scratch: multi_vector(
        to, Family('xlm-roberta', Shape(560, hidden=32, heads=2, epsilon=1e-5), 131), scratch, 'F32', 16,
        {'query_expansion': {'strategy': 'fixed', 'length': 24}, 'document_length': 40}),
    'modernbert': lambda to, scratch: multi_vector(
        to, Family('modernbert', Shape(560, hidden=32, heads=2, layers=4, intermediate=48, epsilon=1e-5), 141,
                   {'local_attention': 8}), scratch, 'F32', 16,
        {'query_expansion': {'strategy': 'fixed', 'length': 32}, 'document_length': 48}),
    'modernbert-biases': lambda to, scratch: single_vector(
        to, Family('modernbert', Shape(560, hidden=48, heads=2, layers=2, intermediate=64, epsilon=1e-3), 151, {
            'local_attention': 6, 'norm_bias': True, 'attention_bias': True, 'mlp_bias': True,
            'layer_types': ['sliding_attention', 'full_attention']}), scratch, 'BF16', 'mean', 'dot'),
}
SINGLE = {'distilbert', 'contriever', 'modernbert-biases'}
