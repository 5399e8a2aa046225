import type { Release } from '../../metadata/link-reader.ts';
import type { MetadataView } from '../../metadata/metadata-store.ts';
import { type Repository, scopeOf } from '../../metadata/repositories.ts';
import { FAULT_MESSAGES } from '../../model/fault-messages.ts';
import type { PullRecorder } from '../image/pull-recorder.ts';
import type { Ports } from '../ports.ts';
import { getRepository, type RepositoryPath } from '../repository/repository-path.ts';
import { type DeletionEntry, type DeletionTotal, failureEntry, Tally } from './deletion-entry.ts';
import { Fate } from './fate.ts';
import { findTargets } from './find-targets.ts';
import type { Target, Wanted } from './selection.ts';

/**
 * What deleting this would do, without doing it: which images and tags would go, which would be refused and why, which
 * referrers would lose their subject, and exactly how many bytes would come back. An image that an index lists goes if the
 * index does.
 *
 * The repository is read part by part, so what others change meanwhile may or may not be in the plan.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function* planDeletion(
  ports: Pick<Ports, 'metadata' | 'clock'> & { readonly pulls: PullRecorder },
  path: RepositoryPath,
  wanted: Wanted,
): AsyncGenerator<DeletionEntry, DeletionTotal> {
  await ports.pulls.flush(ports);
  const plan = new Plan(wanted);
  for (let after: string | undefined = ''; after !== undefined; ) {
    const from: string = after;
    const part = await ports.metadata.read(async (view) => plan.look(view, await getRepository(view, path), from));
    for (const entry of part.entries) {
      plan.tally.count(entry);
      yield entry;
    }
    after = part.next;
  }
  return plan.tally.total;
}

class Plan {
  readonly tally = new Tally();
  readonly #wanted: Wanted;
  readonly #fate: Fate;
  /** Blobs that more images name than have been met so far, and how many more. */
  readonly #shared = new Map<number, number>();

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
    this.#fate = new Fate(wanted);
  }

  async look(
    view: MetadataView,
    repository: Repository,
    after: string,
  ): Promise<{ readonly entries: DeletionEntry[]; readonly next: string | undefined }> {
    const { targets, failures, next } = await findTargets(view, repository.id, this.#wanted, after);
    const keepers = await this.#fate.keepersOf(view, repository.id, targets);
    const going = targets.filter(({ image }) => !keepers.has(image.digest));
    await this.#addBytes(view, repository, going);
    return {
      entries: [
        ...failures.map(failureEntry),
        ...[...keepers].map(([imageDigest, parents]) => refusal(imageDigest, parents)),
        ...(await this.#fate.entriesOf(view, repository.id, going)),
      ],
      next,
    };
  }

  async #addBytes(view: MetadataView, repository: Repository, going: readonly Target[]): Promise<void> {
    const scope = scopeOf(repository);
    const ids = going.filter((target) => target.going === 'whole').map(({ image }) => image.id);
    const release = await view.links.releaseOf(scope, ids);
    this.tally.addBytes(release.bytes);
    this.tally.addBytes(await view.links.bytesOf(scope, this.#meet(release.shared)));
  }

  /** Counts those that name shared blobs; answers the blobs of which all have been met. */
  #meet(shared: Release['shared']): number[] {
    const met: number[] = [];
    for (const { blobId, times, others } of shared) {
      const left = (this.#shared.get(blobId) ?? others + times) - times;
      if (left > 0) this.#shared.set(blobId, left);
      else {
        this.#shared.delete(blobId);
        met.push(blobId);
      }
    }
    return met;
  }
}

function refusal(imageDigest: string, parents: readonly string[]): DeletionEntry {
  return failureEntry({
    imageId: { imageDigest },
    code: 'ImageReferencedByManifestList',
    reason: FAULT_MESSAGES.ImageReferencedByManifestList({ parents }),
  });
}
