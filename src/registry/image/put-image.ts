import type { RepositoryBlob } from '../../metadata/blobs.ts';
import type { Image, TaggedImage } from '../../metadata/image.ts';
import type { MetadataTransaction } from '../../metadata/metadata-store.ts';
import { type Repository, scopeOf } from '../../metadata/repositories.ts';
import { algorithmOf, type Digest } from '../../model/digest.ts';
import { failpoint } from '../../model/failpoint.ts';
import { Fault } from '../../model/fault.ts';
import { type BlobDescriptor, type Descriptor, type Manifest, parseManifest } from '../../model/manifest.ts';
import type { Tag } from '../../model/tag.ts';
import { mayMoveTag } from '../../model/tag-mutability.ts';
import type { Ports } from '../ports.ts';
import { getRepository, namesOf, type RepositoryPath } from '../repository/repository-path.ts';

/** ECR's quota (fidelity facts, section 4.7). */
const MAX_TAGS_PER_IMAGE = 1000;

export interface PushedImage {
  readonly manifest: Uint8Array;
  /** The media type the client named beside the manifest. */
  readonly mediaType: string | undefined;
  /** Each once. */
  readonly tags: readonly Tag[];
  /** The digest the client expects. */
  readonly digest: Digest | undefined;
  /** What to do when the very image and its tags are there: ECR's API refuses, the distribution protocol says yes again. */
  readonly onRepeat: 'refuse' | 'accept';
  /**
   * What to do when the repository lacks something that the manifest names: ECR's API refuses, the distribution protocol lets a
   * registry say yes ("sparse" manifests).
   */
  readonly onMissing: 'refuse' | 'accept';
}

/**
 * Puts an image and its tags, all or nothing. One transaction: whoever sees a tag sees the manifest, its blobs and its
 * children. Moving a tag leaves the image it pointed to, untagged.
 *
 * The digest that the client expects is the one that the image has from then on, sha512 as well as sha256. The same bytes under another
 * digest are another image: tags lead to one of the two and answer with its digest.
 *
 * What a manifest names and its repository lacks is noted, if it is accepted, and belongs to the image as soon as it comes.
 *
 * @throws Fault `RepositoryNotFound`, `InvalidManifest`, `ImageDigestDoesNotMatch`, `LayersNotFound`,
 *   `ReferencedImagesNotFound`, `ImageAlreadyExists`, `ImageTagAlreadyExists`, `TagLimitExceeded`
 */
export async function putImage(
  { metadata, clock }: Pick<Ports, 'metadata' | 'clock'>,
  path: RepositoryPath,
  pushed: PushedImage,
): Promise<Manifest> {
  const manifest = parseManifest(pushed.manifest, pushed.mediaType, pushed.digest && algorithmOf(pushed.digest));
  if (pushed.digest !== undefined && pushed.digest !== manifest.digest) {
    throw new Fault('ImageDigestDoesNotMatch', { ...namesOf(path), imageDigest: pushed.digest });
  }
  await metadata.write(async (tx) => {
    const repository = await getRepository(tx, path);
    const [existing] = await tx.images.findAll(repository.id, [manifest.digest]);
    const current = new Map((await tx.tags.resolve(repository.id, pushed.tags)).map((tag) => [tag.name, tag.image]));
    checkRepeat(repository, pushed, manifest.digest, { image: existing, tags: current });
    if (existing && existing.mediaType !== manifest.mediaType) {
      throw new Fault('InvalidManifest', {
        constraint: `The image exists already with the media type '${existing.mediaType}'`,
      });
    }
    const id = existing?.id ?? (await insertImage(tx, repository, manifest, pushed.onMissing, clock.now()));
    const image = { id, digest: manifest.digest, tags: existing?.tags ?? [] };
    const moved = pushed.tags.filter((tag) => current.get(tag)?.id !== id);
    await putTags(tx, repository, image, moved, clock.now());
  });
  await failpoint('image.put');
  return manifest;
}

/** ECR looks for the very same image and tag before it looks at immutability (fidelity facts, section 4.3). */
function checkRepeat(
  repository: Repository,
  { tags, onRepeat }: PushedImage,
  digest: Digest,
  existing: { readonly image: Image | undefined; readonly tags: ReadonlyMap<string, TaggedImage> },
): void {
  const repeats = existing.image !== undefined && tags.every((tag) => existing.tags.get(tag)?.digest === digest);
  if (repeats && onRepeat === 'refuse') {
    throw new Fault('ImageAlreadyExists', { ...factsOf(repository), imageDigest: digest, imageTag: tags[0] });
  }
  const fixed = tags.find((tag) => existing.tags.has(tag) && !mayMoveTag(repository.tagMutability, tag));
  if (fixed !== undefined) {
    throw new Fault('ImageTagAlreadyExists', { repositoryName: repository.name, imageTag: fixed });
  }
}

async function insertImage(
  tx: MetadataTransaction,
  repository: Repository,
  manifest: Manifest,
  onMissing: PushedImage['onMissing'],
  pushedAt: number,
): Promise<number> {
  const blobs = await findBlobs(tx, repository, manifest);
  const children = await findChildren(tx, repository, manifest);
  const missing = {
    blobs: without(manifest.blobs, blobs),
    children: without(manifest.children, children).map((child) => child.digest),
  };
  if (onMissing === 'refuse') checkMissing(repository, missing);
  checkSizes(manifest, blobs);
  const manifestId = await tx.images.insert(scopeOf(repository), {
    digest: manifest.digest,
    mediaType: manifest.mediaType,
    bytes: manifest.bytes,
    imageSize: sizeOf(blobs, children),
    configMediaType: manifest.configMediaType,
    artifactType: manifest.artifactType,
    subjectDigest: manifest.subject?.digest,
    annotations: manifest.annotations,
    pushedAt,
    blobs,
    childIds: children.map((child) => child.id),
    missing,
  });
  await keepMediaTypes(tx, repository, manifest, blobs);
  return manifestId;
}

/** The blobs a manifest names count if they are in its own repository; another's do not (fidelity facts, section 4.3). */
async function findBlobs(
  tx: MetadataTransaction,
  repository: Repository,
  manifest: Manifest,
): Promise<RepositoryBlob[]> {
  return tx.blobs.findAll(
    repository.id,
    manifest.blobs.map((blob) => blob.digest),
  );
}

async function findChildren(tx: MetadataTransaction, repository: Repository, manifest: Manifest): Promise<Image[]> {
  return tx.images.findAll(
    repository.id,
    manifest.children.map((child) => child.digest),
  );
}

function without<T extends Descriptor>(named: readonly T[], found: readonly { readonly digest: string }[]): T[] {
  const digests = new Set(found.map(({ digest }) => digest));
  return named.filter(({ digest }) => !digests.has(digest));
}

function checkMissing(
  repository: Repository,
  { blobs, children }: { readonly blobs: readonly BlobDescriptor[]; readonly children: readonly string[] },
): void {
  const layers = blobs.filter((blob) => blob.required).map((blob) => blob.digest);
  if (layers.length > 0) throw new Fault('LayersNotFound', { ...factsOf(repository), digests: layers.sort() });
  if (children.length > 0) throw new Fault('ReferencedImagesNotFound', { ...factsOf(repository), digests: children });
}

function checkSizes({ blobs }: Manifest, found: readonly RepositoryBlob[]): void {
  const sizes = new Map(found.map((blob) => [blob.digest, blob.size]));
  for (const { digest, size } of blobs) {
    const stored = sizes.get(digest) ?? size;
    if (stored !== size) {
      throw new Fault('InvalidManifest', {
        constraint: `The manifest gives ${digest} the size ${size} where the layer has ${stored} bytes`,
      });
    }
  }
}

/** Config and layers as stored; an index is as large as the largest image it lists (fidelity facts, section 4.3). */
function sizeOf(blobs: readonly RepositoryBlob[], children: readonly Image[]): number {
  const own = blobs.reduce((sum, blob) => sum + blob.size, 0);
  return children.reduce((largest, child) => Math.max(largest, child.imageSize), own);
}

async function keepMediaTypes(
  tx: MetadataTransaction,
  repository: Repository,
  manifest: Manifest,
  blobs: readonly RepositoryBlob[],
): Promise<void> {
  const declared = new Map<string, string>(manifest.blobs.map((blob) => [blob.digest, blob.mediaType]));
  const changed = new Map<string, number[]>();
  for (const blob of blobs) {
    const mediaType = declared.get(blob.digest);
    if (mediaType === undefined || mediaType === blob.mediaType) continue;
    changed.set(mediaType, [...(changed.get(mediaType) ?? []), blob.id]);
  }
  for (const [mediaType, blobIds] of changed) await tx.blobs.putMediaType(repository.id, blobIds, mediaType);
}

async function putTags(
  tx: MetadataTransaction,
  repository: Repository,
  image: TaggedImage,
  names: readonly Tag[],
  taggedAt: number,
): Promise<void> {
  const excess = names[MAX_TAGS_PER_IMAGE - image.tags.length];
  if (excess !== undefined) {
    throw new Fault('TagLimitExceeded', { ...factsOf(repository), imageTag: excess, limit: MAX_TAGS_PER_IMAGE });
  }
  for (const name of names) await tx.tags.put({ repositoryId: repository.id, name, image, taggedAt });
}

function factsOf({ registry, name }: Repository) {
  return namesOf({ registry, repositoryName: name });
}
