"""Functions of PyTorch that pick, place, repeat, rank and sum up elements, beside PyTorch itself."""

import linnet
import pytest
import torch

X = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
ALONG_1 = torch.tensor([[[1, 0, 3, 2, 1], [0, 0, 2, 3, 1]]]).expand(3, 2, 5).contiguous()
ROWS = torch.tensor([2, 0, 2])
COLUMNS = torch.tensor([1, 3, 1])


def rotary(x):
    """Rotary position embedding, half by half."""
    half = x.shape[-1] // 2
    angles = torch.arange(x.shape[-2], dtype=torch.float32)[:, None] * 10000.0 ** (-torch.arange(half) / half)
    left, right = x[..., :half], x[..., half : 2 * half]
    return torch.cat([left * angles.cos() - right * angles.sin(), right * angles.cos() + left * angles.sin()], dim=-1)


def written(x):
    """An assignment by index."""
    y = x.clone()
    y[ROWS[:2], COLUMNS[:2]] = 7.0
    return y


FUNCTIONS = {
    "gather": lambda x: torch.gather(x, 1, ALONG_1),
    "take_along_dim": lambda x: torch.take_along_dim(x, x.argsort(-1), dim=-1),
    "index": lambda x: x[ROWS, COLUMNS],
    "index_put": written,
    "index_put_accumulate": lambda x: x.index_put((ROWS, COLUMNS), x[0, :3], accumulate=True),
    "scatter": lambda x: x.scatter(1, ALONG_1[:, :1], 3.0),
    "scatter_add": lambda x: x.scatter_add(1, ALONG_1, x[:, :2]),
    "scatter_reduce": lambda x: x.scatter_reduce(1, ALONG_1, x[:, :2], reduce="amax"),
    "topk": lambda x: torch.topk(x, 3, dim=1),
    "topk_smallest": lambda x: torch.topk(x, 2, dim=-1, largest=False),
    "sort": lambda x: torch.sort(x, dim=1, descending=True),
    "cumsum": lambda x: torch.cumsum(x, dim=1),
    "cumsum_last": lambda x: torch.cumsum(x, dim=-1),
    "tril": lambda x: torch.tril(x, diagonal=-1),
    "triu": torch.triu,
    "causal": lambda x: x[:, :, :4].masked_fill(torch.triu(torch.ones(4, 4, dtype=torch.bool), 1), -1e9),
    "repeat": lambda x: x.repeat(2, 1, 3),
    "repeat_in_front": lambda x: x.repeat(2, 2, 1, 1),
    "tile": lambda x: torch.tile(x, (2,)),
    "sin": lambda x: torch.sin(100 * x),
    "cos": lambda x: torch.cos(100 * x),
    "rotary": rotary,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_what_pytorch_computes(name):
    function = FUNCTIONS[name]
    made = linnet.from_torch(function, (X,))(X)
    torch.testing.assert_close(made, function(X), rtol=1e-6, atol=1e-6)
