import { Pin } from 'lucide-react';
import { hasTerm, toggleTerm } from '../../../proxy/api/filter/request-filter.ts';
import type { KeepTraffic } from '../../../proxy/api/recording.schema.ts';
import { useCommandRegistry } from '../../commands/registry.ts';
import { Button, Menu, plural } from '../../ui/index.ts';
import type { Marks, RequestMarks } from './marks.ts';

const onlyMarked = 'mark:*';

/** What was marked: to look at alone, to keep as a recording, to forget. Not there while nothing is. */
export function MarkedMenu({
  marks,
  marked,
  text,
  onChange,
}: {
  marks: RequestMarks;
  marked: Marks;
  text: string;
  onChange: (text: string) => void;
}) {
  const keep = useKeepRecording();
  if (marked.size === 0) return null;
  const only = hasTerm(text, onlyMarked);
  return (
    <Menu
      trigger={
        <Button
          size="small"
          variant="ghost"
          aria-pressed={only}
          data-testid="requests-marked"
          icon={<Pin size={12} fill={only ? 'currentColor' : 'none'} />}
        >
          Marked {marked.size}
        </Button>
      }
      items={[
        {
          id: 'only',
          label: only ? 'Show the others too' : 'Show only these',
          onSelect: () => onChange(toggleTerm(text, onlyMarked)),
        },
        {
          id: 'keep',
          label: `Keep ${plural(marked.size, 'request')} as a recording`,
          onSelect: () => keep([...marked.values()].map(({ exchange: { id }, annotation }) => ({ id, annotation }))),
        },
        { separator: 'forget' },
        {
          id: 'forget',
          label: 'Forget all marks',
          tone: 'bad',
          onSelect: () => {
            if (only) onChange(toggleTerm(text, onlyMarked));
            marks.clear();
          },
        },
      ]}
    />
  );
}

/** Makes a recording of requests that passed, with their traces, and opens it. */
export function useKeepRecording() {
  const registry = useCommandRegistry();
  return (exchanges: KeepTraffic['exchanges']) =>
    registry.run({
      id: 'requests.keep-recording',
      title: 'Keep as a recording',
      group: 'This screen',
      run: async ({ engine, toasts, router }) => {
        const made = await engine.call('keepTraffic', { body: { exchanges, wholeTraces: true } });
        await engine.refreshRecordings();
        toasts.ok(`Kept ${plural(made.exchanges, 'exchange')} as ${made.name}`, 'With the rest of their traces.');
        router.navigate('recordings', { id: made.id });
      },
    });
}
