import { ClipboardCheck } from 'lucide-react';
import { useState } from 'react';
import type { Status } from '../../../proxy/api/status.schema.ts';
import { useRouter } from '../../app/router.ts';
import { FirstTraffic } from '../../commands/first-traffic.tsx';
import { useCall, useEngine, useStatus } from '../../engine/use-engine.ts';
import { Button, EmptyState, Field, Input, Panel, Select, useToasts } from '../../ui/index.ts';
import { newFile } from '../config/file-names.ts';
import { keepDraft } from '../config/use-draft.ts';
import { type Template, type TemplateTarget, templates } from './drill-templates.ts';

/** A drill calls a service; there is none. */
export function NobodyToCall() {
  return (
    <EmptyState icon={ClipboardCheck} title="Nobody to call" actions={<FirstTraffic />}>
      A scenario sends load to a service, breaks things on a timetable and says what must hold. Add a service first.
    </EmptyState>
  );
}

/** Three drills for a service of this mesh: run them as they are, or take them into the editor. */
export function Templates({ onMade }: { onMade: (name: string) => void }) {
  const targets = useTargets();
  const [service, setService] = useState('');
  const [path, setPath] = useState('/');
  const target = targets.find((one) => one.service === service) ?? targets[0];
  if (target === undefined) return <NobodyToCall />;
  const aimed: TemplateTarget = { ...target, url: new URL(path.startsWith('/') ? path : `/${path}`, target.url).href };
  return (
    <div className="scn-templates" data-testid="scenario-templates">
      <div className="scn-aim">
        <Field label="Service to call">
          {({ id }) => (
            <Select
              id={id}
              value={target.service}
              onChange={setService}
              options={targets.map((one) => ({ value: one.service, label: one.service }))}
            />
          )}
        </Field>
        <Field label="Path">
          {(ids) => <Input {...ids} value={path} onChange={(event) => setPath(event.target.value)} data-testid="template-path" />}
        </Field>
      </div>
      <div className="scn-cards">
        {templates.map((template) => (
          <TemplateCard key={template.id} template={template} target={aimed} onMade={onMade} />
        ))}
      </div>
    </div>
  );
}

function TemplateCard({
  template,
  target,
  onMade,
}: {
  template: Template;
  target: TemplateTarget;
  onMade: (name: string) => void;
}) {
  const engine = useEngine();
  const router = useRouter();
  const toasts = useToasts();
  const lacking = target.versions.length < template.needs;
  const add = async () => {
    try {
      const { applied } = await engine.call('apply', { body: { yaml: template.yaml(target), file: '' } });
      const made = applied.find(({ kind }) => kind === 'Scenario');
      if (made) onMade(made.name);
    } catch (error) {
      toasts.error(`${template.title} was not added`, error);
    }
  };
  const edit = () => {
    keepDraft(newFile, template.yaml(target));
    router.navigate('config', { file: newFile });
  };
  return (
    <Panel title={template.title} className="scn-card">
      <p>{template.words}</p>
      {template.id === 'ejection' && !target.detects && (
        <p className="soft">No DestinationRule is for {target.service}: the drill brings outlier detection while it runs.</p>
      )}
      {lacking && (
        <p className="tone-warn tone-text">
          ▲ {target.service} has {target.versions.length === 0 ? 'no versions' : 'one version'}; this needs {template.needs}.
        </p>
      )}
      <div className="row">
        <Button variant="primary" disabled={lacking} data-testid={`template-${template.id}`} onClick={() => void add()}>
          Add
        </Button>
        <Button disabled={lacking} onClick={edit}>
          Edit first
        </Button>
      </div>
    </Panel>
  );
}

export const canBeCalled = ({ ports }: Status['services'][number]) => ports.some(({ protocol }) => protocol !== 'tcp');

/** Services that speak HTTP, and their versions; those with two versions first, as they have most to show. */
function useTargets(): TemplateTarget[] {
  const status = useStatus();
  const rules = useCall('listResourcesOfKind', { params: { kind: 'DestinationRule' } }).data?.resources ?? [];
  const byService = new Map<string, TemplateTarget>();
  for (const service of status?.services ?? []) {
    if (!canBeCalled(service)) continue;
    const versions = (status?.workloads ?? [])
      .filter((one) => one.service === service.name && one.namespace === service.namespace && one.version !== '')
      .map((one) => one.version);
    byService.set(service.name, {
      service: service.name,
      // As callers from outside name it: the ingress serves every service under this host.
      url: `http://${service.name}.localhost/`,
      versions: [...new Set(versions)].sort(),
      // A rule of its own would stand beside the drill's: the drill is for what is there.
      detects: rules.some(({ spec }) => String((spec as { host?: unknown }).host).split('.')[0] === service.name),
    });
  }
  return [...byService.values()].sort((a, b) => Number(b.versions.length > 1) - Number(a.versions.length > 1));
}
