import type { BlobRow } from '../../metadata/inspection-blobs.ts';
import type { TrashRow, UploadRow } from '../../metadata/inspection-queues.ts';
import { parseDigest } from '../../model/digest.ts';
import { parseStorageKey } from '../../model/ids.ts';
import { instant } from './check-repositories.ts';
import type { Contradiction } from './finding.ts';
import type { Survey } from './survey.ts';

/** After so many failures a key has waited for more than an hour, each wait twice as long as the one before. */
const MANY_ATTEMPTS = 9;

/** Everything that owns bytes: blobs, uploads and trash, each key in one of them only. */
export async function* checkQueues(survey: Survey): AsyncGenerator<Contradiction> {
  const { blobs, queues } = survey.view.inspection;
  const blobPages = survey.pages<BlobRow>('blobs', (after, limit) => blobs.list(after?.id ?? 0, limit));
  for await (const page of blobPages) for (const row of page) yield* checkBlob(survey, row);

  const trash = survey.pages<TrashRow>('trash', (after, limit) => queues.listTrash(after?.storage_key ?? '', limit));
  for await (const page of trash) for (const row of page) yield* checkTrash(survey, row);

  const uploads = survey.pages<UploadRow>('uploads', (after, limit) => queues.listUploads(after?.id ?? '', limit));
  for await (const page of uploads) for (const row of page) yield* checkUpload(survey, row);
}

function* checkBlob(survey: Survey, row: BlobRow): Generator<Contradiction> {
  survey.store.blobs.count++;
  survey.store.blobs.bytes += row.size;
  if (!parseDigest(row.digest) || !parseStorageKey(row.storage_key)) {
    yield {
      kind: 'blob malformed',
      subject: row.digest,
      detail: `Its digest or its key, ${row.storage_key}, is none.`,
    };
  }
  if (row.in_upload === 1) {
    yield { kind: 'key shared', subject: row.storage_key, detail: `The blob ${row.digest} has it, and an upload.` };
  }
  if (row.linked === 0) {
    yield {
      kind: 'blob without link',
      subject: row.digest,
      detail: 'No repository sees the blob: it takes space that nothing gives back.',
      mend: async (tx) => (await tx.collection.condemn([row.id], survey.now)).blobs > 0,
    };
  }
}

function* checkTrash(survey: Survey, row: TrashRow): Generator<Contradiction> {
  survey.store.trash.count++;
  survey.store.trash.bytes += row.size;
  if (row.in_use === 1) {
    yield {
      kind: 'key shared',
      subject: row.storage_key,
      detail: 'The key is to be erased, and a blob or an upload has it.',
      mend: async (tx) => {
        const size = await tx.repairs.takeOutOfTrash(row.storage_key);
        if (size !== undefined) await tx.usage.addToStore('trash', { count: -1, bytes: -size });
        return size !== undefined;
      },
    };
  }
  const stuck = row.last_error !== null && row.attempts >= MANY_ATTEMPTS;
  if (survey.isOverdue(row.not_before) || stuck) {
    const reason =
      row.last_error === null
        ? 'is the collector running?'
        : `the last of ${row.attempts} tries failed: ${row.last_error}`;
    yield {
      kind: 'trash overdue',
      subject: row.storage_key,
      detail: `Its ${row.size} bytes could be erased since ${instant(row.not_before)} at the latest, but have not been: ${reason}`,
    };
  }
}

function* checkUpload(survey: Survey, row: UploadRow): Generator<Contradiction> {
  survey.store.uploads.count++;
  survey.store.uploads.bytes += row.offset;
  if (!survey.repositories.has(row.repository_id)) {
    yield {
      kind: 'upload without repository',
      subject: row.id,
      detail: 'The upload is to a repository that is not there.',
    };
  }
  if (survey.isOverdue(row.expires_at)) {
    yield {
      kind: 'upload overdue',
      subject: `${survey.nameOf(row.repository_id)}, upload ${row.id}`,
      detail: `It has expired at ${instant(row.expires_at)}, but was not ended: is the collector running?`,
    };
  }
}
