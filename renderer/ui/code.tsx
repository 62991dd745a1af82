import { type ReactNode, useMemo } from 'react';
import './code.css';
import { CopyButton } from './copy-button.tsx';
import { LongCode } from './long-code.tsx';
import { prettyJson } from './pretty-json.ts';

/** Text as it is, with a copy button. Never renders markup: captured bodies are in an attacker's hand. */
export function Code({ text, maxHeight, children }: { text: string; maxHeight?: number; children?: ReactNode }) {
  return (
    <div className="dd-code" style={maxHeight ? ({ '--code-max': `${maxHeight}px` } as React.CSSProperties) : undefined}>
      {/* What may scroll must be reachable with the keyboard. */}
      <pre tabIndex={text.includes('\n') ? 0 : undefined}>{children ?? text}</pre>
      <CopyButton text={text} className="dd-code-copy" />
    </div>
  );
}

const token = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b/g;
/** More than this is laid out row by row as it is seen. */
const maxLaidOut = 30_000;

/** JSON text of any length, coloured, and indented unless it is `indented`; text that is not JSON is shown as it is. */
export function Json({ text, indented, maxHeight }: { text: string; indented?: boolean; maxHeight?: number }) {
  const pretty = useMemo(() => (indented ? text : prettyJson(text)), [text, indented]);
  const long = pretty.length > maxLaidOut;
  const parts = useMemo(() => (long ? null : highlight(pretty)), [pretty, long]);
  if (long) return <LongCode text={pretty} paint={highlight} />;
  return (
    <Code text={pretty} maxHeight={maxHeight}>
      {parts}
    </Code>
  );
}

/** Text of any length as it is. */
export function PlainText({ text, maxHeight }: { text: string; maxHeight?: number }) {
  return text.length > maxLaidOut ? <LongCode text={text} /> : <Code text={text} maxHeight={maxHeight} />;
}

function highlight(text: string): ReactNode[] {
  const parts: ReactNode[] = [];
  let from = 0;
  for (const match of text.matchAll(token)) {
    if (match.index > from) parts.push(text.slice(from, match.index));
    const [all, quoted, colon, number] = match;
    const kind = quoted ? (colon ? 'key' : 'string') : number ? 'number' : 'word';
    parts.push(
      <span key={match.index} className={kind}>
        {quoted ?? all}
      </span>,
    );
    if (colon) parts.push(colon);
    from = match.index + all.length;
  }
  parts.push(text.slice(from));
  return parts;
}
