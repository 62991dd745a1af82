import { Plus, Send } from 'lucide-react';
import { hrefTo } from '../app/router.ts';
import { useStatus } from '../engine/use-engine.ts';
import { Button } from '../ui/index.ts';
import { useCommandRegistry } from './registry.ts';
import { sendTestRequest, testTarget } from './send-test-request.ts';

/** The way forward from a screen that has seen no traffic: a first request, or a service to send it to. */
export function FirstTraffic() {
  const registry = useCommandRegistry();
  const status = useStatus();
  if (testTarget(status) === null)
    return (
      <a className="dd-button" data-variant="primary" data-size="medium" href={hrefTo('topology', { add: '1' })}>
        <Plus size={14} aria-hidden="true" />
        Add service
      </a>
    );
  return (
    <Button icon={<Send size={14} />} onClick={() => registry.run(sendTestRequest)}>
      {sendTestRequest.title}
    </Button>
  );
}
