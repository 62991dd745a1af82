import { useState } from 'react';
import { Field, Input, Select } from '../../ui/index.ts';
import {
  exhaustions,
  modes,
  paceOf,
  paces,
  type SessionKind,
  type StandInSettings,
  sessionKinds,
  splitSession,
  streamModes,
  withPace,
} from './stand-in-words.ts';

const everyone = '*';

/** Who is answered, how late, in which order, and what becomes of a request that has no answer. Every choice holds at once. */
export function StandInSettingsForm({
  service,
  settings,
  callers,
  onChange,
}: {
  service: string;
  settings: StandInSettings;
  /** Services that may be chosen as the only caller. */
  callers: readonly string[];
  /** `from: null`: for every caller. */
  onChange: (change: Partial<Omit<StandInSettings, 'from'>> & { from?: string | null }) => void;
}) {
  const { from } = settings;
  const known = [...new Set([...callers, ...(from === undefined ? [] : [from])])].filter((name) => name !== service);
  return (
    <div className="standin-settings">
      <Field label="Who is answered">
        {(field) => (
          <Select
            {...field}
            value={from ?? everyone}
            options={[
              { value: everyone, label: 'Every caller' },
              ...known.map((name) => ({ value: name, label: `Only ${name}` })),
            ]}
            onChange={(next) => onChange({ from: next === everyone ? null : next })}
          />
        )}
      </Field>
      <Field label="Without a recorded answer">
        {(field) => <Select {...field} value={settings.mode} options={modes} onChange={(mode) => onChange({ mode })} />}
      </Field>
      <Field label="When answers are used up">
        {(field) => (
          <Select
            {...field}
            value={settings.exhaustion}
            options={exhaustions}
            onChange={(exhaustion) => onChange({ exhaustion })}
          />
        )}
      </Field>
      <SessionFields session={settings.session} onChange={(session) => onChange({ session })} />
      <Field label="Recorded time">
        {(field) => (
          <Select {...field} value={paceOf(settings)} options={paces(settings)} onChange={(pace) => onChange(withPace(pace))} />
        )}
      </Field>
      <Field label="Messages of streams">
        {(field) => (
          <Select {...field} value={settings.streams} options={streamModes} onChange={(streams) => onChange({ streams })} />
        )}
      </Field>
    </div>
  );
}

/** A header or cookie counts once it has a name. */
function SessionFields({ session, onChange }: { session: string; onChange: (session: string) => void }) {
  const given = splitSession(session);
  const [draft, setDraft] = useState<{ kind: SessionKind; name: string } | null>(null);
  const { kind, name } = draft ?? given;
  const needsName = kind === 'header' || kind === 'cookie';
  const choose = (next: SessionKind) => {
    if (next === 'header' || next === 'cookie') {
      setDraft({ kind: next, name: next === given.kind ? given.name : '' });
      return;
    }
    setDraft(null);
    onChange(next);
  };
  const commit = () => {
    if (draft === null || draft.name.trim() === '') return;
    onChange(`${draft.kind}:${draft.name.trim()}`);
    setDraft(null);
  };
  return (
    <Field label="Sequence of answers">
      {(field) => (
        <div className="standin-session">
          <Select {...field} value={kind} options={sessionKinds} onChange={choose} />
          {needsName && (
            <Input
              className="mono"
              aria-label={kind === 'header' ? 'Name of the header' : 'Name of the cookie'}
              placeholder={kind === 'header' ? 'x-user' : 'session'}
              value={name}
              onChange={(event) => setDraft({ kind, name: event.currentTarget.value })}
              onBlur={commit}
              onKeyDown={(event) => event.key === 'Enter' && commit()}
            />
          )}
        </div>
      )}
    </Field>
  );
}
