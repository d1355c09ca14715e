"""Makes the goldens of Unigram and BPE tokenizers from Hugging Face `tokenizers` (Rust) and `transformers`.

    python test/goldens/text/families.py

Pieces are learnt from the prose in `../maker/texts.py`: Unigram by SentencePiece, which also gives the table of the
`Precompiled` normalizer (`charsmap.txt`, its own `nmt_nfkc`, in base64; the goldens say `nmt_nfkc` in its place).
Needs: pip install tokenizers transformers sentencepiece
"""

import base64
import io
import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import sentencepiece  # noqa: E402
from make import TEXTS as HARD  # noqa: E402
from make import units, write  # noqa: E402
from maker.texts import EXTRA, PROSE, QUERIES  # noqa: E402
from sentencepiece import sentencepiece_model_pb2 as spm  # noqa: E402
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers  # noqa: E402
from tokenizers import __version__ as tokenizers_version  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402
from transformers import __version__ as transformers_version  # noqa: E402

n, p, post = normalizers, pre_tokenizers, processors

# The same in other scripts, so that pieces of them are learnt as well; and code, for runs of spaces.
MORE = """
Der Leuchtturm dreht sich einmal in neun Sekunden, über dem Nebel hört man das Horn. Größe, Straße, Übung.
Le phare tourne une fois en neuf secondes ; la crème brûlée est prête, déjà l'été.
Маяк вращается один раз за девять секунд, и его видно издалека. Пчёлы летят к цветам.
Ο φάρος γυρίζει μία φορά στα εννέα δευτερόλεπτα και φαίνεται από μακριά.
灯台は九秒に一度回ります。新しい本を読む。東京の天気は晴れです。パンを焼く。
图书馆按主题排列书籍，每本书的书脊上都有一个编号。蜜蜂互相告诉花在哪里。
등대는 구 초에 한 번 돌고 멀리서 보인다. 오늘은 날씨가 좋습니다.
المنارة تدور مرة كل تسع ثوان وترى من بعيد. الكتاب على الطاولة.
प्रकाशस्तंभ नौ सेकंड में एक बार घूमता है और दूर से दिखाई देता है।
ประภาคารหมุนหนึ่งครั้งในเก้าวินาที และมองเห็นได้จากที่ไกล
def add(a, b):
    return a + b

if x == 10:
        print('ten')
"""
CORPUS = [line for line in (PROSE + MORE).split('\n') if line.strip()] + [' '.join(EXTRA)]

TEXTS = HARD + QUERIES + [
    "  two  spaces ", "tab\tand\nline\r\nbreak", "\r\n\r\n", "a\r\nb\rc\n", " leading", "trailing ", "▁meta▁ ▁", "<s>", "</s> <unk>",
    "it's they'RE I'll don'T 'S 'ſ ''s", "x  'll", "12345 67,890.12 ½ ²", "ĠHello Ċ", "<0xE3> <0x0A>", "def f(x):\n    return x\n\n\n",
    "éa\u0301 e\u0301\u0323 ½\u0301 ﬁ\u0301 \u00a0\u0301x ª\u0323", "\u0301\u0301start", "\u200b\u0301 \u0007\u0007a\u0008 b\u001f", "\u0000a\u0000",
    "© ®\u200d™ ☃\ufe0f 1\ufe0f\u20e3", "\u1100\u1161\u11a8\u0301 가\u0301 한\u11a8", "\u0600\u0661 \u06ddx", "か\u3099き\u309a ﾊﾟﾋﾞ", "नमस्ते क्षत्रिय कि", "กำนำ ເຈົ້າ ຳ",
    "<mask> a<mask>b  <mask>  c", "[MASK] a [MASK]b", "Q: [Q] x[Q] y", "wordwordword " * 8, "x" * 300, "東京" * 60, "🤷‍♀️🏽👍🏽🇩🇪🇯🇵", "\u088f\u0c5c a\u10940", "\U00010940\U000323b0 x",
    "ſ K Å ﷺ ㍿ ﬃ", "a" + "\u0301" * 9 + "b", "\u034f\u0300a", "mixed漢字とkanaとEnglish", "snake_case CamelCase kebab-case", "(quoted) \"text\" [here]", "\u3000full　width　ＡＢＣ１２３！",
]


def learn_unigram(size, byte_fallback=False, **kwargs):
    """SentencePiece's own model file, parsed: pieces with scores, and the table of its normalizer."""
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS), model_writer=out, model_type='unigram', vocab_size=size, character_coverage=1.0,
        hard_vocab_limit=False, byte_fallback=byte_fallback, num_threads=1, minloglevel=2, **kwargs)
    proto = spm.ModelProto()
    proto.ParseFromString(out.getvalue())
    return proto


def xlmr_pieces(proto):
    """In the order of XLM-R: its own special tokens in front, the mask at the end."""
    own = [('<s>', 0.0), ('<pad>', 0.0), ('</s>', 0.0), ('<unk>', 0.0)]
    return own + [(piece.piece, piece.score) for piece in proto.pieces[3:]] + [('<mask>', 0.0)]


def template(tokenizer, first, last, double=True):
    between = f'{last} {last}' if double else last
    return post.TemplateProcessing(
        single=f'{first} $A {last}', pair=f'{first} $A {between} $B {last}',
        special_tokens=[(first, tokenizer.token_to_id(first)), (last, tokenizer.token_to_id(last))])


def unigram(proto, normalizer, pre_tokenizer, byte_fallback=False):
    tokenizer = Tokenizer(models.Unigram(xlmr_pieces(proto), unk_id=3, byte_fallback=byte_fallback))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.post_processor = template(tokenizer, '<s>', '</s>')
    tokenizer.add_special_tokens(['<s>', '<pad>', '</s>', '<unk>', AddedToken('<mask>', lstrip=True, normalized=False)])
    return tokenizer


def bpe(pre_tokenizer, normalizer=None, size=700, specials=('<s>', '<pad>', '</s>', '<unk>', '<mask>'), byte_level=True, **kwargs):
    tokenizer = Tokenizer(models.BPE(**kwargs))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.normalizer = normalizer
    alphabet = p.ByteLevel.alphabet() if byte_level else []
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(specials), initial_alphabet=alphabet, show_progress=False))
    return tokenizer


def changed(tokenizer, **model):
    """The same tokenizer with other options of its model."""
    value = json.loads(tokenizer.to_str())
    value['model'].update(model)
    return Tokenizer.from_str(json.dumps(value))


# Rules of our own: characters that become several or none, sequences, and those that begin with one another.
RULES = """61 62\t78
61\t79 79 79
65 301\tE9
66 69\tFB01 FB01
1\t
2 3\t
E9\t65
F1\t6E 303 6E
AD\t
1F600\t3A 29
4E2D\t4E2D 4E2D
A0\t20
"""


def rule_table():
    with tempfile.NamedTemporaryFile('w', suffix='.tsv') as file:
        file.write(RULES)
        file.flush()
        return learn_unigram(500, normalization_rule_tsv=file.name).normalizer_spec.precompiled_charsmap


CL100K = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def tokenizers():
    nfkc = learn_unigram(600)
    bytes_proto = learn_unigram(700, byte_fallback=True)
    table = nfkc.normalizer_spec.precompiled_charsmap
    yield 'unigram-xlmr', unigram(nfkc, n.Precompiled(table), p.Sequence([p.WhitespaceSplit(), p.Metaspace()]))
    yield 'unigram-first', unigram(
        nfkc, n.Sequence([n.Precompiled(table), n.Strip(left=False, right=True), n.Replace(Regex(' {2,}'), '▁')]),
        p.Metaspace(prepend_scheme='first'))
    yield 'unigram-bytes', unigram(
        bytes_proto, n.Sequence([n.Prepend('▁'), n.Replace(' ', '▁')]), None, byte_fallback=True)
    yield 'unigram-rules', unigram(nfkc, n.Precompiled(rule_table()), p.Metaspace(prepend_scheme='never', split=False))

    roberta = bpe(p.ByteLevel(add_prefix_space=False))
    roberta.post_processor = post.RobertaProcessing(('</s>', 2), ('<s>', 0), trim_offsets=True, add_prefix_space=False)
    roberta.add_special_tokens([AddedToken('<mask>', lstrip=True, normalized=False)])
    yield 'bpe-roberta', roberta
    prefixed = Tokenizer.from_str(roberta.to_str())
    prefixed.pre_tokenizer = p.ByteLevel(add_prefix_space=True)
    prefixed.post_processor = post.RobertaProcessing(('</s>', 2), ('<s>', 0), trim_offsets=True, add_prefix_space=True)
    prefixed.add_tokens([AddedToken('[Q] ', normalized=False, special=True), AddedToken('word', single_word=True, normalized=True)])
    yield 'bpe-prefix', prefixed

    modern = bpe(p.ByteLevel(add_prefix_space=False), n.NFC(), specials=('[UNK]', '[CLS]', '[SEP]', '[PAD]', '[MASK]'))
    modern.post_processor = template(modern, '[CLS]', '[SEP]', double=False)
    modern.add_special_tokens([AddedToken('[MASK]', lstrip=True, normalized=False), AddedToken('[Q] ', normalized=False)])
    modern.add_tokens([AddedToken('    ', normalized=True), AddedToken('  ', normalized=True)])
    yield 'bpe-modern', modern

    llama = bpe(p.Sequence([p.Split(Regex(CL100K), 'isolated'), p.ByteLevel(add_prefix_space=False, use_regex=False)]))
    llama.post_processor = post.Sequence([post.ByteLevel(trim_offsets=True, add_prefix_space=False), template(llama, '<s>', '</s>')])
    yield 'bpe-llama', changed(llama, ignore_merges=True)
    yield 'bpe-o200k', bpe(p.Sequence([p.Split(Regex(O200K), 'removed', invert=True), p.ByteLevel(add_prefix_space=False, use_regex=False)]))

    gemma = bpe(p.Split(' ', 'merged_with_previous'), n.Replace(' ', '▁'), byte_level=False, size=900,
                specials=('<pad>', '<eos>', '<bos>', '<unk>', '<mask>', *(f'<0x{i:02X}>' for i in range(256))))
    yield 'bpe-gemma', changed(gemma, byte_fallback=True, fuse_unk=True, unk_token='<unk>')
    chars = bpe(p.Sequence([p.WhitespaceSplit(), p.Punctuation()]), n.Lowercase(), byte_level=False, unk_token='<unk>', size=900,
                continuing_subword_prefix='##', end_of_word_suffix='</w>')
    yield 'bpe-chars', chars
    yield 'bpe-fused', changed(chars, fuse_unk=True)
    # Without an unknown token, what is not known is not there.
    yield 'bpe-dropped', changed(chars, unk_token=None)


# How `Split` cuts, by its five behaviours; each part is a token.
SPLITS = [('removed', False), ('isolated', False), ('merged_with_previous', False), ('merged_with_next', False), ('contiguous', False), ('removed', True), ('isolated', True), ('merged_with_next', True)]
SPLIT_TEXTS = ['', 'a b', ' a  b ', '   ', 'aa--bb - c', '-a-', '--', '12 ab-3  c']


def splits():
    cases = []
    for pattern in [Regex(r'[\s\-]'), ' ', Regex(r'\d+|[a-c]')]:
        for behavior, invert in SPLITS:
            step = p.Split(pattern, behavior, invert)
            value = json.loads(step.__getstate__())
            for text in SPLIT_TEXTS:
                cases.append([value, text, [list(at) for _, at in step.pre_tokenize_str(text)]])
    return cases


def case(tokenizer, text):
    encoding = tokenizer.encode(text, add_special_tokens=False)
    at = units(text)
    return [text, encoding.ids, [[at[a], at[b]] for a, b in encoding.offsets]]


def named_table(value, table):
    """The tokenizer without the large table that several have."""
    text = json.dumps(value).replace(base64.b64encode(table).decode(), 'nmt_nfkc')
    return json.loads(text)


PAIRS = [('how long', 'The lamp of the old lighthouse turns once in nine seconds.'), ('', 'only the second'), ('only the first', ''),
         ('a question that is itself rather long, longer than what follows', 'short'), ('one two three four five six seven', 'eight nine ten eleven twelve thirteen')]


def pairs(tokenizer):
    cases = []
    for length in (None, 7, 12, 13, 24):
        if length:
            tokenizer.enable_truncation(length, strategy='longest_first')
        for first, second in PAIRS:
            encoding = tokenizer.encode(first, second)
            cases.append([first, second, length, encoding.ids, encoding.type_ids])
    tokenizer.no_truncation()
    return cases


# As `transformers` loads them, which takes the vocabulary from tokenizer.json and the rest from tokenizer_config.json.
def loaded(tokenizer, model_type, config):
    names = ['bos_token', 'eos_token', 'sep_token', 'cls_token', 'unk_token', 'pad_token', 'mask_token']
    config = {**dict(zip(names, ['<s>', '</s>', '</s>', '<s>', '<unk>', '<pad>', '<mask>'])), **config}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        tokenizer.save(str(path / 'tokenizer.json'))
        (path / 'tokenizer_config.json').write_text(json.dumps(config))
        (path / 'config.json').write_text(json.dumps({'model_type': model_type}))
        reference = AutoTokenizer.from_pretrained(folder)
        cases = []
        for text in TEXTS[::3]:
            encoding = reference(text, add_special_tokens=False, return_offsets_mapping=True)
            at = units(text)
            cases.append([text, encoding['input_ids'], [[at[a], at[b]] for a, b in encoding['offset_mapping']]])
        pair = reference('first', 'second')
        return {'class': type(reference).__name__, 'model_type': model_type, 'config': config, 'cases': cases,
                'around': reference('')['input_ids'], 'pair': pair['input_ids']}


def main():
    made_with = {'tokenizers': tokenizers_version, 'sentencepiece': sentencepiece.__version__, 'transformers': transformers_version}
    table = learn_unigram(600).normalizer_spec.precompiled_charsmap
    (HERE / 'families').mkdir(exist_ok=True)
    (HERE / 'families/charsmap.txt').write_text(base64.b64encode(table).decode())
    for name, tokenizer in tokenizers():
        value = {'made_with': made_with, 'tokenizer': named_table(json.loads(tokenizer.to_str()), table),
                 'cases': [case(tokenizer, text) for text in TEXTS]}
        if name in ('unigram-xlmr', 'bpe-roberta', 'bpe-modern'):
            value['pairs'] = pairs(tokenizer)
        # What is in the file counts for little: the classes rebuild it.
        if name == 'unigram-first':
            value['loaded'] = [loaded(tokenizer, 'xlm-roberta', {'tokenizer_class': 'XLMRobertaTokenizer'}),
                               loaded(tokenizer, 'xlm-roberta', {'add_prefix_space': False}),
                               loaded(tokenizer, 'camembert', {})]
        if name == 'bpe-prefix':
            value['loaded'] = [loaded(tokenizer, 'roberta', {'tokenizer_class': 'RobertaTokenizer'}),
                               loaded(tokenizer, 'roberta', {'add_prefix_space': True, 'trim_offsets': False}),
                               loaded(tokenizer, 'modernbert', {'tokenizer_class': 'RobertaTokenizer'})]
        write(f'families/{name}.json', value)
    write('families/splits.json', {'made_with': made_with, 'cases': splits()})


if __name__ == '__main__':
    main()
