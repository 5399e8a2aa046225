import type { ImageRow, TagRow } from '../../metadata/inspection-images.ts';
import type { DeletedImageRow } from '../../metadata/inspection-queues.ts';
import { instant } from './check-repositories.ts';
import type { Contradiction } from './finding.ts';
import { recountOf, type Survey } from './survey.ts';

/** Live images and their tags, and images that were deleted: what each says of its manifest, and of the others. */
export async function* checkImages(survey: Survey): AsyncGenerator<Contradiction> {
  const { images, queues } = survey.view.inspection;
  const live = survey.pages<ImageRow>('images', (after, limit) =>
    images.listImages({ repositoryId: after?.repository_id ?? 0, digest: after?.digest ?? '' }, limit),
  );
  for await (const page of live) for (const row of page) yield* checkImage(survey, row);

  const tags = survey.pages<TagRow>('tags', (after, limit) =>
    images.listTags({ repositoryId: after?.repository_id ?? 0, name: after?.name ?? '' }, limit),
  );
  for await (const page of tags) for (const row of page) yield* checkTag(survey, row);

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
  if (row.tagged !== row.has_tags) {
    yield {
      kind: 'tagged flag',
      subject,
      detail: row.tagged === 1 ? 'It is taken for tagged, and has no tag.' : 'It is taken for untagged, and has tags.',
      mend: (tx) => tx.repairs.setTagged(row.repository_id, row.digest),
    };
  }
}

function* checkTag(survey: Survey, row: TagRow): Generator<Contradiction> {
  const subject = `${survey.nameOf(row.repository_id)}:${row.name}`;
  if (row.image_manifest_id === null) {
    yield { kind: 'tag without image', subject, detail: `It points to ${row.digest}, which is no live image.` };
  } else if (row.image_manifest_id !== row.manifest_id) {
    yield {
      kind: 'tag differs',
      subject,
      detail: `It points to ${row.digest}, but to another manifest than that image has.`,
    };
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
