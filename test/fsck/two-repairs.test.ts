import { afterAll, describe, expect, test } from 'vitest';
import type { PostgresMetadata } from '../../src/metadata/postgres/postgres-metadata.ts';
import { checkStore } from '../../src/registry/fsck/check-store.ts';
import type { Finding } from '../../src/registry/fsck/finding.ts';
import type { Ports } from '../../src/registry/ports.ts';
import { insertRepository } from '../contract/metadata/fixture.ts';
import { Databases, NO_POSTGRES, openPostgres } from '../support/postgres/databases.ts';

if (NO_POSTGRES) console.log(`Skipped: ${NO_POSTGRES}`);

/** There are no blobs here. */
const blobs: Ports['blobs'] = {
  list: async function* () {},
  stat: async () => new Map(),
  erase: async () => new Map(),
  open: async () => {
    throw new Error('there are no blobs');
  },
};

describe.skipIf(NO_POSTGRES)('Of two processes that repair one store', () => {
  const databases = new Databases();
  afterAll(() => databases[Symbol.asyncDispose]());

  const repair = (metadata: PostgresMetadata) =>
    checkStore({ metadata, blobs, clock: { now: () => Date.now() } }, { deep: false, repair: true });
  const briefly = ({ subject, repaired }: Finding) => ({ subject, repaired });

  test('the one that began first moves nothing any more that the other has seen', async () => {
    const url = await databases.fresh();
    await using one = await openPostgres(url);
    await using other = await openPostgres(url);
    await one.write(async (tx) => {
      for (const name of ['app', 'web']) {
        const { id } = await insertRepository(tx, name);
        await tx.repairs.shiftUsage('repository', id, { images: 7 });
      }
    });
    const first = repair(one);
    expect((await first.next()).value).toMatchObject({ subject: 'app', repaired: true });

    const second: Finding[] = [];
    for await (const finding of repair(other)) second.push(finding);
    expect(second.map(briefly)).toEqual([{ subject: 'web', repaired: true }]);

    expect((await first.next()).value).toMatchObject({ subject: 'web', repaired: false });
    expect(await first.next()).toMatchObject({ done: true });
    const third = repair(one);
    expect(await third.next()).toMatchObject({ done: true, value: { findings: 0 } });
  });
});
