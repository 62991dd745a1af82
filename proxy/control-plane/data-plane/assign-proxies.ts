/**
 * Which worker carries which proxy, whole: one that has a worker keeps it, a new one goes where the fewest are. `proxies` in the order of the
 * snapshot; those that are gone give up their place.
 */
export function assignProxies(
  proxies: readonly string[],
  workers: number,
  before: ReadonlyMap<string, number>,
): Map<string, number> {
  const assigned = new Map<string, number>();
  const carried = new Array<number>(workers).fill(0);
  for (const proxy of proxies) {
    const worker = before.get(proxy);
    if (worker === undefined) continue;
    assigned.set(proxy, worker);
    carried[worker]!++;
  }
  for (const proxy of proxies) {
    if (assigned.has(proxy)) continue;
    const worker = carried.indexOf(Math.min(...carried));
    assigned.set(proxy, worker);
    carried[worker]!++;
  }
  return assigned;
}
