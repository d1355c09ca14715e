"""
A small checkpoint in the shape of JaColBERTv2.5 and what sentence-transformers makes of it: test/goldens/japanese/jacolbert/.

    pip install torch==2.15.0 transformers==5.23.0 sentence-transformers==6.2.0 fugashi==1.5.2 unidic-lite==1.0.8
    python test/japanese/make_checkpoint.py

The library pads queries to one length; the dynamic length of JaColBERTv2.5 (arXiv 2407.20750, section 3.5) is had from
it by asking, for each query, for the length that the rule gives.
"""

import json
import logging
import shutil
import sys
import tempfile
from pathlib import Path

import torch
from transformers import BertJapaneseTokenizer

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "goldens"))

from maker import encode, files, layouts  # noqa: E402
from maker.golden import write_golden  # noqa: E402
from maker.vocabulary import write_json  # noqa: E402
from maker.weights import Shape  # noqa: E402

TARGET = HERE.parent / "goldens/japanese/jacolbert"
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"[unused{i}]" for i in range(10)), " "]
PROSE = """
灯台の明かりは九秒に一度回り、十八海里の沖からも見える。番人は毎晩、鉄の階段を上って火をともし、天気を帳面に書いた。
霧が港に入ると、朝まで一分に二度ずつ霧笛が鳴った。漁船は日の出の前に出て、赤い浮標の間を通り、潮とともに帰る。
小さな船のエンジンには、きれいな燃料と真水と、寒い日には少しの辛抱が要る。
パンは、酵母が糖をガスに変え、生地がその泡を抱くので膨らむ。皮が濃い色になり、底をたたくと軽い音がすれば焼き上がりだ。
トマトは日光と暖かい土と規則正しい水やりを好む。水が多すぎると実が割れる。
自転車のタイヤを直すには、車輪を外し、穴を見つけ、ゴムをきれいにして、パッチを押し当てる。
木星には明るい衛星が四つあり、小さな望遠鏡でも見える。土星の輪は氷とちりからできている。
二つの町の間の電車は一時間ごとに走り、最終は十時半に出る。自転車を持つ人は最後の車両に乗る。
"""
QUERIES = [
    "灯台の明かりはどこから見える？",
    "パンはなぜ膨らむのか",
    "タイヤの直し方",
    "",
    "!?。、",
    "ｴﾝｼﾞﾝの燃料は何ですか",
    "😀 GPU 100%",
    # 25 to 31 tokens and 57 to 63: the next multiple of 32 leaves too few [MASK]s.
    "霧が港に入ると朝まで一分に二度ずつ霧笛が鳴ったのは灯台ですか",
    "霧が港に入ると朝まで一分に二度ずつ霧笛が鳴ったと帳面に書いたのは灯台の番人ですか",
    "二つの町の間の電車は一時間ごとに走り、最終は十時半に出るが、自転車を持つ人はどの車両に乗り、どこで切符を買い、荷物をどこに置けばよいのでしょうか",
]
DOCUMENTS = [line for line in PROSE.strip().split("\n")] + [
    "",
    "「」、。！？",
    "ＭａｘＳｉｍは、ﾄｰｸﾝごとに最も近いものを探す(late interaction)。",
    "𠮷野家の😀マークと[unused1]という文字",
    PROSE.replace("\n", "")[:400],
]


def vocabulary() -> list[str]:
    """Every character, every inner one, and the longer half of the words, as MeCab splits them."""
    empty = Path(tempfile.mkdtemp()) / "vocab.txt"
    empty.write_text("[UNK]\n")
    mecab = BertJapaneseTokenizer(str(empty), word_tokenizer_type="mecab", mecab_kwargs={"mecab_dic": "unidic_lite"}).word_tokenizer
    words = sorted({word for line in PROSE.split("\n") for word in mecab.tokenize(line)})
    characters = sorted({character for word in words for character in word} | set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~0123456789GPUMS"))
    inner = [f"##{character}" for character in characters if character.isalnum()]
    known = [*SPECIALS, *characters, *inner]
    return known + [word for i, word in enumerate(words) if i % 2 == 0 and word not in known]


class Trunk(layouts.Trunk):
    def write_tokenizer(self, folder: Path) -> None:
        (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in WORDS), encoding="utf-8")
        write_json(
            folder / "tokenizer_config.json",
            {
                "tokenizer_class": "BertJapaneseTokenizer",
                "model_max_length": 512,
                "do_lower_case": False,
                "word_tokenizer_type": "mecab",
                "subword_tokenizer_type": "wordpiece",
                "mecab_kwargs": {"mecab_dic": "unidic_lite"},
            },
        )


def dynamic(count: int) -> int:
    following = -(-count // 32) * 32
    return count + 8 if following - count < 8 else following


torch.set_num_threads(1)
logging.disable(logging.WARNING)
WORDS = vocabulary()
shutil.rmtree(TARGET, ignore_errors=True)
trunk = Trunk(Shape(len(WORDS), hidden=32, heads=4, positions=128), seed=25)
layouts.stanford(TARGET / "model", trunk, 16, "F16", doc_maxlen=64)
with tempfile.TemporaryDirectory() as scratch:
    plain = files.as_f32(TARGET / "model", Path(scratch) / "f32")
    tokenizer = BertJapaneseTokenizer.from_pretrained(plain)
    metadata = json.loads((plain / "artifact.metadata").read_text())
    queries = []
    for query in QUERIES:
        length = dynamic(len(tokenizer(query)["input_ids"]) + 1)
        (plain / "artifact.metadata").write_text(json.dumps({**metadata, "query_maxlen": length}))
        queries += encode.sentence_transformers(plain, [query], [])[0]
    _, documents = encode.sentence_transformers(plain, [], DOCUMENTS)
    listing = sorted(path.name for path in (TARGET / "model").iterdir())
    (TARGET / "model/model.safetensors").chmod(0o644)
    head = {"reference": "sentence-transformers", "files": listing}
    write_golden(TARGET, head, queries, documents, encode.sums(queries, documents))
