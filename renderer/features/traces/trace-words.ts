/** Of the charts' colours; the red one is left to what failed. */
const series = [1, 2, 3, 4, 6] as const;

/** A colour per service, in order of appearance; beyond five they repeat, and the name beside the bar tells them apart. */
export function colourServices(services: Iterable<string>): (service: string) => string {
  const order = new Map<string, number>();
  for (const service of services) if (!order.has(service)) order.set(service, order.size);
  return (service) => `var(--series-${series[(order.get(service) ?? 0) % series.length]})`;
}
