"""Makes every checkpoint and golden of this folder, and checks them against each other. See README.md.

    python make.py --pylate PATH/TO/PYTHON/WITH/PYLATE [--only NAME …]
"""
import argparse
import json
import logging
import shutil
import string
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from maker import encode, families, files, forward, layouts, native, rerankers, texts  # noqa: E402
from maker.bert import plain_bert  # noqa: E402
from maker.golden import maxsim, write_golden  # noqa: E402
from maker.layouts import Trunk  # noqa: E402
from maker.vocabulary import write_json  # noqa: E402
from maker.weights import Shape, dense, rows  # noqa: E402

VECTORS, SUMS = 1e-4, 1e-3  # what the engine promises
PUNCTUATION = list(string.punctuation)

FIRST = Trunk(Shape(560, hidden=32, heads=4), seed=15, tokenizer='both')
ATTEND = Trunk(Shape(600, hidden=48, heads=3, intermediate=192, epsilon=1e-3), seed=21, tokenizer='txt')
STACKED = Trunk(Shape(500, hidden=64, heads=2), seed=39)
SHORT = Trunk(Shape(600, hidden=32, heads=2, epsilon=1e-5), seed=41, without='~^')
WHOLE = Trunk(Shape(600, hidden=32, heads=1), seed=51, lowercase=False)
ANSWER = Trunk(Shape(560, hidden=32, heads=2, layers=3), seed=69, tokenizer='both')
FIXED = Trunk(Shape(560, hidden=32, heads=4), seed=71)
FLOOR = Trunk(Shape(600, hidden=48, heads=2, epsilon=1e-7), seed=81)
CASED = Trunk(Shape(640, hidden=32, heads=2), seed=94, lowercase=False)
ACCENTS = Trunk(Shape(600, hidden=48, heads=6), seed=101, tokenizer='txt', strip_accents=False)


def head(inputs: int, outputs: int, activation: str = 'Identity', bias: bool = False, residual: bool = False) -> dict:
    return {'inputs': inputs, 'outputs': outputs, 'activation': activation, 'bias': bias, 'residual': residual}


class Maker:
    def __init__(self, scratch: Path, pylate: str):
        self.scratch = scratch
        self.pylate = pylate

    def run_pylate(self, command: str, job: dict) -> None:
        path = self.scratch / 'job.json'
        path.write_text(json.dumps(job))
        subprocess.run([self.pylate, HERE / 'maker' / 'pylate_side.py', command, path], check=True)

    def saved_by_pylate(self, folder: Path, trunk: Trunk, heads: list[dict], kind: str = 'F32', lower: bool = False,
                        **rules) -> None:
        """`lower`: the text is lowercased by `sentence_bert_config.json`, before a tokenizer that would keep case."""
        base = trunk.write(self.scratch / f'{folder.parent.name}-base')
        given = {'markers': rows(np.random.default_rng(trunk.seed + 2),
                                 sum(rules[key] != '' for key in ('query_prefix', 'document_prefix')), trunk.shape.hidden)}
        for i, one in enumerate(heads):
            tensors = dense(one['inputs'], one['outputs'], trunk.seed + 10 + i, one['bias'], one['residual'])
            given |= {f'{i}/{name}': value for name, value in tensors.items()}
        weights = self.scratch / 'weights.npz'
        np.savez(weights, **given)
        self.run_pylate('build', {'base': str(base), 'weights': str(weights), 'target': str(folder), 'heads': heads, 'rules': rules})
        if lower:
            settings = json.loads((folder / 'sentence_bert_config.json').read_text())
            write_json(folder / 'sentence_bert_config.json', {**settings, 'do_lower_case': True})
        narrow(folder, kind)

    def native(self, folder: Path, trunk: Trunk, kind: str = 'F32', **settings) -> None:
        native.save(folder, trunk, self.scratch / f'{folder.parent.name}-base', **settings)
        narrow(folder, kind)


def narrow(folder: Path, kind: str) -> None:
    """Stores the encoder of a saved checkpoint as `kind`, its tensors in order; projections stay F32."""
    files.write_weights(folder, files.read_weights(folder), kind)
    if kind != 'F32':
        config = json.loads((folder / 'config.json').read_text())
        write_json(folder / 'config.json', {**config, 'dtype': 'float16'})


RECIPES = {
    'stanford': lambda m, to: layouts.stanford(to, FIRST, 16),
    'stanford-attend': lambda m, to: layouts.stanford(
        to, ATTEND, 24, 'F16', query_token_id='[unused3]', doc_token_id='[unused7]', attend_to_mask_tokens=True),
    'pylate': lambda m, to: m.saved_by_pylate(
        to, STACKED, [head(64, 96, 'Tanh', bias=True, residual=True), head(96, 48), head(48, 48, 'GELU', residual=True)],
        query_prefix='[Q] ', document_prefix='[D] ', query_length=32, document_length=48),
    'pylate-no-expansion': lambda m, to: m.saved_by_pylate(
        to, SHORT, [head(32, 24, 'ReLU', bias=True, residual=True)], 'F16', query_prefix='[Q] ', document_prefix='[D] ',
        query_length=24, document_length=40, do_query_expansion=False,
        skiplist_words=['the', 'of', '.', ',', '~', '^', 'notaword']),
    'pylate-attend': lambda m, to: m.saved_by_pylate(
        to, WHOLE, [head(32, 20)], 'F16', lower=True, query_prefix='', document_prefix='', query_length=24, document_length=40,
        attend_to_expansion_tokens=True),
    'answerai': lambda m, to: layouts.answerai(to, ANSWER, 16, 'F16'),
    'native-fixed': lambda m, to: m.native(
        to, FIXED, prompts={'query': '[Q] ', 'document': '[D] '}, special=('[Q] ', '[D] '), dim=16,
        transformer={'query_expansion': {'strategy': 'fixed', 'length': 24}, 'document_length': 40},
        mask={'skiplist_words': PUNCTUATION}),
    'native-min': lambda m, to: m.native(
        to, FLOOR, 'F16', prompts={'query': 'search: ', 'document': 'passage: '},
        transformer={'query_expansion': {'strategy': 'min', 'length': 16, 'attend': True, 'token': '[unused5]'},
                     'query_length': 28, 'document_length': 40},
        mask={'skiplist_words': PUNCTUATION, 'skiplist_tasks': ['query', 'document']}),
    'bert': lambda m, to: layouts.bert(to, CASED, old_names=True),
    'bert-accents': lambda m, to: layouts.bert(to, ACCENTS, 'BF16'),
    'stanford-f16': lambda m, to: layouts.stanford(to, FIRST, 16, 'F16'),
    'stanford-bf16': lambda m, to: layouts.stanford(to, FIRST, 16, 'BF16'),
    'stanford-i8': lambda m, to: layouts.stanford(to, FIRST, 16, 'I8'),
    'stanford-shards': lambda m, to: layouts.stanford(to, FIRST, 16, 'F16', shards=3, mask_punctuation=False),
    **{name: lambda m, to, recipe=recipe: recipe(to, m.scratch / f'{to.parent.name}-base') for name, recipe in (families.RECIPES | rerankers.RECIPES).items()},
}
# Encoded with the short lists: the rules are those of another one, or the vectors are wide.
FEW = {'stanford-f16', 'stanford-bf16', 'stanford-i8', 'stanford-shards', 'pylate-attend', 'native-min', 'bert-accents'} | set(families.RECIPES)
PLAIN = {'bert', 'bert-accents'}
PYLATE = {'stanford', 'stanford-attend', 'pylate', 'pylate-no-expansion', 'pylate-attend', 'answerai'}


def tidy(folder: Path) -> None:
    """Removes what libraries leave behind that says where the files were made."""
    for path in [*folder.rglob('README.md'), *folder.rglob('.gitattributes')]:
        path.unlink()
    for path in folder.rglob('*.json'):
        if path.name in ('config.json', 'tokenizer_config.json'):
            value = json.loads(path.read_text(encoding='utf-8'))
            for key in ('_name_or_path', 'name_or_path', 'is_local'):
                value.pop(key, None)
            write_json(path, value)
        elif path.name == 'tokenizer.json':  # one line instead of thousands
            value = json.loads(path.read_text(encoding='utf-8'))
            path.write_text(json.dumps(value, ensure_ascii=False, separators=(',', ':')) + '\n', encoding='utf-8')


def describe(target: Path, name: str) -> dict:
    model = target / 'model'
    listing = sorted(path.relative_to(model).as_posix() for path in model.rglob('*') if path.is_file())
    return {'reference': 'transformers' if name in PLAIN else 'sentence-transformers', 'files': listing}


def check_forward(name: str, model: forward.Model, queries, documents, scores, table: dict) -> str:
    """The f64 forward pass agrees with the golden; every mutant's distance goes into the table.

    Returns a line of facts: distances of the f64 pass and of one in f16 (vectors, sums), mean entropy of the
    attention as a share of uniform attention's, largest input of GELU.
    """
    watch: dict = {}
    both = ((queries, 'query'), (documents, 'document'))
    plain = [forward.rows(model, items, role, watch=watch) for items, role in both]
    vectors, total = distance(plain, queries, documents, scores)
    if vectors > 0.2 * VECTORS or total > 0.2 * SUMS:
        raise AssertionError(f'{name}: the f64 forward pass is {vectors:.1e} off in vectors, {total:.1e} in sums')
    for mutant in forward.MUTANTS:
        wrong = [forward.rows(model, items, role, mutant) for items, role in both]
        table.setdefault(mutant, {})[name] = distance(wrong, queries, documents, scores)
    half = distance([forward.rows(model, items, role, forward.F16) for items, role in both], queries, documents, scores)
    entropy = sum(watch['entropy']) / len(watch['entropy'])
    return (f'f64: {vectors:.1e}, {total:.1e}; f16: {half[0]:.1e}, {half[1]:.1e}; entropy {entropy:.2f}; '
            f'GELU inputs to {watch["gelu"]:.1f}')


def distance(found: list[list[torch.Tensor]], queries, documents, scores: torch.Tensor) -> tuple[float, float]:
    """Largest absolute differences to the golden: of the vectors (0 where the rows are not the same), of the sums."""
    off = 0.0
    for part, items in zip(found, (queries, documents)):
        for a, b in zip(part, items):
            off = max(off, float((a - b.vectors).abs().max()) if a.shape == b.vectors.shape else 0.0)
    return off, float((maxsim(*found) - scores).abs().max())


def check_pylate(name: str, out: Path, queries, documents) -> str:
    """PyLate's ids, rows and vectors against the golden's. Its one known difference: a skiplist word that the
    vocabulary lacks makes it drop every [UNK] row of a document."""
    found = np.load(out)
    worst, leaked = 0.0, 0
    for role, items in (('query', queries), ('document', documents)):
        for i, item in enumerate(items):
            ids, kept, vectors = (found[f'{role}/{i}/{part}'] for part in ('ids', 'kept', 'vectors'))
            if ids.tolist() != item.ids:
                raise AssertionError(f'{name}: ids differ on {role} {item.text!r}:\n{ids.tolist()}\n{item.ids}')
            ours = dict(zip(item.kept, item.vectors.numpy()))
            extra = set(item.kept) - set(kept.tolist())
            if set(kept.tolist()) - set(item.kept) or {item.ids[row] for row in extra} - {UNKNOWN}:
                raise AssertionError(f'{name}: kept rows differ on {role} {item.text!r}: {kept.tolist()} {item.kept}')
            leaked += len(extra)
            worst = max([worst, *(float(np.abs(ours[row] - vector).max()) for row, vector in zip(kept.tolist(), vectors))])
    if worst > 0.1 * VECTORS:
        raise AssertionError(f'{name}: PyLate is {worst:.1e} off')
    return f'PyLate: {worst:.1e}' + (f', {leaked} [UNK] rows dropped by it' if leaked else '')


UNKNOWN = 11  # [UNK] in every vocabulary of maker/vocabulary.py


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--pylate', required=True, help='a Python with PyLate installed')
    parser.add_argument('--only', nargs='*', help='names of checkpoints; all without it')
    options = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    transformers.utils.logging.disable_progress_bar()
    names = options.only or list(RECIPES)
    table: dict = {}
    with tempfile.TemporaryDirectory() as temporary:
        maker = Maker(Path(temporary), options.pylate)
        done, jobs = {}, []
        for name in names:
            target = HERE / name
            shutil.rmtree(target, ignore_errors=True)
            RECIPES[name](maker, target / 'model')
            tidy(target / 'model')
            plain = files.as_f32(target / 'model', maker.scratch / f'{name}-f32')
            if name in rerankers.RECIPES:
                print(f'{name:20} ' + rerankers.write_golden(target, plain))
                continue
            lists = (texts.FEW_QUERIES, texts.FEW_DOCUMENTS) if name in FEW else (texts.QUERIES, texts.DOCUMENTS)
            give = plain_bert if name in PLAIN else encode.single_vector if name in families.SINGLE else encode.sentence_transformers
            queries, documents = give(plain, *lists)
            scores = encode.sums(queries, documents)
            write_golden(target, describe(target, name), queries, documents, scores)
            if name in families.RECIPES:  # the f64 pass is one of BERTs
                off, total = distance(encode.in_f64(plain, queries, documents), queries, documents, scores)
                if off > 0.2 * VECTORS or total > 0.2 * SUMS:
                    raise AssertionError(f'{name}: f64 is {off:.1e} off in vectors, {total:.1e} in sums')
                notes = [f'f64: {off:.1e}, {total:.1e}']
            else:
                notes = [check_forward(name, forward.Model.read(target / 'model'), queries, documents, scores, table)]
            if name.startswith('stanford'):
                metadata = json.loads((plain / 'artifact.metadata').read_text())
                worst = max(encode.stanford_by_hand(plain, queries, 'query', metadata),
                            encode.stanford_by_hand(plain, documents, 'document', metadata))
                if worst > 0.1 * VECTORS:
                    raise AssertionError(f'{name}: {worst:.1e} off the recipe of Stanford')
                notes.append(f'by hand: {worst:.1e}')
            done[name] = (queries, documents, notes)
            if name in PYLATE:
                jobs.append({'folder': str(plain), 'out': str(maker.scratch / f'{name}.npz'), 'queries': lists[0], 'documents': lists[1]})
        if jobs:
            maker.run_pylate('encode', {'checkpoints': jobs})
        for name, (queries, documents, notes) in done.items():
            if name in PYLATE:
                notes.append(check_pylate(name, maker.scratch / f'{name}.npz', queries, documents))
            size = sum(path.stat().st_size for path in (HERE / name).rglob('*') if path.is_file())
            print(f'{name:20} {size / 1024:6.0f} KiB  ' + '; '.join(notes))
    print_mutants(table, complete=not options.only)


def print_mutants(table: dict, complete: bool) -> None:
    """How far each fault moves the goldens: the checkpoint that shows it best, in tolerances."""
    weak = []
    print('\n| fault | shown best by | vectors | sums | × tolerance |\n| --- | --- | --- | --- | --- |')
    for mutant, entries in table.items():
        def strength(name: str) -> float:
            off, moved = entries[name]
            return max(off / VECTORS, moved / SUMS)
        best = max(entries, key=strength)
        print(f'| {mutant} | {best} | {entries[best][0]:.2g} | {entries[best][1]:.2g} | {strength(best):.0f} |')
        if strength(best) < 20:
            weak.append(mutant)
    if complete and weak:
        raise AssertionError(f'no checkpoint shows: {", ".join(weak)}')


if __name__ == '__main__':
    main()
