import { expect, it } from 'vitest';
import { storeError } from './errors.js';

it.each(['28000', '28P01', '3D000', '53100', '53300', '57P03', '25006', 'ECONNREFUSED'])('%s says that the database cannot be used now', (code) => {
  expect(storeError(Object.assign(new Error('refused'), { code }))).toMatchObject({ code: 'STORE_UNAVAILABLE' });
});

it.each(['23505', '42601', '22P02'])('%s stays as it is', (code) => {
  const error = Object.assign(new Error('wrong'), { code });
  expect(storeError(error)).toBe(error);
});
