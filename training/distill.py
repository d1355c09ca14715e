"""A smaller model becomes like a trained one: the loss `token-vectors` of train.py.

Where both tokenizers make the same token of the same characters, its vector should be the larger model's (1 - cosine);
and the scores of all queries with all passages of the batch should be the larger model's (KL divergence). Words that
the smaller vocabulary cuts into more pieces are taught by the scores alone.
"""
import torch
from torch.nn.functional import kl_div, log_softmax, softmax

from colbert import ColBERT, maxsim

Encoded = tuple[torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]  # vectors, scored rows, tokens


def encode(model: ColBERT, texts: list[str], query: bool, length: int | None) -> Encoded:
    tokens = model.tokenize(texts, query, length, offsets=True)
    rows = tokens['mask'].bool() if query else model.scored(tokens)
    return model(tokens), rows, tokens


def places(tokens: dict[str, torch.Tensor], rows: torch.Tensor) -> dict[tuple[int, int, int], int]:
    """Where (text, start, end) stands in the flattened rows. [CLS] has the span (0, 0), the marker (-1, -1), [SEP] (-2, -2)."""
    spans, width = tokens['offsets'].tolist(), rows.shape[1]
    found = {}
    for text, kept in enumerate(rows.tolist()):
        for at, (keep, (start, end)) in enumerate(zip(kept, spans[text])):
            if keep:
                is_sep = at > 0 and start == end == 0
                found[(text, -2, -2) if is_sep else (text, start, end)] = text * width + at
    return found


def apart(student: Encoded, teacher: Encoded) -> torch.Tensor:
    """Mean of 1 - cosine over the tokens that both have."""
    ours, theirs = places(student[2], student[1]), places(teacher[2], teacher[1])
    both = [key for key in ours if key in theirs]
    own = student[0].flatten(0, 1)[[ours[key] for key in both]]
    other = teacher[0].flatten(0, 1)[[theirs[key] for key in both]]
    return 1 - (own * other).sum(-1).mean()


class Distillation:
    def __init__(self, teacher: ColBERT, recipe):
        self.teacher, self.recipe = teacher, recipe

    def __call__(self, model: ColBERT, batch) -> torch.Tensor:
        queries, passages, temperature = batch[0], sorted(batch[1], key=len), self.recipe.temperature
        asked = encode(model, queries, True, None)
        with torch.no_grad():
            asked_teacher = encode(self.teacher, queries, True, None)
        distances, scores, targets = [], [], []
        for at in range(0, len(passages), 16):  # of like length together
            group = passages[at:at + 16]
            found = encode(model, group, False, self.recipe.length)
            with torch.no_grad():
                wanted = encode(self.teacher, group, False, self.recipe.length)
            distances.append(apart(found, wanted))
            scores.append(maxsim(asked[0], asked[1], found[0], found[1]))
            targets.append(maxsim(asked_teacher[0], asked_teacher[1], wanted[0], wanted[1]))
        soft = kl_div(log_softmax(torch.cat(scores, 1) / temperature, 1), softmax(torch.cat(targets, 1) / temperature, 1),
                      reduction='batchmean')
        return soft + self.recipe.vectors * (torch.stack(distances).mean() + apart(asked, asked_teacher)) / 2
