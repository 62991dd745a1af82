import { type KnownService, listServices } from '../../config/hosts.ts';
import type { ResourceSet } from '../../config/index.ts';

/** A configuration and what it knows, read once for as many statuses as are asked for together. */
export class StatusFacts {
  readonly set: ResourceSet;
  #services: readonly KnownService[] | null = null;

  constructor(set: ResourceSet) {
    this.set = set;
  }

  get services(): readonly KnownService[] {
    this.#services ??= listServices(this.set);
    return this.#services;
  }
}
