"""Small WordPiece vocabularies, learnt the same way on every run, and the tokenizer files around them."""
import json
import string
import unicodedata
from collections import Counter
from pathlib import Path

from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

from .texts import EXTRA, PROSE

UNUSED = [f'[unused{i}]' for i in range(10)]
# The order of BERT: padding, the unused ones, then the special tokens. Ids of markers are thus no fixed 1 and 2.
SPECIALS = ['[PAD]', *UNUSED, '[UNK]', '[CLS]', '[SEP]', '[MASK]']
NAMED = {'unk_token': '[UNK]', 'sep_token': '[SEP]', 'pad_token': '[PAD]', 'cls_token': '[CLS]', 'mask_token': '[MASK]'}


def normalizer(lowercase: bool, strip_accents: bool | None):
    return normalizers.BertNormalizer(lowercase=lowercase, strip_accents=strip_accents)


def learn(size: int, lowercase: bool = True, strip_accents: bool | None = None, without: str = '') -> list[str]:
    """A vocabulary of `size` entries: special tokens, characters, then the most frequent merges.

    `without`: characters left out, so that they become [UNK].
    The merging is that of byte pair encoding (Sennrich et al. 2016) on the words of the prose; ties go to
    the start of a word, then to the alphabet, which a hash-map based trainer would not promise.
    """
    norm = normalizer(lowercase, strip_accents)
    splitter = pre_tokenizers.BertPreTokenizer()
    counts = Counter(word for word, _ in splitter.pre_tokenize_str(norm.normalize_str(PROSE)))
    extra = norm.normalize_str(EXTRA).replace(' ', '')
    characters = sorted(set(string.ascii_letters + string.digits if not lowercase else string.ascii_lowercase + string.digits)
                        | set(string.punctuation) | set(extra))
    characters = [c for c in characters if c not in without]
    inner = [f'##{c}' for c in characters if unicodedata.category(c)[0] in 'LN' and c.isascii()]
    vocabulary = [*SPECIALS, *characters, *inner]
    known = set(vocabulary)
    words = {word: [word[0], *(f'##{c}' for c in word[1:])] for word in counts if word[0] not in string.punctuation}
    while len(vocabulary) < size:
        pairs = Counter()
        for word, pieces in words.items():
            for pair in zip(pieces, pieces[1:]):
                pairs[pair] += counts[word]
        if not pairs:
            raise ValueError(f'the prose gives only {len(vocabulary)} pieces')
        first, second = min(pairs, key=lambda pair: (-pairs[pair], pair[0].startswith('##'), pair))
        joined = first + second.removeprefix('##')
        for word, pieces in words.items():
            merged, i = [], 0
            while i < len(pieces):
                if pieces[i:i + 2] == [first, second]:
                    merged.append(joined)
                    i += 2
                else:
                    merged.append(pieces[i])
                    i += 1
            words[word] = merged
        if joined not in known:
            known.add(joined)
            vocabulary.append(joined)
    return vocabulary


def write_vocab_txt(folder: Path, vocabulary: list[str], **config) -> None:
    """`vocab.txt` and `tokenizer_config.json`: all that older repositories hold."""
    (folder / 'vocab.txt').write_text(''.join(f'{token}\n' for token in vocabulary), encoding='utf-8')
    settings = {'do_lower_case': True, 'model_max_length': 512, 'tokenizer_class': 'BertTokenizer', **NAMED, **config}
    write_json(folder / 'tokenizer_config.json', settings)


def write_tokenizer_json(folder: Path, vocabulary: list[str], lowercase: bool = True) -> None:
    """`tokenizer.json`, `tokenizer_config.json` and `special_tokens_map.json` of a fast BERT tokenizer."""
    ids = {token: i for i, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(WordPiece(ids, unk_token='[UNK]', max_input_chars_per_word=100))
    tokenizer.normalizer = normalizer(lowercase, None)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single='[CLS] $A [SEP]', pair='[CLS] $A [SEP] $B:1 [SEP]:1',
        special_tokens=[('[CLS]', ids['[CLS]']), ('[SEP]', ids['[SEP]'])])
    tokenizer.add_special_tokens(sorted(NAMED.values()))
    (folder / 'tokenizer.json').write_text(tokenizer.to_str(pretty=False), encoding='utf-8')
    write_json(folder / 'special_tokens_map.json', NAMED)
    settings = {'do_lower_case': lowercase, 'model_max_length': 512, 'strip_accents': None,
                'tokenize_chinese_chars': True, 'tokenizer_class': 'BertTokenizer', **NAMED}
    write_json(folder / 'tokenizer_config.json', settings)


def write_json(path: Path, value) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + '\n', encoding='utf-8')
