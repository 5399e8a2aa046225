import { expect, test } from 'vitest';
import { Pace } from '../../src/http/pace.ts';

const nextTurn = () => new Promise(setImmediate);

test('work begins at once as long as there is little, and in order, some of it each turn, when there is more', async () => {
  const pace = new Pace(2);
  const begun: number[] = [];
  const begin = (...numbers: number[]) => {
    for (const number of numbers) pace.begin(() => begun.push(number));
  };
  begin(1, 2, 3, 4, 5, 6);
  expect(begun).toEqual([1, 2]);
  await nextTurn();
  expect(begun).toEqual([1, 2, 3, 4]);
  // Nobody overtakes those who came before.
  begin(7);
  expect(begun).toEqual([1, 2, 3, 4]);
  await nextTurn();
  expect(begun).toEqual([1, 2, 3, 4, 5, 6]);
  await nextTurn();
  await nextTurn();
  expect(begun).toEqual([1, 2, 3, 4, 5, 6, 7]);
  begin(8, 9, 10);
  expect(begun).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
