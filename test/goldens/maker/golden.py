"""What a golden is made of, and its two files."""
import json
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass
class Encoded:
    """One text: the whole input of the model, which rows are scored, and their vectors (kept, dim)."""
    text: str
    ids: list[int]
    attention: list[int]
    kept: list[int]
    vectors: torch.Tensor
    truncated: bool


def write_golden(target: Path, head: dict, queries: list[Encoded], documents: list[Encoded], scores: torch.Tensor) -> None:
    """`golden.json`, and the kept rows of all queries, then of all documents, as f32 in `golden.bin`.

    `head`: the entries that come first. `scores`: MaxSim sums, (queries, documents).
    """
    def block(items: list[Encoded]) -> str:
        return ',\n'.join(json.dumps({'text': item.text, 'ids': item.ids, 'kept': item.kept, 'truncated': item.truncated},
                                     ensure_ascii=False) for item in items)

    start = json.dumps({**head, 'dim': queries[0].vectors.shape[1]}, ensure_ascii=False)[:-1]
    table = ',\n'.join(json.dumps([float(f'{value:.8g}') for value in row]) for row in scores.tolist())
    (target / 'golden.json').write_text(
        f'{start},\n"queries": [\n{block(queries)}\n],\n"documents": [\n{block(documents)}\n],\n"scores": [\n{table}\n]}}\n',
        encoding='utf-8')
    stacked = torch.cat([item.vectors for item in [*queries, *documents]])
    (target / 'golden.bin').write_bytes(stacked.numpy().astype('<f4').tobytes())


def maxsim(queries: list[torch.Tensor], documents: list[torch.Tensor]) -> torch.Tensor:
    """Sum over a query's rows of the best dot product with a document's rows: (queries, documents)."""
    return torch.stack([torch.stack([(q @ d.T).amax(1).sum() for d in documents]) for q in queries])
