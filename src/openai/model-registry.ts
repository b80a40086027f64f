import { createHash } from 'node:crypto';
import { invariant, modelNotFound } from '../errors.ts';
import type { ServedModel } from './served-model.ts';

const MAX_ECHOED_NAME = 200;

/** The models of this server by name. */
export class ModelRegistry {
  readonly models: readonly ServedModel[];
  readonly #byName = new Map<string, ServedModel>();
  readonly #fingerprints = new Map<ServedModel, string>();

  /** @param version of the server; part of the system fingerprint */
  constructor(models: readonly ServedModel[], version: string) {
    invariant(models.length > 0, 'a server needs at least one model');
    this.models = models;
    for (const model of models) {
      for (const name of model.names) {
        if (!this.#byName.has(name)) this.#byName.set(name, model);
      }
      const digest = createHash('sha256').update(`${version}\0${model.names[0]}\0${model.root}`).digest('hex');
      this.#fingerprints.set(model, `fp_${digest.slice(0, 10)}`);
    }
  }

  /**
   * The model of a request; without a name the first one.
   * @throws ApiError 404 when no model has this name
   */
  resolve(name: string | null | undefined): ServedModel {
    const model = name === null || name === undefined ? this.models[0] : this.#byName.get(name);
    if (model === undefined) throw modelNotFound((name ?? '').slice(0, MAX_ECHOED_NAME));
    return model;
  }

  /** OpenAI's `system_fingerprint`: the same for the same server version and model. */
  fingerprint(model: ServedModel): string {
    const fingerprint = this.#fingerprints.get(model);
    invariant(fingerprint !== undefined, `unregistered model ${model.names[0]}`);
    return fingerprint;
  }
}
