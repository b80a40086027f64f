"""Int8 weights as src/packing/quantize-rows.ts lays them out, in torch."""
import torch

BLOCK = 128
ORDER = [0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15]  # columns of 16 as they are stored


def stored_order(width):
    """The column that is stored at each place of a row."""
    groups = torch.arange(width // 16, device="cuda")[:, None] * 16 + torch.tensor(ORDER, device="cuda")
    return torch.cat((groups.flatten(), torch.arange(width // 16 * 16, width, device="cuda")))


def spread(scales, width):
    """One scale for each column."""
    return scales.repeat_interleave(BLOCK, -1)[..., :width]


def quantize(weights):
    """[..., rows, width] -> codes u8 of the same shape, scales f16 [..., rows, blocks]."""
    width = weights.shape[-1]
    weights = weights.float()
    padded = torch.nn.functional.pad(weights, (0, -width % BLOCK))
    scales = (padded.unflatten(-1, (-1, BLOCK)).abs().amax(-1) / 127).half()
    codes = (weights / spread(scales, width).float().clamp_min(1e-30)).round() + 128
    return codes[..., stored_order(width)].to(torch.uint8).contiguous(), scales.contiguous()


def dequantize(codes, scales):
    """The weights in float64."""
    width = codes.shape[-1]
    order = torch.empty(width, dtype=torch.long, device="cuda")
    order[stored_order(width)] = torch.arange(width, device="cuda")
    return (codes[..., order].double() - 128) * spread(scales, width).double()
