import './button.css';

const isMac = typeof navigator !== 'undefined' && /Mac/.test(navigator.platform);
const keyNames: Record<string, string> = {
  $mod: isMac ? '⌘' : 'Ctrl',
  Shift: isMac ? '⇧' : 'Shift',
  Alt: isMac ? '⌥' : 'Alt',
  Enter: '⏎',
  PageDown: 'PgDn',
  PageUp: 'PgUp',
  Escape: 'Esc',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Comma: ',',
  Period: '.',
};

/** `$mod+k` → ⌘K or Ctrl K; `g t` → G then T. */
export function keyLabels(keys: string): string[] {
  return (
    keys
      .split(' ')
      .flatMap((press) => press.split('+'))
      // `[Shift]` says that the key may need it, on some keyboards
      .filter((key) => !key.startsWith('['))
      .map((key) => keyNames[key] ?? (key.length === 1 ? key.toUpperCase() : key))
  );
}

export function KeyHint({ keys }: { keys: string }) {
  return (
    <span className="dd-keyhint" aria-hidden="true">
      {keyLabels(keys).map((label) => (
        <kbd key={label}>{label}</kbd>
      ))}
    </span>
  );
}
