"""PyTorch's times for what RunBenchmarks measures, one JSON object a line: eager and compiled."""
import json
import math
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional

SMOKE = "--smoke" in sys.argv
ROUNDS = 1 if SMOKE else 11
SECONDS_OF_A_ROUND = 0 if SMOKE else 0.05
PRODUCTS = [64] if SMOKE else [512, 1024, 2048, 4096, 8192]
POLICIES = [(1, 32, 48)] if SMOKE else [(1, 512, 2048), (16, 512, 2048), (256, 512, 512)]
HEADS = [2] if SMOKE else [8, 16, 32]
TOKENS = [64] if SMOKE else [128, 512, 2048, 8192]
LAYERS, WIDTH, BATCH, LENGTH = (2, 64, 2, 16) if SMOKE else (12, 768, 8, 512)
CHANNELS, CHUNKS = ([16, 32], 2) if SMOKE else ([512, 1024, 2048], 64)
ACTIONS, CONDITIONING, STEP_WIDTH, GROUPS = 2, 132, 128, 8
DTYPES = ((torch.bfloat16, "BF16"), (torch.float32, "F32"))


def milliseconds(work):
    for _ in range(3):
        work()
    torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    torch.cuda.synchronize()
    once = max(1e-7, time.perf_counter() - start)
    runs = int(max(1, min(1000, SECONDS_OF_A_ROUND / once)))
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(runs):
            work()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) * 1e3 / runs)
    return statistics.median(times)


def report(name, eager, compiled):
    """Times two functions without arguments; what one cannot do is missing from the line."""
    row = {"name": name}
    for key, work in (("eager", eager), ("compiled", compiled)):
        try:
            row[key] = milliseconds(work)
        except Exception as problem:  # the other times are worth having
            print(f"{name}, {key}: {problem}", file=sys.stderr)
    print(json.dumps(row), flush=True)
    torch._dynamo.reset()
    torch.cuda.empty_cache()


def report_function(name, function, *operands, mode="max-autotune-no-cudagraphs"):
    compiled = torch.compile(function, mode=mode)
    report(name, lambda: function(*operands), lambda: compiled(*operands))


def products():
    for dtype, name in DTYPES:
        for m, k, n in [(n, n, n) for n in PRODUCTS] + POLICIES:
            a = torch.randn(m, k, device="cuda", dtype=dtype)
            b = torch.randn(k, n, device="cuda", dtype=dtype)
            report_function(f"product {name} {m}x{k}x{n}", torch.matmul, a, b)


def attentions():
    for causal in (False, True):
        first = "causal " if causal else ""

        def attention(q, k, v, causal=causal):
            return functional.scaled_dot_product_attention(q, k, v, is_causal=causal)

        def attention_backward(q, k, v, attention=attention):
            return torch.autograd.grad(attention(q, k, v).sum(), (q, k, v))

        for heads in HEADS:
            for length in TOKENS:
                q, k, v = (
                    torch.randn(1, heads, length, 64, device="cuda", dtype=torch.bfloat16)
                    for _ in range(3)
                )
                with torch.no_grad():
                    report_function(f"{first}attention {heads}x{length}", attention, q, k, v)
                for operand in (q, k, v):
                    operand.requires_grad_()
                report_function(
                    f"{first}attention backward {heads}x{length}", attention_backward, q, k, v
                )


def training(name, network, loss):
    """A step by AdamW, fused, of a loss of the network."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=True)
    compiled = torch.compile(loss)

    def step(value):
        optimizer.zero_grad(set_to_none=True)
        value().backward()
        optimizer.step()

    report(name, lambda: step(loss), lambda: step(compiled))


class Layer(nn.Module):
    """nn.TransformerEncoderLayer without its fast path, which is for inference alone."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.linear1 = nn.Linear(WIDTH, 4 * WIDTH)
        self.linear2 = nn.Linear(4 * WIDTH, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH)

    def forward(self, x):
        n, length, _ = x.shape
        q, k, v = (
            part.view(n, length, WIDTH // 64, 64).transpose(1, 2)
            for part in self.qkv(self.norm1(x)).chunk(3, -1)
        )
        attended = functional.scaled_dot_product_attention(q, k, v)
        x = x + self.out(attended.transpose(1, 2).reshape(n, length, WIDTH))
        inner = functional.gelu(self.linear1(self.norm2(x)), approximate="tanh")
        return x + self.linear2(inner)


def transformers():
    for dtype, name in DTYPES:
        network = nn.Sequential(*(Layer() for _ in range(LAYERS))).to("cuda", dtype)
        x = torch.randn(BATCH, LENGTH, WIDTH, device="cuda", dtype=dtype)
        training(
            f"transformer step {name}",
            network,
            lambda network=network, x=x: functional.mse_loss(network(x), x),
        )


class Block(nn.Sequential):
    def __init__(self, inputs, outputs):
        super().__init__(
            nn.Conv1d(inputs, outputs, 5, padding=2), nn.GroupNorm(GROUPS, outputs), nn.Mish()
        )


class Residual(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1 = Block(inputs, outputs)
        self.conv2 = Block(outputs, outputs)
        width = STEP_WIDTH + CONDITIONING
        self.conditioning = nn.Sequential(nn.Mish(), nn.Linear(width, 2 * outputs))
        same = inputs == outputs
        self.residual = nn.Identity() if same else nn.Conv1d(inputs, outputs, 1)

    def forward(self, x, condition):
        scale, bias = self.conditioning(condition).unsqueeze(-1).chunk(2, 1)
        return self.conv2(self.conv1(x) * scale + bias) + self.residual(x)


class Unet(nn.Module):
    """The network of Chi et al., Diffusion Policy (RSS 2023), as in ConditionalUnet1d."""

    def __init__(self):
        super().__init__()
        self.steps = nn.Sequential(
            nn.Linear(STEP_WIDTH, 4 * STEP_WIDTH), nn.Mish(), nn.Linear(4 * STEP_WIDTH, STEP_WIDTH)
        )
        ways = list(zip([ACTIONS] + CHANNELS, CHANNELS))
        self.down = nn.ModuleList(
            nn.ModuleList([Residual(i, o), Residual(o, o)]) for i, o in ways
        )
        self.halve = nn.ModuleList(nn.Conv1d(c, c, 3, 2, 1) for c in CHANNELS[:-1])
        self.middle = nn.ModuleList(Residual(CHANNELS[-1], CHANNELS[-1]) for _ in range(2))
        back = list(zip(CHANNELS[:0:-1], CHANNELS[-2::-1]))
        self.up = nn.ModuleList(
            nn.ModuleList([Residual(2 * i, o), Residual(o, o)]) for i, o in back
        )
        self.double = nn.ModuleList(nn.ConvTranspose1d(o, o, 4, 2, 1) for _, o in back)
        self.last = nn.Sequential(Block(CHANNELS[0], CHANNELS[0]), nn.Conv1d(CHANNELS[0], ACTIONS, 1))

    def forward(self, noisy, step, conditioning):
        half = STEP_WIDTH // 2
        rates = torch.exp(
            torch.arange(half, device=step.device) * (-math.log(10000) / (half - 1))
        )
        angles = step[:, None].float() * rates
        embedded = self.steps(torch.cat([angles.sin(), angles.cos()], -1))
        condition = torch.cat([embedded, conditioning], -1)
        x = noisy.transpose(1, 2)
        skipped = []
        for level, (first, second) in enumerate(self.down):
            x = second(first(x, condition), condition)
            skipped.append(x)
            if level < len(self.halve):
                x = self.halve[level](x)
        for block in self.middle:
            x = block(x, condition)
        for (first, second), double in zip(self.up, self.double):
            x = torch.cat([x, skipped.pop()], 1)
            x = double(second(first(x, condition), condition))
        return self.last(x).transpose(1, 2)


def unets():
    network = Unet().to("cuda")
    noisy = torch.randn(CHUNKS, 16, ACTIONS, device="cuda")
    step = torch.randint(0, 100, (CHUNKS,), device="cuda")
    conditioning = torch.randn(CHUNKS, CONDITIONING, device="cuda")
    training(
        "U-Net step",
        network,
        lambda: functional.mse_loss(network(noisy, step, conditioning), noisy),
    )
    network = Unet().to("cuda").eval()
    with torch.no_grad():
        report_function(
            "U-Net inference at batch 1",
            network,
            noisy[:1],
            step[:1],
            conditioning[:1],
            mode="reduce-overhead",
        )


def main():
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    for work in (products, attentions, transformers, unets):
        try:
            work()
        except Exception as problem:  # the times of the others are worth having
            print(f"{work.__name__}: {problem}", file=sys.stderr)


if __name__ == "__main__":
    main()
