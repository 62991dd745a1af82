import type { ExchangeDetail } from '../api/exchange.schema.ts';

export interface RedactorOptions {
  /** 32 random bytes that never leave the machine (redaction-key.ts keeps them in a 0600 file): equal secrets get equal hashes. */
  key: Buffer;
  /** Header and field names on top of the defaults (mesh spec.capture.redact). */
  names?: readonly string[];
}

/** Shape published first. Pipeline for a batch from the data plane: redactor.redact → telemetry.record, store.insertExchanges, recorder.offer, stream. */
export declare class Redactor {
  constructor(options: RedactorOptions);
  /** Changes nothing in place; answers copies where something was removed. */
  redact(batch: readonly ExchangeDetail[]): ExchangeDetail[];
  setNames(names: readonly string[]): void;
}
