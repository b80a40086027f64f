import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type ElementType, onnxDataType } from './element-type.ts';
import type { Attribute, Dim, ExternalData, GraphModel, Initializer, ModelNode, ValueInfo } from './model.ts';

/** Field numbers of onnx.proto (ONNX 1.x, IR version 10); this file is the only writer of protobuf. */
const IR_VERSION = 10;
const DATA_LOCATION_EXTERNAL = 1;
const AttributeType = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;

/** Serialises a graph as an ONNX ModelProto. */
export function encodeModel(graph: GraphModel): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  writer.uint32(tag(1, WireType.Varint)).int64(IR_VERSION);
  writer.uint32(tag(2, WireType.LengthDelimited)).string('latent-serve');
  message(writer, 7, () => writeGraph(writer, graph));
  for (const [domain, version] of Object.entries(graph.opsets)) {
    message(writer, 8, () => {
      writer.uint32(tag(1, WireType.LengthDelimited)).string(domain);
      writer.uint32(tag(2, WireType.Varint)).int64(version);
    });
  }
  return writer.finish() as Uint8Array<ArrayBuffer>;
}

function tag(field: number, type: WireType): number {
  return ((field << 3) | type) >>> 0;
}

function message(writer: BinaryWriter, field: number, body: () => void): void {
  writer.uint32(tag(field, WireType.LengthDelimited)).fork();
  body();
  writer.join();
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.uint32(tag(field, WireType.LengthDelimited)).string(value);
}

function writeGraph(writer: BinaryWriter, graph: GraphModel): void {
  for (const node of graph.nodes) message(writer, 1, () => writeNode(writer, node));
  text(writer, 2, graph.name);
  for (const initializer of graph.initializers) message(writer, 5, () => writeInitializer(writer, initializer));
  for (const input of graph.inputs) message(writer, 11, () => writeValueInfo(writer, input));
  for (const output of graph.outputs) message(writer, 12, () => writeValueInfo(writer, output));
}

function writeNode(writer: BinaryWriter, node: ModelNode): void {
  for (const input of node.inputs) text(writer, 1, input);
  for (const output of node.outputs) text(writer, 2, output);
  text(writer, 3, node.name);
  text(writer, 4, node.opType);
  for (const [name, value] of Object.entries(node.attributes)) {
    message(writer, 5, () => writeAttribute(writer, name, value));
  }
  if (node.domain !== '') text(writer, 7, node.domain);
}

function writeAttribute(writer: BinaryWriter, name: string, value: Attribute): void {
  text(writer, 1, name);
  const type = (number: number): void => {
    writer.uint32(tag(20, WireType.Varint)).int32(number);
  };
  if (typeof value === 'number') {
    writer.uint32(tag(3, WireType.Varint)).int64(value);
    type(AttributeType.int);
  } else if (typeof value === 'string') {
    text(writer, 4, value);
    type(AttributeType.string);
  } else if ('float' in value) {
    writer.uint32(tag(2, WireType.Bit32)).float(value.float);
    type(AttributeType.float);
  } else {
    for (const item of value) writer.uint32(tag(8, WireType.Varint)).int64(item);
    type(AttributeType.ints);
  }
}

function writeInitializer(writer: BinaryWriter, initializer: Initializer): void {
  for (const dim of initializer.dims) writer.uint32(tag(1, WireType.Varint)).int64(dim);
  writer.uint32(tag(2, WireType.Varint)).int32(onnxDataType[initializer.type]);
  text(writer, 8, initializer.name);
  if ('external' in initializer) writeExternalData(writer, initializer.external);
  else writer.uint32(tag(9, WireType.LengthDelimited)).bytes(initializer.raw);
}

function writeExternalData(writer: BinaryWriter, external: ExternalData): void {
  const entries = { location: external.location, offset: `${external.offset}`, length: `${external.length}` };
  for (const [key, value] of Object.entries(entries)) {
    message(writer, 13, () => {
      text(writer, 1, key);
      text(writer, 2, value);
    });
  }
  writer.uint32(tag(14, WireType.Varint)).int32(DATA_LOCATION_EXTERNAL);
}

function writeValueInfo(writer: BinaryWriter, info: ValueInfo): void {
  text(writer, 1, info.name);
  message(writer, 2, () => message(writer, 1, () => writeTensorType(writer, info.type, info.dims)));
}

function writeTensorType(writer: BinaryWriter, type: ElementType, dims: readonly Dim[]): void {
  writer.uint32(tag(1, WireType.Varint)).int32(onnxDataType[type]);
  message(writer, 2, () => {
    for (const dim of dims) {
      message(writer, 1, () => {
        if (typeof dim === 'string') text(writer, 2, dim);
        else writer.uint32(tag(1, WireType.Varint)).int64(dim);
      });
    }
  });
}
