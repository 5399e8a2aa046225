import { afterAll, describe } from 'vitest';
import { metadataStoreContract } from '../contract/metadata-store.ts';
import { Databases, NO_POSTGRES, openPostgres } from '../support/postgres/databases.ts';

if (NO_POSTGRES) console.log(`Skipped: ${NO_POSTGRES}`);

describe.skipIf(NO_POSTGRES)('On PostgreSQL', () => {
  const databases = new Databases();
  afterAll(() => databases[Symbol.asyncDispose]());

  metadataStoreContract('PostgreSQL', async () => {
    const url = await databases.fresh();
    let current = await openPostgres(url);
    return {
      metadata: current,
      reopen: async () => {
        await current[Symbol.asyncDispose]();
        current = await openPostgres(url);
        return current;
      },
      dispose: () => current[Symbol.asyncDispose](),
    };
  });
});
