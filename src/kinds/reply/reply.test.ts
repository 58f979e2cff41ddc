import { expect, it } from 'vitest';
import type { JsonObject } from '../../definition/json.js';
import { scopeLookup } from '../../definition/references.js';
import { runReply } from './inline.js';

const scope = { input: { of: 'shop' }, steps: {}, env: {}, context: {} };
const buttons = (template: JsonObject, from: JsonObject[], more: Partial<Parameters<typeof scopeLookup>[0]> = {}) => {
  const outcome = runReply({ type: 'reply', text: '', buttons_from: from, button_template: template }, scopeLookup({ ...scope, ...more }));
  return outcome.type === 'done' ? (outcome.result as { buttons?: unknown }).buttons : undefined;
};

it('makes one button per element, with the element and its position', () => {
  expect(buttons({ label: '{item.t} of {input.of}', nth: '{item.index}' }, [{ t: 'a' }, { t: 'b', index: 'own' }])).toEqual([
    [{ label: 'a of shop', nth: 0 }],
    [{ label: 'b of shop', nth: 'own' }],
  ]);
});

it('means the element of the button by {item} also in a fan-out, whose own element has its other name', () => {
  const more = { item: { value: { t: 'outer' }, index: 7 }, aliases: { row: { t: 'outer' }, row_index: 7 } };
  expect(buttons({ label: '{item.t}{item.index}', row: '{row.t}{row_index}' }, [{ t: 'a' }], more)).toEqual([[{ label: 'a0', row: 'outer7' }]]);
});

it('keeps the label of a button text, and the type of its other fields', () => {
  expect(buttons({ label: '{item.n}', n: '{item.n}' }, [{ n: 1 }])).toEqual([[{ label: '1', n: 1 }]]);
  const outcome = runReply({ type: 'reply', text: '', buttons: [{ label: '{input.n}' }, [{ label: ' {input.l} ', l: '{input.l}' }]] }, scopeLookup({ ...scope, input: { n: true, l: [1] } }));
  expect(outcome).toMatchObject({ result: { buttons: [[{ label: 'true' }], [{ label: ' [1] ', l: [1] }]] } });
});
