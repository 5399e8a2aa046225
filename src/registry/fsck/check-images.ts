import type { ImageRow, NameRow } from '../../metadata/inspection-images.ts';
import type { DeletedImageRow } from '../../metadata/inspection-queues.ts';
import { instant } from './check-repositories.ts';
import type { Contradiction } from './finding.ts';
import { recountOf, type Survey } from './survey.ts';

/** Live images and what leads to them, and images that were deleted: what each says of its manifest, and of the others. */
export async function* checkImages(survey: Survey): AsyncGenerator<Contradiction> {
  const { images, queues } = survey.view.inspection;
  const live = survey.pages<ImageRow>('images', (after, limit) =>
    images.listImages({ repositoryId: after?.repository_id ?? 0, manifestId: after?.manifest_id ?? 0 }, limit),
  );
  for await (const page of live) for (const row of page) yield* checkImage(survey, row);

  for (const kind of ['tag', 'digest'] as const) {
    const names = survey.pages<NameRow>(`${kind}s`, (after, limit) =>
      images.listNames(kind, { repositoryId: after?.repository_id ?? 0, name: after?.name ?? '' }, limit),
    );
    for await (const page of names) for (const row of page) yield* checkName(survey, kind, row);
  }

  const deleted = survey.pages<DeletedImageRow>('deleted images', (after, limit) =>
    queues.listDeletedImages(after?.manifest_id ?? 0, limit),
  );
  for await (const page of deleted) for (const row of page) yield* checkDeleted(survey, row);
}

function* checkImage(survey: Survey, row: ImageRow): Generator<Contradiction> {
  const subject = `${survey.nameOf(row.repository_id)}@${row.digest}`;
  const repository = survey.repositories.get(row.repository_id);
  const usages = [recountOf(survey.usageOfRepositories, row.repository_id)];
  if (repository) usages.push(recountOf(survey.usageOfRegistries, repository.registryKey));
  else yield { kind: 'image without repository', subject, detail: 'The image is in a repository that is not there.' };
  for (const usage of usages) {
    usage.images++;
    usage.logical_bytes += row.blob_bytes;
  }

  if (row.manifest_digest === null) {
    yield { kind: 'image without manifest', subject, detail: 'The image is live, but its manifest is not there.' };
  } else if (row.manifest_repository_id !== row.repository_id || row.manifest_digest !== row.digest) {
    survey.claimed.add(row.manifest_id);
    yield {
      kind: 'image differs',
      subject,
      detail: `Its manifest is ${survey.nameOf(row.manifest_repository_id ?? 0)}@${row.manifest_digest}.`,
    };
  }
  const image = { repositoryId: row.repository_id, manifestId: row.manifest_id };
  if (row.digest_manifest_id !== row.manifest_id) {
    yield {
      kind: 'digest astray',
      subject,
      detail: `The image is live, but its digest leads ${row.digest_manifest_id === null ? 'nowhere' : 'elsewhere'}.`,
      mend: (tx) => tx.repairs.addDigest({ ...image, name: row.digest }),
    };
  }
  if (row.lost_tag !== null) {
    const name = row.lost_tag;
    yield {
      kind: 'tag astray',
      subject,
      detail: `It has the tag ${name}, which does not lead to it.`,
      mend: (tx) => tx.repairs.removeTag({ ...image, name }),
    };
  }
}

function* checkName(survey: Survey, kind: 'tag' | 'digest', row: NameRow): Generator<Contradiction> {
  const subject = `${survey.nameOf(row.repository_id)}${kind === 'tag' ? ':' : '@'}${row.name}`;
  const name = { repositoryId: row.repository_id, name: row.name, manifestId: row.manifest_id };
  if (row.live === 0 && row.deleted === 0) {
    yield {
      kind: `${kind} without image`,
      subject,
      detail: 'It leads to an image that is neither live nor deleted.',
      mend: (tx) => tx.repairs.forgetName(kind, name),
    };
  } else if (row.live === 1 && row.known === 0 && kind === 'tag') {
    yield {
      kind: 'tag unknown',
      subject,
      detail: 'The image that it leads to does not have it among its tags.',
      mend: (tx) => tx.repairs.addTag(name),
    };
  } else if (row.live === 1 && row.known === 0) {
    yield { kind: 'digest differs', subject, detail: 'The image that it leads to has another digest.' };
  }
}

function* checkDeleted(survey: Survey, row: DeletedImageRow): Generator<Contradiction> {
  const subject = `${survey.nameOf(row.repository_id)}@${row.digest}`;
  if (row.has_manifest === 0) {
    yield {
      kind: 'deleted image without manifest',
      subject,
      detail: 'It was deleted, but its manifest is gone already.',
    };
  }
  if (row.listed === 0 && survey.isOverdue(row.purge_at)) {
    yield {
      kind: 'deleted image overdue',
      subject,
      detail: `It could be purged since ${instant(row.purge_at)}, but has not been: is the collector running?`,
    };
  }
}
