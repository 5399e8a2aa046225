import { join } from 'node:path';

/** Where the file system store keeps finished bytes: in a folder by the last two characters of their key. */
export function blobPath(bytesFolder: string, key: string): string {
  return join(bytesFolder, 'blobs', key.slice(-2), key);
}
