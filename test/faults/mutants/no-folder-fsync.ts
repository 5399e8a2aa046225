import { skipSyncOf } from './skip-sync.ts';

/** The name of a blob is not forced to the disk before the blob is acknowledged. */
await skipSyncOf('folders');
