import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deleteRepository } from '../../src/registry/repository/delete-repository.ts';
import { checkStores } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import { checkCounters } from '../support/recount-usage.ts';
import { samples } from '../support/scaled/environment.ts';
import { HOUR, openStores, type Stores } from '../support/stores.ts';
import { attempt, happen, STEP_NAMES, type StepName, setScene, stories, storyOfAll } from '../support/stories.ts';

test.each([
  ['without an undo window', 0],
  ['with an undo window', 2 * HOUR],
])('Whatever happens, every counter says what a recount says, and in the end nothing is left: %s', async (_, undo) => {
  const done = new Set<StepName>();
  await fc.assert(
    fc.asyncProperty(stories({ minLength: 20, maxLength: 50 }), async (story) => {
      await using stores = await openStores({ retention: { undo } });
      const { ports, clock } = stores;
      const paths = await setScene(stores);
      await happen(stores, story, paths, async (name, success) => {
        if (success) done.add(name);
        await checkCounters(stores);
      });
      await checkStores(stores);

      for (const path of paths) await attempt(() => deleteRepository(ports, path, { force: true }));
      for (let round = 0; round < 3; round++) {
        await checkCounters(stores);
        clock.advance(25 * HOUR);
        await collect(ports);
      }
      await checkCounters(stores);
      expect(await stores.bytesStored()).toBe(0);
      expect(await rowsLeftIn(stores)).toEqual({ registry: 2 });
    }),
    // One in which everything comes up is among them; all the others are left to chance.
    { numRuns: samples(40), examples: [[storyOfAll()]] },
  );
  const could = STEP_NAMES.filter((name) => undo > 0 || !name.startsWith('restore'));
  expect([...done].sort()).toEqual(could.sort());
});

/** How many rows each table has that has any, but for what a store always has. */
async function rowsLeftIn({ rows }: Stores): Promise<Record<string, number>> {
  const tables = (await rows.tables()).filter((name) => !/^(?:usage|store_usage)|^secret$/.test(name));
  const counting = tables.map((name) => `SELECT '${name}' AS name, count(*) AS count FROM ${name}`);
  const counts = await rows.query(counting.join(' UNION ALL '));
  return Object.fromEntries(
    counts.filter(({ count }) => Number(count) > 0).map(({ name, count }) => [name, Number(count)]),
  );
}
