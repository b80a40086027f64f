import type { ServedModel } from '../served-model.ts';

/** Anthropic's `ModelInfo`. */
export interface ModelInfo {
  readonly type: 'model';
  readonly id: string;
  readonly display_name: string;
  /** RFC 3339. */
  readonly created_at: string;
  readonly capabilities: null;
  readonly lifecycle: 'active';
  readonly deprecated_at: null;
  readonly retires_at: null;
  readonly line: null;
  /** Null while the model is not up. */
  readonly max_input_tokens: number | null;
  readonly max_tokens: number | null;
}

/** @param id the name to show */
export function modelInfo({ created, engine }: ServedModel, id: string): ModelInfo {
  const isUp = engine.state === 'ready' || engine.state === 'draining';
  const maxModelLen = isUp ? engine.limits.maxModelLen : null;
  return {
    type: 'model',
    id,
    display_name: id,
    created_at: new Date(1000 * created).toISOString(),
    capabilities: null,
    lifecycle: 'active',
    deprecated_at: null,
    retires_at: null,
    line: null,
    max_input_tokens: maxModelLen,
    max_tokens: maxModelLen,
  };
}

/** Anthropic's page of models: all of them, aliases left out. */
export function modelPage(models: readonly ServedModel[]): object {
  const data = models.map((model) => modelInfo(model, model.names[0]));
  return { data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
}
