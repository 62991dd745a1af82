import { passThrough, type ToxicType } from './toxic.ts';

/** Ours: no connection is let in. Connections that are open when it comes are reset. */
export const refuse: ToxicType = {
  type: 'refuse',
  summary: 'Refuses connections',
  attributes: [],
  admits: () => false,
  create: (_attributes, { out }) => {
    out.close('rst');
    return passThrough(out);
  },
};
