import { chmod } from 'node:fs/promises';
import type { BlobStore, UploadStore } from '../blob-store.ts';
import { FileSystemBlobs } from './file-system-blobs.ts';
import { FileSystemUploads } from './file-system-uploads.ts';
import { Layout } from './layout.ts';
import { NO_SURROUNDINGS, type Surroundings } from './surroundings.ts';
import { makeFolder } from './sync-folder.ts';

/** Opens the blobs and uploads below `root`, creating the folders if need be. One process a root. */
export async function openFileSystemStores(
  root: string,
  surroundings: Surroundings = NO_SURROUNDINGS,
): Promise<{ blobs: BlobStore; uploads: UploadStore }> {
  const layout = new Layout(root);
  await makeFolder(layout.blobs);
  await makeFolder(layout.uploads);
  await chmod(root, 0o700);
  return { blobs: new FileSystemBlobs(layout, surroundings), uploads: new FileSystemUploads(layout, surroundings) };
}
