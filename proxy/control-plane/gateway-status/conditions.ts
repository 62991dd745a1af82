import type { Condition } from '../../api/diagnostic.schema.ts';

/** What is wrong, as a condition says it. */
export interface Problem {
  reason: string;
  message: string;
}

export const conditionFalse = (type: string, { reason, message }: Problem): Condition => ({
  type,
  status: 'False',
  reason,
  message,
});

/** The reason of a condition that holds is its type, unless told. */
export const conditionTrue = (type: string, message = '', reason = type): Condition => ({
  type,
  status: 'True',
  reason,
  message,
});

export const conditionOf = (type: string, problem: Problem | null, message = ''): Condition =>
  problem ? conditionFalse(type, problem) : conditionTrue(type, message);
