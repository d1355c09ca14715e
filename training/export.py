"""Writes a trained model as a PyLate checkpoint: int8 weights with one f32 scale a row (`--f32`: plain f32, for Python).

`python export.py --weights WORK/runs/small/trained.pt --out ../models/maxsift-small-en`
`python export.py --weights WORK/runs/nano/trained.pt --folder WORK/nano --out ../models/maxsift-nano-en`
"""
import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from colbert import DOCUMENT_LENGTH, DOCUMENT_MARKER, QUERY_LENGTH, QUERY_MARKER, SKIPLIST, ColBERT, base_folder


def quantize(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Symmetric int8 with one scale a row, chosen per row as the clip that leaves the least squared error."""
    best_codes, best_scale, best_error = None, None, None
    for clip in torch.linspace(0.7, 1.0, 16):
        scale = (weight.abs().amax(1) * clip / 127).clamp_min(1e-12)
        codes = (weight / scale[:, None]).round().clamp(-127, 127)
        error = (codes * scale[:, None] - weight).square().sum(1)
        if best_error is None:
            best_codes, best_scale, best_error = codes, scale, error
        else:
            better = error < best_error
            best_codes = torch.where(better[:, None], codes, best_codes)
            best_scale, best_error = torch.where(better, scale, best_scale), torch.where(better, error, best_error)
    return best_codes.to(torch.int8), best_scale


def stored(tensors: dict[str, torch.Tensor], f32: bool) -> dict[str, torch.Tensor]:
    out = {}
    for name, tensor in tensors.items():
        if f32 or tensor.dim() < 2 or 'token_type' in name:
            out[name] = tensor.float().contiguous()
        else:
            out[name], out[f'{name}_scale'] = quantize(tensor.float())
    return out


def write(path: Path, value) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + '\n', encoding='utf-8')


def write_tokenizer(folder: Path, out: Path) -> None:
    """The tokenizer of `folder`, its ids unchanged; the markers become tokens of their own, which no text is cut into."""
    settings = json.loads((folder / 'tokenizer.json').read_text(encoding='utf-8'))
    settings['truncation'] = settings['padding'] = None
    vocabulary, known = settings['model']['vocab'], {token['content'] for token in settings['added_tokens']}
    settings['added_tokens'] += [
        {'id': vocabulary[marker], 'content': marker, 'single_word': False, 'lstrip': False, 'rstrip': False,
         'normalized': True, 'special': False} for marker in (QUERY_MARKER, DOCUMENT_MARKER) if marker not in known]
    settings['added_tokens'].sort(key=lambda token: token['id'])
    (out / 'tokenizer.json').write_text(json.dumps(settings, ensure_ascii=False, separators=(',', ':')), encoding='utf-8')
    special = {'unk_token': '[UNK]', 'sep_token': '[SEP]', 'pad_token': '[PAD]', 'cls_token': '[CLS]', 'mask_token': '[MASK]'}
    write(out / 'tokenizer_config.json', {'tokenizer_class': 'BertTokenizer', 'model_max_length': DOCUMENT_LENGTH,
                                          'do_lower_case': True, 'strip_accents': None, 'tokenize_chinese_chars': True, **special})
    write(out / 'special_tokens_map.json', special)


def export(weights: list[Path], folder: Path, out: Path, f32: bool) -> None:
    model = ColBERT(folder, weights=weights)
    (out / '1_Dense').mkdir(parents=True, exist_ok=True)
    save_file(stored({name: tensor for name, tensor in model.trunk.state_dict().items() if 'position_ids' not in name}, f32),
              out / 'model.safetensors', metadata={'format': 'pt'})
    save_file(stored({'linear.weight': model.projection.weight.detach()}, f32), out / '1_Dense/model.safetensors',
              metadata={'format': 'pt'})
    config = json.loads((folder / 'config.json').read_text())
    kept = ('architectures', 'attention_probs_dropout_prob', 'hidden_act', 'hidden_dropout_prob', 'hidden_size',
            'initializer_range', 'intermediate_size', 'layer_norm_eps', 'max_position_embeddings', 'model_type',
            'num_attention_heads', 'num_hidden_layers', 'pad_token_id', 'position_embedding_type', 'type_vocab_size',
            'vocab_size')
    write(out / 'config.json', {key: config[key] for key in kept if key in config})
    write(out / 'sentence_bert_config.json', {'max_seq_length': DOCUMENT_LENGTH, 'do_lower_case': False})
    write(out / 'modules.json', [
        {'idx': 0, 'name': '0', 'path': '', 'type': 'sentence_transformers.models.Transformer'},
        {'idx': 1, 'name': '1', 'path': '1_Dense', 'type': 'pylate.models.Dense.Dense'}])
    write(out / '1_Dense/config.json', {'in_features': model.projection.in_features, 'out_features': model.dim, 'bias': False,
                                        'activation_function': 'torch.nn.modules.linear.Identity'})
    write(out / 'config_sentence_transformers.json', {
        'prompts': {}, 'default_prompt_name': None, 'similarity_fn_name': 'MaxSim', 'query_prefix': QUERY_MARKER,
        'document_prefix': DOCUMENT_MARKER, 'query_length': QUERY_LENGTH, 'document_length': DOCUMENT_LENGTH,
        'attend_to_expansion_tokens': False, 'do_query_expansion': False, 'skiplist_words': SKIPLIST})
    write_tokenizer(folder, out)
    for file in out.rglob('*'):
        file.chmod(0o755 if file.is_dir() else 0o644)  # the tensors' writer leaves them to their owner


if __name__ == '__main__':
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument('--weights', type=Path, nargs='+', required=True, help='of several the average')
    options.add_argument('--folder', type=Path, default=base_folder())
    options.add_argument('--out', type=Path, required=True)
    options.add_argument('--f32', action='store_true')
    export(**vars(options.parse_args()))
