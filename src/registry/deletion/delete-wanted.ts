import type { ReleasedBytes } from '../../metadata/link-reader.ts';
import { scopeOf } from '../../metadata/repositories.ts';
import { failpoint } from '../../model/failpoint.ts';
import type { ImageIdentifier } from '../image/image-identifier.ts';
import type { PullRecorder } from '../image/pull-recorder.ts';
import type { Ports } from '../ports.ts';
import { getRepository, type RepositoryPath } from '../repository/repository-path.ts';
import { judgeDeletion, remove } from './delete-images.ts';
import { type DeletionEntry, type DeletionTotal, failureEntry, Tally } from './deletion-entry.ts';
import { Fate } from './fate.ts';
import { findTargets, targetsAmong } from './find-targets.ts';
import type { Target, Wanted } from './selection.ts';

/** How many images one transaction deletes: as many as a BatchDeleteImage. */
export const DELETE_BATCH = 100;

type Needs = Pick<Ports, 'metadata' | 'clock' | 'retention'> & { readonly pulls: PullRecorder };

/**
 * Deletes what is wanted, by the rule of BatchDeleteImage, batch by batch; each batch is a transaction, and its entries come
 * once it is durable. What is gone stays gone wherever it is broken off, and the same call goes on with the rest.
 *
 * An image that an index lists goes after the index: the repository is gone through again as long as that helps. What is
 * refused comes last.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function* deleteWanted(
  ports: Needs,
  path: RepositoryPath,
  wanted: Wanted,
): AsyncGenerator<DeletionEntry, DeletionTotal> {
  await ports.pulls.flush(ports);
  const tally = new Tally();
  let last = false;
  for (let first = true; ; first = false) {
    const before = tally.total.images;
    let refused = false;
    for await (const { entries, bytes } of goThrough(ports, path, wanted)) {
      tally.addBytes(bytes);
      for (const entry of entries) {
        const unknown = entry.kind === 'failure' && entry.code !== 'ImageReferencedByManifestList';
        if (entry.kind === 'failure' && !unknown) refused = true;
        // Identifiers of nothing are told of once; images that an index lists when there is no hope left for them.
        if (entry.kind === 'failure' && !(unknown ? first : last)) continue;
        tally.count(entry);
        yield entry;
      }
    }
    if (!refused || last) return tally.total;
    last = tally.total.images === before;
  }
}

interface Batch {
  readonly entries: readonly DeletionEntry[];
  readonly bytes: ReleasedBytes;
}

const NO_BYTES: ReleasedBytes = { repository: 0, registry: 0, store: 0 };

async function* goThrough(ports: Needs, path: RepositoryPath, wanted: Wanted): AsyncGenerator<Batch> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const from: string = after;
    const { targets, failures, next } = await ports.metadata.read(async (view) => {
      const repository = await getRepository(view, path);
      return findTargets(view, repository.id, wanted, from);
    });
    yield { entries: failures.map(failureEntry), bytes: NO_BYTES };
    for (let done = 0; done < targets.length; done += DELETE_BATCH) {
      const digests = targets.slice(done, done + DELETE_BATCH).map(({ image }) => image.digest);
      yield await deleteBatch(ports, path, wanted, digests);
    }
    after = next;
  }
}

/** Deletes what is wanted of these images; they are looked at afresh, for a tag may have been pushed since. */
async function deleteBatch(
  { metadata, clock, retention }: Needs,
  path: RepositoryPath,
  wanted: Wanted,
  digests: readonly string[],
): Promise<Batch> {
  const batch = await metadata.write(async (tx) => {
    const repository = await getRepository(tx, path);
    const targets = await targetsAmong(tx, repository.id, wanted, digests);
    const decision = await judgeDeletion(tx, repository, targets.flatMap(identifiersOf));
    const doomed = new Set(decision.images.map((image) => image.id));
    const going = targets.filter(({ image, going }) => going !== 'whole' || doomed.has(image.id));
    const entries = await new Fate(wanted).entriesOf(tx, repository.id, going);
    const { bytes } = await tx.links.releaseOf(scopeOf(repository), [...doomed]);
    await remove(tx, scopeOf(repository), decision, { now: clock.now(), retention });
    return { entries: [...entries, ...decision.failures.map(failureEntry)], bytes };
  }, 'bulk');
  await failpoint('images.deleted');
  return batch;
}

function identifiersOf({ image, going }: Target): ImageIdentifier[] {
  const imageDigest = image.digest;
  return going === 'whole' ? [{ imageDigest }] : going.map((imageTag) => ({ imageDigest, imageTag }));
}
