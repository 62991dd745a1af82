import type { ApiHandlers } from '../server/route-table.ts';
import { createToxiproxyHandlers } from '../toxiproxy/index.ts';
import { createCertificateHandlers } from './certificate-handlers.ts';
import { createEngineHandlers } from './engine-handlers.ts';
import type { EngineParts } from './engine-parts.ts';
import { createExchangeHandlers } from './exchange-handlers.ts';
import { createFaultHandlers } from './fault-handlers.ts';
import { createImportHandlers } from './import-handlers.ts';
import { createMessageHandlers } from './message-handlers.ts';
import { needExchange } from './need-exchange.ts';
import { createProtoHandlers } from './proto-handlers.ts';
import { createRecordingHandlers } from './recording-handlers.ts';
import { createReplayHandlers } from './replay-handlers.ts';
import { createResourceHandlers } from './resource-handlers.ts';
import { createRotationHandlers } from './rotation-handlers.ts';
import { createRunHandlers } from './run-handlers.ts';
import { createScenarioHandlers } from './scenario-handlers.ts';
import { createServiceHandlers } from './service-handlers.ts';
import { createSimulationHandlers } from './simulation-handlers.ts';
import { createTelemetryHandlers } from './telemetry-handlers.ts';

export { demoOfEarlierRun } from './demo.ts';
export type { EngineParts } from './engine-parts.ts';
export { windowMs } from './graph-window.ts';
export { registeredServices } from './registered-services.ts';

/** The handlers of every operation in `api/routes.ts`, by the same subjects. */
export function createHandlers(parts: EngineParts): ApiHandlers {
  return {
    ...createEngineHandlers(parts),
    ...createResourceHandlers(parts),
    ...createServiceHandlers(parts),
    ...createImportHandlers(parts),
    ...createFaultHandlers(parts),
    ...createCertificateHandlers(parts),
    ...createExchangeHandlers(parts),
    ...createTelemetryHandlers(parts),
    ...createRecordingHandlers(parts),
    ...createReplayHandlers(parts),
    ...createToxiproxyHandlers(parts),
    ...createRunHandlers({ runs: parts.telemetry.runs, flush: parts.flush }),
    ...createSimulationHandlers(parts),
    ...createRotationHandlers(parts),
    ...createScenarioHandlers(parts),
    ...createProtoHandlers(parts),
    ...createMessageHandlers({ ...parts, exchange: (id) => needExchange(parts, id) }),
  };
}
