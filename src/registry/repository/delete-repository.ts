import type { Repository } from '../../metadata/repositories.ts';
import { Fault } from '../../model/fault.ts';
import { endUpload } from '../layer/upload-session.ts';
import type { Ports } from '../ports.ts';
import { getRepository, namesOf, type RepositoryPath } from './repository-path.ts';

/**
 * Deletes the repository; with `force` together with its images, indexes and what they list alike. Its blobs and unfinished
 * uploads go the way of collection.
 *
 * @throws Fault `RepositoryNotFound`, `RepositoryNotEmpty`
 */
export async function deleteRepository(
  { metadata, clock, retention }: Pick<Ports, 'metadata' | 'clock' | 'retention'>,
  path: RepositoryPath,
  { force }: { readonly force: boolean },
): Promise<Repository> {
  return metadata.write(async (tx) => {
    const repository = await getRepository(tx, path);
    if (!force && (await tx.images.hasAny(repository.id))) {
      throw new Fault('RepositoryNotEmpty', namesOf(path));
    }
    await tx.collection.nominateBlobsOfRepository(repository.id, clock.now() + retention.grace);
    for (const upload of await tx.uploads.listOfRepository(repository.id)) await endUpload(tx, upload, clock.now());
    await tx.images.deleteAll(repository.id);
    await tx.repositories.delete(repository.id);
    return repository;
  });
}
