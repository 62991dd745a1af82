/** Indented by two; the text itself when it does not parse (cut-off bodies do not). */
export function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

const cutTokens = /"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s"{}[\],:]+/g;

/** Indented without being parsed: for JSON of which only the beginning was kept. Strings stay as they are, also one that is cut off. */
export function indentJson(text: string): string {
  let out = '';
  let depth = 0;
  let last = '';
  const newLine = () => `\n${'  '.repeat(depth)}`;
  for (const [token] of text.matchAll(cutTokens)) {
    const opened = last === '{' || last === '[';
    if (token === '}' || token === ']') {
      depth = Math.max(0, depth - 1);
      out += opened ? token : newLine() + token;
    } else {
      if (opened || last === ',') out += newLine();
      else if (last === ':') out += ' ';
      out += token;
      if (token === '{' || token === '[') depth++;
    }
    last = token;
  }
  return out;
}
