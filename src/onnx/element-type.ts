/** Element types that the graphs use. */
export type ElementType = 'f32' | 'u8' | 'i32' | 'i64' | 'bool' | 'f16' | 'bf16';

/** TensorProto.DataType of onnx.proto. */
export const onnxDataType: Readonly<Record<ElementType, number>> = {
  f32: 1,
  u8: 2,
  i32: 6,
  i64: 7,
  bool: 9,
  f16: 10,
  bf16: 16,
};
