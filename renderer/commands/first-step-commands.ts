import { ListChecks } from 'lucide-react';
import { firstSteps } from '../app/first-steps.ts';
import { toggleRecording } from './app-commands.ts';
import type { Command } from './command.ts';
import { loadDemo } from './demo.ts';
import { makeInstanceSick } from './sick-instance.ts';
import { sendTestTraffic } from './test-traffic.ts';

/** Steps that one command does; the others lead to their place. */
const doing: Readonly<Record<string, Command>> = {
  service: loadDemo,
  traffic: sendTestTraffic,
  fault: makeInstanceSick,
  record: toggleRecording,
};

/** What a step of the first five minutes does when it is clicked; null: it leads somewhere. */
export const commandOfStep = (id: string): Command | null => doing[id] ?? null;

/** The steps that no command of their own does, for the palette. */
export const firstStepCommands: readonly Command[] = firstSteps
  .filter(({ id }) => commandOfStep(id) === null)
  .map(({ id, title, place }) => ({
    id: `steps.${id}`,
    title,
    group: 'Mesh',
    icon: ListChecks,
    keywords: 'first five minutes steps tour',
    run: ({ engine, router }) => {
      const { path, query } = place({
        graph: engine.graph.get(),
        faults: engine.faults.get(),
        recordings: engine.recordings.get(),
      });
      router.navigate(path, query);
    },
  }));
