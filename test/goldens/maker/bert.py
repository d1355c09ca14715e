"""Plain BERT by transformers: token vectors are the normalised last hidden states."""
from pathlib import Path

import torch
from transformers import AutoTokenizer, BertModel

from .golden import Encoded


def plain_bert(folder: Path, queries: list[str], documents: list[str],
               max_length: int | None = None) -> tuple[list[Encoded], list[Encoded]]:
    """The same rule for queries and documents: every row is kept, [CLS] and [SEP] too.

    `max_length` in tokens; without it the smaller of the tokenizer's and the model's own.
    """
    model = BertModel.from_pretrained(folder, add_pooling_layer=False, local_files_only=True, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    longest = max_length or min(tokenizer.model_max_length, model.config.max_position_embeddings)

    def encode(text: str) -> Encoded:
        batch = tokenizer(text, truncation=True, max_length=longest, return_tensors='pt')
        with torch.inference_mode():
            hidden = model(**batch).last_hidden_state[0]
        ids = batch['input_ids'][0].tolist()
        vectors = torch.nn.functional.normalize(hidden, dim=-1).clone()
        whole = len(tokenizer(text)['input_ids'])
        return Encoded(text, ids, [1] * len(ids), list(range(len(ids))), vectors, whole > len(ids))

    return [encode(text) for text in queries], [encode(text) for text in documents]
