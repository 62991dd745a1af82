import { CircleDot, CirclePause, Command as CommandIcon, FileInput, Keyboard, Moon, Plus, Sun, SunMoon } from 'lucide-react';
import type { TimeWindow } from '../app/preferences.ts';
import { windows } from '../app/preferences.ts';
import type { Screen } from '../features/screen.tsx';
import { plural } from '../ui/format.ts';
import type { Command } from './command.ts';
import { loadDemo, removeDemo } from './demo.ts';
import { sendTestRequest } from './send-test-request.ts';
import { makeInstanceSick } from './sick-instance.ts';
import { stopAllFaults } from './stop-everything.ts';
import { sendTestTraffic, stopTestTraffic } from './test-traffic.ts';

/** Pauses or resumes the view; the engine goes on capturing. */
export const togglePause: Command = {
  id: 'view.pause',
  title: 'Pause or resume the view',
  group: 'View',
  icon: CirclePause,
  keys: 'p',
  keywords: 'freeze stop live',
  run: ({ preferences }) => preferences.setState(({ paused }) => ({ paused: !paused })),
};

export const toggleRecording: Command = {
  id: 'recording.toggle',
  title: 'Start or stop a recording',
  group: 'Mesh',
  icon: CircleDot,
  keys: '$mod+Shift+R',
  keywords: 'record capture',
  run: async ({ engine, toasts }) => {
    const running = engine.recordings.get().find((recording) => recording.state === 'recording');
    if (running) {
      const stopped = await engine.call('stopRecording', { params: { id: running.id } });
      toasts.ok(`Recorded ${plural(stopped.exchanges, 'request')} as ${stopped.name}`);
    } else {
      const name = `recording-${new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-')}`;
      await engine.call('startRecording', { body: { name } });
      toasts.ok('Recording', `Everything that passes is kept in ${name} until you stop it.`);
    }
    await engine.refreshRecordings();
  },
};

export const showPalette: Command = {
  id: 'app.palette',
  title: 'Command palette',
  group: 'App',
  icon: CommandIcon,
  keys: '$mod+k',
  whileTyping: true,
  run: ({ overlay }) => overlay.show(overlay.shown() === 'palette' ? null : 'palette'),
};

const showHelp: Command = {
  id: 'app.help',
  title: 'Keyboard shortcuts',
  group: 'App',
  icon: Keyboard,
  keys: '[Shift]+?',
  run: ({ overlay }) => overlay.show('help'),
};

/** `/` puts the cursor into the screen's filter: the input marked with data-filter. */
const focusFilter: Command = {
  id: 'view.filter',
  title: 'Focus the filter',
  group: 'View',
  keys: '/',
  when: () => document.querySelector('[data-filter]') !== null,
  run: () => document.querySelector<HTMLInputElement>('[data-filter]')?.focus(),
};

/** Opens the form on the topology: it is part of that screen's URL. */
const addService: Command = {
  id: 'mesh.add-service',
  title: 'Add service',
  group: 'Mesh',
  icon: Plus,
  keywords: 'register workload new',
  run: ({ router }) => router.navigate('topology', { add: '1' }),
};

/** Likewise. */
const importCompose: Command = {
  id: 'mesh.import-compose',
  title: 'Import compose file',
  group: 'Mesh',
  icon: FileInput,
  keywords: 'docker services register yaml',
  run: ({ router }) => router.navigate('topology', { import: '1' }),
};

const themes = [
  ['system', 'Theme: follow the system', SunMoon],
  ['light', 'Theme: light', Sun],
  ['dark', 'Theme: dark', Moon],
] as const;

/** The app's own commands: going to screens, time window, theme, faults, recording. */
export function createAppCommands(screens: readonly Screen[]): Command[] {
  return [
    ...screens.map(
      (screen): Command => ({
        id: `go.${screen.id}`,
        title: screen.title,
        group: 'Go to',
        icon: screen.icon,
        keys: screen.key === ',' ? '$mod+,' : `$mod+${screen.key}`,
        alsoKeys: screen.jump && `g ${screen.jump}`,
        whileTyping: true,
        run: ({ router }) => router.navigate(screen.id),
      }),
    ),
    togglePause,
    ...windows.map(
      (window: TimeWindow): Command => ({
        id: `view.window.${window}`,
        title: `Time window: ${window}`,
        group: 'View',
        run: ({ preferences }) => preferences.setState({ window }),
      }),
    ),
    ...themes.map(
      ([theme, title, icon]): Command => ({
        id: `view.theme.${theme}`,
        title,
        group: 'View',
        icon,
        keywords: 'appearance colour dark light',
        run: ({ preferences }) => preferences.setState({ theme }),
      }),
    ),
    focusFilter,
    stopAllFaults,
    toggleRecording,
    addService,
    importCompose,
    loadDemo,
    removeDemo,
    sendTestRequest,
    sendTestTraffic,
    stopTestTraffic,
    makeInstanceSick,
    showPalette,
    showHelp,
  ];
}
