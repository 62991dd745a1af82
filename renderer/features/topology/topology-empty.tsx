import { FileInput, Network, PackageOpen, Plus, Send, Waves } from 'lucide-react';
import { loadDemo } from '../../commands/demo.ts';
import { useCommandRegistry } from '../../commands/registry.ts';
import { sendTestRequest, testTarget } from '../../commands/send-test-request.ts';
import { sendTestTraffic, trafficPerSecond } from '../../commands/test-traffic.ts';
import { useStatus, useStreamState } from '../../engine/use-engine.ts';
import { Button, Code, EmptyState, Skeleton } from '../../ui/index.ts';
import { firstCalls } from './first-calls.ts';
import type { TopologyActions } from './topology-query.ts';

/** Nothing in the mesh yet: the three ways in. */
export function NoServices({ actions }: { actions: TopologyActions }) {
  const registry = useCommandRegistry();
  return (
    <EmptyState
      icon={Network}
      title="No services yet"
      actions={
        <>
          <Button variant="primary" icon={<Plus size={14} />} onClick={() => actions.openDialog('add')}>
            Add service
          </Button>
          <Button icon={<FileInput size={14} />} data-testid="import-compose" onClick={() => actions.openDialog('import')}>
            Import compose
          </Button>
          <Button icon={<PackageOpen size={14} />} data-testid="load-demo" onClick={() => registry.run(loadDemo)}>
            Load demo
          </Button>
        </>
      }
    >
      <p>
        Name a process that listens on this machine, and it gets a sidecar. Or take the services of a docker-compose.yml. Or start
        the demo: a shop of nine services, with customers in it.
      </p>
    </EmptyState>
  );
}

export function Waiting() {
  const phase = useStreamState().phase;
  if (phase === 'live') return <Skeleton lines={8} height={18} />;
  return (
    <EmptyState icon={Network} title="Not connected yet">
      The topology appears here as soon as an engine answers.
    </EmptyState>
  );
}

/** Over a picture without traffic: what makes the first of it. */
export function NoTraffic() {
  const registry = useCommandRegistry();
  const status = useStatus();
  const commands = firstCalls(status);
  if (commands.length === 0) return null;
  return (
    <div className="topo-hint topo-hint-floating" data-testid="no-traffic">
      <strong>No traffic in this window</strong>
      <span className="soft">
        Send a request and the edge appears within a second: from outside through the ingress, or as a service through its own
        sidecar.
      </span>
      {commands.map((command) => (
        <Code key={command} text={command} />
      ))}
      {testTarget(status) !== null && (
        <span className="row topo-hint-actions">
          <Button variant="primary" icon={<Send size={13} />} onClick={() => registry.run(sendTestRequest)}>
            Send a test request
          </Button>
          <Button icon={<Waves size={13} />} data-testid="send-traffic" onClick={() => registry.run(sendTestTraffic)}>
            Send {trafficPerSecond} a second
          </Button>
        </span>
      )}
    </div>
  );
}

/** Everything is hidden: the filter meets nothing. */
export function NothingFound() {
  return (
    <div className="topo-hint topo-hint-floating" data-testid="nothing-found">
      <strong>Nothing meets the filter</strong>
      <span className="soft">
        Every service and call is hidden. Change the words above, or choose “find” to see the others dimmed.
      </span>
    </div>
  );
}
