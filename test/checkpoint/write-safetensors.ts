import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface TensorData {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** A file with any header, right or wrong. */
export function safetensorsFile(header: unknown, data: Uint8Array = new Uint8Array(), headerLength?: bigint): Buffer {
  const text =
    typeof header === 'string'
      ? Buffer.from(header)
      : Buffer.isBuffer(header)
        ? header
        : Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(headerLength ?? BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** A good file with these tensors, one after the other. */
export function encodeSafetensors(tensors: ReadonlyMap<string, TensorData>): Buffer {
  const header: Record<string, unknown> = {};
  let offset = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.byteLength] };
    offset += bytes.byteLength;
  }
  return safetensorsFile(header, Buffer.concat([...tensors.values()].map(({ bytes }) => bytes)));
}

export interface TemporaryFolder {
  readonly path: string;
  write(name: string, content: string | Uint8Array): string;
  remove(): void;
}

export function temporaryFolder(): TemporaryFolder {
  const folder = mkdtempSync(path.join(tmpdir(), 'latent-serve-test-'));
  return {
    path: folder,
    write(name, content) {
      const file = path.join(folder, name);
      writeFileSync(file, content);
      return file;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
