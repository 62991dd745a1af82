import { createHandlers } from '../control-plane/handlers/index.ts';
import { ApiError } from '../control-plane/server/api-error.ts';
import type { ControlServer } from '../control-plane/server/control-server.ts';
import type { ApiHandlers } from '../control-plane/server/route-table.ts';
import { listenControl } from '../control-plane/start-listeners.ts';
import { toxicTypes } from '../data-plane/toxics/index.ts';
import { OtlpReceiver, otlpGrpcPort, otlpHttpPort } from '../telemetry/otlp/receiver.ts';
import type { MetricsFormat } from '../telemetry/prometheus-text.ts';
import type { EngineCore } from './engine-core.ts';
import { ignoreGone } from './ignore-gone.ts';
import { openExchange } from './open-exchange.ts';
import type { SelfDescription } from './self-description.ts';

/** After the answer to POST /shutdown. */
const shutdownDelayMs = 50;

/** The control API and the served page. Throws StartError when the port the user fixed is taken. */
export function listenControlApi(
  core: EngineCore,
  self: SelfDescription,
  { uiRoot, demoFile, stop }: { uiRoot: string; demoFile: string; stop: () => Promise<void> },
): Promise<ControlServer> {
  const { parts, clock, random, log, token, options } = core;
  const shutdown = () => void setTimeout(() => void stop().then(() => options.onStopped?.()), shutdownDelayMs);
  const handlers = createHandlers({
    ...{ ...parts, toxicTypes, clock, random, demoFile, shutdown },
    status: () => self.status(),
    counters: () => self.counters(),
    clusters: () => parts.dataPlane.clusters(),
    openExchange: (id) => openExchange(parts, id),
    flush: () => parts.dataPlane.flush().catch(ignoreGone),
    graphFacts: () => self.graphFacts(),
  });
  const server = {
    ...{ token, uiRoot, stream: parts.hub },
    handlers: guardHandlers(handlers, () => parts.configuration.isReady),
    metricsText: (format: MetricsFormat) => parts.telemetry.prometheusText(format),
    onError: (message: string, stack: string) => log.write(`API: ${message}\n${stack}`),
  };
  return listenControl(server, { fixed: options.controlPort, remembered: parts.rememberedPorts.control });
}

/** Traces, logs and metrics of the apps themselves. Not being able to listen is no reason not to start. */
export function listenOtlp({ clock, log, parts }: EngineCore): Promise<OtlpReceiver> {
  const { redactor, store, telemetry, intake } = parts;
  return OtlpReceiver.listen({
    clock,
    httpPort: otlpHttpPort,
    grpcPort: otlpGrpcPort,
    onSpans: (spans) => intake.takeAppSpans(spans),
    onLogs: (logs) => store.insertAppLogs(redactor.redactLogs(logs)),
    onMetrics: (metrics) => telemetry.appMetrics.record(metrics),
    onProblem: (message) => log.write(message),
  });
}

/** A request that comes before the first apply has nothing to be answered with. */
function guardHandlers(handlers: ApiHandlers, isReady: () => boolean): ApiHandlers {
  const wrap = (handler: (input: never) => unknown) => (input: never) => {
    if (!isReady()) throw new ApiError('unavailable', 'The engine is starting');
    return handler(input);
  };
  const wrapped = Object.entries(handlers).map(([name, handler]) => [name, wrap(handler as (input: never) => unknown)]);
  return Object.fromEntries(wrapped) as unknown as ApiHandlers;
}
