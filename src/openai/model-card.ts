import type { ServedModel } from './served-model.ts';

/** One entry of /v1/models: OpenAI's fields and vLLM's `root`, `parent` and `max_model_len`. */
export interface ModelCard {
  readonly id: string;
  readonly object: 'model';
  readonly created: number;
  readonly owned_by: string;
  readonly root: string;
  readonly parent: string | null;
  /** Null while the model is not up. */
  readonly max_model_len: number | null;
}

/** @param id the name to show; an alias has the canonical name as its `parent` */
export function modelCard(model: ServedModel, id: string): ModelCard {
  const canonical = model.names[0];
  const known = model.engine.state === 'ready' || model.engine.state === 'draining';
  return {
    id,
    object: 'model',
    created: model.created,
    owned_by: model.ownedBy,
    root: model.root,
    parent: id === canonical ? null : canonical,
    max_model_len: known ? model.engine.limits.maxModelLen : null,
  };
}

/** The body of GET /v1/models: one card per model, aliases left out. */
export function modelList(models: readonly ServedModel[]): { object: 'list'; data: ModelCard[] } {
  return { object: 'list', data: models.map((model) => modelCard(model, model.names[0])) };
}
