import { randomBytes } from 'node:crypto';
import { EngineLog } from '../control-plane/engine-log.ts';
import { createSystemClock } from '../shared/system-clock.ts';
import type { EngineOptions } from './engine-options.ts';
import type { Heard, Parts } from './parts.ts';

/** What the parts have in common while they are joined and while they run: clock, log, events, the way to each other, the order of closing. */
export class EngineCore {
  readonly options: EngineOptions;
  readonly version: string;
  readonly clock = createSystemClock();
  readonly random: () => number = Math.random;
  readonly startedAt = Date.now();
  readonly token = randomBytes(32).toString('base64url');
  readonly log: EngineLog;
  /** Why the data plane is not whole; '' when it is. */
  crashed = '';
  #joined: Parts | null = null;
  /** Events from before there was anybody to hear them. */
  readonly #early: Heard[] = [];
  readonly #closers: (() => Promise<unknown> | unknown)[] = [];

  constructor(options: EngineOptions, version: string) {
    this.options = options;
    this.version = version;
    this.log = new EngineLog(options.home, Date.now);
  }

  /** Null while the engine is still being put together: for what may happen that early. */
  get joined(): Parts | null {
    return this.#joined;
  }

  get parts(): Parts {
    if (this.#joined === null) throw new Error('the parts of the engine are used before they are joined');
    return this.#joined;
  }

  join(parts: Parts): void {
    this.#joined = parts;
    for (const { type, subject, message, data } of this.#early.splice(0)) this.emit(type, subject, message, data);
  }

  readonly emit = (type: string, subject: string, message: string, data: Record<string, unknown>): void => {
    this.log.write(`${type} ${message}`);
    this.#joined?.intake.takeEvents([{ at: Date.now(), type, subject, message, data }]);
  };

  /** As `emit`, for what happens before the parts are joined: it is told when they are. */
  emitWhenJoined(event: Heard): void {
    if (this.#joined === null) this.#early.push(event);
    else this.emit(event.type, event.subject, event.message, event.data);
  }

  /** What the recorder, telemetry and scenarios tell; simulations listen too. */
  readonly hear = (event: Heard): void => {
    this.emit(event.type, event.subject, event.message, event.data);
    this.#joined?.simulations.heard(event);
  };

  onClose(...closers: readonly (() => Promise<unknown> | unknown)[]): void {
    this.#closers.push(...closers);
  }

  /** Last opened, first closed; one that fails does not keep the others open. */
  async closeAll(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) {
      await Promise.resolve(close()).catch((error: Error) => this.log.write(`closing: ${error.message}`));
    }
    await this.log.flush();
  }
}
