/** %XX of UTF-8 taken off; a text with a stray % or bytes that are no UTF-8 stands for itself. */
export function decodePercents(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
