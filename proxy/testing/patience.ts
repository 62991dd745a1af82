/**
 * Milliseconds, for tests of what happens at once or "within a second" on an idle machine: a machine that does ten other things is ten times as
 * slow. Whatever goes wrong here comes by a timeout, which is longer, or never.
 */
export const patienceMs = 12_000;
