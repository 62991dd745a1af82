import { useState } from 'react';
import type { ApplyResult, Diagnostic, Resource } from '../../../proxy/api/diagnostic.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Button, CopyButton, formatCount, plural, useToasts } from '../../ui/index.ts';
import { affectedBy } from './affected.ts';
import type { ConfigFile } from './config-files.ts';
import { liveFile, newFile } from './file-names.ts';
import { fixOf } from './fixes.ts';
import { useLastMinute } from './use-last-minute.ts';

export interface Problem {
  diagnostic: Diagnostic;
  /** About this text rather than about another file. */
  own: boolean;
}

export interface OutcomeProps {
  file: ConfigFile;
  changed: boolean;
  problems: readonly Problem[];
  lintError: string | null;
  /** The diagnostics are about the text as it stands. */
  checked: boolean;
  outcome: ApplyResult | null;
  /** Objects that run and are no longer in the text. */
  gone: readonly Resource[];
  text: string;
  onGo: (diagnostic: Diagnostic) => void;
  onFix: (diagnostic: Diagnostic) => void;
  onFixAll: (diagnostics: readonly Diagnostic[]) => void;
  onRemoved: () => void;
}

const glyphs = { error: ['bad', '✖'], warning: ['warn', '▲'], info: ['info', 'ℹ'] } as const;
const maxListed = 100;

/** What the engine thinks of the text, what the last apply did, and what is true on disk. */
export function Outcome(props: OutcomeProps) {
  const { problems } = props;
  return (
    <footer className="config-outcome">
      <div className="row config-outcome-line" role="status" data-testid="config-outcome">
        <Counts {...props} />
        <FixAll {...props} />
        <span className="grow" />
        <DiskNote {...props} />
      </div>
      {/* Half a document names no objects: what is missing from broken YAML is not gone. */}
      {props.gone.length > 0 && !problems.some(({ diagnostic }) => diagnostic.code === 'DD1001') && <Gone {...props} />}
      {problems.length > 0 && (
        <ul className="config-problems" aria-label="Problems">
          {problems.slice(0, maxListed).map((problem) => (
            <ProblemRow
              key={`${problem.diagnostic.code} ${problem.diagnostic.line}:${problem.diagnostic.column} ${problem.diagnostic.message}`}
              {...problem}
              onGo={props.onGo}
              onFix={props.onFix}
            />
          ))}
          {problems.length > maxListed && <li className="muted">and {problems.length - maxListed} more</li>}
        </ul>
      )}
    </footer>
  );
}

function Counts({ problems, lintError, checked, outcome, text }: OutcomeProps) {
  const count = (severity: Diagnostic['severity']) =>
    problems.filter(({ diagnostic }) => diagnostic.severity === severity).length;
  const [errors, warnings, infos] = [count('error'), count('warning'), count('info')];
  if (lintError) return <span className="tone-bad tone-text">✖ Not checked: {lintError}</span>;
  if (text.trim() === '') return <span className="muted">Nothing to check</span>;
  if (!checked) return <span className="muted">Checking…</span>;
  const words = `${plural(errors, 'error')}, ${plural(warnings, 'warning')}${infos > 0 ? `, ${plural(infos, 'note')}` : ''}`;
  const tone = errors > 0 ? 'bad' : warnings > 0 ? 'warn' : 'ok';
  const applied = outcome?.applied.filter(({ status }) => status !== 'unchanged') ?? [];
  return (
    <>
      <span className={`tone-${tone} tone-text num`}>
        {errors > 0 ? '✖' : warnings > 0 ? '▲' : '✓'} {words}
      </span>
      {outcome && outcome.applied.length > 0 && (
        <span
          className="truncate"
          data-testid="config-applied"
          title={applied.map((one) => `${one.kind} ${one.name} ${one.status}`).join('\n')}
        >
          {applied.length === 0
            ? 'Applied: it already ran like this.'
            : `Applied: ${applied
                .slice(0, 3)
                .map((one) => `${one.kind} ${one.name} ${one.status}`)
                .join(', ')}${applied.length > 3 ? ` and ${applied.length - 3} more` : ''}.`}
        </span>
      )}
      {outcome && outcome.applied.length === 0 && <span>Refused; what ran before still runs.</span>}
    </>
  );
}

function FixAll({ problems, onFixAll }: OutcomeProps) {
  const fixable = problems.flatMap(({ diagnostic, own }) => (own && fixOf(diagnostic) ? [diagnostic] : []));
  if (fixable.length < 2) return null;
  return (
    <Button size="small" data-testid="config-fix-all" onClick={() => onFixAll(fixable)}>
      Fix all {fixable.length}
    </Button>
  );
}

function DiskNote({ file, changed, text }: OutcomeProps) {
  if (file.path === newFile)
    return <span className="muted truncate">Apply runs it until the engine stops. Copy it into a file to keep it.</span>;
  if (file.path === liveFile)
    return <span className="muted truncate">Applied live: it lasts until the engine stops. Copy it into a file to keep it.</span>;
  if (!changed && !file.changedLive) return <span className="muted mono truncate config-path">{file.path}</span>;
  return (
    <>
      <span className={`truncate ${file.changedLive ? 'tone-info tone-text' : 'muted'}`} data-testid="config-disk">
        {file.changedLive ? '◌ Applied live; the file on disk is unchanged.' : 'Apply changes what runs, not the file on disk.'}
      </span>
      <CopyButton text={text} label="Copy the text for the file" />
    </>
  );
}

function ProblemRow({ diagnostic, own, onGo, onFix }: Problem & Pick<OutcomeProps, 'onGo' | 'onFix'>) {
  const [tone, glyph] = glyphs[diagnostic.severity];
  const fix = own ? fixOf(diagnostic) : null;
  const words = [diagnostic.message, diagnostic.suggestion].filter(Boolean).join(' ');
  return (
    <li className="config-problem" data-testid="config-problem">
      <span className={`tone-${tone} tone-text`}>
        <span aria-hidden="true">{glyph}</span>
        <span className="visually-hidden">{diagnostic.severity}</span>
      </span>
      {own && diagnostic.line !== undefined ? (
        <button type="button" className="config-problem-go" onClick={() => onGo(diagnostic)}>
          <span className="num muted">line {diagnostic.line}</span> {words}
        </button>
      ) : (
        <span className="grow">
          {!own && <span className="mono muted">{diagnostic.file?.split(/[\\/]/).at(-1)} </span>}
          {words}
        </span>
      )}
      <span className="mono muted">{diagnostic.code}</span>
      {fix && (
        <Button size="small" data-testid="config-fix" title={fix.title} onClick={() => onFix(diagnostic)}>
          Fix: {fix.title}
        </Button>
      )}
    </li>
  );
}

/** Applying adds and replaces; what was taken out of the text goes on until it is removed by its name. */
function Gone({ gone, onRemoved }: OutcomeProps) {
  const engine = useEngine();
  const toasts = useToasts();
  const [running, setRunning] = useState(false);
  const acted = gone.map(({ kind, namespace, spec }) => ({ kind, namespace, specs: [spec] }));
  const { exchanges, words } = useLastMinute();
  const { count, total, filter } = affectedBy(acted, exchanges);
  const all = gone.map(({ kind, name }) => `${kind} ${name}`);
  const names = all.length > 6 ? `${all.slice(0, 5).join(', ')} and ${all.length - 5} more` : all.join(', ');
  const remove = async () => {
    setRunning(true);
    try {
      for (const { kind, namespace, name } of gone) await engine.call('deleteResource', { params: { kind, namespace, name } });
      toasts.ok(`Removed ${names}`);
      onRemoved();
    } catch (error) {
      toasts.error('Not everything was removed', error);
    } finally {
      setRunning(false);
    }
  };
  return (
    <div className="row config-gone">
      <span className="grow" title={all.join('\n')}>
        <span className="tone-warn tone-text">▲</span> No longer in this text, but still running: <b>{names}</b>
        {total > 0 && (
          <span className="soft num">
            {' '}
            (acts where{' '}
            <a href={hrefTo('requests', { filter })}>
              {formatCount(count)} of {plural(total, 'request')}
            </a>{' '}
            of {words} went)
          </span>
        )}
      </span>
      <Button size="small" variant="danger" disabled={running} onClick={() => void remove()}>
        Remove {plural(gone.length, 'object')}
      </Button>
    </div>
  );
}
