// Takes the money. POST /charge {user, amount}
// Two instances run. POST /break on one makes it answer 503 until POST /mend: a sick host among healthy ones.
import { describeSelf, serve, work } from '../lib/service.mjs';

const instance = process.env.INSTANCE ?? 'a';
let isBroken = false;
let count = 0;

serve('payments', {
  'POST /charge': async ({ body }) => {
    await work(18);
    const servedBy = `${describeSelf('payments')} ${instance}`;
    if (isBroken) return { status: 503, json: { error: 'the card terminal does not answer', servedBy } };
    count += 1;
    return {
      status: 201,
      json: { receipt: `${instance.toUpperCase()}-${String(count).padStart(5, '0')}`, amount: body?.amount ?? 0, servedBy },
    };
  },
  'POST /break': () => {
    isBroken = true;
    return { instance, isBroken };
  },
  'POST /mend': () => {
    isBroken = false;
    return { instance, isBroken };
  },
});
