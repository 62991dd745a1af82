/** Rows of text to show, each asked for when it is seen. */
export interface TextRows {
  count: number;
  at: (row: number) => string;
}

/** A page as tall as browsers can make one has about so many rows. */
const maxRows = 1_500_000;
const newLine = 10;

/** Text in rows of at most so many characters. Where each begins is noted, the text itself is not copied: of megabytes only what is seen is cut out. */
export function rowsOfText(text: string, columns: number): TextRows {
  const starts: number[] = [0];
  let start = 0;
  for (let at = 0; at < text.length && starts.length < maxRows; at++) {
    const ended = text.charCodeAt(at) === newLine;
    if (!ended && at - start < columns) continue;
    // The second half of a pair does not stand alone.
    start = ended ? at + 1 : isLowSurrogate(text.charCodeAt(at)) ? at - 1 : at;
    starts.push(start);
  }
  return {
    count: starts.length,
    at: (row) => {
      const from = starts[row] ?? text.length;
      const to = row + 1 < starts.length ? (starts[row + 1] as number) : starts.length < maxRows ? text.length : from + columns;
      return text.slice(from, to).replace(/\r?\n$/, '');
    },
  };
}

const isLowSurrogate = (unit: number) => unit >= 0xdc00 && unit <= 0xdfff;
