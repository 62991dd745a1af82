import { ArrowLeftRight, FilterX, Plus, RotateCcw, Send } from 'lucide-react';
import { useCommandRegistry } from '../../commands/registry.ts';
import { sendTestRequest, testTarget } from '../../commands/send-test-request.ts';
import { useStatus, useStreamState } from '../../engine/use-engine.ts';
import { Button, Code, EmptyState, Skeleton } from '../../ui/index.ts';

/** Why the list is empty, and what to do about it. */
export function NoRequests({
  filtered,
  any,
  looking,
  onClear,
}: {
  filtered: boolean;
  any: boolean;
  looking: boolean;
  onClear: () => void;
}) {
  const registry = useCommandRegistry();
  const status = useStatus();
  const stream = useStreamState();
  if (filtered && any)
    return (
      <EmptyState
        icon={FilterX}
        title={looking ? 'Looking further back…' : 'No request matches'}
        actions={
          <Button icon={<RotateCcw size={13} />} onClick={onClear}>
            Clear the filter
          </Button>
        }
      >
        {looking ? 'None of the latest requests matches.' : 'Of all requests kept, none does.'} New ones that match appear here as
        they happen.
      </EmptyState>
    );
  if (!status)
    return stream.phase === 'live' ? (
      <Skeleton lines={10} height={16} />
    ) : (
      <EmptyState icon={ArrowLeftRight} title="Not connected yet">
        Requests appear here as soon as an engine answers.
      </EmptyState>
    );
  const service = status.services[0];
  const workload = status.workloads[0];
  const commands = [
    service && `curl -H 'Host: ${service.name}.localhost' ${status.ingress}/`,
    service && workload && `curl -x ${workload.outbound} http://${service.name}:${service.ports[0]?.port ?? 80}/`,
  ].filter((command) => command !== undefined);
  return (
    <EmptyState
      icon={ArrowLeftRight}
      title="No requests yet"
      actions={
        service ? (
          testTarget(status) !== null && (
            <Button
              variant="primary"
              icon={<Send size={13} />}
              data-testid="send-test"
              onClick={() => registry.run(sendTestRequest)}
            >
              Send a test request
            </Button>
          )
        ) : (
          <Button
            variant="primary"
            icon={<Plus size={14} />}
            onClick={() => registry.context.router.navigate('topology', { add: '1' })}
          >
            Add service
          </Button>
        )
      }
    >
      <p>
        {service
          ? 'Send one through the ingress, or through a service’s own sidecar as that service would. It shows up here at once.'
          : 'There is no service in the mesh yet. Add one, then send it a request.'}
      </p>
      <div className="requests-curls">
        {commands.map((command) => (
          <Code key={command} text={command} />
        ))}
      </div>
    </EmptyState>
  );
}
