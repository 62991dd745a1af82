import type { ApplyResult } from '../../api/diagnostic.schema.ts';
import type { ApplyOutcome } from '../apply.ts';
import { Reply } from '../server/api-error.ts';

export function answered(outcome: ApplyOutcome): ApplyResult | Reply<ApplyResult> {
  const { applied, diagnostics } = outcome;
  return outcome.ok ? { applied, diagnostics } : rejected(outcome);
}

/** 422 with the usual error beside the diagnostics, so that a client that knows only errors can show one. */
function rejected({ diagnostics }: ApplyOutcome): Reply<ApplyResult> {
  const first = diagnostics.find((diagnostic) => diagnostic.severity === 'error');
  const error = { code: 'rejected', message: first?.message ?? 'Rejected; nothing was changed', details: diagnostics };
  return new Reply(422, { applied: [], diagnostics, error } as ApplyResult);
}
