import { passThrough, type ToxicType } from './toxic.ts';

/** Passes everything. Toxiproxy accepts it, so we do. */
export const noop: ToxicType = {
  type: 'noop',
  summary: 'Does nothing',
  attributes: [],
  create: (_attributes, { out }) => passThrough(out),
};
