import { Check, FileCode2, FileDown, GitCompareArrows, Plus, RotateCcw, Wand2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { ApplyResult, Diagnostic } from '../../../proxy/api/diagnostic.schema.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import type { Command, CommandContext } from '../../commands/command.ts';
import { useCommandRegistry, useCommands } from '../../commands/registry.ts';
import { EngineError } from '../../engine/client.ts';
import { useCall, useEngine, useStatus } from '../../engine/use-engine.ts';
import { Button, EmptyState, ErrorState, Skeleton, Toolbar } from '../../ui/index.ts';
import './config.css';
import { type ConfigFile, documentAt, documentsIn, generateRouting, groupByFile, isSameObject, textOf } from './config-files.ts';
import { DiffDialog } from './diff-dialog.tsx';
import { ExplainObject } from './explain-object.tsx';
import { ExportDialog } from './export-dialog.tsx';
import { FileList } from './file-list.tsx';
import { liveFile, newFile } from './file-names.ts';
import { applyFix, applyFixes } from './fixes.ts';
import { Outcome, type Problem } from './outcome.tsx';
import { baseOf, keepBase, useDraft } from './use-draft.ts';
import { useLint } from './use-lint.ts';
import { YamlEditor } from './yaml-editor.tsx';

/** What runs, as YAML: files, an editor with the engine's own diagnostics, and what the object under the cursor does. `#/config?file=` */
export default function ConfigScreen() {
  const status = useStatus();
  const snapshot = status?.snapshot ?? 0;
  const resources = useCall('listResources', {}, 3000);
  const { query } = useRoute();
  const files = useMemo(
    () => (status && resources.data ? groupByFile(status.files, resources.data.resources) : null),
    [status, resources.data],
  );
  if (!files)
    return (
      <div className="screen">
        <Toolbar title="Config" />
        {resources.error ? (
          <ErrorState title="The configuration cannot be read" message={resources.error} onRetry={resources.reload} />
        ) : (
          <Skeleton lines={10} />
        )}
      </div>
    );
  const asked = query.get('file');
  const wanted = query.get('object');
  const named = wanted
    ? files.find((file) => file.resources.some((one) => `${one.kind}/${one.namespace}/${one.name}` === wanted))
    : null;
  const first = files.find((file) => file.resources.some((one) => one.kind !== 'Mesh')) ?? files[0];
  const shown: ConfigFile = (asked === newFile ? null : (files.find((file) => file.path === asked) ?? named ?? first)) ?? {
    path: newFile,
    name: newFile,
    resources: [],
    changedLive: false,
  };
  return <OpenFile key={shown.path} files={files} file={shown} snapshot={snapshot} onApplied={resources.reload} />;
}

interface OpenFileProps {
  files: readonly ConfigFile[];
  file: ConfigFile;
  snapshot: number;
  onApplied: () => void;
}

function OpenFile({ files, file, onApplied }: OpenFileProps) {
  const engine = useEngine();
  const registry = useCommandRegistry();
  const router = useRouter();
  const status = useStatus();
  const running = useMemo(() => textOf(file.resources), [file.resources]);
  const [draft, keepDraft] = useDraft(file.path);
  /** What was just applied stays in the editor until the engine's own list has it. */
  const [settled, setSettled] = useState<{ running: string; text: string } | null>(null);
  const text = draft ?? (settled?.running === running ? settled.text : running);
  const changed = draft !== null && draft !== running;
  const setDraft = (next: string | null) => {
    if (next === null || draft === null) keepBase(file.path, next === null ? null : running);
    keepDraft(next);
  };
  const base = baseOf(file.path);
  const movedOn = changed && base !== null && base !== running;
  const [cursor, setCursor] = useState(0);
  const [goTo, setGoTo] = useState<{ line: number; column: number; token: number } | null>(null);
  const [dialog, setDialog] = useState<'diff' | 'export' | null>(null);
  const [applying, setApplying] = useState(false);
  const [outcome, setOutcome] = useState<{ text: string; result: ApplyResult } | null>(null);
  const lint = useLint(text, file.path);
  // What the engine said of this very text when it was applied counts as long as the text stands.
  const refused = outcome?.text === text ? outcome.result.diagnostics : [];
  const diagnostics = useMemo(() => mergeDiagnostics(lint.diagnostics, refused), [lint.diagnostics, refused]);
  const own = useMemo(
    () => diagnostics.filter((one) => one.file === undefined || one.file === file.path),
    [diagnostics, file.path],
  );
  const places = useMemo(() => documentsIn(text), [text]);
  const place = documentAt(places, cursor);
  const all = useMemo(() => files.flatMap((one) => one.resources), [files]);
  const resource = place ? (all.find((one) => isSameObject(place, one)) ?? null) : null;
  const gone = changed ? file.resources.filter((one) => !places.some((found) => isSameObject(found, one))) : [];

  const apply = async ({ toasts }: CommandContext) => {
    setApplying(true);
    try {
      const result = await engine.call('apply', { body: { yaml: text, file: file.path } });
      setOutcome({ text, result });
      setSettled({ running, text });
      setDraft(null);
      if (file.path === newFile) {
        toasts.ok('Applied live', result.applied.map(({ kind, name, status }) => `${kind} ${name} ${status}`).join(', '));
        router.setQuery({ file: liveFile });
      }
      onApplied();
    } catch (error) {
      if (!(error instanceof EngineError && error.code === 'rejected')) throw error;
      setOutcome({ text, result: { applied: [], diagnostics: diagnosticsOf(error) } });
    } finally {
      setApplying(false);
    }
  };
  const commands: Command[] = [
    {
      id: 'config.apply',
      title: 'Apply this text',
      group: 'This screen',
      icon: Check,
      keys: '$mod+Enter',
      whileTyping: true,
      when: () => !applying && text.trim() !== '',
      run: apply,
    },
    {
      id: 'config.diff',
      title: 'Compare with what runs',
      group: 'This screen',
      icon: GitCompareArrows,
      keys: 'd',
      run: () => setDialog('diff'),
    },
    {
      id: 'config.export',
      title: 'Export for a real mesh',
      group: 'This screen',
      icon: FileDown,
      keys: 'x',
      run: () => setDialog('export'),
    },
    {
      id: 'config.revert',
      title: 'Throw the changes away',
      group: 'This screen',
      icon: RotateCcw,
      when: () => changed,
      run: () => setDraft(null),
    },
    {
      id: 'config.new',
      title: 'New document',
      group: 'This screen',
      icon: Plus,
      keys: 'n',
      run: () => router.setQuery({ file: newFile, object: null }, { push: true }),
    },
  ];
  useCommands(commands);
  const [applyIt, diffIt, exportIt, revertIt, newOne] = commands as [Command, Command, Command, Command, Command];
  const generate = () => {
    const services = (status?.services ?? []).map(({ name, namespace, workloads }) => ({
      name,
      namespace,
      versions: [
        ...new Set((status?.workloads ?? []).filter((one) => workloads.includes(one.id)).flatMap((one) => one.version || [])),
      ].sort(),
    }));
    const made = generateRouting(services);
    setDraft(made === '' ? '# No service of this mesh has a version yet: give its workloads one in the mesh file.\n' : made);
  };
  const errors = own.filter((one) => one.severity === 'error').length;
  return (
    <div className="screen">
      <Toolbar title="Config">
        <span className="grow" />
        <Button icon={<GitCompareArrows size={14} />} keys="d" data-testid="config-diff" onClick={() => registry.run(diffIt)}>
          Diff running
        </Button>
        <Button icon={<FileDown size={14} />} onClick={() => registry.run(exportIt)}>
          Export
        </Button>
        <Button icon={<RotateCcw size={14} />} disabled={!changed} onClick={() => registry.run(revertIt)}>
          Revert
        </Button>
        <Button
          variant="primary"
          keys="$mod+Enter"
          data-testid="config-apply"
          disabled={applying || text.trim() === '' || errors > 0}
          onClick={() => registry.run(applyIt)}
        >
          {applying ? 'Applying…' : 'Apply'}
        </Button>
      </Toolbar>
      <div className="config-split">
        <FileList
          files={files}
          selected={file.path}
          onNew={() => registry.run(newOne)}
          onSelect={(path) => router.setQuery({ file: path, object: null }, { push: true })}
        />
        <section className="config-middle" aria-label={file.name}>
          {movedOn && (
            <MovedOn
              onDiff={() => setDialog('diff')}
              onTake={() => setDraft(null)}
              onKeep={() => {
                keepBase(file.path, running);
                keepDraft(draft);
              }}
            />
          )}
          {text === '' && file.path === newFile && draft === null ? (
            <EmptyState
              icon={FileCode2}
              title="Nothing written yet"
              actions={
                <>
                  <Button variant="primary" icon={<Wand2 size={14} />} onClick={generate}>
                    Generate from services
                  </Button>
                  <Button onClick={() => setDraft('# Istio, Gateway API or Drydock documents, --- between them.\n')}>
                    Start with an empty text
                  </Button>
                </>
              }
            >
              Write Istio or Gateway API documents, or start from the versions of your services: a DestinationRule and a
              VirtualService each.
            </EmptyState>
          ) : (
            <YamlEditor
              label={`YAML of ${file.name}`}
              value={text}
              diagnostics={own}
              onCursor={setCursor}
              onChange={(next) => setDraft(next === running && file.path !== newFile ? null : next)}
              goTo={goTo}
            />
          )}
          <Outcome
            file={file}
            changed={changed}
            problems={diagnostics.map((diagnostic): Problem => ({ diagnostic, own: own.includes(diagnostic) }))}
            lintError={lint.error}
            checked={lint.text === text}
            outcome={outcome && (outcome.text === text || outcome.result.applied.length > 0) ? outcome.result : null}
            gone={gone}
            text={text}
            onGo={({ line = 1, column = 1 }) => setGoTo({ line, column, token: Date.now() })}
            onFix={(diagnostic) => setDraft(applyFix(text, diagnostic))}
            onFixAll={(all) => setDraft(applyFixes(text, all))}
            onRemoved={onApplied}
          />
        </section>
        <aside className="config-side" aria-label="The object under the cursor">
          <ExplainObject place={place} resource={resource} />
        </aside>
      </div>
      {dialog === 'diff' && <DiffDialog before={running} after={text} name={file.name} onClose={() => setDialog(null)} />}
      {dialog === 'export' && <ExportDialog onClose={() => setDialog(null)} />}
    </div>
  );
}

/** The file changed on disk, or something was applied live, while this text was edited: applying it would undo that. */
function MovedOn({ onDiff, onTake, onKeep }: { onDiff: () => void; onTake: () => void; onKeep: () => void }) {
  return (
    <div className="row config-moved" role="alert" data-testid="config-moved">
      <span className="grow">
        <span className="tone-warn tone-text">▲</span> What runs has changed since you began to edit.
      </span>
      <Button size="small" onClick={onDiff}>
        Compare
      </Button>
      <Button size="small" data-testid="config-take" onClick={onTake}>
        Take what runs
      </Button>
      <Button size="small" variant="ghost" data-testid="config-keep" onClick={onKeep}>
        Keep my text
      </Button>
    </div>
  );
}

/** Diagnostics of both, each once. */
function mergeDiagnostics(first: readonly Diagnostic[], second: readonly Diagnostic[]): Diagnostic[] {
  const known = new Map<string, Diagnostic>();
  for (const one of [...first, ...second]) known.set(`${one.code} ${one.file} ${one.line}:${one.column} ${one.message}`, one);
  const weight = { error: 0, warning: 1, info: 2 };
  return [...known.values()].sort((a, b) => weight[a.severity] - weight[b.severity] || (a.line ?? 0) - (b.line ?? 0));
}

function diagnosticsOf(error: EngineError): Diagnostic[] {
  const { details } = error;
  if (Array.isArray(details)) return details as Diagnostic[];
  const inside = (details as { diagnostics?: Diagnostic[] } | null)?.diagnostics;
  return inside ?? [{ severity: 'error', code: error.code, message: error.message }];
}
