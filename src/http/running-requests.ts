/** A request that is being answered, as others may refer to it. */
export interface RunningRequest {
  /** Of the API key that it came with; null where none is asked for. */
  readonly keyIndex: number | null;
  cancel(): void;
}

/** A request's place among the running ones. */
export interface RunningEntry {
  /** Lets the request be found by another id too. */
  addId(id: string): void;
  /** The request has been answered, or given up. */
  remove(): void;
}

/** The inference requests under way, by their ids. Clients choose some of the ids, so that several may share one. */
export class RunningRequests {
  readonly #byId = new Map<string, Set<RunningRequest>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(request: RunningRequest, id: string): RunningEntry {
    const ids = new Set<string>();
    const addId = (each: string): void => {
      ids.add(each);
      const sharing = this.#byId.get(each) ?? new Set();
      this.#byId.set(each, sharing.add(request));
    };
    addId(id);
    this.#size++;
    let isRemoved = false;
    return {
      addId,
      remove: () => {
        if (isRemoved) return;
        isRemoved = true;
        this.#size--;
        for (const each of ids) {
          const sharing = this.#byId.get(each);
          sharing?.delete(request);
          if (sharing?.size === 0) this.#byId.delete(each);
        }
      },
    };
  }

  /** Cancels the requests of this id that came with the same key. @returns whether there was one */
  cancel(id: string, keyIndex: number | null): boolean {
    const own = [...(this.#byId.get(id) ?? [])].filter((request) => request.keyIndex === keyIndex);
    for (const request of own) request.cancel();
    return own.length > 0;
  }
}
