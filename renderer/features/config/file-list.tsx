import { FileCode2, FilePlus2, Radio } from 'lucide-react';
import { IconButton, plural } from '../../ui/index.ts';
import type { ConfigFile } from './config-files.ts';
import { liveFile, newFile } from './file-names.ts';
import { hasDraft } from './use-draft.ts';

export function FileList({
  files,
  selected,
  onSelect,
  onNew,
}: {
  files: readonly ConfigFile[];
  selected: string;
  onSelect: (path: string) => void;
  onNew: () => void;
}) {
  const rows =
    selected === newFile || hasDraft(newFile)
      ? [...files, { path: newFile, name: newFile, resources: [], changedLive: false }]
      : files;
  return (
    <nav className="config-files" aria-label="Files">
      <div className="row config-files-head">
        <h2 className="grow">Files</h2>
        <IconButton label="New document" keys="n" size="small" icon={<FilePlus2 size={15} />} onClick={onNew} />
      </div>
      <ul>
        {rows.map((file) => {
          const Icon = file.path === liveFile ? Radio : FileCode2;
          const worst = file.resources.find(({ status }) => status.state !== 'accepted');
          return (
            <li key={file.path}>
              <button
                type="button"
                className="config-file"
                aria-current={file.path === selected ? 'true' : undefined}
                title={file.path}
                data-testid="config-file-row"
                onClick={() => onSelect(file.path)}
              >
                <Icon size={14} aria-hidden="true" />
                <span className="col">
                  <span className="truncate">{file.name}</span>
                  <span className="config-file-note">
                    {file.path === newFile && !hasDraft(newFile)
                      ? 'nothing written yet'
                      : hasDraft(file.path)
                        ? '● not applied yet'
                        : file.changedLive
                          ? '◌ differs from disk'
                          : worst
                            ? '▲ has warnings'
                            : plural(file.resources.length, 'object')}
                  </span>
                </span>
              </button>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
