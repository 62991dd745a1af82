import './surface.css';

/** `caller → callee`: on one line where both fit, else below each other, so that a long caller never hides who is called. */
export function EdgeWords({ from, to, note = '' }: { from: string; to: string; note?: string }) {
  return (
    <span className="dd-edge" title={`${from} → ${to}${note && ` ${note}`}`}>
      <span className="truncate">{from}</span>{' '}
      <span className="truncate">
        → <b>{to}</b>
        {note && <span className="soft"> {note}</span>}
      </span>
    </span>
  );
}

/** The same in a row of one line: both are cut before one of them is hidden. */
export function EdgeLine({ from, to, note = '' }: { from: string; to: string; note?: string }) {
  return (
    <span className="dd-edge-line" title={`${from} → ${to}${note && ` ${note}`}`}>
      <span className="truncate">{from}</span> <span>→</span> <span className="truncate">{to}</span>
      {note && <span className="soft"> {note}</span>}
    </span>
  );
}
