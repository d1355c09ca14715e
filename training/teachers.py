"""Stage 2: the teachers, all-MiniLM-L6-v2's cosine and BM25, and the negatives that each of them finds.

`python teachers.py --work WORK` writes MiniLM's embeddings (`vectors/`), BM25's matrices (`bm25-*.npz`) and
`negatives.npz`. The score of any query with any passage is then one inner product each: computed once, read in training.
Stopped and started again it goes on where it was.
"""
import argparse
import hashlib
import json
from functools import cache
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import snowballstemmer
import torch
from sklearn.feature_extraction.text import CountVectorizer, ENGLISH_STOP_WORDS

from colbert import base_folder

DEPTH = 30
CHUNK = 1_000


@cache
def _stem(word: str, stemmer=snowballstemmer.stemmer('english')) -> str:
    return stemmer.stemWord(word)


class BM25:
    """k1 1.2, b 0.75 over a sparse matrix (passages, terms); a query counts each term once."""

    def __init__(self, passages: list[str], k1: float = 1.2, b: float = 0.75):
        analyze = CountVectorizer(stop_words=list(ENGLISH_STOP_WORDS)).build_analyzer()
        self.vectorizer = CountVectorizer(analyzer=lambda text: [_stem(word) for word in analyze(text)])
        counts = self.vectorizer.fit_transform(passages).astype(np.float32).tocsr()
        lengths = np.asarray(counts.sum(1)).ravel()
        having = np.bincount(counts.indices, minlength=counts.shape[1])
        idf = np.log(1 + (len(passages) - having + 0.5) / (having + 0.5))
        rows = np.repeat(np.arange(len(passages)), np.diff(counts.indptr))
        norm = k1 * (1 - b + b * lengths[rows] / lengths.mean())
        counts.data = (idf[counts.indices] * counts.data * (k1 + 1) / (counts.data + norm)).astype(np.float32)
        self.matrix = counts

    def queries(self, texts: list[str]) -> sp.csr_matrix:
        found = self.vectorizer.transform(texts).astype(np.float32)
        found.data[:] = 1
        return found

    def score(self, texts: list[str]) -> np.ndarray:
        """(texts, passages)"""
        return (self.queries(texts) @ self.matrix.T).toarray()


@cache
def _minilm():
    from transformers import AutoModel, AutoTokenizer
    return AutoTokenizer.from_pretrained(base_folder()), AutoModel.from_pretrained(base_folder()).eval()


@torch.no_grad()
def embed(texts: list[str], length: int = 128, batch: int = 64) -> np.ndarray:
    """all-MiniLM-L6-v2 as a single-vector model: mean pooling, length 1; (texts, 384) f16."""
    tokenizer, model = _minilm()
    out = np.zeros((len(texts), 384), np.float16)
    order = np.argsort([len(text) for text in texts])
    for at in range(0, len(texts), batch):
        rows = order[at:at + batch]
        tokens = tokenizer([texts[i] for i in rows], truncation=True, max_length=length, padding=True, return_tensors='pt')
        states = model(**tokens).last_hidden_state
        mask = tokens['attention_mask'][:, :, None].float()
        out[rows] = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1).numpy()
    return out


def embed_kept(work: Path, texts: list[str]) -> np.ndarray:
    """`embed`, kept in a file for every thousand texts, named by what they are, so that a second call goes on."""
    folder = work / 'vectors'
    folder.mkdir(exist_ok=True)
    parts = []
    for at in range(0, len(texts), CHUNK):
        chunk = texts[at:at + CHUNK]
        path = folder / f'{hashlib.sha256(json.dumps(chunk).encode()).hexdigest()[:20]}.npy'
        if not path.exists():
            np.save(path.with_suffix('.new.npy'), embed(chunk))
            path.with_suffix('.new.npy').replace(path)
            print(f'MiniLM: {at + len(chunk)} of {len(texts)} texts', flush=True)
        parts.append(np.load(path))
    return np.concatenate(parts)


def min_max(scores: torch.Tensor) -> torch.Tensor:
    """Each row from 0 to 1."""
    low, high = scores.amin(-1, keepdim=True), scores.amax(-1, keepdim=True)
    return (scores - low) / (high - low).clamp_min(1e-6)


class Teacher:
    """What the teachers say of training queries (by place) and passages (by place)."""

    def __init__(self, work: Path):
        stored = json.loads((work / 'train.json').read_text(encoding='utf-8'))
        self.query_vectors = embed_kept(work, stored['queries'])
        self.passage_vectors = embed_kept(work, stored['passages'])
        self.terms, self.matrix = sp.load_npz(work / 'bm25-queries.npz'), sp.load_npz(work / 'bm25-passages.npz')

    def cosine(self, queries: np.ndarray, passages=slice(None)) -> np.ndarray:
        return self.query_vectors[queries].astype(np.float32) @ self.passage_vectors[passages].astype(np.float32).T

    def lexical(self, queries: np.ndarray, passages=slice(None)) -> np.ndarray:
        return (self.terms[queries] @ self.matrix[passages].T).toarray()

    def scores(self, queries: np.ndarray, passages: np.ndarray, share: float) -> torch.Tensor:
        """(queries, passages): both min-max normalised over the passages; `share` is the cosine's weight, of 1."""
        cosine, lexical = torch.from_numpy(self.cosine(queries, passages)), torch.from_numpy(self.lexical(queries, passages))
        return share * min_max(cosine) + (1 - share) * min_max(lexical)


def best(scores: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The places of the DEPTH highest of each row but its own passage, highest first."""
    rows = np.arange(len(scores))
    scores[rows, own] = -np.inf
    top = np.argpartition(-scores, DEPTH, 1)[:, :DEPTH]
    return np.take_along_axis(top, np.argsort(-np.take_along_axis(scores, top, 1), 1, kind='stable'), 1).astype(np.int32)


def main(work: Path) -> None:
    stored = json.loads((work / 'train.json').read_text(encoding='utf-8'))
    positives = np.array(stored['positives'])
    if not (work / 'bm25-queries.npz').exists():
        bm25 = BM25(stored['passages'])
        sp.save_npz(work / 'bm25-passages.npz', bm25.matrix)
        sp.save_npz(work / 'bm25-queries.npz', bm25.queries(stored['queries']))
    teacher = Teacher(work)
    found = {'bm25': [], 'minilm': []}
    for at in range(0, len(positives), 256):
        rows = np.arange(at, min(at + 256, len(positives)))
        found['bm25'].append(best(teacher.lexical(rows), positives[rows]))
        found['minilm'].append(best(teacher.cosine(rows), positives[rows]))
    np.savez(work / 'negatives.npz', **{name: np.concatenate(parts) for name, parts in found.items()})
    shared = np.mean([len(np.intersect1d(a, b)) for a, b in zip(*map(np.concatenate, found.values()))])
    print(f'{DEPTH} negatives of each for {len(positives)} queries; {shared:.1f} of them are the same')


if __name__ == '__main__':
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument('--work', type=Path, required=True)
    main(**vars(options.parse_args()))
