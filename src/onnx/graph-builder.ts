import { invariant } from '../errors.ts';
import type { ElementType } from './element-type.ts';
import type { Attribute, Dim, ExternalData, GraphModel, Initializer, ModelNode, ValueInfo } from './model.ts';

/** A tensor of the graph under construction. `type` is checked where operators require one. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
}

export interface NodeOptions {
  /** Defaults to '' (ONNX's own operators). */
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Element type of the outputs. Defaults to the first input's. */
  readonly type?: ElementType;
  /** Prefix of the node's name, for error messages and profiles. */
  readonly label?: string;
  /** Indices of optional outputs that are not computed. Defaults to none. */
  readonly omittedOutputs?: readonly number[];
}

/** ONNX Runtime's own operators (FusedMatMul, MoE, SkipSimplifiedLayerNormalization, ...). */
export const MICROSOFT_DOMAIN = 'com.microsoft';

/**
 * Collects nodes, inputs, outputs and initialisers. Names are made here, in order, so that a graph is the same bytes
 * for the same calls. Opset 21: newer versions have no CUDA kernels registered and would fall to CPU.
 */
export class GraphBuilder {
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];
  readonly #initializers: Initializer[] = [];
  readonly #nodes: ModelNode[] = [];
  readonly #constants = new Map<string, Value>();
  readonly #domains = new Set<string>();
  readonly #names = new Set<string>();

  input(name: string, type: ElementType, dims: readonly Dim[]): Value {
    this.#inputs.push({ name: this.#claim(name), type, dims });
    return { name, type };
  }

  /** Publishes `value` under `name`; the copy that Identity would be is removed by ONNX Runtime. */
  output(name: string, value: Value, dims: readonly Dim[]): void {
    this.#outputs.push({ name: this.#claim(name), type: value.type, dims });
    this.#nodes.push({
      opType: 'Identity',
      domain: '',
      name: `out.${name}`,
      inputs: [value.name],
      outputs: [name],
      attributes: {},
    });
  }

  /** A small tensor kept inside the model; equal ones are stored once. */
  constant(type: 'i64' | 'f32' | 'i32', values: readonly number[], dims: readonly number[] = [values.length]): Value {
    const key = `${type}:${dims.join('x')}:${values.join(',')}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const array =
      type === 'i64'
        ? BigInt64Array.from(values, BigInt)
        : type === 'f32'
          ? Float32Array.from(values)
          : Int32Array.from(values);
    const name = this.#claim(`const.${this.#constants.size}`);
    this.#initializers.push({ name, type, dims, raw: new Uint8Array(array.buffer) });
    const value: Value = { name, type };
    this.#constants.set(key, value);
    return value;
  }

  /** A weight that stays in a file. */
  external(name: string, type: ElementType, dims: readonly number[], external: ExternalData): Value {
    this.#initializers.push({ name: this.#claim(name), type, dims, external });
    return { name, type };
  }

  /** One node with one output. A null input is an omitted optional one. */
  node(opType: string, inputs: readonly (Value | null)[], options: NodeOptions = {}): Value {
    return this.nodes(opType, inputs, 1, options)[0]!;
  }

  /** One node with `count` outputs of the same type. */
  nodes(opType: string, inputs: readonly (Value | null)[], count: number, options: NodeOptions = {}): Value[] {
    const { domain = '', attributes = {}, label = '', omittedOutputs = [] } = options;
    const type = options.type ?? inputs.find((input) => input !== null)?.type;
    invariant(type !== undefined, `${opType} has no input to take its type from`);
    this.#domains.add(domain);
    const name = `${label === '' ? '' : `${label}.`}${opType}.${this.#nodes.length}`;
    const outputs = Array.from({ length: count }, (_, index) =>
      omittedOutputs.includes(index) ? '' : this.#claim(`${name}:${index}`),
    );
    this.#nodes.push({
      opType,
      domain,
      name,
      inputs: inputs.map((input) => input?.name ?? ''),
      outputs,
      attributes,
    });
    return outputs.map((output) => ({ name: output, type }));
  }

  build(name: string): GraphModel {
    const opsets: Record<string, number> = { '': 21 };
    for (const domain of this.#domains) if (domain !== '') opsets[domain] = 1;
    return {
      name,
      opsets,
      inputs: this.#inputs,
      outputs: this.#outputs,
      initializers: this.#initializers,
      nodes: this.#nodes,
    };
  }

  #claim(name: string): string {
    invariant(!this.#names.has(name), `two graph values are named ${name}`);
    this.#names.add(name);
    return name;
  }
}
