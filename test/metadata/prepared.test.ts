import { expect, test } from 'vitest';
import { prepare } from '../../src/metadata/prepared.ts';
import { Connection } from '../../src/metadata/sqlite/connection.ts';
import { migrate } from '../../src/metadata/sqlite/migrate.ts';
import { memoryFolder } from '../support/temp-folder.ts';

test('a prepared query is built once and answers what it is given', async () => {
  await using folder = await memoryFolder();
  const connection = new Connection(`${folder.path}/metadata.db`, 'write');
  migrate(connection.database);
  let built = 0;
  const put = prepare((db, { kind, count }: { readonly kind: 'trash' | 'blobs'; readonly count: number }) => {
    built++;
    return db
      .insertInto('store_usage')
      .values({ kind, count, bytes: 7 })
      .onConflict((conflict) => conflict.column('kind').doUpdateSet({ count }));
  });
  const find = prepare((db, { kind, least }: { readonly kind: 'trash' | 'blobs'; readonly least: number }) =>
    db
      .selectFrom('store_usage')
      .select(['kind', 'count'])
      .where('kind', '=', kind)
      .where('count', '>=', least)
      .limit(1),
  );
  for (const count of [3, 5]) {
    await connection.transact(async (session) => {
      await put(session, { kind: 'blobs', count });
      await put(session, { kind: 'trash', count: count + 1 });
    });
  }
  expect(built).toBe(1);
  await connection.transact(async (session) => {
    expect(await find(session, { kind: 'blobs', least: 0 })).toEqual([{ kind: 'blobs', count: 5 }]);
    expect(await find(session, { kind: 'trash', least: 6 })).toEqual([{ kind: 'trash', count: 6 }]);
    expect(await find(session, { kind: 'trash', least: 7 })).toEqual([]);
    await expect(find(session, { kind: 'trash' } as never)).rejects.toThrow('was not given least');
  });
  connection.close();
});
