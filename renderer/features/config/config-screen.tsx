import { useMemo } from 'react';
import { useRoute } from '../../app/router.ts';
import { useCall, useStatus } from '../../engine/use-engine.ts';
import { ErrorState, Skeleton, Toolbar } from '../../ui/index.ts';
import './config.css';
import { type ConfigFile, groupByFile } from './config-files.ts';
import { newFile } from './file-names.ts';
import { OpenFile } from './open-file.tsx';

/** What runs, as YAML: files, an editor with the engine's own diagnostics, and what the object under the cursor does. `#/config?file=` */
export default function ConfigScreen() {
  const status = useStatus();
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
  return <OpenFile key={shown.path} files={files} file={shown} onApplied={resources.reload} />;
}
