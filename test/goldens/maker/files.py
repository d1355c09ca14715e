"""Reading and writing weight files in every number format that the goldens use."""
import json
import shutil
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

FLOATS = {'F32': torch.float32, 'F16': torch.float16, 'BF16': torch.bfloat16}
META = {'format': 'pt'}


def read_weights(folder: Path) -> dict[str, torch.Tensor]:
    """All tensors of a folder's `model.safetensors`, or of the shards its index names."""
    index = folder / 'model.safetensors.index.json'
    names = sorted(set(json.loads(index.read_text())['weight_map'].values())) if index.exists() else ['model.safetensors']
    tensors = {}
    for name in names:
        with safe_open(folder / name, framework='pt') as file:
            tensors |= {key: file.get_tensor(key) for key in file.keys()}
    return tensors


def write_weights(folder: Path, tensors: dict[str, torch.Tensor], kind: str = 'F32', shards: int = 1) -> None:
    """Writes `model.safetensors` (or shards and their index) with floats stored as `kind`.

    `I8`: every matrix as integers with an f32 scale a row, `<name>_scale` of shape (rows); the rest stays F32.
    """
    for old in folder.glob('model*.safetensors*'):
        old.unlink()
    if kind == 'I8':
        stored = {}
        for name, value in tensors.items():
            if value.dim() == 2:
                stored[name], stored[f'{name}_scale'] = quantize(value.float())
            else:
                stored[name] = value
    else:
        stored = {name: value.to(FLOATS[kind]) if value.is_floating_point() else value for name, value in tensors.items()}
    stored = {name: value.contiguous() for name, value in stored.items()}
    if shards == 1:
        save_file(stored, folder / 'model.safetensors', metadata=META)
        return
    names = sorted(stored)
    cut = -(-len(names) // shards)
    mapping = {}
    for i in range(shards):
        file = f'model-{i + 1:05d}-of-{shards:05d}.safetensors'
        part = names[i * cut:(i + 1) * cut]
        save_file({name: stored[name] for name in part}, folder / file, metadata=META)
        mapping |= dict.fromkeys(part, file)
    total = sum(value.nbytes for value in stored.values())
    index = {'metadata': {'total_size': total}, 'weight_map': mapping}
    (folder / 'model.safetensors.index.json').write_text(json.dumps(index, indent=2) + '\n')


def quantize(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Symmetric 8-bit rows: value = integer · scale, with the scale that puts the row's largest at 127."""
    scale = matrix.abs().amax(dim=1).clamp_min(1e-12) / 127
    return torch.round(matrix / scale[:, None]).clamp(-127, 127).to(torch.int8), scale


def dequantize(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What the stored numbers mean, in f32: scales applied and gone, integers of other kinds untouched."""
    plain = {}
    for name, value in tensors.items():
        scale = tensors.get(f'{name}_scale')
        if scale is not None:
            plain[name] = value.float() * scale[:, None]
        elif not (name.endswith('_scale') and name.removesuffix('_scale') in tensors):
            plain[name] = value.float() if value.is_floating_point() else value
    return plain


def as_f32(checkpoint: Path, target: Path) -> Path:
    """A copy of a checkpoint in one F32 file a folder: the libraries then compute in f32 on the stored numbers."""
    shutil.copytree(checkpoint, target)
    for folder in {path.parent for path in target.rglob('*.safetensors')}:
        write_weights(folder, dequantize(read_weights(folder)))
    config = json.loads((target / 'config.json').read_text())
    (target / 'config.json').write_text(json.dumps({**config, 'dtype': 'float32'}))  # transformers computes in what this says
    return target
