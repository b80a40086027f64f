"""The routed experts with int8 weights: the Hopper kernels against float64 on the weights that the codes stand for, and what quantising costs."""
import torch

from checks import relative_error, verify
from quantized import BLOCK, dequantize, quantize
from test_experts import Grouped, Layer, Small, chained, huge_activations, isolated, large_batches, routing, small_batches, stress

ERROR_OF_QUANTISING = 0.015  # 0.6 % for each of the three matrices


class QuantizedLayer(Layer):
    """The layer's weights in int8; the f16 ones are kept for comparison if wanted."""
    small = grouped = "Int8"
    shared = 0
    small_tokens = {"V2Lite": 4, "V2": 2}
    tiles = ((24, (32, 128), 8, 2), (48, (64, 128), 8, 2), (float("inf"), (128, 256), 32, 1))

    def __init__(self, size, suffix, keep=False):
        super().__init__(size, suffix)
        self.expert_bytes = 3 * self.hidden * self.inter * (1 + 2 / BLOCK)
        self.quantized = []
        for matrix in (self.gate_up, self.down):
            codes = torch.empty(matrix.shape, dtype=torch.uint8, device="cuda")
            scales = torch.empty(*matrix.shape[:2], matrix.shape[2] // BLOCK, dtype=torch.float16, device="cuda")
            for e in range(self.all):
                codes[e], scales[e] = quantize(matrix[e])
            self.quantized.append((codes, scales))
        if not keep:
            del self.gate_up, self.down

    def weights(self):
        return self.quantized

    def matrices(self, expert):
        return [dequantize(codes[expert], scales[expert]) for codes, scales in self.quantized]


def cost_of_quantising():
    layer = QuantizedLayer("V2Lite", "bf16", keep=True)
    x, (ids, weights) = layer.tokens(100), routing(100, layer, "random")
    error = relative_error(layer.reference(x, ids, weights), Layer.reference(AsF16(layer), x, ids, weights))
    print(f"int8 against f16 weights, one layer of V2-Lite's shape with N(0, 0.02): relative error {error:.4f}")
    verify("cost of quantising", error, ERROR_OF_QUANTISING)


class AsF16:
    """A quantised layer before it was quantised."""

    def __init__(self, layer):
        self.all, self.matrices = layer.all, lambda e: Layer.matrices(layer, e)


def alike(layer):
    """Both kernels compute the same, up to where they round."""
    x, (ids, weights) = layer.tokens(8), routing(8, layer, "random")
    few, many = Small(layer).run(x, ids, weights), Grouped(layer, 8).run(x, ids, weights)
    verify(f"small and grouped int8 experts {layer.suffix}", relative_error(few, many), 4e-3)


def run():
    cost_of_quantising()
    for suffix in ("bf16", "f16"):
        layer = QuantizedLayer("V2Lite", suffix)
        small_batches(layer, range(1, 9))
        isolated(layer)
        large_batches(layer, (5, 17, 33, 64, 100, 300, 1024, 2500))
        alike(layer)
        for tokens in (1, 4, 5, 16, 64, 256, 700):
            chained(layer, tokens)
        if suffix == "bf16":
            huge_activations(layer)
    for size in ("V2Lite", "V2"):
        layer = QuantizedLayer(size, "bf16")
        if size == "V2":
            small_batches(layer, (1, 3, 8))
            large_batches(layer, (3, 50, 300, 1024))
        for tokens, kind in ((4, "same"), (8, "random"), (8, "zipf")):
            stress(layer, tokens, kind)
