"""PyTorch's times for what RunBenchmarks measures, one JSON object a line: eager and compiled."""
import json
import statistics
import time

import torch


def milliseconds(work):
    work()
    torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    torch.cuda.synchronize()
    once = max(1e-7, time.perf_counter() - start)
    runs = int(max(1, min(1000, 0.05 / once)))
    times = []
    for _ in range(11):
        start = time.perf_counter()
        for _ in range(runs):
            work()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) * 1e3 / runs)
    return statistics.median(times)


def report(name, function, *operands):
    compiled = torch.compile(function, mode="max-autotune-no-cudagraphs")
    print(
        json.dumps(
            {
                "name": name,
                "eager": milliseconds(lambda: function(*operands)),
                "compiled": milliseconds(lambda: compiled(*operands)),
            }
        ),
        flush=True,
    )


def attention(q, k, v):
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)


def attention_backward(q, k, v):
    return torch.autograd.grad(attention(q, k, v).sum(), (q, k, v))


def main():
    torch.backends.cuda.matmul.allow_tf32 = False
    for dtype, name in ((torch.bfloat16, "BF16"), (torch.float32, "F32")):
        shapes = [(n, n, n) for n in (512, 1024, 2048, 4096, 8192)]
        for m, k, n in shapes + [(16, 512, 2048), (256, 512, 512)]:
            a = torch.randn(m, k, device="cuda", dtype=dtype)
            b = torch.randn(k, n, device="cuda", dtype=dtype)
            report(f"product {name} {m}x{k}x{n}", torch.matmul, a, b)
    for heads in (8, 32):
        for length in (128, 512, 2048, 8192):
            q, k, v = (
                torch.randn(
                    1, heads, length, 64, device="cuda", dtype=torch.bfloat16, requires_grad=True
                )
                for _ in range(3)
            )
            with torch.no_grad():
                report(f"attention {heads}x{length}", attention, q, k, v)
            report(f"attention backward {heads}x{length}", attention_backward, q, k, v)


if __name__ == "__main__":
    main()
