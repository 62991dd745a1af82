import WebSocket from 'ws';
import { type StreamMessage, type StreamTopic, streamMessageSchema } from '../api/stream.schema.ts';
import type { EngineFile } from '../control-plane/home.ts';

/** Closed here, or what the other side or the network said. */
interface Ended {
  by: 'us' | 'engine';
  message: string;
}

export interface OpenStream {
  ended: Promise<Ended>;
  close(): void;
}

/** Everything an engine says about some topics, until one of the two ends it. */
export function openEngineStream(
  { url, token }: EngineFile,
  topics: readonly StreamTopic[],
  onMessage: (message: StreamMessage) => void,
): OpenStream {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/stream`, ['drydock.v1', `bearer.${token}`]);
  let closed = false;
  const ended = new Promise<Ended>((resolve) => {
    socket.on('error', ({ message }) => resolve({ by: closed ? 'us' : 'engine', message }));
    socket.on('close', (code) =>
      resolve({ by: closed ? 'us' : 'engine', message: code === 1006 ? 'the connection broke' : `it closed with ${code}` }),
    );
  });
  socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', topics })));
  socket.on('message', (data) => onMessage(streamMessageSchema.parse(JSON.parse(data.toString()))));
  return {
    ended,
    close() {
      closed = true;
      socket.terminate();
    },
  };
}
