import type { StoredBytes, StoredFile } from '../../blobs/blob-store.ts';
import { failpoint } from '../../model/failpoint.ts';
import { portionsOf } from '../portions.ts';
import type { Ports } from '../ports.ts';
import type { Contradiction } from './finding.ts';

/** Files looked up together. */
const TOGETHER = 200;

type Needs = Pick<Ports, 'metadata' | 'blobs' | 'clock'>;

export interface StrayOptions {
  /** Bytes younger than this may be on their way: milliseconds, by the store's clock and ours. */
  readonly strayAge: number;
  readonly repair: boolean;
  /** Lets a repair have the bytes erased even if most of the store would go. */
  readonly force: boolean;
}

/**
 * Bytes in the store that nothing knows of, and files that are not the store's. A repair makes stray bytes trash, which the
 * collector erases. But if most of the store is stray, the folder or the database is more likely the wrong one, one from an
 * old backup for instance: then nothing is touched.
 */
export async function* checkStrays(
  ports: Needs,
  checked: Map<string, number>,
  { strayAge, repair, force }: StrayOptions,
): AsyncGenerator<Contradiction> {
  const mayErase = repair && (force || !(await mostIsStray(ports, strayAge)));
  let [files, strays] = [0, 0];
  for await (const portion of portionsOf(ports.blobs.list(), TOGETHER)) {
    files += portion.length;
    for (const file of portion) {
      if (file.kind === 'foreign') {
        yield {
          kind: 'foreign file',
          subject: file.name,
          detail: 'The file is not one of Berth’s; it stays as it is.',
        };
      }
    }
    for (const stray of await findStrays(ports, portion, strayAge)) {
      strays++;
      yield describeStray(ports, stray, mayErase);
    }
  }
  checked.set('files', (checked.get('files') ?? 0) + files);
  if (repair && !mayErase && strays > 0) {
    yield {
      kind: 'repair refused',
      subject: 'stray bytes',
      detail:
        `${strays} of ${files} files belong to nothing that the database knows: is it the right one for this store, and not ` +
        'one from an old backup? They stay. With force they become trash.',
    };
  }
}

function describeStray({ clock }: Needs, stray: StoredBytes, mayErase: boolean): Contradiction {
  const trash = { storageKey: stray.key, size: stray.size, notBefore: clock.now() };
  return {
    kind: 'stray bytes',
    subject: stray.key,
    detail: `The store has ${stray.size} bytes that belong to no blob, no upload and no trash.`,
    ...(mayErase && {
      mend: async (tx) => {
        await tx.collection.discard(trash);
        return true;
      },
    }),
  };
}

async function mostIsStray(ports: Needs, strayAge: number): Promise<boolean> {
  let [files, strays] = [0, 0];
  for await (const portion of portionsOf(ports.blobs.list(), TOGETHER)) {
    files += portion.length;
    strays += (await findStrays(ports, portion, strayAge)).length;
  }
  return strays * 2 > files;
}

/**
 * Of these files, those that nothing knows of. Bytes that were being erased, or that were made trash, while they were listed
 * are not: they are looked for again, and so is whoever knows of them.
 */
async function findStrays(
  { metadata, blobs, clock }: Needs,
  files: readonly StoredFile[],
  strayAge: number,
): Promise<StoredBytes[]> {
  const old = files.flatMap((file) =>
    file.kind !== 'foreign' && file.modifiedAt <= clock.now() - strayAge ? [file] : [],
  );
  if (old.length === 0) return [];
  const suspects = await metadata.read((view) => view.inspection.blobs.findUnknown(old.map((file) => file.key)));
  if (suspects.size === 0) return [];
  await failpoint('fsck.suspected');
  const stored = await blobs.stat([...suspects]);
  const unknown = await metadata.read((view) => view.inspection.blobs.findUnknown([...stored.keys()]));
  return [...unknown].flatMap((key) => stored.get(key) ?? []);
}
