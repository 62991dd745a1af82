/**
 * Headers as Envoy keeps them: lower-case names, order and duplicates preserved, joined by `,` when matched.
 * Backed by a flat list [name, value, name, value, …]; a request has ~15 entries, so a scan beats a Map.
 */
export class HeaderMap {
  readonly list: string[];

  /** Takes ownership of `list`; names must be lower case already. */
  constructor(list: string[] = []) {
    this.list = list;
  }

  static from(pairs: readonly (readonly [string, string])[]): HeaderMap {
    const list: string[] = [];
    for (const [name, value] of pairs) list.push(name.toLowerCase(), value);
    return new HeaderMap(list);
  }

  /** First value, or undefined. */
  get(name: string): string | undefined {
    const list = this.list;
    for (let i = 0; i < list.length; i += 2) if (list[i] === name) return list[i + 1];
    return undefined;
  }

  /** All values joined by `,` (Envoy's HeaderUtility), or undefined when absent. */
  getJoined(name: string): string | undefined {
    const list = this.list;
    let joined: string | undefined;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === name) joined = joined === undefined ? list[i + 1] : `${joined},${list[i + 1]}`;
    }
    return joined;
  }

  getAll(name: string): string[] {
    const values: string[] = [];
    for (let i = 0; i < this.list.length; i += 2) if (this.list[i] === name) values.push(this.list[i + 1]!);
    return values;
  }

  has(name: string): boolean {
    for (let i = 0; i < this.list.length; i += 2) if (this.list[i] === name) return true;
    return false;
  }

  /** Replaces all values of `name`, in the place of the first one. */
  set(name: string, value: string): void {
    const list = this.list;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] !== name) continue;
      list[i + 1] = value;
      for (let j = list.length - 2; j > i; j -= 2) if (list[j] === name) list.splice(j, 2);
      return;
    }
    list.push(name, value);
  }

  add(name: string, value: string): void {
    this.list.push(name, value);
  }

  /** Returns true when something was removed. */
  remove(name: string): boolean {
    const list = this.list;
    let removed = false;
    for (let i = list.length - 2; i >= 0; i -= 2) {
      if (list[i] === name) {
        list.splice(i, 2);
        removed = true;
      }
    }
    return removed;
  }

  clone(): HeaderMap {
    return new HeaderMap(this.list.slice());
  }

  toPairs(): [string, string][] {
    const pairs: [string, string][] = [];
    for (let i = 0; i < this.list.length; i += 2) pairs.push([this.list[i]!, this.list[i + 1]!]);
    return pairs;
  }
}
