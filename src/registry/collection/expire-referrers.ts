import type { TaggedImage } from '../../metadata/image.ts';
import type { MetadataTransaction } from '../../metadata/metadata-store.ts';
import type { Scope } from '../../metadata/usage.ts';
import { failpoint } from '../../model/failpoint.ts';
import { remove } from '../deletion/delete-images.ts';
import type { Ports } from '../ports.ts';

/** How many referrers one transaction deletes. */
export const REFERRER_BATCH = 100;

/**
 * Deletes one batch of images whose subject was deleted long enough ago, and is not there again (fidelity facts, section
 * 4.8). A referrer that an index lists stays with the index. Answers whether there was anything to look at.
 */
export async function expireReferrers({ metadata, clock, retention }: Pick<Ports, 'metadata' | 'clock' | 'retention'>) {
  const looked = await metadata.write(async (tx) => {
    const now = clock.now();
    const [subject] = await tx.orphans.takeDue(now, 1);
    if (!subject) return false;
    const repository = await tx.repositories.findById(subject.repositoryId);
    const subjectIsBack = (await tx.images.identify(subject.repositoryId, [subject.digest])).length > 0;
    if (!repository || subjectIsBack || !(await deleteSome(tx, repository, subject.digest, { now, retention }))) {
      await tx.orphans.forget(subject.repositoryId, [subject.digest]);
    }
    return true;
  }, 'bulk');
  if (looked) await failpoint('referrers.expired');
  return looked;
}

async function deleteSome(
  tx: MetadataTransaction,
  scope: Scope,
  subjectDigest: string,
  when: Parameters<typeof remove>[3],
): Promise<boolean> {
  const free = await findFree(tx, scope.repositoryId, subjectDigest);
  await remove(tx, scope, { tags: [], images: free }, when);
  return free.length > 0;
}

/** Referrers that no index lists: the first page that has any. */
async function findFree(tx: MetadataTransaction, repositoryId: number, subjectDigest: string): Promise<TaggedImage[]> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = { artifactTypes: [], after, limit: REFERRER_BATCH };
    const digests: string[] = (await tx.images.listReferrers(repositoryId, subjectDigest, page)).map(
      (found) => found.digest,
    );
    const images = await tx.images.identify(repositoryId, digests);
    const parents = await tx.images.parentsOf(images.map((image) => image.id));
    const free = images.filter((image) => !parents.has(image.id));
    if (free.length > 0) return free;
    after = digests.at(-1);
  }
  return [];
}
