/** `default/reviews` → `reviews`; `ingress` stays. */
export const shortName = (id: string): string => id.slice(id.lastIndexOf('/') + 1);
