import type { RecordedRowFilter, Recording } from '../../../proxy/api/recording.schema.ts';
import { Input, Select } from '../../ui/index.ts';

export interface RowFilterBarProps {
  recording: Recording;
  filter: RecordedRowFilter;
  onChange: (filter: RecordedRowFilter) => void;
}

const statuses = [
  { value: '', label: 'Any code' },
  { value: '>=400', label: 'Errors, 4xx and 5xx' },
  { value: '5xx', label: '5xx' },
  { value: '4xx', label: '4xx' },
  { value: '3xx', label: '3xx' },
  { value: '2xx', label: '2xx' },
  { value: '0', label: 'No answer' },
] as const;

/** Narrows the rows; the services are those of the recording. */
export function RowFilterBar({ recording, filter, onChange }: RowFilterBarProps) {
  const services = (any: string) => [
    { value: '', label: any },
    ...recording.services.map((name) => ({ value: name, label: name })),
  ];
  const set = (change: RecordedRowFilter) => {
    const next = Object.entries({ ...filter, ...change }).filter(([, value]) => value !== undefined && value !== '');
    onChange(Object.fromEntries(next) as RecordedRowFilter);
  };
  return (
    <search className="rec-filter" aria-label="Filter of the exchanges">
      <Select label="From" value={filter.from ?? ''} options={services('From any')} onChange={(from) => set({ from })} />
      <Select label="To" value={filter.to ?? ''} options={services('To any')} onChange={(to) => set({ to })} />
      <Select label="Code" value={filter.status ?? ''} options={statuses} onChange={(status) => set({ status })} />
      <Input
        data-filter
        value={filter.path ?? ''}
        onChange={(event) => set({ path: event.target.value })}
        placeholder="Path begins with"
        aria-label="Path begins with"
      />
      <Select
        label="Which reports"
        value={filter.hops ?? 'all'}
        options={[
          { value: 'calls', label: 'Each call once' },
          { value: 'all', label: 'Every hop' },
        ]}
        onChange={(hops) => set({ hops: hops as 'calls' | 'all' })}
      />
      <Select
        label="Marks"
        value={filter.marked ?? ''}
        options={[
          { value: '', label: 'Marked or not' },
          { value: 'true', label: 'Marked only' },
        ]}
        onChange={(marked) => set({ marked: marked === 'true' ? 'true' : undefined })}
      />
    </search>
  );
}
