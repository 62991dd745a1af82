import { Send } from 'lucide-react';
import type { Status, WorkloadStatus } from '../../../proxy/api/status.schema.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Button, Code, formatMs, formatSpan, Panel, useToasts } from '../../ui/index.ts';
import { HealthWord } from '../health/failures.tsx';
import { firstCalls } from '../topology/first-calls.ts';
import { probed } from './endpoints.tsx';

/** A service nobody has called: whether it could answer, and how to call it. */
export function NoTraffic({
  service,
  status,
  workloads,
}: {
  service: Status['services'][number];
  status: Status;
  workloads: readonly WorkloadStatus[];
}) {
  const calls = firstCalls({ ...status, services: [service] });
  return (
    <Panel title="Registered, no traffic in this window" actions={<SendOne service={service} />}>
      <div className="service-first" data-testid="no-traffic">
        {workloads.length === 0 ? (
          <p className="tone-text tone-warn">▲ It has no instance: nothing can answer for it.</p>
        ) : (
          <ul className="service-checks" aria-label="Readiness">
            {workloads.map((workload) => (
              <Check key={workload.id} workload={workload} />
            ))}
          </ul>
        )}
        {calls.map((command) => (
          <Code key={command} text={command} />
        ))}
      </div>
    </Panel>
  );
}

/** What the engine's probe found out about one instance. */
function Check({ workload }: { workload: WorkloadStatus }) {
  const health = workload.health ?? 'unknown';
  const { process } = workload;
  const words =
    workload.healthMessage ||
    (health === 'ready' ? `answers at ${workload.app}` : health === 'unknown' ? `not checked yet at ${workload.app}` : '');
  return (
    <li>
      <HealthWord health={probed(workload)} />
      <b>{workload.id}</b>
      <span className="soft">
        {words}
        {process?.startedAt && process.pid !== null
          ? `, pid ${process.pid}, up ${formatSpan(Date.now() - Date.parse(process.startedAt))}`
          : ''}
      </span>
    </li>
  );
}

function SendOne({ service }: { service: Status['services'][number] }) {
  const engine = useEngine();
  const toasts = useToasts();
  const isHttp = service.ports.some(({ protocol }) => /^http/i.test(protocol));
  if (!isHttp) return null;
  const send = async () => {
    try {
      const body = { authority: `${service.name}.localhost`, method: 'GET', path: '/', headers: [], body: '' };
      const answer = await engine.call('sendRequest', { body });
      if (answer.error === '') toasts.ok(`${service.name} answered ${answer.status} in ${formatMs(answer.durationMs)}`);
      else toasts.error(`${service.name} gave no answer`, new Error(answer.error));
    } catch (error) {
      toasts.error('The request did not get through', error);
    }
  };
  return (
    <Button icon={<Send size={13} />} size="small" onClick={() => void send()}>
      Send test request
    </Button>
  );
}
