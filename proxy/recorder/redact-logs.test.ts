import { expect, test } from 'vitest';
import type { LogRecord } from '../api/log.schema.ts';
import { Redactor } from './redact.ts';

const redactor = new Redactor({ key: Buffer.alloc(32, 3) });
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl';
const log: LogRecord = {
  ...{ time: '2026-01-01T00:00:00.000Z', traceId: 'a'.repeat(32), spanId: '', service: 'orders', severity: 9, severityText: '' },
  body: 'charged the card',
  attributes: { item: 7 },
};

test('a log record keeps what it says and loses its secrets: in attributes, in structured text, and tokens anywhere', () => {
  const [plain, structured, token] = redactor.redactLogs([
    log,
    { ...log, body: '{"user":"ann","password":"hunter2"}', attributes: { 'db.password': 'hunter2', user: 'ann' } },
    { ...log, body: `calling with ${jwt}` },
  ]);
  expect(plain).toEqual(log);
  expect(structured?.body).toContain('"user":"ann"');
  expect(JSON.stringify(structured)).not.toContain('hunter2');
  expect(structured?.attributes.user).toBe('ann');
  expect(token?.body).toMatch(/^calling with eyJ/);
  expect(token?.body).not.toContain('c2lnbmF0dXJl');
});
