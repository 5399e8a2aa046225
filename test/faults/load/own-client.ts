import { type Blob, type Content, digestOf, makeCrowd, makeImage, makeIndex, makeReferrer } from './content.ts';
import type { OwnRepository } from './own-repository.ts';
import { pullImage } from './pull.ts';
import { locationOf, type Pushed, type Pusher, push } from './push.ts';
import { entryOf, type ImageId, type KnownImage, put, remove, untag } from './repository-model.ts';
import { jsonOf, quote } from './wire.ts';

/** More images than this are deleted before more are pushed, so that looking at all of them stays quick. */
const FULL = 14;
const TAGS = 8;

type Step = (client: Pusher, repository: OwnRepository, bases: readonly Blob[]) => Promise<Pushed>;

const STEPS: readonly (readonly [weight: number, step: Step])[] = [
  [36, pushImage],
  [8, pushIndex],
  [8, pushReferrer],
  [1, pushCrowd],
  [20, pull],
  [12, deleteImages],
  [6, deleteManifest],
  [5, abortUpload],
  [2, deleteBlob],
  [2, deleteRepository],
];

/** One thing that a client does in a repository of its own. `unknown` when it did not learn what came of it. */
export async function actInOwn(client: Pusher, repository: OwnRepository, bases: readonly Blob[]): Promise<Pushed> {
  const { interrupted } = repository;
  if (interrupted) return pushAs(client, repository, interrupted.content, interrupted.tag);
  if (repository.state === undefined) return createRepository(client, repository);
  if (repository.state.size > FULL) return deleteImages(client, repository);
  let throwOf = client.dice.below(100);
  for (const [weight, step] of STEPS) {
    throwOf -= weight;
    if (throwOf < 0) return step(client, repository, bases);
  }
  throw new Error('the weights of the steps do not add up to 100');
}

export async function createRepository({ wire, journal }: Pusher, repository: OwnRepository): Promise<Pushed> {
  const reply = await wire.api('CreateRepository', { repositoryName: repository.name });
  if (reply.outcome === 'refused') journal.find('wrong answer', `create ${repository.name}: ${quote(reply)}`);
  repository.note(reply.outcome, new Map());
  return reply.outcome;
}

function pushImage(client: Pusher, repository: OwnRepository, bases: readonly Blob[]): Promise<Pushed> {
  return pushAs(client, repository, makeImage(client.dice, bases), someTag(client));
}

function pushIndex(client: Pusher, repository: OwnRepository, bases: readonly Blob[]): Promise<Pushed> {
  return pushAs(client, repository, makeIndex(client.dice, bases), someTag(client));
}

async function pushReferrer(client: Pusher, repository: OwnRepository): Promise<Pushed> {
  const subject = client.dice.oneOf(imagesOf(repository));
  if (!subject) return 'ok';
  return pushAs(client, repository, makeReferrer(client.dice, subject.content), undefined);
}

/** So many that one BatchDeleteImage takes as many identifiers as it may. */
async function pushCrowd(client: Pusher, repository: OwnRepository, bases: readonly Blob[]): Promise<Pushed> {
  for (const content of makeCrowd(client.dice, bases, 60)) {
    const pushed = await pushAs(client, repository, content, undefined);
    if (pushed !== 'ok') return pushed;
  }
  return 'ok';
}

/** Pushes an image with what it lists, or goes on with it where a crash has interrupted that. */
export async function pushAs(
  client: Pusher,
  repository: OwnRepository,
  content: Content,
  tag: string | undefined,
): Promise<Pushed> {
  repository.interrupted = { content, tag };
  client.journal.count('pushes begun');
  for (const child of content.children) {
    const pushed = await push(client, repository.name, child, undefined, repository.promises);
    repository.note(pushed, put(repository.state, child, undefined));
    if (pushed !== 'ok') return pushed;
  }
  const pushed = await push(client, repository.name, content, tag, repository.promises);
  repository.note(pushed, put(repository.state, content, tag));
  if (pushed === 'unknown') return pushed;
  repository.interrupted = undefined;
  // The next image is built on new promises as often as on old ones.
  if (client.dice.chance(0.6)) repository.promises.clear();
  if (pushed === 'ok') client.journal.count('pushes');
  return pushed;
}

async function pull(client: Pusher, repository: OwnRepository): Promise<Pushed> {
  const image = client.dice.oneOf(imagesOf(repository));
  if (!image) return 'ok';
  return pullImage(client, repository.name, image.content, client.dice.oneOf(image.tags));
}

async function deleteImages(client: Pusher, repository: OwnRepository): Promise<Pushed> {
  const { dice } = client;
  const images = deletable(client, repository);
  const most = images.length > FULL ? 99 : 1 + dice.below(6);
  const imageIds: ImageId[] = dice.some(images, most).flatMap((image) => idsOf(client, image));
  if (dice.chance(0.2)) imageIds.push({ imageTag: 'never-pushed' });
  if (imageIds.length === 0) return 'ok';
  imageIds.splice(100);
  return deleteThese(client, repository, imageIds);
}

/** BatchDeleteImage, of which the answer is foreseen. */
export async function deleteThese(
  { wire, journal }: Pusher,
  repository: OwnRepository,
  imageIds: readonly ImageId[],
): Promise<Pushed> {
  const removal = remove(repository.state, imageIds);
  const reply = await wire.api('BatchDeleteImage', { repositoryName: repository.name, imageIds });
  if (reply.outcome === 'refused') journal.find('wrong answer', `delete in ${repository.name}: ${quote(reply)}`);
  if (reply.outcome === 'ok') {
    journal.count('deletes');
    const { imageIds: deleted = [], failures = [] } = jsonOf<{ imageIds: ImageId[]; failures: object[] }>(reply);
    const told = new Set(deleted.map(entryOf));
    if (told.symmetricDifference(removal.deleted).size > 0 || failures.length !== removal.failures) {
      const asked = JSON.stringify(imageIds);
      journal.find('wrong answer', `${repository.name} was asked to delete ${asked} and said ${quote(reply)}`);
    }
  }
  repository.note(reply.outcome, removal.state);
  return reply.outcome;
}

/** The image as a client might name it: by digest, by one tag, by all of them, or by both. */
export function idsOf({ dice }: Pusher, { content, tags }: KnownImage): ImageId[] {
  const way = dice.below(4);
  const [imageTag] = tags;
  if (way === 0 || imageTag === undefined) return [{ imageDigest: content.digest }];
  if (way === 1) return [{ imageTag }];
  if (way === 2) return tags.map((tag) => ({ imageTag: tag }));
  return [{ imageDigest: content.digest, imageTag }];
}

async function deleteManifest(client: Pusher, repository: OwnRepository): Promise<Pushed> {
  const { wire, dice, journal } = client;
  const image = dice.oneOf(deletable(client, repository));
  if (!image) return 'ok';
  const tag = dice.chance(0.5) ? dice.oneOf(image.tags) : undefined;
  const removal = remove(repository.state, [
    tag === undefined ? { imageDigest: image.content.digest } : { imageTag: tag },
  ]);
  const path = `/v2/${repository.name}/manifests/${tag ?? image.content.digest}`;
  const reply = await wire.oci('delete-manifest', 'DELETE', path);
  // The last tag of an image that an index lists: in the API it stays, here it goes.
  const freed = removal.failures > 0 && tag !== undefined ? untag(repository.state, tag) : undefined;
  const expected = removal.failures === 0 || freed ? 'ok' : 'refused';
  if (reply.outcome === 'ok') journal.count('deletes');
  if (reply.outcome !== 'unknown' && reply.outcome !== expected)
    journal.find('wrong answer', `DELETE ${path}: ${quote(reply)}`);
  repository.note(reply.outcome, freed ?? removal.state);
  return reply.outcome;
}

/** An upload that comes to nothing: cancelled, broken off in the middle of a chunk, or forgotten. */
async function abortUpload({ wire, dice }: Pusher, repository: OwnRepository): Promise<Pushed> {
  const begun = await wire.oci('begin-upload', 'POST', `/v2/${repository.name}/blobs/uploads/`);
  if (begun.outcome !== 'ok') return begun.outcome;
  const location = locationOf(begun);
  const bytes = dice.bytes(2000);
  const way = dice.below(3);
  if (way === 0) {
    await wire.breakOff(location, bytes);
    return 'ok';
  }
  const type = { 'content-type': 'application/octet-stream' };
  const patch = await wire.oci('upload-chunk', 'PATCH', location, type, bytes);
  if (patch.outcome !== 'ok' || way === 1) return patch.outcome;
  return (await wire.oci('cancel-upload', 'DELETE', locationOf(patch))).outcome;
}

/** A blob that no image names: deleted, it is gone at once, whatever lease it had. */
async function deleteBlob({ wire, dice, journal }: Pusher, repository: OwnRepository): Promise<Pushed> {
  const bytes = dice.bytes(500);
  const digest = digestOf(bytes);
  const type = { 'content-type': 'application/octet-stream' };
  const query = `/v2/${repository.name}/blobs/uploads/?digest=${digest}`;
  const pushed = await wire.oci('push-blob', 'POST', query, type, bytes);
  if (pushed.outcome !== 'ok') return pushed.outcome;
  const path = `/v2/${repository.name}/blobs/${digest}`;
  const deleted = await wire.oci('delete-blob', 'DELETE', path);
  if (deleted.outcome === 'refused') journal.find('wrong answer', `DELETE ${path}: ${quote(deleted)}`);
  if (deleted.outcome !== 'ok') return deleted.outcome;
  const seen = await wire.oci('head-blob', 'HEAD', path);
  if (seen.outcome === 'ok') journal.find('wrong answer', `${path} was deleted and is still there`);
  return seen.outcome === 'unknown' ? 'unknown' : 'ok';
}

async function deleteRepository({ wire, dice, journal }: Pusher, repository: OwnRepository): Promise<Pushed> {
  const { name: repositoryName, state } = repository;
  const force = dice.chance(0.7);
  const reply = await wire.api('DeleteRepository', { repositoryName, force });
  const expected = force || state?.size === 0 ? 'ok' : 'refused';
  if (reply.outcome !== 'unknown' && reply.outcome !== expected) {
    journal.find('wrong answer', `delete ${repositoryName}: ${quote(reply)}`);
  }
  repository.note(reply.outcome, expected === 'ok' ? undefined : state);
  return reply.outcome;
}

export function imagesOf({ state }: OwnRepository): KnownImage[] {
  return [...(state?.values() ?? [])];
}

function deletable({ keepsSubjects }: Pusher, repository: OwnRepository): KnownImage[] {
  const images = imagesOf(repository);
  if (!keepsSubjects) return images;
  const subjects = new Set(images.map(({ content }) => content.subject));
  return images.filter(({ content }) => !subjects.has(content.digest));
}

function someTag({ dice }: Pusher): string | undefined {
  return dice.chance(0.15) ? undefined : `t${dice.below(TAGS)}`;
}
