import { useNow } from '../../ui/use-now.ts';

/** `4 s`, `2:05`, `1:02:05`: short enough for a column of milliseconds, and it counts on. */
function openWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** How long an exchange has been open; moves once a second. */
export function OpenFor({ since }: { since: string }) {
  const now = useNow();
  return <span className="requests-open num">{openWords(now - Date.parse(since))}</span>;
}
