import type { Repository } from '../../metadata/repositories.ts';
import { failpoint } from '../../model/failpoint.ts';
import { Fault } from '../../model/fault.ts';
import type { Ports } from '../ports.ts';
import { getRepository, namesOf, type RepositoryPath } from './repository-path.ts';

/**
 * Deletes the repository; with `force` together with its images, indexes and what they list alike. From now on it answers as
 * deleted and its name is free, however much is in it: workers take that apart once the undo window is closed.
 *
 * @throws Fault `RepositoryNotFound`, `RepositoryNotEmpty`
 */
export async function deleteRepository(
  { metadata, clock, retention }: Pick<Ports, 'metadata' | 'clock' | 'retention'>,
  path: RepositoryPath,
  { force }: { readonly force: boolean },
): Promise<Repository> {
  const deleted = await metadata.write(async (tx) => {
    const repository = await getRepository(tx, path);
    if (!force && (await tx.images.hasAny(repository.id))) {
      throw new Fault('RepositoryNotEmpty', namesOf(path));
    }
    const now = clock.now();
    await tx.repositories.markDeleted(repository.id, now, now + retention.undo);
    return repository;
  });
  await failpoint('repository.deleted');
  return deleted;
}
