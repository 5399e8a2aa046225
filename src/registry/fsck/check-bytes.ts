import { createHash } from 'node:crypto';
import { BytesMissing, type StoredBytes } from '../../blobs/blob-store.ts';
import type { BlobRow } from '../../metadata/inspection-blobs.ts';
import type { MetadataView } from '../../metadata/metadata-store.ts';
import { algorithmOf, parseDigest } from '../../model/digest.ts';
import { failpoint } from '../../model/failpoint.ts';
import { parseStorageKey, type StorageKey } from '../../model/ids.ts';
import type { Ports } from '../ports.ts';
import type { Contradiction } from './finding.ts';

/** Blobs looked at together. */
const PAGE = 200;
/** Images that a finding names; whoever has to push again can see from these what it is about. */
const NAMED = 20;
const TAGS_NAMED = 5;

type Needs = Pick<Ports, 'metadata' | 'blobs'>;

/**
 * Whether the store has the bytes of every blob, and as many as it should; with `deep` also whether they are the right ones,
 * which reads all of them. A suspicion becomes a finding only if the blob's row still stands after the look at the bytes:
 * whatever is erased has lost its row before.
 */
export async function* checkBytes(
  ports: Needs,
  checked: Map<string, number>,
  { deep }: { readonly deep: boolean },
): AsyncGenerator<Contradiction> {
  let after = 0;
  for (let full = true; full; ) {
    const page = await ports.metadata.read((view) => view.inspection.blobs.list(after, PAGE));
    full = page.length === PAGE;
    after = page.at(-1)?.id ?? after;
    // A key that is none is a finding of the look at the rows.
    const keyed = page.flatMap((row) => {
      const key = parseStorageKey(row.storage_key);
      return key ? [{ row, key }] : [];
    });
    const stored = await ports.blobs.stat(keyed.map(({ key }) => key));
    for (const { row, key } of keyed) {
      const trouble =
        suspect(row, stored.get(key)) ?? (deep ? await suspectContent(ports, row, key, checked) : undefined);
      if (trouble) yield* confirm(ports, row, trouble);
    }
    checked.set('blobs in store', (checked.get('blobs in store') ?? 0) + keyed.length);
  }
}

type Trouble = Pick<Contradiction, 'kind' | 'detail'>;

function suspect({ size }: BlobRow, stored: StoredBytes | undefined): Trouble | undefined {
  if (stored?.kind === 'blob' && stored.size === size) return undefined;
  const has = stored?.kind === 'blob' ? `${stored.size} of them` : 'none of them';
  return { kind: 'bytes missing', detail: `The store should have ${size} bytes and has ${has}` };
}

async function suspectContent(
  { blobs }: Needs,
  row: BlobRow,
  key: StorageKey,
  checked: Map<string, number>,
): Promise<Trouble | undefined> {
  const digest = parseDigest(row.digest);
  if (!digest) return undefined;
  const hash = createHash(algorithmOf(digest));
  try {
    for await (const chunk of await blobs.open(key)) hash.update(chunk as Buffer);
  } catch (error) {
    if (error instanceof BytesMissing) return suspect(row, undefined);
    return { kind: 'bytes unreadable', detail: `The store cannot read its bytes: ${(error as Error).message}` };
  }
  checked.set('bytes hashed', (checked.get('bytes hashed') ?? 0) + row.size);
  if (`${algorithmOf(digest)}:${hash.digest('hex')}` === digest) return undefined;
  return { kind: 'bytes differ', detail: `The store has other bytes under ${key} than the digest names` };
}

async function* confirm({ metadata }: Needs, row: BlobRow, { kind, detail }: Trouble): AsyncGenerator<Contradiction> {
  await failpoint('fsck.suspected');
  const affected = await metadata.read(async (view) =>
    (await view.inspection.blobs.isUnder(row.id, row.storage_key)) ? describeNaming(view, row.id) : undefined,
  );
  if (affected === undefined) return;
  const remedy = kind === 'bytes missing' ? 'Push again' : 'Move the file away and push again';
  const toDo = affected === '' ? 'No live image names it.' : `${remedy}: ${affected}.`;
  yield { kind, subject: row.digest, detail: `${detail}. ${toDo}` };
}

/** The live images that name the blob: repository, tags and digest of each. */
async function describeNaming(view: MetadataView, blobId: number): Promise<string> {
  const images = await view.inspection.blobs.imagesNaming(blobId, NAMED + 1);
  const named: string[] = [];
  for (const image of images.slice(0, NAMED)) {
    const tags = (await view.images.identify(image.repositoryId, [image.digest]))[0]?.tags ?? [];
    const shown = [...tags.slice(0, TAGS_NAMED), ...(tags.length > TAGS_NAMED ? ['…'] : [])].join(', ');
    const place = `${image.accountId}/${image.region}/${image.repositoryName}@${image.digest}`;
    named.push(shown === '' ? place : `${place} (${shown})`);
  }
  return [...named, ...(images.length > NAMED ? ['and others'] : [])].join('; ');
}
