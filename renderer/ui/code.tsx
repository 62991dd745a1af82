import { Check, Copy } from 'lucide-react';
import { type ReactNode, useMemo, useState } from 'react';
import { IconButton } from './button.tsx';
import './code.css';
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

export function CopyButton({ text, label = 'Copy', className }: { text: string; label?: string; className?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1200);
  };
  return (
    <IconButton
      className={className}
      label={copied ? 'Copied' : label}
      size="small"
      icon={copied ? <Check size={14} /> : <Copy size={14} />}
      onClick={() => void copy()}
    />
  );
}

const token = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b/g;
const maxHighlighted = 200_000;

/** JSON text, indented and coloured; text that is not JSON is shown as it is. */
export function Json({ text, maxHeight }: { text: string; maxHeight?: number }) {
  const pretty = useMemo(() => prettyJson(text), [text]);
  const parts = useMemo(() => (pretty.length > maxHighlighted ? pretty : highlight(pretty)), [pretty]);
  return (
    <Code text={pretty} maxHeight={maxHeight}>
      {parts}
    </Code>
  );
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
