/** For text that need not be JSON, or was cut off by a capture limit: null then. In an object, because null is JSON too. */
export function readJson(text: string): { value: unknown } | null {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}

/** An object or a list; a lone word or number is taken for text. */
export function readJsonDocument(text: string): { value: unknown } | null {
  return /^\s*[[{]/.test(text) ? readJson(text) : null;
}
