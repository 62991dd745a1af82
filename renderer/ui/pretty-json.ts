/** Indented by two; the text itself when it does not parse (cut-off bodies do not). */
export function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
