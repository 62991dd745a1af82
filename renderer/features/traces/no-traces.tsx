import { Plus, Send, Waypoints } from 'lucide-react';
import { useRouter } from '../../app/router.ts';
import { useCommandRegistry } from '../../commands/registry.ts';
import { sendTestRequest, testTarget } from '../../commands/send-test-request.ts';
import { useStatus } from '../../engine/use-engine.ts';
import { Button, Code, EmptyState } from '../../ui/index.ts';

/** Why the list is empty, and what to do about it. */
export function NoTraces({ filtered, looking }: { filtered: boolean; looking: boolean }) {
  const router = useRouter();
  if (filtered) {
    return (
      <EmptyState
        icon={Waypoints}
        title={looking ? 'Looking further back…' : 'No trace matches'}
        actions={<Button onClick={() => router.navigate('traces')}>Show all traces</Button>}
      >
        {looking ? 'None of the latest traces matches.' : 'Of all traces kept, none does.'} New ones that match appear here as
        they happen.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={Waypoints} title="No traces yet" actions={<FirstStep />}>
      <p>
        <b>Mesh spans already work:</b> every request makes a trace by itself. Apps must pass on{' '}
        <span className="mono">traceparent</span> for their calls to join the trace of the request that caused them.
      </p>
      <OtlpEnvironment />
    </EmptyState>
  );
}

function FirstStep() {
  const router = useRouter();
  const registry = useCommandRegistry();
  const status = useStatus();
  if (testTarget(status) !== null) {
    return (
      <Button variant="primary" icon={<Send size={13} />} onClick={() => registry.run(sendTestRequest)}>
        Send a test request
      </Button>
    );
  }
  return status !== null && status.services.length === 0 ? (
    <Button variant="primary" icon={<Plus size={14} />} onClick={() => router.navigate('topology', { add: '1' })}>
      Add service
    </Button>
  ) : null;
}

/** What an app with an OpenTelemetry SDK needs to be told, so that its own spans, logs and metrics come too. */
function OtlpEnvironment() {
  const status = useStatus();
  if (!status?.otlp.http) return null;
  const service = status.services[0]?.name ?? 'orders';
  return (
    <div className="traces-otlp">
      <p>An app’s own spans, logs and metrics stand among them with an OpenTelemetry SDK and two lines in its environment:</p>
      <Code text={`OTEL_EXPORTER_OTLP_ENDPOINT=${status.otlp.http}\nOTEL_SERVICE_NAME=${service} OTEL_LOGS_EXPORTER=otlp`} />
    </div>
  );
}
