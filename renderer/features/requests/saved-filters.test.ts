import { expect, test } from 'vitest';
import { readSaved } from './saved-filters.tsx';

test('what is kept of filters is read back, whatever stands there', () => {
  const read = (text: string | null) => readSaved({ getItem: () => text });
  expect(read('["status>=500","dest:pay"]')).toEqual(['status>=500', 'dest:pay']);
  for (const broken of [null, '', '{', '{}', '[1,null,""]']) expect(read(broken)).toEqual([]);
});
