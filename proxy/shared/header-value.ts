/** The first value of a header, in whatever case its name is written; '' when there is none. */
export function headerValue(headers: readonly (readonly [string, string])[], name: string): string {
  const wanted = name.toLowerCase();
  return headers.find(([given]) => given.toLowerCase() === wanted)?.[1] ?? '';
}
