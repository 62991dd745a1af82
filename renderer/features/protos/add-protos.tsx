import { FilePlus2 } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { FileButton, Notice, type Tone } from '../../ui/index.ts';
import './protos.css';
import { protoEndings } from './read-proto-file.ts';
import type { AddProtos, ProtoProblem } from './use-add-protos.ts';

const maxShown = 4;

/** Chooses .proto files or descriptor sets; several at once, because they import each other. */
export function AddProtosButton({ adding, label = 'Add .proto…' }: { adding: AddProtos; label?: string }) {
  return (
    <FileButton
      size="small"
      icon={<FilePlus2 size={13} />}
      accept={protoEndings}
      multiple
      disabled={adding.busy}
      title=".proto files with those they import, or a compiled descriptor set"
      data-testid="add-protos"
      onFiles={(files) => void adding.add(files)}
    >
      {adding.busy ? 'Reading…' : label}
    </FileButton>
  );
}

export function ProtoProblems({ problems, tone = 'bad' }: { problems: readonly ProtoProblem[]; tone?: Tone }) {
  const list = useRef<HTMLUListElement>(null);
  // What was just refused must not stand below the fold.
  useEffect(() => {
    if (problems.length > 0) list.current?.scrollIntoView({ block: 'nearest' });
  }, [problems]);
  if (problems.length === 0) return null;
  return (
    <Notice tone={tone}>
      <ul ref={list} className="proto-problems" data-testid="proto-problems">
        {problems.slice(0, maxShown).map(({ place, message, remedy }) => (
          <li key={`${place} ${message}`}>
            {place && <span className="mono">{place}</span>} {message} {remedy && <span className="soft">{remedy}</span>}
          </li>
        ))}
        {problems.length > maxShown && <li className="muted">and {problems.length - maxShown} more</li>}
      </ul>
    </Notice>
  );
}
