import { ArrowLeftRight, FilterX, Plus, RotateCcw, Send } from 'lucide-react';
import type { Status } from '../../../proxy/api/status.schema.ts';
import { useCommandRegistry } from '../../commands/registry.ts';
import { sendTestRequest, testTarget } from '../../commands/send-test-request.ts';
import { useEngine, useReading, useStatus, useStreamState } from '../../engine/use-engine.ts';
import { Button, Code, EmptyState, ErrorState, Skeleton } from '../../ui/index.ts';

export interface NoRequestsProps {
  filtered: boolean;
  /** Some passed. */
  any: boolean;
  looking: boolean;
  lookFailed: boolean;
  onClear: () => void;
}

/** Why the list is empty, and what to do about it. */
export function NoRequests({ filtered, any, ...look }: NoRequestsProps) {
  const engine = useEngine();
  const status = useStatus();
  const stream = useStreamState();
  const history = useReading('exchanges');
  if (filtered && any) return <NoneMatches {...look} />;
  if (stream.phase !== 'live')
    return (
      <EmptyState icon={ArrowLeftRight} title={status ? 'Not connected' : 'Not connected yet'}>
        Requests appear here as soon as an engine answers{status ? ' again' : ''}.
      </EmptyState>
    );
  if (!history.done && history.error !== null && !any)
    return <ErrorState title="The requests cannot be read" message={history.error} onRetry={() => void engine.loadHistory()} />;
  if (!status || !(history.done || any)) return <Skeleton lines={10} height={16} />;
  return status.services.length === 0 ? <NoService /> : <NoneYet status={status} />;
}

function NoneMatches({ looking, lookFailed, onClear }: Pick<NoRequestsProps, 'looking' | 'lookFailed' | 'onClear'>) {
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
      {looking
        ? 'None of the latest requests matches.'
        : lookFailed
          ? 'None of the latest does; those before them cannot be read.'
          : 'Of all requests kept, none does.'}{' '}
      New ones that match appear here as they happen.
    </EmptyState>
  );
}

function NoService() {
  const { context } = useCommandRegistry();
  return (
    <EmptyState
      icon={ArrowLeftRight}
      title="No requests yet"
      actions={
        <Button variant="primary" icon={<Plus size={14} />} onClick={() => context.router.navigate('topology', { add: '1' })}>
          Add service
        </Button>
      }
    >
      There is no service in the mesh yet. Add one, then send it a request.
    </EmptyState>
  );
}

/** The two doors of the mesh, each with a command that goes through it. */
function NoneYet({ status }: { status: Status }) {
  const registry = useCommandRegistry();
  const service = status.services[0];
  const workload = status.workloads[0];
  return (
    <EmptyState
      icon={ArrowLeftRight}
      title={`No requests yet. Send to localhost:${portOf(status.ingress)}`}
      actions={
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
      }
    >
      <div className="requests-curls">
        {service && (
          <figure>
            <figcaption>From outside, through the ingress:</figcaption>
            <Code text={`curl -H 'Host: ${service.name}.localhost' http://localhost:${portOf(status.ingress)}/`} />
          </figure>
        )}
        {service && workload && (
          <figure>
            <figcaption>As {workload.service} would, through its own sidecar:</figcaption>
            <Code text={`curl -x ${workload.outbound} http://${service.name}:${service.ports[0]?.port ?? 80}/`} />
          </figure>
        )}
      </div>
    </EmptyState>
  );
}

const portOf = (url: string) => new URL(url).port || '80';
