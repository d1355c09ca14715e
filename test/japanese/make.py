"""
What transformers' BertJapaneseTokenizer gives: test/goldens/japanese.

    pip install fugashi==1.5.2 unidic-lite==1.0.8 transformers==5.23.0
    python test/japanese/make.py shared/checkpoints/bert-base-japanese-v3 shared/corpora/jsquad

Of JSQuAD only hashes of the ids are written, since its texts are not ours to copy. The random texts are made by the
same few lines in random-texts.ts.
"""

import hashlib
import json
import sys
import unicodedata
from pathlib import Path

import fugashi
import unidic_lite
from transformers import BertJapaneseTokenizer

HERE = Path(__file__).parent
CHECKPOINT, JSQUAD = map(Path, sys.argv[1:3])

# Each is also part of the random texts.
PIECES = [
    "すもも", "も", "もも", "の", "うち", "東京都", "京都", "に", "行っ", "た", "。", "、", "「", "」", "・", "ー", "ーー",
    "外国人参政権", "ストア", "アップル", "コンピューター", "ﾃﾞｰﾀ", "ｱｯﾌﾟﾙ", "ﾞ", "ﾟ", "が", "か\u3099", "は\u309a", "ヴ", "ゔ",
    "一", "二", "三十", "五、六", "百", "千", "億", "12", "３", "3.14", "１，０００", "iPhone", "Ｗｅｂ", "GPU", "a", "Z", "ß", "é",
    "e\u0301", "Привет", "Ω", "αβ", "한국어", "한", "中国", "龥", "㐀", "𠮷", "𩸽", "😀", "👨‍👩‍👧", "🇯🇵", "❤️", "☆", "※", "→", "…",
    "㍿", "①", "Ⅳ", "㌢", "℃", "ﬁ", "½", "™", " ", "  ", "\u3000", "\t", "\n", "\r", "\u000b", "\u000c", "\u001c", "\u0085",
    "\u00a0", "\u2028", "\u200b", "\u200d", "\ufeff", "\uffff", "\ufffd", "\U0010ffff", "\u0001", "#", "##", "[", "]", "[MASK]",
    "[CLS]", "[UNK]", "[unused0]", "<", "&", "'", '"', "\\", "_", "-", "々", "〆", "ヶ", "ゝ", "ヽ", "仝", "〇", "食べ", "させ",
    "られ", "なかっ", "ござい", "ます", "です", "だろ", "う", "ん", "っ", "ッ", "ャ", "漢字", "かな", "カナ", "交じり", "文", "吾輩", "は",
    "猫", "で", "ある", "名前", "まだ", "無い", "生麦", "生米", "生卵", "ｶﾞｷﾞｸﾞｹﾞｺﾞ", "ヷ", "ａｂｃ", "https://example.jp/?q=1&r=2",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ああああああああああああああああああああああああああああああああ",
    "アアアアアアアアアアアアアアアアアアアアアアアアア", "アアアアアアアアアアアアアアアアアアアアアアアアアア", "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!", "鬱鬱鬱",
]

CASES = PIECES + [
    "",
    " \tｱｯﾌﾟﾙストアでiPhone８ が  \n 発売された　。  ",
    "すもももももももものうち",
    "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
    "MaxSim は、質問の各トークンについて最も近い文書トークンを探す。",
    "10月25日（土）に㈱日本製作所のﾃﾚﾋﾞを¥12,800で買った！！",
    "𠮷野家で𩸽を食べる😀😀",
    "[CLS]こんにちは[SEP]世界[MASK]",
    "ＡＢＣ　ａｂｃ　１２３",
    "がぎぐげご" + "か\u3099き\u3099く\u3099" + "ｶﾞｷﾞｸﾞ",
    "あ" * 200,
    "ア" * 200,
    "a" * 99, "a" * 100, "a" * 101, "a" * 300,
    "漢" * 300,
    "1" * 60,
    "。" * 30,
    "ｗ" * 26,
    "語\u2028行\u0085段\u001c落",
]


class Random:
    """The linear congruential generator of random-texts.ts."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 1103515245 + 12345) % 2**31
        return (self.state >> 8) % limit


def random_texts(count):
    random = Random(1)
    return ["".join(PIECES[random.below(len(PIECES))] for _ in range(1 + random.below(24))) for _ in range(count)]


def digest(ids):
    return hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()[:8]


def jsonl(name):
    return [json.loads(line) for line in open(JSQUAD / name, encoding="utf8")]


def write(name, value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace('},{', '},\n{')
    (HERE.parent / "goldens/japanese" / name).write_text(text + "\n", encoding="utf8")


tokenizer = BertJapaneseTokenizer.from_pretrained(CHECKPOINT)
# The sibling that splits words into characters, here over the same vocabulary.
characters = BertJapaneseTokenizer.from_pretrained(CHECKPOINT, subword_tokenizer_type="character")
tagger = fugashi.GenericTagger(f'-d "{unidic_lite.DICDIR}" -r "{unidic_lite.DICDIR}/mecabrc"')


def ids(text, of=tokenizer):
    return of.encode(text, add_special_tokens=False)


def words(text):
    return [node.surface for node in tagger(unicodedata.normalize("NFKC", text))]


write("pieces.json", PIECES)
write(
    "cases.json",
    [{"text": text, "words": words(text), "ids": ids(text), "characters": ids(text, characters)} for text in CASES],
)
texts = random_texts(1000)
write(
    "random.json",
    {
        "last": texts[-1],
        "words": "".join(digest(words(text)) for text in texts),
        "ids": "".join(digest(ids(text)) for text in texts),
        "characters": "".join(digest(ids(text, characters)) for text in texts),
    },
)
# Long ones, one of them of all kinds and the others without a break.
LONG = {"mixed": "".join(texts), "kanji": "漢字" * 17000, "katakana": "アイウエオ" * 7000, "latin": "a" * 100000, "known": "東京都に住む" * 6000, "periodic": "が" * 40000}
write("long.json", {name: [len(words(text)), digest(words(text))] for name, text in LONG.items()})
corpus, queries = jsonl("corpus.jsonl"), jsonl("queries.jsonl")
write(
    "jsquad.json",
    {
        "words": "".join(digest(words(each["text"])) for each in corpus),
        "passages": "".join(digest(ids(each["text"])) for each in corpus),
        "questions": "".join(digest(ids(each["text"])) for each in queries),
        "characters": "".join(digest(ids(each["text"], characters)) for each in queries),
    },
)
