/** Parameters in the order of their names, values of one name in their own, as Envoy writes a changed query. */
export function changeQuery(path: string, set: readonly [string, string][], removed: readonly string[]): string {
  const [bare = '', query = ''] = path.split(/\?(.*)/s);
  const parameters = new Map<string, string[]>();
  for (const part of query === '' ? [] : query.replace(/&$/, '').split('&')) {
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    const value = equals < 0 ? '' : part.slice(equals + 1);
    parameters.set(name, [...(parameters.get(name) ?? []), value]);
  }
  for (const [name, value] of set) parameters.set(name, [value]);
  for (const name of removed) parameters.delete(name);
  const sorted = [...parameters].sort(([a], [b]) => (a < b ? -1 : 1));
  const written = sorted.flatMap(([name, values]) => values.map((value) => `${name}=${value}`));
  return written.length === 0 ? bare : `${bare}?${written.join('&')}`;
}
