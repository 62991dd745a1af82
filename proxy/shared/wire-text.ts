const beyondAscii = /[^\x00-\x7f]/;

/** Text from a configuration as header values are kept here: one character per UTF-8 byte, so that it goes out as UTF-8. */
export function toWireText(text: string): string {
  return beyondAscii.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}
