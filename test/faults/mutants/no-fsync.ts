import { skipSyncOf } from './skip-sync.ts';

/** The bytes of a blob are not forced to the disk before the blob is acknowledged. */
await skipSyncOf('files');
