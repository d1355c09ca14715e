"""The smaller model before its training: fewer layers and a smaller vocabulary, all of it taken from a trained model.

`python nano.py --pairs FOLDER --work WORK --weights SMALL.pt` writes WORK/nano: config.json, tokenizer, start.pt.

The vocabulary keeps every single character with its `##` form, so that any word can still be spelt and nothing that
the larger model knows becomes [UNK], and of the rest what the training texts use most. A word counts by the sum over the
sources of the root of its count, so that no large source decides alone. The `##` pieces are counted once the words are
chosen: those that the words left out are then cut into.
"""
import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path

import torch
from transformers import BertTokenizerFast

from colbert import DOCUMENT_MARKER, QUERY_MARKER, base_folder
from data import held_out, read

SPECIAL = ['[PAD]', QUERY_MARKER, DOCUMENT_MARKER, '[UNK]', '[CLS]', '[SEP]', '[MASK]']
WORDS, PIECES = 7_000, 1_500
LONGEST = 20  # characters of a token, at most
LAYERS = (0, 2, 5)


def weights_of_words(pairs: Path, tokenizer: BertTokenizerFast) -> dict[str, float]:
    backend = tokenizer.backend_tokenizer
    counts: dict[str, Counter] = defaultdict(Counter)
    seen = set()
    for name in ('pairs-', 'passages-'):
        for row in read(pairs, name):
            for text in {row.get('q', ''), row['p']} - seen:
                seen.add(text)
                if not held_out(row['p']):
                    words = backend.pre_tokenizer.pre_tokenize_str(backend.normalizer.normalize_str(text))
                    counts[row['src']].update(word for word, _ in words)
    weights: Counter = Counter()
    for found in counts.values():
        weights.update({word: count ** 0.5 for word, count in found.items()})
    return weights


def pieces_of(word: str, vocabulary: set[str]) -> list[str]:
    """WordPiece: the longest piece first, from the left."""
    found, start = [], 0
    while start < len(word):
        for end in range(min(len(word), start + LONGEST), start, -1):
            piece = word[start:end] if start == 0 else f'##{word[start:end]}'
            if piece in vocabulary:
                found.append(piece)
                start = end
                break
        else:
            return []
    return found


def choose(known: set[str], weights: dict[str, float]) -> set[str]:
    single = {token for token in known if len(token.removeprefix('##')) == 1}
    words = sorted((word for word in weights if word in known - single), key=lambda word: (-weights[word], word))[:WORDS]
    whole = single | set(words)
    pieces: Counter = Counter()
    everything = whole | {token for token in known if token.startswith('##')}
    for word, weight in weights.items():
        if word not in whole:
            pieces.update({piece: weight for piece in pieces_of(word, everything) if piece not in whole})
    return whole | {piece for piece, _ in sorted(pieces.items(), key=lambda item: (-item[1], item[0]))[:PIECES]} | set(SPECIAL)


def write_tokenizer(out: Path, kept: list[str]) -> None:
    """The base's tokenizer over the kept tokens, numbered in their order."""
    ids = {token: place for place, token in enumerate(kept)}
    settings = json.loads((base_folder() / 'tokenizer.json').read_text(encoding='utf-8'))
    settings['model']['vocab'] = ids
    settings['added_tokens'] = [token | {'id': ids[token['content']]} for token in settings['added_tokens'] if token['content'] in ids]
    for token in settings['post_processor']['special_tokens'].values():
        token['ids'] = [ids[content] for content in token['tokens']]
    settings['truncation'] = settings['padding'] = None
    (out / 'tokenizer.json').write_text(json.dumps(settings, ensure_ascii=False), encoding='utf-8')
    (out / 'vocab.txt').write_text(''.join(f'{token}\n' for token in kept), encoding='utf-8')
    (out / 'tokenizer_config.json').write_text(json.dumps({'tokenizer_class': 'BertTokenizer', 'do_lower_case': True}))


def main(pairs: Path, work: Path, weights: Path) -> None:
    out = work / 'nano'
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = BertTokenizerFast.from_pretrained(base_folder())
    vocabulary = tokenizer.get_vocab()
    kept = sorted(choose(set(vocabulary), weights_of_words(pairs, tokenizer)), key=vocabulary.get)
    write_tokenizer(out, kept)
    config = json.loads((base_folder() / 'config.json').read_text())
    (out / 'config.json').write_text(json.dumps(config | {'vocab_size': len(kept), 'num_hidden_layers': len(LAYERS)}, indent=2))

    state, start = torch.load(weights, weights_only=True), {}
    places = {f'trunk.encoder.layer.{source}.': f'trunk.encoder.layer.{place}.' for place, source in enumerate(LAYERS)}
    for name, tensor in state.items():
        prefix = next((prefix for prefix in places if name.startswith(prefix)), None)
        if prefix:
            start[places[prefix] + name.removeprefix(prefix)] = tensor
        elif name == 'trunk.embeddings.word_embeddings.weight':
            start[name] = tensor[[vocabulary[token] for token in kept]]
        elif 'encoder.layer.' not in name:
            start[name] = tensor
    torch.save(start, out / 'start.pt')
    print(f'{len(kept)} tokens, layers {LAYERS}')


if __name__ == '__main__':
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('--pairs', type=Path, required=True)
    options.add_argument('--work', type=Path, required=True)
    options.add_argument('--weights', type=Path, required=True)
    main(**vars(options.parse_args()))
