"""Makes the token vectors that `maxsift eval --vectors FOLDER` asks for, with transformers.

    python vectors.py FOLDER --model CHECKPOINT [--device cpu] [--threads 2] [--tokens 8192]

FOLDER holds sets of inputs (ids, what may be attended to, which rows count), written by `maxsift eval`: tokenizer and
encoding rules are those of maxsift, only the forward pass is done here. docs/guide/evaluation.md describes the files.
Works on every set whose model has the same weight files as CHECKPOINT; what is there already is kept, so that it can be
interrupted. Any BERT checkpoint that maxsift reads: F32, F16, BF16, and I8 with scales, computed in f32.
"""
import argparse
import hashlib
import json
import os
import time
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors import safe_open
from torch.nn.functional import linear, normalize

BLOCK = 4 << 20
ACTIVATIONS = {'Identity': lambda x: x, 'GELU': torch.nn.functional.gelu, 'Tanh': torch.tanh, 'ReLU': torch.relu,
               'Sigmoid': torch.sigmoid, 'SiLU': torch.nn.functional.silu}


def block_hash(path: Path) -> str:
    """As in src/model/hash.ts: SHA-256 over the hex SHA-256 digests of blocks of 4 MiB."""
    digests = ''
    with path.open('rb') as file:
        while block := file.read(BLOCK):
            digests += hashlib.sha256(block).hexdigest()
    return hashlib.sha256(digests.encode()).hexdigest()


def read_json(path: Path) -> dict | list | None:
    return json.loads(path.read_text(encoding='utf-8')) if path.exists() else None


def read_tensors(folder: Path) -> dict[str, torch.Tensor]:
    """All tensors of a folder in f32, I8 multiplied with the scale of its row."""
    index = read_json(folder / 'model.safetensors.index.json')
    single = folder / 'model.safetensors'
    files = [single] if single.exists() else [folder / name for name in sorted(set(index['weight_map'].values()))]
    stored: dict[str, torch.Tensor] = {}
    for file in files:
        with safe_open(file, framework='pt') as opened:
            stored |= {name: opened.get_tensor(name) for name in opened.keys()}
    tensors = {}
    for name, tensor in stored.items():
        scale = next((stored[key] for key in (f'{name}_scale', f'{name}.scale') if key in stored), None)
        tensors[name] = tensor.float() * scale.float().reshape(-1, 1) if tensor.dtype == torch.int8 else tensor.float()
    return tensors


class Model:
    def __init__(self, folder: Path, device: str):
        modules = read_json(folder / 'modules.json') or []
        base = folder / modules[0]['path'] if modules else folder
        config = transformers.BertConfig.from_pretrained(base, attn_implementation='sdpa')
        tensors = read_tensors(base)
        self.trunk = transformers.BertModel(config, add_pooling_layer=False)
        self.load_trunk(tensors)
        self.trunk.float().eval().to(device)
        self.device = device
        self.heads = []
        for module in modules[1:]:
            if module['type'].split('.')[-1] == 'Dense':
                dense = folder / module['path']
                self.heads.append(self.head(read_tensors(dense), read_json(dense / 'config.json')))
        if not modules and 'linear.weight' in tensors:
            self.heads.append(self.head(tensors, {'activation_function': 'torch.nn.Identity'}))

    def load_trunk(self, tensors: dict[str, torch.Tensor]) -> None:
        prefix = 'bert.' if any(name.startswith('bert.') for name in tensors) else ''
        named = {name.removeprefix(prefix).replace('.gamma', '.weight').replace('.beta', '.bias'): tensor
                 for name, tensor in tensors.items()}
        wanted = self.trunk.state_dict()
        missing = [name for name in wanted if name not in named]
        if missing:
            raise SystemExit(f'the checkpoint lacks {", ".join(missing)}')
        self.trunk.load_state_dict({name: named[name] for name in wanted})

    def head(self, tensors: dict[str, torch.Tensor], config: dict):
        weight, bias = tensors['linear.weight'].to(self.device), tensors.get('linear.bias')
        name = str(config.get('activation_function') or '')
        # As sentence-transformers: Tanh for anything that is no class of torch.
        activation = ACTIVATIONS[name.split('.')[-1] if name.startswith('torch.') else 'Tanh']
        bias = bias.to(self.device) if bias is not None and config.get('bias', True) is not False else None
        residual = tensors['residual.weight'].to(self.device) if 'residual.weight' in tensors else None

        def apply(x: torch.Tensor) -> torch.Tensor:
            y = activation(linear(x, weight, bias))
            if config.get('use_residual') is not True:
                return y
            return y + (x if residual is None else linear(x, residual))
        return apply

    @torch.inference_mode()
    def encode(self, inputs: list[dict], pooling: str | None) -> list[np.ndarray]:
        """Of each input the kept rows (rows, dim), where states are pooled one; all of length 1."""
        longest = max(len(one['ids']) for one in inputs)
        ids = torch.zeros(len(inputs), longest, dtype=torch.long)
        mask = torch.zeros(len(inputs), longest, dtype=torch.long)
        for row, one in enumerate(inputs):
            ids[row, :len(one['ids'])] = torch.tensor(one['ids'])
            mask[row, :one['attended']] = 1
        mask = mask.to(self.device)
        states = self.trunk(input_ids=ids.to(self.device), attention_mask=mask).last_hidden_state
        if pooling == 'mean':
            weights = mask[:, :, None].float()
            states = (states * weights).sum(1, keepdim=True) / weights.sum(1, keepdim=True)
        for head in self.heads:
            states = head(states)
        vectors = normalize(states, dim=-1).cpu().numpy()
        return [vectors[row][one['keep']] for row, one in enumerate(inputs)]


def batches(inputs: list[dict], tokens: int):
    """Places of inputs of similar length, as many as make `tokens` with padding."""
    order = sorted(range(len(inputs)), key=lambda place: len(inputs[place]['ids']))
    batch: list[int] = []
    for place in order:
        if batch and (len(batch) + 1) * len(inputs[place]['ids']) > tokens:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def write_whole(path: Path, rows: list[np.ndarray]) -> None:
    """A file is there as a whole or not at all."""
    temporary = path.with_name(f'{path.name}.{os.getpid()}.new')
    temporary.write_bytes(np.concatenate([row.reshape(-1) for row in rows]).astype('<f4').tobytes() if rows else b'')
    temporary.replace(path)


def fill(folder: Path, record: dict, model: Model, encoder: str, tokens: int) -> None:
    missing = [part for part in range(record['parts']) if not (folder / f'{part:06}.f32').exists()]
    name = f"{record['collection']['name']} ({record['role']})"
    started = time.time()
    for done, part in enumerate(missing, 1):
        lines = (folder / f'{part:06}.jsonl').read_text(encoding='utf-8').split('\n')
        inputs = [json.loads(line) for line in lines if line]
        began = time.time()
        vectors: list = [None] * len(inputs)
        for places in batches(inputs, tokens):
            for place, found in zip(places, model.encode([inputs[place] for place in places], record.get('pooling'))):
                vectors[place] = found
        write_whole(folder / f'{part:06}.f32', vectors)
        with (folder / 'made.jsonl').open('a') as log:
            log.write(json.dumps({'part': part, 'seconds': round(time.time() - began, 3), 'encoder': encoder}) + '\n')
        left = (time.time() - started) / done * (len(missing) - done)
        print(f'{name}: part {part + 1} of {record["parts"]}, {left:.0f} s left', flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument('folder', type=Path)
    options.add_argument('--model', type=Path, required=True)
    options.add_argument('--device', default='cpu')
    options.add_argument('--threads', type=int)
    options.add_argument('--tokens', type=int, default=8_192, help='tokens a forward pass, padding included')
    given = options.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)
    sets = [(path.parent, read_json(path)) for path in sorted(given.folder.glob('*/set.json'))]
    if not sets:
        raise SystemExit(f'{given.folder} holds no set of inputs: run `maxsift eval … --vectors {given.folder}` first')
    hashes: dict[str, str] = {}

    def same(weights: dict[str, str]) -> bool:
        for path in weights:
            file = given.model / path
            if path not in hashes:
                hashes[path] = block_hash(file) if file.exists() else ''
        return all(hashes[path] == digest for path, digest in weights.items())

    fitting = [(folder, record) for folder, record in sets if same(record['model']['weights'])]
    if not fitting:
        raise SystemExit(f'no set in {given.folder} is for the weights in {given.model}')
    torch.set_float32_matmul_precision('highest')
    encoder = f'transformers {transformers.__version__}, torch {torch.__version__}, {given.device}'
    model = Model(given.model, given.device)
    for folder, record in fitting:
        fill(folder, record, model, encoder, given.tokens)


if __name__ == '__main__':
    main()
