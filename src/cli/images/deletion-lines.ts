import type { DeletionEntry, DeletionTotal } from '../../registry/deletion/deletion-entry.ts';
import { counted, formatBytes, printable } from '../format.ts';

/** A line of a plan or of a deletion. */
export type DeletionLine = DeletionEntry | ({ readonly kind: 'total' } & DeletionTotal);

/** An entry for people, on one line. */
export function entryShown(entry: DeletionEntry): string {
  switch (entry.kind) {
    case 'image': {
      const tags = entry.imageTags.length > 0 ? entry.imageTags.join(', ') : '(untagged)';
      return `image     ${entry.imageDigest}  ${tags}  ${formatBytes(entry.logicalBytes)}\n`;
    }
    case 'tag':
      return `tag       ${entry.imageDigest}  ${entry.imageTag}  the image stays\n`;
    case 'failure':
      return `refused   ${nameOf(entry.imageId)}  ${entry.code}: ${printable(entry.reason)}\n`;
    case 'referrer': {
      const type = entry.artifactType === undefined ? '' : `  ${printable(entry.artifactType)}`;
      return `referrer  ${entry.imageDigest}  loses its subject ${entry.subjectDigest}${type}\n`;
    }
  }
}

/** What a plan or a deletion comes to, for people. `done` is whether it has been done. */
export function totalShown({ images, tags, failures, referrers, bytes }: DeletionTotal, done: boolean): string {
  const what = `${counted(images, 'image')} and ${counted(tags, 'tag')}`;
  const lines = [`${done ? 'Deleted' : 'To delete'}: ${what}.`];
  if (failures > 0) lines.push(`Refused: ${failures}.`);
  if (referrers > 0) lines.push(`Without a subject from then on: ${counted(referrers, 'referrer')}; they go later.`);
  lines.push(
    `Bytes that ${done ? 'come' : 'would come'} back: ${formatBytes(bytes.repository)} to the repository, ${formatBytes(bytes.registry)} to the registry, ${formatBytes(bytes.store)} to the disk.`,
  );
  return lines.map((line) => `${line}\n`).join('');
}

export function nameOf({
  imageDigest,
  imageTag,
}: {
  readonly imageDigest?: string | undefined;
  readonly imageTag?: string | undefined;
}): string {
  const tag = imageTag === undefined ? undefined : `:${imageTag}`;
  return printable([tag, imageDigest].filter((part) => part !== undefined).join(' ') || '(no name)');
}
