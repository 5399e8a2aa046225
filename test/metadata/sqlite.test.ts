import { join } from 'node:path';
import { SqliteMetadata } from '../../src/metadata/sqlite/sqlite-metadata.ts';
import { metadataStoreContract } from '../contract/metadata-store.ts';
import { memoryFolder } from '../support/temp-folder.ts';

metadataStoreContract('SQLite', async () => {
  const folder = await memoryFolder();
  const path = join(folder.path, 'metadata.db');
  let current = new SqliteMetadata(path);
  return {
    metadata: current,
    reopen: async () => {
      await current[Symbol.asyncDispose]();
      current = new SqliteMetadata(path);
      return current;
    },
    dispose: async () => {
      await current[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
});
