/** Value of a text of 1 to `maxDigits` decimal digits and nothing else; -1 for any other. Exact up to 15 digits. */
export function plainNumber(text: string, maxDigits: number): number {
  const { length } = text;
  if (length === 0 || length > maxDigits) return -1;
  let value = 0;
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
