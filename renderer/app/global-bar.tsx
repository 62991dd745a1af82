import { CircleDot, OctagonX, Pause, Play, Search, Square, Zap } from 'lucide-react';
import { showPalette, togglePause, toggleRecording } from '../commands/app-commands.ts';
import { useCommandRegistry } from '../commands/registry.ts';
import { stopAllFaults } from '../commands/stop-everything.ts';
import { useFaults, useRecordings, useStatus } from '../engine/use-engine.ts';
import { Button, IconButton, Segments } from '../ui/button.tsx';
import { formatSpan, plural } from '../ui/format.ts';
import { KeyHint } from '../ui/key-hint.tsx';
import { useNow } from '../ui/use-now.ts';
import { usePreferences, usePreferencesStore, windows, windowWords } from './preferences.ts';

const windowOptions = windows.map((value) => ({ value, label: value, title: windowWords(value) }));

export function GlobalBar() {
  const status = useStatus();
  const preferences = usePreferences();
  const store = usePreferencesStore();
  const commands = useCommandRegistry();
  return (
    <header className="global-bar">
      <div className="global-project truncate" title={status?.files.join('\n')}>
        {status?.name ?? 'Drydock'}
      </div>
      <button type="button" className="global-search" onClick={() => commands.run(showPalette)} data-testid="open-palette">
        <Search size={13} aria-hidden="true" />
        <span>Search or run a command</span>
        <KeyHint keys="$mod+k" />
      </button>
      <div className="grow" />
      <ActiveFaults />
      <Segments
        label="Time window"
        value={preferences.window}
        options={windowOptions}
        onChange={(window) => store.setState({ window })}
      />
      <IconButton
        label={preferences.paused ? 'Resume the view' : 'Pause the view (capture goes on)'}
        keys="p"
        aria-pressed={preferences.paused}
        data-testid="pause"
        icon={preferences.paused ? <Play size={15} /> : <Pause size={15} />}
        onClick={() => commands.run(togglePause)}
      />
      <RecordButton />
    </header>
  );
}

/** How many faults act now, certificates that are wrong on purpose among them, and the one click that ends them all. */
function ActiveFaults() {
  const commands = useCommandRegistry();
  const status = useStatus();
  const armed = [
    ...useFaults()
      .filter((fault) => fault.state === 'armed' || fault.state === 'waiting')
      .map(({ name }) => name),
    ...(status?.certificates ?? [])
      .filter(({ flaw }) => flaw !== undefined)
      .map(({ service, flaw }) => `certificate of ${service}: ${flaw}`),
  ];
  if (armed.length === 0) return null;
  return (
    <Button
      variant="danger"
      icon={<Zap size={13} />}
      data-testid="stop-all-faults"
      title={armed.join(', ')}
      onClick={() => commands.run(stopAllFaults)}
    >
      {plural(armed.length, 'fault')} armed
      <span className="global-stop">
        <OctagonX size={13} aria-hidden="true" /> Stop all
      </span>
      <KeyHint keys="$mod+." />
    </Button>
  );
}

function RecordButton() {
  const commands = useCommandRegistry();
  const running = useRecordings().find((recording) => recording.state === 'recording');
  const now = useNow(running !== undefined);
  return (
    <Button
      aria-pressed={running !== undefined}
      data-testid="record"
      icon={running ? <Square size={12} fill="currentColor" /> : <CircleDot size={14} />}
      onClick={() => commands.run(toggleRecording)}
    >
      {running ? <span className="num">Stop · {formatSpan(now - Date.parse(running.startedAt))}</span> : 'Record'}
    </Button>
  );
}
