"""Token vectors and MaxSim sums as the reference libraries give them."""
from pathlib import Path

import torch
from sentence_transformers import MultiVectorEncoder, SentenceTransformer
from sentence_transformers.util import maxsim
from transformers import AutoTokenizer, BertModel

from .files import read_weights
from .golden import Encoded


def sentence_transformers(folder: Path, queries: list[str], documents: list[str]) -> tuple[list[Encoded], list[Encoded]]:
    model = MultiVectorEncoder(str(folder), device='cpu', local_files_only=True)
    transformer = model[0]

    def encode(text: str, role: str) -> Encoded:
        prompt = model.prompts.get(role)
        features = model.preprocess([text], prompt=prompt, task=role)
        ids, attention = features['input_ids'][0].tolist(), features['attention_mask'][0].tolist()
        expansion = features.get('query_expansion_positions')
        own = len(ids) - (int(expansion.sum()) if expansion is not None else 0)
        with torch.inference_mode():
            out = model(features, task=role)
        mask = out['attention_mask'][0].bool()
        vectors = out['token_embeddings'][0][mask]
        public = (model.encode_query if role == 'query' else model.encode_document)([text])[0]
        if not torch.equal(vectors, public):
            raise AssertionError(f'encode_{role} and the module chain disagree on {text!r}')
        whole = len(transformer.tokenizer((prompt or '') + text)['input_ids'])
        kept = mask.nonzero().flatten().tolist()
        return Encoded(text, ids, attention, kept, vectors.clone(), whole > own)

    return [encode(text, 'query') for text in queries], [encode(text, 'document') for text in documents]


def single_vector(folder: Path, queries: list[str], documents: list[str]) -> tuple[list[Encoded], list[Encoded]]:
    """Row 0 stands for all rows."""
    model = SentenceTransformer(str(folder), device='cpu', local_files_only=True)

    def encode(text: str, role: str) -> Encoded:
        prompt = model.prompts.get(role) or None
        features = model.preprocess([text], prompt=prompt, task=role)
        ids, attention = features['input_ids'][0].tolist(), features['attention_mask'][0].tolist()
        vectors = torch.from_numpy((model.encode_query if role == 'query' else model.encode_document)([text]))
        whole = len(model.tokenizer((prompt or '') + text)['input_ids'])
        return Encoded(text, ids, attention, [0], vectors, whole > len(ids))

    return [encode(text, 'query') for text in queries], [encode(text, 'document') for text in documents]


def in_f64(folder: Path, queries: list[Encoded], documents: list[Encoded]) -> list[list[torch.Tensor]]:
    """The same rows by the same library in double precision: what rounding does to a golden."""
    pooled = queries[0].kept == [0]
    model = (SentenceTransformer if pooled else MultiVectorEncoder)(str(folder), device='cpu', local_files_only=True).double()

    def encode(item: Encoded, role: str) -> torch.Tensor:
        features = model.preprocess([item.text], prompt=model.prompts.get(role) or None, task=role)
        with torch.inference_mode():
            out = model(features, task=role)
        return out['sentence_embedding'] if pooled else out['token_embeddings'][0][item.kept]

    return [[encode(item, role).float() for item in items] for items, role in ((queries, 'query'), (documents, 'document'))]


def sums(queries: list[Encoded], documents: list[Encoded]) -> torch.Tensor:
    """MaxSim of every query with every document, f32: (queries, documents)."""
    return maxsim([q.vectors for q in queries], [d.vectors for d in documents])


def stanford_by_hand(folder: Path, encoded: list[Encoded], role: str, metadata: dict) -> float:
    """Largest difference to the recipe of Stanford's own tokenizers and `BertModel` + `linear.weight`.

    Queries: pad to `query_maxlen - 1`, insert the marker at position 1, pads become [MASK]. Documents: the same
    without padding, cut at `doc_maxlen - 1`. Only the vectors and ids are compared, not the skiplist.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    tensors = read_weights(folder)
    model = BertModel.from_pretrained(folder, add_pooling_layer=False, local_files_only=True).eval()
    marker = tokenizer.convert_tokens_to_ids(metadata[f"{'query' if role == 'query' else 'doc'}_token_id"])
    length = metadata['query_maxlen' if role == 'query' else 'doc_maxlen'] - 1
    worst = 0.0
    markers = (metadata['query_token_id'], metadata['doc_token_id'])
    for item in encoded:
        if any(literal in item.text for literal in markers):
            continue  # Stanford's tokenizers split a marker that is written out
        batch = tokenizer(item.text, truncation=True, max_length=length, padding='max_length' if role == 'query' else False,
                          return_tensors='pt')
        ids, attention = batch['input_ids'][0], batch['attention_mask'][0]
        ids = torch.cat([ids[:1], torch.tensor([marker]), ids[1:]])
        attention = torch.cat([attention[:1], torch.tensor([1]), attention[1:]])
        if role == 'query':
            ids[ids == tokenizer.pad_token_id] = tokenizer.mask_token_id
            if metadata['attend_to_mask_tokens']:
                attention[:] = 1
        if ids.tolist() != item.ids:
            raise AssertionError(f'ids differ from Stanford on {item.text!r}')
        with torch.inference_mode():
            hidden = model(ids[None], attention_mask=attention[None]).last_hidden_state[0]
            vectors = torch.nn.functional.normalize(hidden @ tensors['linear.weight'].T, dim=-1)
        worst = max(worst, float((vectors[item.kept] - item.vectors).abs().max()))
    return worst
