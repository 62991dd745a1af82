/** JSON worked on as text: formatting stays, and what was cut off by a capture limit is no obstacle. */

/** The text a JSON string's inside stands for; as written when it is not valid. */
export function memberName(written: string): string {
  if (!written.includes('\\')) return written;
  try {
    return String(JSON.parse(`"${written}"`));
  } catch {
    return written;
  }
}

/** Where the object or list that begins at `start` ends; the end of the text when it was cut off. */
export function valueEnd(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const c = text[i];
    if (c === '"') i = stringEnd(text, i);
    else if (c === '{' || c === '[') depth++;
    else if ((c === '}' || c === ']') && --depth === 0) return i + 1;
  }
  return text.length;
}

/** Strings and numbers of a JSON text, but not the names of members, each replaced by a string. */
export function replaceScalars(text: string, replace: (value: string) => string): string {
  return text.replace(/"((?:[^"\\]|\\.)*)("|$)(\s*:)?|-?\d[\d.eE+-]*/g, (whole, inner: string | undefined, _close, colon) => {
    if (colon !== undefined) return whole;
    const value = inner ?? whole;
    return value === '' ? whole : `"${replace(value)}"`;
  });
}

function stringEnd(text: string, quote: number): number {
  for (let i = quote + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i;
  }
  return text.length;
}
