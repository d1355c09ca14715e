"""Makes the goldens of src/text from Hugging Face `tokenizers` (Rust), the reference for ids and offsets.

    python test/goldens/text/make.py [FOLDER_WITH_A_REAL_TOKENIZER_JSON]

Offsets are converted from code points to UTF-16 units. Needs: pip install tokenizers
"""

import json
import pathlib
import random
import re
import sys
import unicodedata

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

HERE = pathlib.Path(__file__).parent

TEXTS = [
    "", " ", "   \t\n\r ", "Hello World", "hello,world!", "naïve café", "İstanbul ISTANBUL", "İ", "ΑΣ ΟΔΟΣ σς",
    "e\u0301x", "x\u0301", "\u0301x", "\u0345\u0301a", "a\u0301\u0323", "a\u0323\u0301b", "Å Å å", "ẞ ß ǅ",
    "中文a", "新しい本を読む。カタカナ、ﾊﾝｶｸ ｶﾞ", "が か\u3099 ﾊﾟ", "𠀀𠀁x", "豈更 \u2f800", "한국어 \u1112\u1161\u11ab",
    "a\u00adb", "a\u0000b", "\u0000", "\ufffd", "\ufeffabc", "a\u200db", "\u2028x\u2029y\u0085z", "a\u00a0b\u3000c",
    "🤷‍♀️ok 😀", "👩‍👩‍👧‍👦", "😀😁x", "ﬁne ﬃ", "½ ① ² ㈱ ｱ", "ﷺ abc", "مرحبا بالعالم", "שָׁלוֹם עוֹלָם", "hello \u202eדלרוו\u202c",
    "[MASK]x [unused0]hi [UNUSED0]", "[ MASK]", "a[MASK]b", "[CLS][SEP]", "[unk] [UNK]", "[Q] [Q]  [Q]x", "<w>a <w> a<w>",
    "left  <l>  right", "left  <r>  right", "<long <longer> <longest", "constructor __proto__ hasOwnProperty toString",
    "a" * 100, "a" * 101, "a" * 99 + "é", "a" * 100 + "é", "😀" * 100, "😀" * 101, "..." * 50, "snake_case-kebab.dot/slash",
    "don't stop; 'quoted' \"double\"", "1234567890 3.14 1e10", "\u0958 क़", "ไทยไม่มีช่องว่าง", "a\u0e33 b",
    "x\u20e3 \u00b4a ¨b", "zalgo h\u0335\u0321e\u0336\u0322l\u0337p", "line1\nline2\r\nline3\ttab", "Ⅷ ℡ ℻", "\u1e9b\u0323",
    "\U0001d400\U0001d5d4 math", "\u0130\u0307", "ŉ", "ΐ ΰ", "\u212b \u2126 \u212a", "+-*/<=>^|~`$ €£¥ ©®™", "–—…‘’“”«»",
]

rng = random.Random(7)
ALPHABET = "aAbBzZ éÉİßΣς\u0301\u0323\u0345\u093c\u3099中本かガ한\u1161ｶﾞﬁ½①.,-_!?[]()'\"\t\n\u00a0\u200b\ufeff\u00ad😀🤷\U00020000"
TEXTS += ["".join(rng.choice(ALPHABET) for _ in range(rng.randint(1, 24))) for _ in range(150)]

PIECES = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] [unused0] [unused1] hello world the quick nai na ##ive ##ve cafe caf ##e ##fe ##s istanbul "
    "is ##tan ##bul fi fine ##ne ff ##i ffi α σ ς ο ##δ ##ο ##σ ##ς ##α 中 文 本 を 新 か ##か が ##か ガ カ ##ガ ᄒ ##ᅡ ##ᆫ 한 ##국 "
    "##어 con ##struct ##or __ proto has ##own ##prop ##erty to ##string mask unused cl ##s se ##p un ##k left right long ##er ##est "
    "1 ##2 ##3 12 123 3 . , - _ ! ? [ ] ( ) ' \" / < > ; : + * = ^ | ~ ` $ € £ © ’ “ ” … – don t stop quote ##d q w line ##1 ok x y z ß "
    "שלום עולם ##ם مرحبا ب ##العالم क ##़ ไ ##ทย ␣ 😀 ##😀 🤷 H E é É café İ ı Å å ss st SS"
).split()
PIECES += [c for c in "abcdefghijklmnopqrstuvwxyz"] + ["##" + c for c in "abcdefghijklmnopqrstuvwxyz0123456789"]
PIECES += [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"] + ["##" + c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
VOCAB = {}
for piece in PIECES:
    VOCAB.setdefault(piece, len(VOCAB))


def build(normalizer, pre_tokenizer, added=()):
    tokenizer = Tokenizer(models.WordPiece(dict(VOCAB), unk_token="[UNK]"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", VOCAB["[CLS]"]), ("[SEP]", VOCAB["[SEP]"])]
    )
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.add_tokens(list(added))
    return tokenizer


n, p = normalizers, pre_tokenizers
ADDED = [
    AddedToken("[unused0]", normalized=True),
    AddedToken("[Q] ", normalized=False, special=True),
    AddedToken("<w>", normalized=False, single_word=True),
    AddedToken("<l>", normalized=False, lstrip=True),
    AddedToken("<r>", normalized=False, rstrip=True),
    AddedToken("<long", normalized=False),
    AddedToken("<longer>", normalized=False),
]
TOKENIZERS = {
    "uncased": build(n.BertNormalizer(), p.BertPreTokenizer(), ADDED),
    "cased": build(n.BertNormalizer(lowercase=False), p.BertPreTokenizer()),
    "accents": build(n.BertNormalizer(lowercase=True, strip_accents=False), p.BertPreTokenizer()),
    "unclean": build(n.BertNormalizer(clean_text=False, handle_chinese_chars=False), p.BertPreTokenizer()),
    "nfkc": build(n.Sequence([n.NFKC(), n.Lowercase()]), p.Sequence([p.WhitespaceSplit(), p.Punctuation()]), ADDED),
    "nfc": build(n.NFC(), p.Sequence([p.Whitespace(), p.Digits(individual_digits=True)])),
    "nfd": build(n.Sequence([n.NFD(), n.StripAccents(), n.Lowercase()]), p.WhitespaceSplit()),
    "replace": build(n.Sequence([n.Replace("``", '"'), n.Replace("''", '"'), n.Strip(), n.NFKD()]), p.Digits()),
}
REPLACED = ["``quoted'' text", "  ''``a''  ", "x", "ｶﾞ12ab3"]


def units(text):
    """Offsets in UTF-16 units by offsets in code points."""
    at, positions = 0, [0]
    for char in text:
        at += 2 if ord(char) > 0xFFFF else 1
        positions.append(at)
    return positions


def case(tokenizer, text):
    encoding = tokenizer.encode(text, add_special_tokens=False)
    at = units(text)
    return [text, encoding.ids, [[at[a], at[b]] for a, b in encoding.offsets]]


def ranges(codes):
    spans = []
    for code in codes:
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return " ".join(f"{a:x}" if a == b else f"{a:x}-{b:x}" for a, b in spans)


def classes():
    """Which code points the reference drops, strips, splits at, and so on."""
    points = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    clean, strip = n.BertNormalizer(**{**off, "clean_text": True}), n.BertNormalizer(**{**off, "strip_accents": True})
    han, split = n.BertNormalizer(**{**off, "handle_chinese_chars": True}), p.BertPreTokenizer()
    words = {c: [w for w, _ in split.pre_tokenize_str("a" + chr(c) + "b")] for c in points}
    return {
        "dropped": ranges(c for c in points if clean.normalize_str(chr(c)) == ""),
        "nonspacing": ranges(c for c in points if strip.normalize_str(chr(c)) == ""),
        "han": ranges(c for c in points if han.normalize_str(chr(c)) != chr(c)),
        "whiteSpace": ranges(c for c in points if words[c] == ["a", "b"]),
        "punctuation": ranges(c for c in points if words[c] == ["a", chr(c), "b"]),
    }


def marked():
    """Texts in which marks stand on composed letters, out of order, alone and in other scripts."""
    rng = random.Random(11)
    marks = [c for c in map(chr, range(0x300, 0x3100)) if unicodedata.combining(c)]
    letters = [c for c in map(chr, range(0xC0, 0x2000)) if re.match("[0-9A-F]", unicodedata.decomposition(c))]
    others = list("aeo x") + ["ﬁ", "ｶ", "ﾞ", "ハ", "\u0344", "\u1715", "\u1112", "\u1161", "\u11ab", "\U0001d157\U0001d165", "ﷺ"]
    pools = [letters, marks, marks, others]
    return ["".join(rng.choice(rng.choice(pools)) for _ in range(rng.randint(2, 9))) for _ in range(120)]


def forms():
    """What each normalisation form makes of a text, and where every character of that comes from."""
    found = {}
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
        tokenizer.normalizer = getattr(n, form)()
        tokenizer.pre_tokenizer = p.Split(Regex("(?m:.)"), "isolated")
        found[form] = [[text, tokenizer.normalizer.normalize_str(text), case(tokenizer, text)[2]] for text in marked()]
    return found


def write(name, value):
    (HERE / name).write_text(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")


def main():
    made_with = {"tokenizers": tokenizers.__version__}
    for name, tokenizer in TOKENIZERS.items():
        texts = TEXTS + (REPLACED if name == "replace" else [])
        cases = [case(tokenizer, text) for text in texts]
        write(f"{name}.json", {"made_with": made_with, "tokenizer": json.loads(tokenizer.to_str()), "cases": cases})
    write("classes.json", {"made_with": made_with, **classes()})
    write("forms.json", {"made_with": made_with, **forms()})
    if len(sys.argv) > 1:
        real = Tokenizer.from_file(str(pathlib.Path(sys.argv[1]) / "tokenizer.json"))
        real.no_truncation()
        real.no_padding()
        write("real.json", {"made_with": made_with, "cases": [case(real, text) for text in TEXTS]})


if __name__ == "__main__":
    main()
