import type { AppMetric } from '../../api/app-metric.schema.ts';
import type { LogRecord } from '../../api/log.schema.ts';
import type { Span } from '../../api/observability.schema.ts';
import type { Clock } from '../../shared/clock.ts';
import { DecodeThread } from './decode-thread.ts';
import { OtlpGrpcReceiver } from './grpc-receiver.ts';
import { OtlpHttpReceiver } from './http-receiver.ts';
import type { IngestExport } from './loopback.ts';

export interface OtlpReceiverOptions {
  /** Where to listen; taken ones give way to any free port. */
  httpPort: number;
  grpcPort: number;
  clock: Clock;
  /** What one request held, decoded and checked; not yet redacted. */
  onSpans: (spans: Span[]) => void;
  onLogs: (logs: LogRecord[]) => void;
  onMetrics: (metrics: AppMetric[]) => void;
  /** A receiver that cannot listen, a decoder that ended. */
  onProblem: (message: string) => void;
}

export const otlpHttpPort = 4318;
export const otlpGrpcPort = 4317;

/**
 * Takes traces, logs and metrics of the apps themselves, so that they stand beside the mesh's own:
 *
 *   app's OpenTelemetry SDK ──HTTP or gRPC──▶ receiver ──bytes──▶ decoding thread ──▶ onSpans, onLogs, onMetrics
 *
 * Source: opentelemetry.io/docs/specs/otlp.
 */
export class OtlpReceiver {
  /** 0: not listening. */
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly #closers: (() => Promise<void>)[];

  private constructor(ports: { http: number; grpc: number }, closers: (() => Promise<void>)[]) {
    this.httpPort = ports.http;
    this.grpcPort = ports.grpc;
    this.#closers = closers;
  }

  /** Never rejects: what cannot listen is told by onProblem, and its port is 0. */
  static async listen(options: OtlpReceiverOptions): Promise<OtlpReceiver> {
    const decoder = new DecodeThread({ clock: options.clock, onCrash: options.onProblem });
    const ingest: IngestExport = async (body) => {
      const outcome = await decoder.decode(body);
      if (!outcome.ok) return outcome;
      if (outcome.spans?.length) options.onSpans(outcome.spans);
      if (outcome.logs?.length) options.onLogs(outcome.logs);
      if (outcome.metrics?.length) options.onMetrics(outcome.metrics);
      return outcome;
    };
    const closers = [() => decoder.close()];
    const open = async (name: string, listen: () => Promise<{ port: number; close(): Promise<void> }>): Promise<number> => {
      try {
        const receiver = await listen();
        closers.push(() => receiver.close());
        return receiver.port;
      } catch (error) {
        options.onProblem(`OTLP over ${name} is off: ${(error as Error).message}`);
        return 0;
      }
    };
    const [http, grpc] = await Promise.all([
      open('HTTP', () => OtlpHttpReceiver.listen(options.httpPort, ingest)),
      open('gRPC', () => OtlpGrpcReceiver.listen(options.grpcPort, ingest)),
    ]);
    return new OtlpReceiver({ http, grpc }, closers);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}
