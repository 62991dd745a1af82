import { Send } from 'lucide-react';
import type { Status } from '../../proxy/api/status.schema.ts';
import { formatMs } from '../ui/format.ts';
import type { Command } from './command.ts';

/** The service that a first request goes to: the first that speaks HTTP. */
export function testTarget(status: Pick<Status, 'services'> | null): string | null {
  const speaksHttp = ({ ports }: Status['services'][number]) => ports.some(({ protocol }) => /^http/i.test(protocol));
  return (status?.services.find(speaksHttp) ?? null)?.name ?? null;
}

/** Through the ingress to the first HTTP service, as somebody outside would. */
export const sendTestRequest: Command = {
  id: 'mesh.send-test',
  title: 'Send a test request',
  group: 'Mesh',
  icon: Send,
  keywords: 'first traffic curl get',
  when: ({ engine }) => testTarget(engine.status.get()) !== null,
  run: async ({ engine, toasts }) => {
    const service = testTarget(engine.status.get());
    if (service === null) return;
    const answer = await engine.call('sendRequest', {
      body: { authority: `${service}.localhost`, method: 'GET', path: '/', headers: [], body: '' },
    });
    const words = `GET / to ${service}`;
    if (answer.error !== '') toasts.error(`${words} got no answer`, new Error(answer.error));
    else toasts.ok(`${words}: ${answer.status} in ${formatMs(answer.durationMs)}`);
  },
};
