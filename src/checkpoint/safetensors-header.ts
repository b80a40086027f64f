import { CheckpointError } from '../errors.ts';
import { dtypeBits, isSafetensorsDtype, type SafetensorsDtype } from './dtype.ts';
import { parseJson } from './json-text.ts';
import { quoted } from './quoted.ts';

/** One tensor of a safetensors header; offsets count from the first byte behind the header. */
export interface HeaderTensor {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The reference library's bound (`MAX_HEADER_SIZE`). */
export const MAX_HEADER_BYTES = 100_000_000;
const MAX_DIMENSIONS = 32;
/** Object, tensor, shape: nothing deeper is meaningful. About 800,000 tensors; the largest DeepSeek has 92,000. */
const LIMITS = { maxDepth: 3, maxValues: 4_000_000 };

/**
 * Reads the JSON header of a safetensors file and checks it against the number of bytes that follow it, as the
 * reference library does (`Metadata::validate`): sorted by offset, tensors cover the data from its first to its last
 * byte without gap or overlap, and each has exactly the bytes that its shape and dtype call for. Beyond it, repeated names are refused.
 * @returns tensors in the order of their data
 * @throws CheckpointError naming `file`
 */
export function parseSafetensorsHeader(header: Uint8Array, dataBytes: number, file: string): HeaderTensor[] {
  if (header[0] !== 0x7b) throw new CheckpointError(file, 'is not a safetensors file: its header is not a JSON object');
  const json = parseJson(header, file, LIMITS);
  if (!isObject(json)) throw new CheckpointError(file, 'is not a safetensors file: its header is not a JSON object');
  const tensors: HeaderTensor[] = [];
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') checkMetadata(value, file);
    else tensors.push(parseTensor(name, value, file));
  }
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(tensors, dataBytes, file);
  return tensors;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkMetadata(value: unknown, file: string): void {
  if (value === null) return;
  if (!isObject(value) || Object.values(value).some((entry) => typeof entry !== 'string')) {
    throw new CheckpointError(file, 'has a broken header: __metadata__ must map strings to strings');
  }
}

function parseTensor(name: string, value: unknown, file: string): HeaderTensor {
  const fail = (reason: string): CheckpointError =>
    new CheckpointError(file, `has a broken header: tensor ${quoted(name)} ${reason}`);
  if (!isObject(value)) throw fail('is not described by an object');
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') throw fail('has no dtype');
  if (!isSafetensorsDtype(dtype)) throw fail(`has the unknown dtype ${quoted(dtype)}`);
  if (!Array.isArray(shape) || !shape.every(isCount)) throw fail('has a shape that is not a list of sizes');
  if (shape.length > MAX_DIMENSIONS) throw fail(`has ${shape.length} dimensions`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw fail('has no pair of data_offsets');
  }
  const [begin, end] = offsets as [number, number];
  if (end < begin) throw fail(`ends at ${end}, before it begins at ${begin}`);

  let elements = 1;
  for (const size of shape) {
    elements *= size;
    if (!Number.isSafeInteger(elements)) throw fail(`has an absurd shape: [${shape.join(', ')}]`);
  }
  const bits = elements * dtypeBits(dtype);
  if (!Number.isSafeInteger(bits)) throw fail(`has an absurd shape: [${shape.join(', ')}]`);
  if (bits !== 8 * (end - begin)) {
    throw fail(`has ${end - begin} bytes, but ${dtype} [${shape.join(', ')}] takes ${bits / 8}`);
  }
  return { name, dtype, shape, begin, end };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** `tensors` are sorted by offset. */
function checkCoverage(tensors: readonly HeaderTensor[], dataBytes: number, file: string): void {
  const last = tensors.at(-1)?.end ?? 0;
  if (last > dataBytes) {
    throw new CheckpointError(
      file,
      `is cut short: its header describes ${last} bytes of tensors, ${dataBytes} are there (an unfinished download?)`,
    );
  }
  let position = 0;
  for (const { name, begin, end } of tensors) {
    if (begin < position)
      throw new CheckpointError(file, `has a broken header: tensor ${quoted(name)} overlaps another`);
    if (begin > position) {
      throw new CheckpointError(
        file,
        `has a broken header: ${begin - position} bytes before tensor ${quoted(name)} belong to no tensor`,
      );
    }
    position = end;
  }
  if (position < dataBytes) {
    throw new CheckpointError(file, `has ${dataBytes - position} bytes after its last tensor`);
  }
}
