"""Stage 3: trains the model on what `data.py` and `teachers.py` left in WORK.

`python train.py --work WORK --run NAME [--steps 600] [--ways 4] …` (`--help`: every value of a recipe) writes
WORK/runs/NAME: recipe.json, log.jsonl, start.pt, trained.pt. Resumes where it was stopped; stops after `--minutes`.

A batch: queries, the passage of each and mined negatives. Three losses; the first two distil the teachers' scores
(MiniLM's cosine and BM25, min-max normalised) by KL divergence:

- `n-way`, after JaColBERTv2.5 (arXiv 2407.20750): over the query's own candidates alone, both sides min-max normalised.
- `in-batch`: over all passages of the batch, plus cross-entropy to the query's own passage in which a candidate that
  the teachers put above it is no negative.
- `token-vectors`: a smaller model becomes like a trained one (`distill.py`).
"""
import argparse
import json
import math
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax

from colbert import DIM, ColBERT, average, base_folder, maxsim, start_projection
from teachers import Teacher, min_max


@dataclass(frozen=True)
class Recipe:
    steps: int = 600
    queries: int = 16
    ways: int = 4  # candidates of a query: its own passage and ways - 1 mined ones
    length: int = 96  # tokens of a passage
    dim: int = DIM
    loss: str = 'in-batch'
    negatives: str = 'both'  # 'bm25', 'minilm' or 'both'
    share: float = 0.7  # of the cosine in the teachers' score
    teacher_temperature: float = 0.12
    temperature: float = 0.05
    gold: float = 1.0  # weight of the cross-entropy
    optimizer: str = 'adamw'  # with a cosine schedule; or 'schedule-free'
    rate: float = 3e-5
    projection_rate: float = 3e-4
    warm_up: float = 0.06  # share of the steps
    frozen_embeddings: bool = True
    averaged: int = 1  # the last so many snapshots, one every twentieth of the steps (at least 20), are averaged
    begin: str = ''  # weights to begin with, instead of MiniLM's and principal components
    folder: str = ''  # config and tokenizer of another model than MiniLM
    taught_by: str = ''  # `token-vectors`: weights of the model to become like
    vectors: float = 4.0  # `token-vectors`: weight of the vectors beside the scores
    seed: int = 1


class Batches:
    """Everything by place: the same recipe gives the same batches, wherever it resumes."""

    def __init__(self, work: Path, recipe: Recipe):
        stored, found = json.loads((work / 'train.json').read_text(encoding='utf-8')), np.load(work / 'negatives.npz')
        self.queries, self.passages, self.positives = stored['queries'], stored['passages'], np.array(stored['positives'])
        names = ('bm25', 'minilm') if recipe.negatives == 'both' else (recipe.negatives,)
        self.negatives = np.concatenate([found[name] for name in names], 1)
        self.teacher, self.recipe = Teacher(work), recipe

    def __getitem__(self, step: int):
        """Texts of the queries and of the distinct passages; `own` (queries, ways): each query's candidates among those,
        its own passage first; the teachers' scores (queries, passages)."""
        recipe = self.recipe
        a_round = len(self.queries) // recipe.queries
        order = np.random.default_rng([recipe.seed, step // a_round]).permutation(len(self.queries))
        rows = order[step % a_round * recipe.queries:][:recipe.queries]
        rng = np.random.default_rng([recipe.seed, 1, step])
        drawn = np.stack([rng.choice(np.unique(self.negatives[row]), recipe.ways - 1, replace=False) for row in rows])
        chosen = np.concatenate([self.positives[rows][:, None], drawn], 1)
        candidates, own = np.unique(chosen, return_inverse=True)
        teacher = self.teacher.scores(rows, candidates, recipe.share)
        return ([self.queries[row] for row in rows], [self.passages[place] for place in candidates],
                torch.from_numpy(own.reshape(chosen.shape)), teacher)


def score(model: ColBERT, queries: list[str], passages: list[str], length: int, group: int = 16) -> torch.Tensor:
    """(queries, passages); passages of like length go through the model together, so that little is padding."""
    asked = model.tokenize(queries, True)
    vectors, rows = model(asked), asked['mask'].bool()
    order = sorted(range(len(passages)), key=lambda place: len(passages[place]))
    columns = []
    for at in range(0, len(order), group):
        tokens = model.tokenize([passages[place] for place in order[at:at + group]], False, length)
        columns.append(maxsim(vectors, rows, model(tokens), model.scored(tokens)))
    return torch.cat(columns, 1)[:, torch.tensor(order).argsort()]


def loss_of(scores: torch.Tensor, own: torch.Tensor, teacher: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    if recipe.loss == 'n-way':
        student, target = min_max(scores.gather(1, own)), min_max(teacher.gather(1, own))
        return kl_div(log_softmax(student / recipe.temperature, 1), softmax(target / recipe.teacher_temperature, 1),
                      reduction='batchmean')
    student, label = scores / recipe.temperature, own[:, 0]
    soft = kl_div(log_softmax(student, 1), softmax(min_max(teacher) / recipe.teacher_temperature, 1), reduction='batchmean')
    better = teacher > teacher.gather(1, label[:, None])
    return soft + recipe.gold * cross_entropy(student.masked_fill(better, -1e4), label)


class Optimizer:
    """AdamW with warm-up and cosine, or schedule-free AdamW (Defazio et al., 2024: arXiv 2405.15682)."""

    def __init__(self, model: ColBERT, recipe: Recipe):
        groups = [{'params': [p for p in model.trunk.parameters() if p.requires_grad], 'lr': recipe.rate},
                  {'params': model.projection.parameters(), 'lr': recipe.projection_rate}]
        self.free, warm_up = recipe.optimizer == 'schedule-free', max(1, round(recipe.warm_up * recipe.steps))
        if self.free:
            import schedulefree
            self.inner = schedulefree.AdamWScheduleFree(groups, weight_decay=0.01, warmup_steps=warm_up)
            self.inner.train()
            self.schedule = None
        else:
            self.inner = torch.optim.AdamW(groups, weight_decay=0.01)
            self.schedule = torch.optim.lr_scheduler.LambdaLR(self.inner, lambda step: min(
                (step + 1) / warm_up, 0.5 * (1 + math.cos(math.pi * min(step / recipe.steps, 1))) + 0.02))

    def step(self) -> None:
        self.inner.step()
        self.inner.zero_grad(set_to_none=True)
        if self.schedule:
            self.schedule.step()

    def weights(self, model: ColBERT) -> dict[str, torch.Tensor]:
        """Those to use: schedule-free trains at other weights than it gives."""
        if self.free:
            self.inner.eval()
        state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        if self.free:
            self.inner.train()
        return state

    def state(self) -> dict:
        return {'inner': self.inner.state_dict(), 'schedule': self.schedule and self.schedule.state_dict()}

    def load(self, state: dict) -> None:
        self.inner.load_state_dict(state['inner'])
        if self.schedule:
            self.schedule.load_state_dict(state['schedule'])


def objective_of(recipe: Recipe):
    """The loss of a batch, as a function of model and batch."""
    if recipe.loss == 'token-vectors':
        from distill import Distillation
        return Distillation(ColBERT(base_folder(), weights=[Path(recipe.taught_by)]), recipe)
    return lambda model, batch: loss_of(score(model, batch[0], batch[1], recipe.length), batch[2], batch[3], recipe)


def write_whole(path: Path, value) -> None:
    """A file is there as a whole or not at all."""
    torch.save(value, path.with_suffix('.new'))
    path.with_suffix('.new').replace(path)


def train(work: Path, name: str, recipe: Recipe, minutes: float = 150) -> Path:
    """Where the trained weights are; unfinished after `minutes`, those of the last step that was done."""
    folder = work / 'runs' / name
    folder.mkdir(parents=True, exist_ok=True)
    final, kept, written = folder / 'trained.pt', folder / 'checkpoint.pt', folder / 'recipe.json'
    if written.exists() and json.loads(written.read_text()) != asdict(recipe):
        raise SystemExit(f'{folder} holds another recipe: choose another name')
    written.write_text(json.dumps(asdict(recipe), indent=2) + '\n')
    if final.exists():
        return final
    torch.manual_seed(recipe.seed)
    started, batches = time.time(), Batches(work, recipe)
    model = ColBERT(Path(recipe.folder) if recipe.folder else base_folder(), recipe.dim,
                    [Path(recipe.begin)] if recipe.begin else None)
    model.trunk.embeddings.requires_grad_(not recipe.frozen_embeddings)
    if not recipe.begin and not kept.exists():
        start_projection(model, batches.passages[:512])
        write_whole(folder / 'start.pt', model.state_dict())
    objective, optimizer, first = objective_of(recipe), Optimizer(model, recipe), 0
    if kept.exists():
        state = torch.load(kept, weights_only=True)
        model.load_state_dict(state['model'])
        optimizer.load(state['optimizer'])
        first = state['step']
    every, running = max(20, recipe.steps // 20), None
    for step in range(first, recipe.steps):
        loss = objective(model, batches[step])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        running = loss.item() if running is None else 0.95 * running + 0.05 * loss.item()
        late = time.time() - started > 60 * minutes
        if (step + 1) % every == 0 or step + 1 == recipe.steps or late:
            line = {'step': step + 1, 'loss': round(running, 4), 'seconds': round(time.time() - started)}
            with (folder / 'log.jsonl').open('a') as log:
                log.write(json.dumps(line) + '\n')
            print(name, line, flush=True)
            write_whole(kept, {'model': model.state_dict(), 'optimizer': optimizer.state(), 'step': step + 1})
            write_whole(folder / f'snapshot-{step + 1:06}.pt', optimizer.weights(model))
            for old in sorted(folder.glob('snapshot-*.pt'))[:-recipe.averaged]:
                old.unlink()
        if late:
            print(f'out of time after step {step + 1}: run again to go on')
            return sorted(folder.glob('snapshot-*.pt'))[-1]
    write_whole(final, average(sorted(folder.glob('snapshot-*.pt'))[-recipe.averaged:]))
    kept.unlink()
    return final


def add_recipe(options: argparse.ArgumentParser) -> None:
    for field in fields(Recipe):
        kind = (lambda text: text == 'true') if field.type is bool else field.type
        options.add_argument(f'--{field.name.replace("_", "-")}', type=kind, default=field.default,
                             help=f'{field.default}')


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('--work', type=Path, required=True)
    options.add_argument('--run', required=True)
    options.add_argument('--minutes', type=float, default=150)
    add_recipe(options)
    given = vars(options.parse_args())
    work, run, minutes = given.pop('work'), given.pop('run'), given.pop('minutes')
    torch.set_num_threads(2)
    print(train(work, run, Recipe(**given), minutes))


if __name__ == '__main__':
    main()
