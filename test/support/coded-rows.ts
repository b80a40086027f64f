import type { LatentCode } from '../../src/cuda/element-types.ts';

/** Rows of 8-bit latents with a float32 key (kernels/portable/latent-codes.cuh), straight from what they are said to be. */
export class CodedRows {
  readonly #view: DataView;
  readonly #code: Code;
  readonly #rowBytes: number;
  readonly #rank: number;
  readonly #scalesAt: number;
  readonly #rotaryAt: number;

  constructor(pool: Uint8Array, code: LatentCode, rowBytes: number, rank: number) {
    this.#code = CODES[code];
    this.#view = new DataView(pool.buffer, pool.byteOffset, pool.byteLength);
    this.#rowBytes = rowBytes;
    this.#rank = rank;
    this.#scalesAt = 4 * Math.ceil(rank / 4);
    this.#rotaryAt = this.#scalesAt + 4 * Math.ceil(rank / 128);
  }

  /** Latent and key of a slot. */
  read(slot: number, rope: number): Float64Array {
    const row = slot * this.#rowBytes;
    const values = new Float64Array(this.#rank + rope);
    for (let i = 0; i < this.#rank; i++) {
      const scale = this.#view.getFloat32(row + this.#scalesAt + 4 * Math.floor(i / 128), true);
      values[i] = scale * this.#code.meaning(this.#view.getUint8(row + i));
    }
    for (let i = 0; i < rope; i++) {
      values[this.#rank + i] = this.#view.getFloat32(row + this.#rotaryAt + 4 * i, true);
    }
    return values;
  }

  write(slot: number, values: Float32Array): void {
    const row = slot * this.#rowBytes;
    const { largest, nearest } = this.#code;
    for (let first = 0; first < this.#rank; first += 128) {
      const block = values.subarray(first, Math.min(first + 128, this.#rank));
      const scale = upToBf16(Math.max(Math.fround(Math.max(...block.map(Math.abs)) / largest), 2 ** -100));
      this.#view.setFloat32(row + this.#scalesAt + first / 32, scale, true);
      block.forEach((value, i) => {
        this.#view.setUint8(row + first + i, nearest(Math.fround(value / scale)));
      });
    }
    values.subarray(this.#rank).forEach((value, i) => {
      this.#view.setFloat32(row + this.#rotaryAt + 4 * i, value, true);
    });
  }
}

/** The smallest bf16 that is not less than a positive float32. */
function upToBf16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] = (bits[0]! + 0xffff) & 0xffff0000;
  return new Float32Array(bits.buffer)[0]!;
}

interface Code {
  readonly largest: number;
  meaning(byte: number): number;
  /** The byte of the nearest value; of two that of the even one. */
  nearest(value: number): number;
}

const CODES: Readonly<Record<LatentCode, Code>> = {
  fp8: { largest: 448, meaning: (byte) => E4M3[byte]!, nearest: nearestE4m3 },
  int8: { largest: 127, meaning: (byte) => byte - 128, nearest: (value) => 128 + nearestInteger(value) },
};

/** What each byte means as e4m3: 4 bits of exponent with a bias of 7, 3 of fraction, no infinities. */
const E4M3 = Float64Array.from({ length: 256 }, (_, bits) => {
  const exponent = (bits >> 3) & 15;
  const fraction = bits & 7;
  if (exponent === 15 && fraction === 7) return Number.NaN;
  const magnitude = exponent === 0 ? fraction * 2 ** -9 : (8 + fraction) * 2 ** (exponent - 10);
  return bits & 128 ? -magnitude : magnitude;
});

function nearestInteger(value: number): number {
  const below = Math.floor(value);
  const isUp = value - below > 0.5 || (value - below === 0.5 && below % 2 !== 0);
  return isUp ? below + 1 : below;
}

function nearestE4m3(value: number): number {
  const magnitude = Math.abs(value);
  let best = 0;
  for (let bits = 1; bits < 127; bits++) {
    const gain = Math.abs(E4M3[best]! - magnitude) - Math.abs(E4M3[bits]! - magnitude);
    if (gain > 0 || (gain === 0 && bits % 2 === 0)) best = bits;
  }
  return value < 0 ? best | 128 : best;
}
