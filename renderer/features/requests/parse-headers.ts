/** Pairs, or what is wrong in words. */
export function parseHeaders(text: string): [string, string][] | string {
  const pairs: [string, string][] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const match = /^\s*(:?[!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*(.*?)\s*$/.exec(line);
    if (!match) return `Line ${index + 1} is not “name: value”.`;
    pairs.push([match[1] ?? '', match[2] ?? '']);
  }
  return pairs;
}
