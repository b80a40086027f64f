import type { ElementType } from './element-type.ts';

/** A fixed size, or the name of one that is known at run time. */
export type Dim = number | string;

/** int, string, ints, or float (boxed, because JavaScript cannot tell 1 from 1.0). */
export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly Dim[];
}

/** Bytes of an initialiser that stay in a file beside the model. */
export interface ExternalData {
  /** File name inside the folder given to the session. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export type Initializer = { readonly name: string; readonly type: ElementType; readonly dims: readonly number[] } & (
  | { readonly raw: Uint8Array }
  | { readonly external: ExternalData }
);

export interface ModelNode {
  readonly opType: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A whole graph, ready to be encoded. */
export interface GraphModel {
  readonly name: string;
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: readonly Initializer[];
  readonly nodes: readonly ModelNode[];
}
