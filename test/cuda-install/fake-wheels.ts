import { createHash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';
import type { Wheel } from '../../src/cuda/install/wheels.ts';

export interface FakeWheel {
  readonly wheel: Wheel;
  readonly bytes: Buffer;
  /** Contents of its libraries, by file name. */
  readonly libraries: ReadonlyMap<string, Buffer>;
}

/** A wheel with these libraries and, between them, a file that nobody wants. */
export function fakeWheel(project: string, libraries: Readonly<Record<string, Buffer>>): FakeWheel {
  const files = Object.entries(libraries).map(([name, data]) => [`nvidia/lib/${name}`, data] as const);
  const bytes = zip([...files, ['fake-1.0.dist-info/METADATA', Buffer.from('Name: fake\n')]]);
  const wheel: Wheel = {
    project,
    version: '1.0',
    filename: `${project.replaceAll('-', '_')}-1.0-py3-none-manylinux_2_17_x86_64.whl`,
    byteLength: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    libraries: files.map(([entry, data]) => ({ entry, byteLength: data.length })),
  };
  return { wheel, bytes, libraries: new Map(Object.entries(libraries)) };
}

/** Bytes that do not compress, the same for the same seed. */
export function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** A zip archive (APPNOTE.TXT 4.3): deflated entries, central directory. */
function zip(files: readonly (readonly [name: string, data: Buffer])[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, data] of files) {
    const packed = deflateRawSync(data);
    // Version 2.0, no flags, deflate, no date; checksum and sizes; length of the name, no extra field.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const body = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, tail, Buffer.from(name)]));
    bodies.push(body);
    offset += body.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, central, end]);
}
