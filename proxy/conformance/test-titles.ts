/*
 * Titles of tests as they stand in a file, without running it: `test('…')`, `it('…')`, `describe('…')` and their `.each` forms, and the
 * names of cases kept in tables. Titles with places (`%s`, `$name`, `${…}`) are patterns.
 */

const quoted = String.raw`(?:'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|\x60((?:\\.|[^\x60\\])*)\x60)`;
const call = new RegExp(String.raw`(?<![\w.])(?:test|it|describe)(?:\.(?:skipIf|runIf)\([^)]*\)|\.\w+)*\(\s*${quoted}`, 'g');
/** `test.each(table)('…'`, whatever the table is. */
const eachCall = new RegExp(String.raw`\)\(\s*${quoted}\s*,\s*(?:async\s*)?(?:\(|\w+\s*=>)`, 'g');

/** A row's first column. */
const row = new RegExp(String.raw`^\s*\[\s*${quoted}\s*,`, 'gm');

/** Says whether one of the titles in a test file is `title`. */
export function titlesOf(source: string): (title: string) => boolean {
  const exact = new Set<string>();
  const patterns: RegExp[] = [];
  // Rows of a table whose tests are called by their first column alone.
  if (/\)\(\s*'%s',/.test(source))
    for (const found of source.matchAll(row)) exact.add(plain(found[1] ?? found[2] ?? found[3] ?? ''));
  for (const pattern of [call, eachCall]) {
    for (const found of source.matchAll(pattern)) {
      const title = plain(found[1] ?? found[2] ?? found[3] ?? '');
      const parts = title.split(/%[sdifjop#]|\$\{[^}]*\}|\$[A-Za-z_][\w.]*/);
      if (parts.length === 1) exact.add(title);
      // Places alone would be any title.
      else if (parts.join('').trim().length >= 8) patterns.push(new RegExp(`^${parts.map(literal).join('.+')}$`, 's'));
    }
  }
  return (title) => exact.has(title) || patterns.some((pattern) => pattern.test(title));
}

function plain(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
