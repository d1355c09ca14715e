"""MaxSim of one query over ragged passages in PyTorch on the CPU.

Standard input: a line of JSON with sizes, then the query and a pool of vectors as float32 and where in the pool each
passage begins and ends as int32; then a line for each run. A run answers with the scores, float32 in base64.
"""

import base64
import json
import sys

import torch

source = sys.stdin.buffer
head = json.loads(source.readline())


def read(count, dtype):
    return torch.frombuffer(bytearray(source.read(4 * count)), dtype=dtype)


query = read(head["query"], torch.float32).view(-1, head["dim"])
pool = read(head["pool"], torch.float32).view(-1, head["dim"])
places = read(2 * head["places"], torch.int32).view(-1, 2).tolist()
lengths = torch.tensor([end - start for start, end in places])
# All passages behind each other, without padding.
tokens = torch.cat([pool[start:end] for start, end in places])

for _ in source:
    with torch.inference_mode():
        best = torch.segment_reduce(tokens @ query.T, "max", lengths=lengths, axis=0)
        scores = best.sum(dim=1)
    print(base64.b64encode(scores.numpy().tobytes()).decode(), flush=True)
