import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** TensorProto.DataType. */
export const DataType = { f32: 1, i64: 7, bool: 9, f16: 10, bf16: 16 } as const;
type TypeName = keyof typeof DataType;

export interface TestValue {
  readonly name: string;
  readonly type: TypeName;
  /** Strings are symbolic dimensions. */
  readonly shape: readonly (number | string)[];
}

export interface TestNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly domain?: string;
  /** Integers, floats, or the subgraph of a control-flow operator. */
  readonly attributes?: Readonly<Record<string, { int: number } | { float: number } | { graph: TestGraph }>>;
}

export interface TestInitializer {
  readonly name: string;
  readonly type: TypeName;
  readonly shape: readonly number[];
  readonly data: Uint8Array | { readonly location: string; readonly offset: number; readonly length: number };
}

export interface TestGraph {
  readonly nodes: readonly TestNode[];
  readonly inputs: readonly TestValue[];
  readonly outputs: readonly TestValue[];
  readonly initializers?: readonly TestInitializer[];
}

/** Just enough of onnx.proto for the tests of the binding, so that they do not depend on the product's own encoder. */
export function onnxModel(graph: TestGraph, domains: readonly string[] = []): Uint8Array {
  const writer = new BinaryWriter();
  int(writer, 1, 10); // ir_version
  for (const domain of ['', ...domains]) {
    message(writer, 8, () => {
      string(writer, 1, domain);
      int(writer, 2, domain === '' ? 21 : 1);
    });
  }
  message(writer, 7, () => writeGraph(writer, graph));
  return writer.finish();
}

function writeGraph(writer: BinaryWriter, graph: TestGraph): void {
  for (const node of graph.nodes) message(writer, 1, () => writeNode(writer, node));
  string(writer, 2, 'test');
  for (const item of graph.initializers ?? []) message(writer, 5, () => writeInitializer(writer, item));
  for (const value of graph.inputs) message(writer, 11, () => writeValue(writer, value));
  for (const value of graph.outputs) message(writer, 12, () => writeValue(writer, value));
}

function writeNode(writer: BinaryWriter, node: TestNode): void {
  for (const name of node.inputs) string(writer, 1, name);
  for (const name of node.outputs) string(writer, 2, name);
  string(writer, 4, node.op);
  string(writer, 7, node.domain ?? '');
  for (const [name, value] of Object.entries(node.attributes ?? {})) {
    message(writer, 5, () => {
      string(writer, 1, name);
      if ('int' in value) {
        int(writer, 3, value.int);
        int(writer, 20, 2);
      } else if ('float' in value) {
        writer.tag(2, WireType.Bit32).float(value.float);
        int(writer, 20, 1);
      } else {
        message(writer, 6, () => writeGraph(writer, value.graph));
        int(writer, 20, 5);
      }
    });
  }
}

function writeInitializer(writer: BinaryWriter, item: TestInitializer): void {
  for (const dim of item.shape) int(writer, 1, dim);
  int(writer, 2, DataType[item.type]);
  string(writer, 8, item.name);
  if (item.data instanceof Uint8Array) {
    writer.tag(9, WireType.LengthDelimited).bytes(item.data);
    return;
  }
  for (const [key, value] of Object.entries(item.data)) {
    message(writer, 13, () => {
      string(writer, 1, key);
      string(writer, 2, String(value));
    });
  }
  int(writer, 14, 1); // data_location = EXTERNAL
}

function writeValue(writer: BinaryWriter, value: TestValue): void {
  string(writer, 1, value.name);
  message(writer, 2, () => {
    message(writer, 1, () => {
      int(writer, 1, DataType[value.type]);
      message(writer, 2, () => {
        for (const dim of value.shape) {
          message(writer, 1, () => (typeof dim === 'number' ? int(writer, 1, dim) : string(writer, 2, dim)));
        }
      });
    });
  });
}

function message(writer: BinaryWriter, field: number, body: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  body();
  writer.join();
}

function string(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function int(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}
