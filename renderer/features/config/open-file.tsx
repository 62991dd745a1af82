import { useEffect, useMemo, useRef, useState } from 'react';
import type { Diagnostic, Resource } from '../../../proxy/api/diagnostic.schema.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import { useCommandRegistry } from '../../commands/registry.ts';
import { changedObjects } from './affected.ts';
import { AffectedLine } from './affected-line.tsx';
import type { ConfigFile } from './config-files.ts';
import { ConfigToolbar } from './config-toolbar.tsx';
import { mergeDiagnostics } from './diagnostics.ts';
import { DiffDialog } from './diff-dialog.tsx';
import { type DocumentPlace, documentAt, documentsIn, isSameObject, partAt } from './documents.ts';
import { ExplainObject } from './explain-object.tsx';
import { ExportDialog } from './export-dialog.tsx';
import { FileList } from './file-list.tsx';
import { newFile } from './file-names.ts';
import { applyFix, applyFixes } from './fixes.ts';
import { MovedOn } from './moved-on.tsx';
import { NothingWritten } from './nothing-written.tsx';
import { Outcome, type Problem } from './outcome.tsx';
import { type Apply, useApply } from './use-apply.ts';
import { useConfigCommands } from './use-config-commands.ts';
import { useLint } from './use-lint.ts';
import { useOpenText } from './use-open-text.ts';
import { YamlEditor } from './yaml-editor.tsx';

export interface OpenFileProps {
  files: readonly ConfigFile[];
  file: ConfigFile;
  onApplied: () => void;
}

interface Place {
  line: number;
  column: number;
  token: number;
}

/** One file: its text, what the engine says of it, and what the object under the cursor does. */
export function OpenFile({ files, file, onApplied }: OpenFileProps) {
  const registry = useCommandRegistry();
  const router = useRouter();
  const open = useOpenText(file);
  const { text, running, changed } = open;
  const [cursor, setCursor] = useState(0);
  const [goTo, setGoTo] = useState<Place | null>(null);
  const [dialog, setDialog] = useState<'diff' | 'export' | null>(null);
  const apply = useApply(file.path, open, onApplied);
  const { lint, diagnostics, own } = useDiagnostics(text, file, apply);
  const places = useMemo(() => documentsIn(text), [text]);
  const all = useMemo(() => files.flatMap((one) => one.resources), [files]);
  const affected = useMemo(
    () => (changed ? changedObjects(places, documentsIn(running), all) : []),
    [changed, places, running, all],
  );
  const place = documentAt(places, cursor);
  const goToPlace = (line: number, column: number) => setGoTo({ line, column, token: Date.now() });
  useAskedObject(places, text, goToPlace);
  const blocked = text.trim() === '' || own.some(({ severity }) => severity === 'error');
  const commands = useConfigCommands({
    canApply: !apply.applying && text.trim() !== '',
    changed,
    apply: apply.run,
    diff: () => setDialog('diff'),
    exportIt: () => setDialog('export'),
    revert: () => open.edit(null),
    create: () => router.setQuery({ file: newFile, object: null }, { push: true }),
  });
  const { outcome } = apply;
  return (
    <div className="screen">
      <ConfigToolbar commands={commands} changed={changed} applying={apply.applying} blocked={blocked} />
      <div className="config-split">
        <FileList
          files={files}
          selected={file.path}
          onNew={() => registry.run(commands.create)}
          onSelect={(path) => router.setQuery({ file: path, object: null }, { push: true })}
        />
        <section className="config-middle" aria-label={file.name}>
          {open.movedOn && <MovedOn onDiff={() => setDialog('diff')} onTake={() => open.edit(null)} onKeep={open.keepMine} />}
          {text === '' && file.path === newFile && open.untouched ? (
            <NothingWritten onWrite={open.edit} />
          ) : (
            <YamlEditor
              label={`YAML of ${file.name}`}
              value={text}
              diagnostics={own}
              onCursor={setCursor}
              onChange={(next) => open.edit(next === running && file.path !== newFile ? null : next)}
              goTo={goTo}
            />
          )}
          <AffectedLine changed={affected} />
          <Outcome
            file={file}
            changed={changed}
            problems={diagnostics.map((diagnostic): Problem => ({ diagnostic, own: own.includes(diagnostic) }))}
            lintError={lint.error}
            checked={lint.text === text}
            outcome={outcome && (outcome.text === text || outcome.result.applied.length > 0) ? outcome.result : null}
            gone={changed ? file.resources.filter((one) => !places.some((found) => isSameObject(found, one))) : none}
            text={text}
            onGo={({ line = 1, column = 1 }) => goToPlace(line, column)}
            onFix={(diagnostic) => open.edit(applyFix(text, diagnostic))}
            onFixAll={(fixable) => open.edit(applyFixes(text, fixable))}
            onRemoved={onApplied}
          />
        </section>
        <aside className="config-side" aria-label="The object under the cursor">
          <ExplainObject place={place} part={partAt(place, cursor)} resource={runningOf(place, all)} />
        </aside>
      </div>
      {dialog === 'diff' && <DiffDialog before={running} after={text} name={file.name} onClose={() => setDialog(null)} />}
      {dialog === 'export' && <ExportDialog onClose={() => setDialog(null)} />}
    </div>
  );
}

const none: Diagnostic[] & never[] = [];

const runningOf = (place: DocumentPlace | null, all: readonly Resource[]): Resource | null =>
  (place && all.find((one) => isSameObject(place, one))) ?? null;

/** What the engine says of the text, now and when it was applied; `own` is about this file. */
function useDiagnostics(text: string, file: ConfigFile, { outcome }: Apply) {
  const lint = useLint(text, file.path);
  // What the engine said of this very text when it was applied counts as long as the text stands.
  const refused = outcome?.text === text ? outcome.result.diagnostics : none;
  const diagnostics = useMemo(() => mergeDiagnostics(lint.diagnostics, refused), [lint.diagnostics, refused]);
  const own = useMemo(() => diagnostics.filter((one) => one.file === undefined || one.file === file.path), [diagnostics, file]);
  return { lint, diagnostics, own };
}

/** `?object=Kind/namespace/name` puts the cursor there, once per question. */
function useAskedObject(places: readonly DocumentPlace[], text: string, goTo: (line: number, column: number) => void): void {
  const asked = useRoute().query.get('object');
  const answered = useRef<string | null>(null);
  useEffect(() => {
    if (asked === null || answered.current === asked) return;
    const [kind, namespace, name] = asked.split('/');
    const place = places.find((one) => one.kind === kind && one.name === name && (one.namespace || namespace) === namespace);
    if (!place) return;
    answered.current = asked;
    goTo(text.slice(0, place.start).split('\n').length, 1);
  });
}
