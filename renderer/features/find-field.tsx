import { useRoute, useRouter } from '../app/router.ts';
import { Input } from '../ui/index.ts';

/** From here on a list is searched rather than read. */
export const searchedFrom = 9;

/** Narrows a list by words, kept in the URL: `&find=`. */
export function FindField({ label, placeholder }: { label: string; placeholder: string }) {
  const router = useRouter();
  const { query } = useRoute();
  return (
    <Input
      className="dd-find"
      data-filter=""
      type="search"
      value={query.get('find') ?? ''}
      onChange={(event) => router.setQuery({ find: event.target.value })}
      placeholder={placeholder}
      aria-label={label}
    />
  );
}

/** Whether every word that is looked for is somewhere in these. */
export function useFind(): (...texts: string[]) => boolean {
  const words = (useRoute().query.get('find') ?? '').toLowerCase().split(/\s+/);
  return (...texts) => words.every((word) => texts.join(' ').toLowerCase().includes(word));
}
