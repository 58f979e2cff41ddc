import { describe, expect, it } from 'vitest';
import { secretsOf } from './secrets.js';

type Row = { id: string; skill: string; owner: string; secrets: { [name: string]: string } };

const rows: Row[] = [
  { id: '1', skill: 'a:a', owner: 'ann', secrets: { TOKEN: 't', SECRET: 's', WEBHOOK_SECRET: 'w' } },
  { id: '2', skill: 'a:a', owner: '', secrets: { secret: 'shared' } },
  { id: '3', skill: 'b:b', owner: '', secrets: { token: 't', secret: 's' } },
  { id: '4', skill: 'c:c', owner: 'ann', secrets: { token: 'only' } },
  { id: '5', skill: 'd:d', owner: 'ann', secrets: { one: '1', two: '2' } },
];
const secretOf = secretsOf<Row>({
  list: async (owner) => rows.filter((row) => row.owner === owner || row.owner === ''),
  open: (row) => row,
});

describe('the secret of a webhook', () => {
  it.each([
    ['ann', 'a:a', 'w'],
    ['bob', 'a:a', 'shared'],
    ['ann', '2', 'shared'],
    ['bob', '1', undefined],
    ['ann', 'b:b', 's'],
    ['ann', 'c:c', 'only'],
    ['ann', 'd:d', undefined],
    ['ann', 'e:e', undefined],
  ])('of %s for %s is %s', async (owner, connection, secret) => expect(await secretOf(owner, connection)).toBe(secret));
});
