import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ChildRow, ManifestRow, MissingRow, ReferenceRow } from '../../metadata/inspection-images.ts';
import { algorithmOf, digestOf, parseDigest } from '../../model/digest.ts';
import { type Manifest, parseManifest } from '../../model/manifest.ts';
import type { Contradiction } from './finding.ts';
import type { Survey } from './survey.ts';

/** Manifests are as large as 4 MiB: no more of them are read at once than this, but for one that is larger by itself. */
const BYTES_AT_ONCE = 256 * 1024;

/** What was pushed: whether it is live or deleted, its bytes, and what the rows say that is in them. */
export async function* checkManifests(survey: Survey): AsyncGenerator<Contradiction> {
  const { images } = survey.view.inspection;
  const pages = survey.pages<ManifestRow>('manifests', (after, limit) => images.listManifests(after?.id ?? 0, limit));
  for await (const page of pages) {
    for (const rows of portions(page)) {
      const ids = rows.map((row) => row.id);
      const bytes = await images.bytesOf(ids);
      const references = await images.referencesOf(ids);
      const children = await images.childrenOf(ids);
      const missing = await images.missingOf(ids);
      for (const row of rows) {
        yield* checkState(survey, row, references.get(row.id) ?? []);
        const manifest = yield* checkBytes(survey, row, bytes.get(row.id) ?? Buffer.of());
        const lacks = missing.get(row.id) ?? [];
        yield* checkReferences(survey, row, references.get(row.id) ?? [], manifest, missed(lacks, 'blob'));
        yield* checkChildren(survey, row, children.get(row.id) ?? [], manifest, missed(lacks, 'child'));
        yield* checkMissing(survey, row, lacks, manifest);
        yield* checkSize(survey, row, references.get(row.id) ?? [], children.get(row.id) ?? []);
      }
      await nextTurn();
    }
  }
}

function* portions(rows: readonly ManifestRow[]): Generator<readonly ManifestRow[]> {
  let portion: ManifestRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (portion.length > 0 && bytes + row.length > BYTES_AT_ONCE) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(row);
    bytes += row.length;
  }
  if (portion.length > 0) yield portion;
}

function* checkState(survey: Survey, row: ManifestRow, references: readonly ReferenceRow[]): Generator<Contradiction> {
  const subject = nameOf(survey, row);
  const manifest = { id: row.id, repositoryId: row.repository_id, digest: row.digest };
  const deleted = row.deleted_digest !== null;
  if (row.live === 0 && !deleted && !survey.claimed.has(row.id)) {
    yield {
      kind: 'manifest without state',
      subject,
      detail: 'The manifest is neither live nor deleted: it takes space that nothing gives back.',
      mend: (tx) => tx.repairs.retire(manifest, survey.now),
    };
  }
  if (row.live === 1 && deleted) {
    yield {
      kind: 'manifest in two states',
      subject,
      detail: 'The image is live and deleted at once: purging it would take the manifest of a live image.',
      mend: (tx) => tx.repairs.keepLive(manifest),
    };
  }
  if (deleted && (row.deleted_digest !== row.digest || row.deleted_repository_id !== row.repository_id)) {
    yield { kind: 'deleted image differs', subject, detail: `It was deleted as ${row.deleted_digest}.` };
  }
  if (row.live === 1 && row.live_subject !== row.subject_digest) {
    yield {
      kind: 'subject differs',
      subject,
      detail: `The image refers to ${row.live_subject ?? 'nothing'}, its manifest to ${row.subject_digest ?? 'nothing'}.`,
    };
  }
  const blobBytes = sizeOf(references);
  if (row.live === 1 && row.live_blob_bytes !== null && row.live_blob_bytes !== blobBytes) {
    const recorded = row.live_blob_bytes;
    yield {
      kind: 'blob bytes',
      subject,
      detail: `Its blobs have ${blobBytes} bytes together; ${recorded} are on record.`,
      mend: (tx) =>
        tx.repairs.setBlobBytes(
          { repositoryId: row.repository_id, manifestId: row.id },
          survey.repositories.get(row.repository_id)?.registryKey,
          recorded,
          blobBytes,
        ),
    };
  }
}

function* checkBytes(
  survey: Survey,
  row: ManifestRow,
  bytes: Uint8Array,
): Generator<Contradiction, Manifest | undefined> {
  const subject = nameOf(survey, row);
  const digest = parseDigest(row.digest);
  if (!digest || digestOf(bytes, algorithmOf(digest)) !== digest) {
    yield {
      kind: 'manifest bytes',
      subject,
      detail: 'The manifest has other bytes than its digest names: delete the image and push it again.',
    };
    return undefined;
  }
  let manifest: Manifest;
  try {
    manifest = parseManifest(bytes, row.media_type, algorithmOf(digest));
  } catch (error) {
    yield { kind: 'manifest unreadable', subject, detail: `It cannot be read (${(error as Error).message}).` };
    return undefined;
  }
  const said: readonly (readonly [string, string | null, string | undefined])[] = [
    ['media type', row.media_type, manifest.mediaType],
    ['media type of the config', row.config_media_type, manifest.configMediaType],
    ['artifact type', row.artifact_type, manifest.artifactType],
    ['subject', row.subject_digest, manifest.subject?.digest],
  ];
  for (const [what, recorded, actual] of said) {
    if ((recorded ?? undefined) === actual) continue;
    yield {
      kind: 'manifest differs',
      subject,
      detail: `The ${what} is ${actual ?? 'absent'} in the manifest, and ${recorded ?? 'absent'} on record.`,
    };
  }
  return manifest;
}

function* checkReferences(
  survey: Survey,
  row: ManifestRow,
  references: readonly ReferenceRow[],
  manifest: Manifest | undefined,
  missed: ReadonlySet<string>,
): Generator<Contradiction> {
  const subject = nameOf(survey, row);
  const named = new Map(manifest?.blobs.map((blob) => [blob.digest as string, blob]));
  for (const reference of references) {
    const blob = reference.digest ?? `blob ${reference.blob_id}`;
    if (reference.repository_id !== row.repository_id) {
      yield { kind: 'reference differs', subject, detail: `Its reference to ${blob} belongs to another repository.` };
    } else if (reference.digest === null || reference.linked === 0) {
      yield { kind: 'reference without blob', subject, detail: `Its repository does not see ${blob}, which it names.` };
    }
    if (!manifest || reference.digest === null) continue;
    const declared = named.get(reference.digest);
    if (!declared) {
      yield { kind: 'reference differs', subject, detail: `A reference keeps ${blob}, which it does not name.` };
    } else if (declared.size !== reference.size) {
      yield {
        kind: 'reference differs',
        subject,
        detail: `It gives ${blob} ${declared.size} bytes; the blob has ${reference.size}.`,
      };
    }
  }
  const kept = new Set(references.map((reference) => reference.digest));
  for (const { digest, required } of named.values()) {
    if (required && !kept.has(digest) && !missed.has(digest)) {
      yield { kind: 'reference missing', subject, detail: `It names ${digest}, and no reference keeps that.` };
    }
  }
}

function* checkChildren(
  survey: Survey,
  row: ManifestRow,
  children: readonly ChildRow[],
  manifest: Manifest | undefined,
  missed: ReadonlySet<string>,
): Generator<Contradiction> {
  const subject = nameOf(survey, row);
  const listed = new Set(manifest?.children.map((child) => child.digest as string));
  const repositoryIsLive = survey.repositories.get(row.repository_id)?.deleted === false;
  for (const child of children) {
    const name = child.digest ?? `manifest ${child.child_id}`;
    if (child.digest === null || child.repository_id !== row.repository_id || (manifest && !listed.has(child.digest))) {
      yield { kind: 'child differs', subject, detail: `It is kept with ${name}, which it does not list.` };
    } else if (row.live === 1 && child.live === 0 && repositoryIsLive) {
      yield { kind: 'child not live', subject, detail: `It is live and lists ${name}, which is not.` };
    }
  }
  const kept = new Set(children.map((child) => child.digest));
  for (const digest of listed) {
    if (!kept.has(digest) && !missed.has(digest))
      yield { kind: 'child missing', subject, detail: `It lists ${digest}, and nothing keeps that.` };
  }
}

/** What the image was pushed without: it must name it, and not go on missing what has come. */
function* checkMissing(
  survey: Survey,
  row: ManifestRow,
  missing: readonly MissingRow[],
  manifest: Manifest | undefined,
): Generator<Contradiction> {
  const subject = nameOf(survey, row);
  const named = { blob: manifest?.blobs, child: manifest?.children };
  const registryKey = survey.repositories.get(row.repository_id)?.registryKey;
  for (const { kind, digest, came_as: id } of missing) {
    if (manifest && !named[kind]?.some((descriptor) => descriptor.digest === digest)) {
      yield { kind: 'reference differs', subject, detail: `It is said to miss ${digest}, which it does not name.` };
    }
    if (id === null || registryKey === undefined) continue;
    const scope = { repositoryId: row.repository_id, registryKey };
    yield {
      kind: 'missing although there',
      subject,
      detail: `It was pushed without ${digest}, which is there by now, and nothing keeps that for it.`,
      mend: async (tx) => {
        await tx.repositories.findById(scope.repositoryId);
        if (kind === 'blob') await tx.links.makeUp(scope, [id]);
        else await tx.images.makeUp(scope, [id]);
        return true;
      },
    };
  }
}

function missed(missing: readonly MissingRow[], kind: MissingRow['kind']): Set<string> {
  return new Set(missing.filter((row) => row.kind === kind).map((row) => row.digest));
}

/** Config and layers; an index is as large as the largest image it lists. */
function* checkSize(
  survey: Survey,
  row: ManifestRow,
  references: readonly ReferenceRow[],
  children: readonly ChildRow[],
): Generator<Contradiction> {
  const size = children.reduce((largest, child) => Math.max(largest, child.image_size ?? 0), sizeOf(references));
  if (row.image_size === size) return;
  yield {
    kind: 'image size',
    subject: nameOf(survey, row),
    detail: `The image has ${size} bytes; ${row.image_size} are on record.`,
  };
}

function sizeOf(references: readonly ReferenceRow[]): number {
  return references.reduce((sum, reference) => sum + (reference.size ?? 0), 0);
}

function nameOf(survey: Survey, row: ManifestRow): string {
  return `${survey.nameOf(row.repository_id)}@${row.digest}`;
}
