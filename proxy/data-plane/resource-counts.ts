import type { ResourceRef } from '../api/diagnostic.schema.ts';

const MAX_FRESH = 1_000;

/** Counts by resource what it acted on. By the reference itself, which lives as long as its snapshot: a name is made when somebody asks. */
export class ResourceCounts {
  readonly #named = new Map<string, number>();
  #fresh = new Map<Named, number>();

  add(resource: Named): void {
    this.#fresh.set(resource, (this.#fresh.get(resource) ?? 0) + 1);
    // Some references are made per connection.
    if (this.#fresh.size > MAX_FRESH) this.settle();
  }

  /** `kind/namespace/name` → count. */
  totals(): Record<string, number> {
    this.settle();
    return Object.fromEntries(this.#named);
  }

  /** Lets go of the references, before the snapshot they belong to is replaced. */
  settle(): void {
    for (const [{ kind, namespace, name }, count] of this.#fresh) {
      const key = `${kind}/${namespace}/${name}`;
      this.#named.set(key, (this.#named.get(key) ?? 0) + count);
    }
    this.#fresh = new Map();
  }
}

type Named = Pick<ResourceRef, 'kind' | 'namespace' | 'name'>;
