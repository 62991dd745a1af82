/** What a table has under a name that a stranger gives: `constructor` and `__proto__` are on every object, and in no table. */
export function ownValue<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
